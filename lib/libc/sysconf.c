/* SPDX-License-Identifier: MIT */
/* What the system can do, and its limits. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <ringlet/page.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "posix.h"

#define HAS      200809L
#define NO_LIMIT (-1)
#define MISSING  (-1)

struct value {
    short name;
    long value;
};

static const struct value values[] = {
    {_SC_ARG_MAX, ARG_MAX},
    {_SC_CHILD_MAX, 0},
    {_SC_CLK_TCK, CLK_TCK},
    {_SC_NGROUPS_MAX, 1},
    {_SC_OPEN_MAX, OPEN_MAX},
    {_SC_JOB_CONTROL, MISSING},
    {_SC_SAVED_IDS, 1},
    {_SC_VERSION, HAS},
    {_SC_PAGESIZE, PAGE_SIZE},
    {_SC_NPROCESSORS_CONF, 1},
    {_SC_NPROCESSORS_ONLN, 1},
    {_SC_TZNAME_MAX, NO_LIMIT},
    {_SC_ASYNCHRONOUS_IO, HAS},
    {_SC_FSYNC, HAS},
    {_SC_MEMLOCK, HAS},
    {_SC_MEMLOCK_RANGE, HAS},
    {_SC_REALTIME_SIGNALS, HAS},
    {_SC_SEMAPHORES, HAS},
    {_SC_SYNCHRONIZED_IO, HAS},
    {_SC_TIMERS, HAS},
    {_SC_AIO_LISTIO_MAX, NO_LIMIT},
    {_SC_AIO_MAX, NO_LIMIT},
    {_SC_AIO_PRIO_DELTA_MAX, 0},
#ifdef PTHREAD_STACK_MIN
    {_SC_THREAD_STACK_MIN, PTHREAD_STACK_MIN},
#endif
    {_SC_THREAD_THREADS_MAX, NO_LIMIT},
    {_SC_THREADS, HAS},
    {_SC_THREAD_ATTR_STACKADDR, HAS},
    {_SC_THREAD_ATTR_STACKSIZE, HAS},
    {_SC_THREAD_SAFE_FUNCTIONS, HAS},
    {_SC_GETGR_R_SIZE_MAX, 256},
    {_SC_GETPW_R_SIZE_MAX, 256},
    {_SC_LOGIN_NAME_MAX, 32},
    {_SC_TTY_NAME_MAX, 32},
    {_SC_HOST_NAME_MAX, 64},
    {_SC_ATEXIT_MAX, NO_LIMIT},
    {_SC_BARRIERS, HAS},
    {_SC_CLOCK_SELECTION, HAS},
    {_SC_IOV_MAX, FILE_IOV_MAX},
    {_SC_LINE_MAX, 2048},
    {_SC_MONOTONIC_CLOCK, HAS},
    {_SC_READER_WRITER_LOCKS, HAS},
    {_SC_REGEXP, 1},
    {_SC_RE_DUP_MAX, 255},
    {_SC_SPIN_LOCKS, HAS},
    {_SC_SYMLOOP_MAX, 40},
    {_SC_TIMEOUTS, HAS},
    {_SC_STREAM_MAX, OPEN_MAX},
    {_SC_V7_LP64_OFF64, 1},
};

long get_phys_pages(void)
{
    struct page_stats pages;

    page_get_stats(&pages);
    return (long)pages.total;
}

long get_avphys_pages(void)
{
    struct page_stats pages;

    page_get_stats(&pages);
    return (long)pages.free;
}

int get_nprocs(void)
{
    return 1;
}

int get_nprocs_conf(void)
{
    return 1;
}

int getpagesize(void)
{
    return PAGE_SIZE;
}

int getdtablesize(void)
{
    return FD_MAX;
}

long sysconf(int name)
{
    if (name == _SC_PHYS_PAGES)
        return get_phys_pages();
    if (name == _SC_AVPHYS_PAGES)
        return get_avphys_pages();
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (values[i].name == name)
            return values[i].value;
    /* a name that POSIX knows, of something that is not there */
    if (name < 0 || name > _SC_POSIX_26_VERSION)
        errno = EINVAL;
    return -1;
}
