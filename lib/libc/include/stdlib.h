/* SPDX-License-Identifier: MIT */
/* What newlib's <stdlib.h> lacks. */
#ifndef RINGLET_STDLIB_H
#define RINGLET_STDLIB_H

#include_next <stdlib.h>

#include <sys/cdefs.h>

#if __BSD_VISIBLE
int clearenv(void);
int getloadavg(double averages[], int count);
const char *getprogname(void);
#endif
#if __GNU_VISIBLE
char *secure_getenv(const char *name);
char *canonicalize_file_name(const char *path);
#endif

#endif
