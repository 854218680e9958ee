/* SPDX-License-Identifier: MIT */
/*
 * The first thread's state. Newlib's own refers to the streams, and with them to all that opens,
 * flushes and closes files; this one does so only in programs that use stdio, which bring newlib's
 * __sf with them.
 */
#include <reent.h>
#include <stdio.h>

extern __FILE __sf[3];
__FILE __sf[3] __attribute__((weak));

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* in the macro */
static struct _reent impure_data = _REENT_INIT(impure_data);

struct _reent *_impure_ptr = &impure_data;
struct _reent *const _global_impure_ptr = &impure_data;
