/* SPDX-License-Identifier: MIT */
/*
 * Signals. One that is sent becomes pending, for the process or for a thread; a thread for which it
 * is not blocked is asked to look (thread_interrupt), and runs the handler when it comes to a wait,
 * or to libc_check() (wait.h). A default action that ends the process does so at once.
 */
#ifndef RINGLET_LIBC_SIGNAL_PRIVATE_H
#define RINGLET_LIBC_SIGNAL_PRIVATE_H

#include "thread_state.h"

#define SIGNAL_BIT(sig) (1UL << ((sig)-1))

static inline bool signal_valid(int sig)
{
    return sig > 0 && sig < NSIG;
}

/* What comes with a pending signal. */
struct signal_entry {
    struct list link;        /* in the list of pending ones, while `queued` */
    struct thread_state *to; /* NULL: the process */
    siginfo_t info;
    bool queued;
    bool kept; /* belongs to somebody else, such as a timer: is not freed */
};

/* ---- sending: any context ---- */

/*
 * Sends a signal to a thread, or to the process (to NULL). entry (may be NULL): what comes with it,
 * not queued, is kept or on the heap. Without one it is as from kill(). One that is ignored is
 * dropped.
 */
void signal_send(struct thread_state *to, int sig, struct signal_entry *entry);
/* An entry on the heap, or NULL. */
struct signal_entry *signal_entry_new(int sig, int code, union sigval value);
/* Frees an entry that was not queued; NULL does nothing. */
void signal_entry_drop(struct signal_entry *entry);
/* Takes back an entry that is queued; the signal is not pending any more if it was the last. */
void signal_entry_cancel(struct signal_entry *entry);

/* Informs the program as a struct sigevent says: SIGEV_SIGNAL with the entry (kept), SIGEV_THREAD
 * with a new thread. 0, EINVAL, EAGAIN: no memory for the thread. Any context. */
int signal_notify(const struct sigevent *event, struct signal_entry *entry);
/* 0, or EINVAL: not one of the three kinds, or not a signal. */
int signal_check_event(const struct sigevent *event);

/* ---- receiving ---- */

/* The lowest signal of the set that is pending for the thread, or the process, which it is not any
 * more then; 0: none. */
int signal_take(struct thread_state *self, sigset_t set, siginfo_t *info);
sigset_t signal_pending_for(const struct thread_state *self);

/* ---- actions ---- */

extern struct sigaction signal_actions[NSIG];

enum signal_default { SIGNAL_TERMINATE, SIGNAL_IGNORE };
enum signal_default signal_default(int sig);

/* Ends the process as a default action does. Any context: a handler leaves it to a thread. */
void signal_terminate(int sig);

const char *signal_name(int sig); /* "SIGTERM"; "?" */

#endif
