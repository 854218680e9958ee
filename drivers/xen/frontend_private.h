/* SPDX-License-Identifier: MIT */
/* Shared by the frontend's files. */
#ifndef RINGLET_FRONTEND_PRIVATE_H
#define RINGLET_FRONTEND_PRIVATE_H

#include <kernel/frontend.h>

/* The frontend's thread, with fe's paths known. */
void frontend_thread(void *fe);

/* Reads the present backend and the frontend's state, and replaces the known ones. 0 or as
 * frontend_start. */
int frontend_read_backend(struct frontend *fe);
/* The first state for a device whose frontend state node has this value. */
enum frontend_state frontend_first_state(unsigned own_state);

/* ---- frontend.c ---- */

const char *frontend_name(const struct frontend *fe);
void frontend_enter(struct frontend *fe, enum frontend_state state);
/* The deadlines of fe's present action, for the backend and for XenStore. In fe's thread. */
void frontend_set_deadline(struct frontend *fe, uint64_t deadline);
/* A watch of fe's has fired. */
void frontend_watch_fired(struct xs_watch *w);

/* ---- frontend_read.c ---- */

/* Registers the watch of the backend's state and reads that state, together with the next reads.
 * An error: there is no watch. */
int frontend_watch_backend(struct frontend *fe);
/* The watch fired: reads the same again. Returns the event for it. */
unsigned frontend_backend_changed(struct frontend *fe);
/* Makes sure that fe->read has the driver's reads for the call in this state. 0 or -errno. */
int frontend_read_more(struct frontend *fe);
/* Drops the reads, which are not needed, or not any more. */
void frontend_read_drop(struct frontend *fe);

/* ---- frontend_property.c ---- */

/* It is connected; and it is not any more. */
void frontend_watch_property(struct frontend *fe);
void frontend_unwatch_property(struct frontend *fe);
/* The watch fired. */
bool frontend_property_fired(const struct frontend *fe);
void frontend_property_changed(struct frontend *fe);

/* ---- frontend_reconnect.c ---- */

/* With a known backend: watches it, and writes Initialising if no state was written yet. */
void frontend_begin(struct frontend *fe);
/* Reads the backend's path again and begins with that backend. */
void frontend_restart(struct frontend *fe);
/* The backend goes by itself, according to its state `event`: the device is away until it comes
 * back. */
void frontend_away(struct frontend *fe, unsigned event);
/* The connection is over: ends the rest of it and searches for another one. */
void frontend_reconnect(struct frontend *fe, unsigned event);
/* The frontend is connected, or has ended: ends the search. */
void frontend_look_no_more(struct frontend *fe);
/* The event for the backend's state: FE_EV_DETACH when it will not come back. */
unsigned frontend_judge(struct frontend *fe, unsigned event);
/* The driver could not use the values that it read. True if the reason may be that the backend
 * went meanwhile, with some of its keys, and may come back: then the connection is started again
 * instead of failing. */
bool frontend_backend_went(struct frontend *fe);
/* The event for a change of the device's own directory. */
unsigned frontend_directory_changed(struct frontend *fe);

/* ---- frontend_suspend.c ---- */

/* A frontend with a thread is registered from _add to _remove. */
void frontend_add(struct frontend *fe);
void frontend_remove(struct frontend *fe);
/* Whether fe's thread must stop for a suspend. */
bool frontend_suspending(void);
/* Waits until the domain continues. In fe's thread, between two steps. */
void frontend_park(struct frontend *fe);

#endif
