/* SPDX-License-Identifier: MIT */
/* Functions of an application whose names are also the kernel's. */
#ifndef RINGLET_TESTS_NAMES_OWN_H
#define RINGLET_TESTS_NAMES_OWN_H

#include <stddef.h>

/* Calls each of them. How many did not answer as they do here. */
unsigned own_names_wrong(void);

/* memcpy and memset, as the compiler calls them too, count their calls. */
extern unsigned own_memcpy_calls;

#endif
