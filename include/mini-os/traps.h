/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_TRAPS_H
#define MINI_OS_TRAPS_H

/* Handlers get NULL: an event does not interrupt anything that has registers. */
struct pt_regs;

#endif
