/* SPDX-License-Identifier: MIT */
/* The probe table: the features of this Xen. Printed before main() at loglevel=debug in guests
 * without a C library, and by a guest that reports on its system. */
#ifndef RINGLET_PROBE_H
#define RINGLET_PROBE_H

#include <ringlet/compiler.h>

/* Prints the table as text and as a line `RESULT {"type":"probe",...}`. Thread context, after
 * gnttab_init. */
void probe_print(void);

#endif
