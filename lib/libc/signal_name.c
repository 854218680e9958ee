/* SPDX-License-Identifier: MIT */
/* Names and descriptions of signals. */
#include "signal_private.h"

#include <ringlet/format.h>

#include <string.h>

static const struct {
    const char *name, *text;
} signals[] = {
    [SIGHUP] = {"SIGHUP", "Hangup"},
    [SIGINT] = {"SIGINT", "Interrupt"},
    [SIGQUIT] = {"SIGQUIT", "Quit"},
    [SIGILL] = {"SIGILL", "Illegal instruction"},
    [SIGTRAP] = {"SIGTRAP", "Trace/breakpoint trap"},
    [SIGABRT] = {"SIGABRT", "Aborted"},
    [SIGEMT] = {"SIGEMT", "EMT trap"},
    [SIGFPE] = {"SIGFPE", "Floating point exception"},
    [SIGKILL] = {"SIGKILL", "Killed"},
    [SIGBUS] = {"SIGBUS", "Bus error"},
    [SIGSEGV] = {"SIGSEGV", "Segmentation fault"},
    [SIGSYS] = {"SIGSYS", "Bad system call"},
    [SIGPIPE] = {"SIGPIPE", "Broken pipe"},
    [SIGALRM] = {"SIGALRM", "Alarm clock"},
    [SIGTERM] = {"SIGTERM", "Terminated"},
    [SIGURG] = {"SIGURG", "Urgent I/O condition"},
    [SIGSTOP] = {"SIGSTOP", "Stopped (signal)"},
    [SIGTSTP] = {"SIGTSTP", "Stopped"},
    [SIGCONT] = {"SIGCONT", "Continued"},
    [SIGCHLD] = {"SIGCHLD", "Child exited"},
    [SIGTTIN] = {"SIGTTIN", "Stopped (tty input)"},
    [SIGTTOU] = {"SIGTTOU", "Stopped (tty output)"},
    [SIGIO] = {"SIGIO", "I/O possible"},
    [SIGXCPU] = {"SIGXCPU", "CPU time limit exceeded"},
    [SIGXFSZ] = {"SIGXFSZ", "File size limit exceeded"},
    [SIGVTALRM] = {"SIGVTALRM", "Virtual timer expired"},
    [SIGPROF] = {"SIGPROF", "Profiling timer expired"},
    [SIGWINCH] = {"SIGWINCH", "Window changed"},
    [SIGLOST] = {"SIGLOST", "Resource lost"},
    [SIGUSR1] = {"SIGUSR1", "User defined signal 1"},
    [SIGUSR2] = {"SIGUSR2", "User defined signal 2"},
};

const char *signal_name(int sig)
{
    static char other[16];

    if (sig > 0 && sig < (int)ARRAY_SIZE(signals) && signals[sig].name)
        return signals[sig].name;
    format(other, sizeof(other), "signal %d", sig);
    return other;
}

char *strsignal(int sig)
{
    static char other[32];

    if (sig > 0 && sig < (int)ARRAY_SIZE(signals) && signals[sig].text)
        return (char *)signals[sig].text;
    if (sig >= SIGRTMIN && sig <= SIGRTMAX)
        format(other, sizeof(other), "Real-time signal %d", sig - SIGRTMIN);
    else
        format(other, sizeof(other), "Unknown signal %d", sig);
    return other;
}
