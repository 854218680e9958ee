/* SPDX-License-Identifier: MIT */
/* Libraries that are loaded. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <dlfcn.h>
#include <stddef.h>

#include "nosys.h"

static const char *error;

__attribute__((weak)) void *dlopen(const char *path, int flags)
{
    static bool said;

    nosys_say("dlopen", &said);
    error = "there are no shared libraries";
    return NULL;
}

__attribute__((weak)) void *dlsym(void *library, const char *name)
{
    static bool said;

    nosys_say("dlsym", &said);
    error = "there are no shared libraries";
    return NULL;
}

NOSYS(int, dlclose, (void *library), -1)

/* The text of the last error, once. */
__attribute__((weak)) char *dlerror(void)
{
    const char *last = error;

    error = NULL;
    return (char *)last;
}
