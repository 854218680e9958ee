/* SPDX-License-Identifier: MIT */
/* Sending signals: within the process, as there is no other. */
#include "signal_private.h"

#include "pthread_create.h"
#include "wait.h"

#include <errno.h>
#include <reent.h>
#include <unistd.h>

static int fail(int err)
{
    errno = err;
    return -1;
}

/* 0 and -1 are this process, too: its group, and all that there are. */
static bool is_self(pid_t pid)
{
    return pid == getpid() || pid == -getpid() || pid == 0 || pid == -1;
}

int kill(pid_t pid, int sig)
{
    if (sig && !signal_valid(sig))
        return fail(EINVAL);
    if (!is_self(pid))
        return fail(ESRCH);
    if (sig == SIGSTOP)
        return fail(ENOSYS); /* nothing could continue it */
    if (!sig)
        return 0;
    signal_send(NULL, sig, signal_entry_new(sig, SI_USER, (union sigval){0}));
    libc_run_handlers();
    return 0;
}

int killpg(pid_t group, int sig)
{
    return kill(group, sig);
}

int pthread_kill(pthread_t thread, int sig)
{
    struct thread_state *t = libc_thread(thread);

    if (sig && !signal_valid(sig))
        return EINVAL;
    if (!t)
        return ESRCH;
    if (!sig || t->ended)
        return 0;
    if (sig == SIGSTOP)
        return ENOSYS;
    /* each of a real-time signal counts, so there is something to count */
    signal_send(t, sig, sig >= SIGRTMIN ? signal_entry_new(sig, SI_USER, (union sigval){0}) : NULL);
    libc_run_handlers();
    return 0;
}

static int queue(struct thread_state *t, int sig, union sigval value)
{
    struct signal_entry *e;

    if (!sig)
        return 0;
    e = signal_entry_new(sig, SI_QUEUE, value);
    if (!e)
        return EAGAIN;
    signal_send(t, sig, e);
    libc_run_handlers();
    return 0;
}

int sigqueue(pid_t pid, int sig, const union sigval value)
{
    int ret;

    if (sig && !signal_valid(sig))
        return fail(EINVAL);
    if (!is_self(pid))
        return fail(ESRCH);
    ret = queue(NULL, sig, value);
    return ret ? fail(ret) : 0;
}

int pthread_sigqueue(pthread_t thread, int sig, const union sigval value)
{
    struct thread_state *t = libc_thread(thread);

    if (sig && !signal_valid(sig))
        return EINVAL;
    return t && !t->ended ? queue(t, sig, value) : ESRCH;
}

/* To the thread that calls. */
int raise(int sig)
{
    struct thread_state *self = libc_self();
    int ret = self ? pthread_kill((pthread_t)self, sig) : ENOMEM;

    return ret ? fail(ret) : 0;
}

int _raise_r(struct _reent *r, int sig)
{
    (void)r;
    return raise(sig);
}
