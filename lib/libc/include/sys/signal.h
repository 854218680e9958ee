/* SPDX-License-Identifier: MIT */
/*
 * Signals within the process; numbers are newlib's, and real-time signals follow. A handler runs in
 * a thread that waits or calls the C library, never in the middle of other code: docs/threads.md.
 */
#ifndef _SYS_SIGNAL_H
#define _SYS_SIGNAL_H

#include "_ansi.h"
#include <sys/_sigset.h>
#include <sys/_timespec.h>
#include <sys/cdefs.h>
#include <sys/features.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if !defined(_SIGSET_T_DECLARED)
#define _SIGSET_T_DECLARED
typedef __sigset_t sigset_t;
#endif

/* ---- numbers ---- */

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGIOT    SIGABRT
#define SIGEMT    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGBUS    10
#define SIGSEGV   11
#define SIGSYS    12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGURG    16
#define SIGSTOP   17
#define SIGTSTP   18
#define SIGCONT   19
#define SIGCHLD   20
#define SIGCLD    SIGCHLD
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGIO     23
#define SIGPOLL   SIGIO
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGLOST   29
#define SIGUSR1   30
#define SIGUSR2   31
#define SIGRTMIN  33
#define SIGRTMAX  64
#define NSIG      65 /* 0 is counted */
#define _NSIG     NSIG

/* ---- what comes with a signal ---- */

union sigval {
    int sival_int;
    void *sival_ptr;
};
typedef union sigval sigval_t;

typedef struct {
    int si_signo;
    int si_code; /* SI_... */
    int si_errno;
    pid_t si_pid; /* SI_USER, SI_QUEUE: the process, which is this one */
    uid_t si_uid;
    int si_status;
    long si_band;
    void *si_addr;
    union sigval si_value;
    int si_timerid; /* SI_TIMER */
    int si_overrun;
} siginfo_t;

#define si_int si_value.sival_int
#define si_ptr si_value.sival_ptr

#define SI_USER    1 /* kill(), raise(), pthread_kill() */
#define SI_QUEUE   2
#define SI_TIMER   3
#define SI_ASYNCIO 4
#define SI_MESGQ   5
#define SI_KERNEL  6 /* the console's keys, the toolstack's order */
#define SI_TKILL   SI_USER

/* Codes of signals that Ringlet does not send: a CPU's fault ends the guest with a crash report. */
enum {
    ILL_ILLOPC = 11,
    ILL_ILLOPN,
    ILL_ILLADR,
    ILL_ILLTRP,
    ILL_PRVOPC,
    ILL_PRVREG,
    ILL_COPROC,
    ILL_BADSTK,
    FPE_INTDIV,
    FPE_INTOVF,
    FPE_FLTDIV,
    FPE_FLTOVF,
    FPE_FLTUND,
    FPE_FLTRES,
    FPE_FLTINV,
    FPE_FLTSUB,
    SEGV_MAPERR,
    SEGV_ACCERR,
    BUS_ADRALN,
    BUS_ADRERR,
    BUS_OBJERR,
    TRAP_BRKPT,
    TRAP_TRACE,
    CLD_EXITED,
    CLD_KILLED,
    CLD_DUMPED,
    CLD_TRAPPED,
    CLD_STOPPED,
    CLD_CONTINUED
};

#define SIGEV_NONE   1
#define SIGEV_SIGNAL 2
#define SIGEV_THREAD 3

typedef struct sigevent {
    int sigev_notify;
    int sigev_signo;
    union sigval sigev_value;
    void (*sigev_notify_function)(union sigval);
    pthread_attr_t *sigev_notify_attributes;
} sigevent_t;

/* ---- actions ---- */

typedef void (*_sig_func_ptr)(int);

struct sigaction {
    union {
        _sig_func_ptr _handler;
        void (*_sigaction)(int, siginfo_t *, void *); /* the third is NULL: there is no context */
    } _signal_handlers;
    sigset_t sa_mask;
    int sa_flags;
};
#define sa_handler   _signal_handlers._handler
#define sa_sigaction _signal_handlers._sigaction

#define SA_NOCLDSTOP 0x01
#define SA_SIGINFO   0x02
#define SA_ONSTACK   0x04
#define SA_RESTART   0x08
#define SA_NODEFER   0x10
#define SA_RESETHAND 0x20
#define SA_NOCLDWAIT 0x40
#define SA_NOMASK    SA_NODEFER
#define SA_ONESHOT   SA_RESETHAND

#define SIG_SETMASK 0
#define SIG_BLOCK   1
#define SIG_UNBLOCK 2

/* ---- stacks of handlers ---- */

#define MINSIGSTKSZ 4096
#define SIGSTKSZ    16384
#define SS_ONSTACK  0x1
#define SS_DISABLE  0x2

typedef struct sigaltstack {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

/* ---- functions ---- */

int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigismember(const sigset_t *set, int sig);
int sigisemptyset(const sigset_t *set);
int sigandset(sigset_t *set, const sigset_t *a, const sigset_t *b);
int sigorset(sigset_t *set, const sigset_t *a, const sigset_t *b);

int sigaction(int sig, const struct sigaction *__restrict action, struct sigaction *__restrict old);
int sigprocmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
int pthread_sigmask(int how, const sigset_t *__restrict set, sigset_t *__restrict old);
int sigaltstack(const stack_t *__restrict stack, stack_t *__restrict old);
int siginterrupt(int sig, int interrupt);
int sighold(int sig);
int sigrelse(int sig);
int sigignore(int sig);

int kill(pid_t pid, int sig);
int killpg(pid_t group, int sig);
int pthread_kill(pthread_t thread, int sig);
int sigqueue(pid_t pid, int sig, const union sigval value);
int pthread_sigqueue(pthread_t thread, int sig, const union sigval value);

int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *mask);
int sigpause(int sig); /* System V's: of this signal */
int sigwait(const sigset_t *__restrict set, int *__restrict sig);
int sigwaitinfo(const sigset_t *__restrict set, siginfo_t *__restrict info);
int sigtimedwait(const sigset_t *__restrict set, siginfo_t *__restrict info,
                 const struct timespec *__restrict timeout);

#ifdef __cplusplus
}
#endif

#ifndef _SIGNAL_H_
#include <signal.h>
#endif

#endif
