/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdlib.h>
#include <string.h>

/* The linker's: the name that the image was given. */
extern const char ringlet_program_name[] __attribute__((weak));

const char *posix_program(void)
{
    const char *name = ringlet_program_name ? ringlet_program_name : "ringlet";
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

const char *getprogname(void)
{
    return posix_program();
}
