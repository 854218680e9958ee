/* SPDX-License-Identifier: MIT */
/* Between the frontend's files. */
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

/* ---- frontend.c ---- */

const char *frontend_name(const struct frontend *fe);
void frontend_enter(struct frontend *fe, enum frontend_state state);
/* A watch of fe's has fired. */
void frontend_watch_fired(struct xs_watch *w);

/* ---- frontend_read.c ---- */

/* Registers the watch of the backend's state and reads that state, and with it what is wanted next.
 * An error: there is no watch. */
int frontend_watch_backend(struct frontend *fe);
/* The watch fired: reads the same again. The event that it is. */
unsigned frontend_backend_changed(struct frontend *fe);
/* The driver's ->read is there, for the call that the state is made for. 0 or -errno. */
int frontend_read_more(struct frontend *fe);
/* What was read is not wanted, or not any more. */
void frontend_read_drop(struct frontend *fe);

/* ---- frontend_again.c ---- */

/* With a backend that is known: watches it, and says Initialising if nothing was said yet. */
void frontend_begin(struct frontend *fe);
/* Finds the backend anew and begins with it. */
void frontend_restart(struct frontend *fe);
/* The backend goes by itself, which its state `event` says: what is to come back is away. */
void frontend_away(struct frontend *fe, unsigned event);
/* The connection is over: ends what is left of it and looks for another. */
void frontend_reconnect(struct frontend *fe, unsigned event);
/* It is connected, or has ended: nothing is looked for any more. */
void frontend_look_no_more(struct frontend *fe);
/* The event that the backend's state is: FE_EV_DETACH when it will not come back. */
unsigned frontend_judge(struct frontend *fe, unsigned event);
/* The event that a change of the device's own directory is. */
unsigned frontend_directory_changed(struct frontend *fe);

/* ---- frontend_suspend.c ---- */

/* A frontend with a thread is known from _add to _remove. */
void frontend_add(struct frontend *fe);
void frontend_remove(struct frontend *fe);
/* Must fe's thread come to rest? */
bool frontend_suspending(void);
/* Waits until the domain goes on. In fe's thread, when nothing is half done. */
void frontend_park(struct frontend *fe);

#endif
