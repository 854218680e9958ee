/* SPDX-License-Identifier: MIT */
/* The probe table: what this Xen offers, asked once at boot. */
#ifndef RINGLET_PROBE_H
#define RINGLET_PROBE_H

#include <ringlet/compiler.h>

/* Prints the table for people and as a line `RESULT {"type":"probe",...}`. Thread context, after
 * gnttab_init. */
void probe_print(void);

#endif
