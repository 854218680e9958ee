/* SPDX-License-Identifier: MIT */
/* Signals that are pending. */
#include "signal_private.h"

#include "pthread_create.h"
#include "thread_end.h"
#include "wait.h"

#include <ringlet/heap.h>

#include <errno.h>
#include <unistd.h>

static struct list entries = LIST_INIT(entries); /* in the order in which they were sent */
static sigset_t process_pending;

/* ---- entries ---- */

static void fill_in(siginfo_t *info, int sig, int code, union sigval value)
{
    *info = (siginfo_t){.si_signo = sig, .si_code = code, .si_pid = getpid(), .si_value = value};
}

struct signal_entry *signal_entry_new(int sig, int code, union sigval value)
{
    struct signal_entry *e = heap_zalloc(1, sizeof(*e), MEM_APP);

    if (e)
        fill_in(&e->info, sig, code, value);
    return e;
}

void signal_entry_drop(struct signal_entry *e)
{
    if (e && !e->kept)
        heap_free(e);
}

static struct signal_entry *find(const struct thread_state *to, int sig)
{
    list_for_each (pos, &entries) {
        struct signal_entry *e = list_entry(pos, struct signal_entry, link);

        if (e->to == to && e->info.si_signo == sig)
            return e;
    }
    return NULL;
}

static sigset_t *pending_of(struct thread_state *to)
{
    return to ? &to->pending : &process_pending;
}

static void remove_entry(struct signal_entry *e)
{
    list_del(&e->link);
    e->queued = false;
    if (!find(e->to, e->info.si_signo))
        *pending_of(e->to) &= ~SIGNAL_BIT(e->info.si_signo);
}

void signal_entry_cancel(struct signal_entry *e)
{
    if (e->queued)
        remove_entry(e);
}

/* ---- sending ---- */

static bool is_handled(int sig)
{
    const _sig_func_ptr handler = signal_actions[sig].sa_handler;

    return handler != SIG_DFL && handler != SIG_IGN;
}

static bool is_ignored(int sig)
{
    const _sig_func_ptr handler = signal_actions[sig].sa_handler;

    return handler == SIG_IGN || (handler == SIG_DFL && signal_default(sig) == SIGNAL_IGNORE);
}

static bool blocks(const struct thread_state *t, int sig)
{
    return t->ended || t->exiting || (t->mask & SIGNAL_BIT(sig));
}

static bool blocked(const struct thread_state *to, int sig)
{
    if (to)
        return blocks(to, sig);
    list_for_each (pos, &libc_threads) {
        if (!blocks(list_entry(pos, struct thread_state, link), sig))
            return false;
    }
    return true;
}

/* Of several threads, one that waits for this signal (sigwait), else one that waits for anything;
 * the others look when they come to a wait. */
static void ask(int sig)
{
    const bool caller_looks = !in_handler() && thread_data() && !blocks(thread_data(), sig);

    list_for_each (pos, &libc_threads) {
        struct thread_state *t = list_entry(pos, struct thread_state, link);

        if (!t->ended && (t->waiting_for & SIGNAL_BIT(sig)) && thread_interrupt(t->thread))
            return;
    }
    if (caller_looks)
        return;
    list_for_each (pos, &libc_threads) {
        struct thread_state *t = list_entry(pos, struct thread_state, link);

        if (!blocks(t, sig) && thread_interrupt(t->thread))
            return;
    }
}

/* A standard signal is pending once; of real-time ones there are as many as were sent. */
static void make_pending(struct thread_state *to, int sig, struct signal_entry *e)
{
    const bool already = *pending_of(to) & SIGNAL_BIT(sig);

    *pending_of(to) |= SIGNAL_BIT(sig);
    if (!e)
        return;
    if (already && sig < SIGRTMIN && !e->kept) {
        signal_entry_drop(e);
        return;
    }
    e->to = to;
    e->queued = true;
    list_add_tail(&entries, &e->link);
}

void signal_send(struct thread_state *to, int sig, struct signal_entry *e)
{
    const bool is_blocked = blocked(to, sig);

    if (sig == SIGKILL || (!is_blocked && !is_handled(sig) && !is_ignored(sig))) {
        signal_entry_drop(e);
        signal_terminate(sig);
        return;
    }
    if (!is_blocked && is_ignored(sig)) {
        signal_entry_drop(e);
        return;
    }
    make_pending(to, sig, e);
    if (!to)
        ask(sig);
    else if (!blocks(to, sig) || (to->waiting_for & SIGNAL_BIT(sig)))
        thread_interrupt(to->thread);
}

/* A thread that was asked to look at a signal of the process, and ends before it has: others are. */
static void ask_others(void)
{
    for (int sig = 1; sig < NSIG; sig++)
        if (process_pending & SIGNAL_BIT(sig))
            ask(sig);
}

void libc_drop_signals(struct thread_state *self)
{
    list_for_each_safe (pos, &entries) {
        struct signal_entry *e = list_entry(pos, struct signal_entry, link);

        if (e->to != self)
            continue;
        signal_entry_cancel(e);
        signal_entry_drop(e);
    }
    self->pending = 0;
    if (process_pending)
        ask_others();
}

/* ---- receiving ---- */

sigset_t signal_pending_for(const struct thread_state *self)
{
    return process_pending | self->pending;
}

int signal_take(struct thread_state *self, sigset_t set, siginfo_t *info)
{
    const sigset_t ready = signal_pending_for(self) & set;
    struct thread_state *from;
    struct signal_entry *e;
    int sig;

    if (!ready)
        return 0;
    sig = __builtin_ctzl(ready) + 1;
    from = (self->pending & SIGNAL_BIT(sig)) ? self : NULL;
    e = find(from, sig);
    if (!e) {
        *pending_of(from) &= ~SIGNAL_BIT(sig);
        fill_in(info, sig, SI_USER, (union sigval){0});
        return sig;
    }
    *info = e->info;
    remove_entry(e);
    signal_entry_drop(e);
    return sig;
}
