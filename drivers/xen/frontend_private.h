/* SPDX-License-Identifier: MIT */
/* Between frontend_start.c, frontend.c and frontend_suspend.c. */
#ifndef RINGLET_FRONTEND_PRIVATE_H
#define RINGLET_FRONTEND_PRIVATE_H

#include <ringlet/frontend.h>

/* The frontend's thread, with fe's paths known. */
void frontend_thread(void *fe);

/* Who is the backend now, and what is our state? Replaces what was known. 0 or as frontend_start.
 */
int frontend_read_backend(struct frontend *fe);
/* Where to begin with a device whose state node of ours says so. */
enum frontend_state frontend_first_state(unsigned own_state);

/* ---- frontend_suspend.c ---- */

/* A frontend with a thread is known from _add to _remove. */
void frontend_add(struct frontend *fe);
void frontend_remove(struct frontend *fe);
/* Must fe's thread come to rest? */
bool frontend_suspending(void);
/* Waits until the domain goes on. In fe's thread, when nothing is half done. */
void frontend_park(struct frontend *fe);

#endif
