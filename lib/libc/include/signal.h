/* SPDX-License-Identifier: MIT */
/* C's part of signals; POSIX' is in <sys/signal.h>. */
#ifndef _SIGNAL_H_
#define _SIGNAL_H_

#include "_ansi.h"
#include <sys/cdefs.h>
#include <sys/signal.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int sig_atomic_t;
typedef _sig_func_ptr sig_t;
typedef _sig_func_ptr sighandler_t;
typedef _sig_func_ptr __sighandler_t;

#define SIG_DFL  ((_sig_func_ptr)0)
#define SIG_IGN  ((_sig_func_ptr)1)
#define SIG_HOLD ((_sig_func_ptr)2)
#define SIG_ERR  ((_sig_func_ptr)-1)

struct _reent;
_sig_func_ptr _signal_r(struct _reent *, int, _sig_func_ptr);
int _raise_r(struct _reent *, int);

/* As BSD's: the handler stays, and calls are restarted. */
_sig_func_ptr signal(int sig, _sig_func_ptr handler);
_sig_func_ptr sigset(int sig, _sig_func_ptr handler);
int raise(int sig);
void psignal(int sig, const char *text);
void psiginfo(const siginfo_t *info, const char *text);

#ifdef __cplusplus
}
#endif

#endif
