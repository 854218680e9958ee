/* SPDX-License-Identifier: MIT */
/* Limits of the process, which the system has and cannot change, and what was used. */
#include <errno.h>
#include <ringlet/clock.h>
#include <ringlet/guest.h>
#include <ringlet/page.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"

int getrlimit(int resource, struct rlimit *out)
{
    rlim_t limit = RLIM_INFINITY;

    if (resource < 0 || resource >= RLIM_NLIMITS)
        return (int)posix_result(-EINVAL);
    if (resource == RLIMIT_NOFILE)
        limit = FD_MAX;
    else if (resource == RLIMIT_CORE)
        limit = 0;
    else if (resource == RLIMIT_NPROC)
        limit = 1;
    *out = (struct rlimit){limit, limit};
    return 0;
}

/* -EPERM: more than there is; -ENOSYS: less, which nothing would see to. */
int setrlimit(int resource, const struct rlimit *limit)
{
    struct rlimit now = {0};

    if (getrlimit(resource, &now))
        return -1;
    if (limit->rlim_cur > limit->rlim_max)
        return (int)posix_result(-EINVAL);
    if (limit->rlim_max > now.rlim_max)
        return (int)posix_result(-EPERM);
    if (limit->rlim_cur != now.rlim_cur || limit->rlim_max != now.rlim_max)
        return (int)posix_result(-ENOSYS);
    return 0;
}

#ifdef CLOCK_PROCESS_CPUTIME_ID
/* All time of the CPU is the program's: the kernel's share is not known. */
int getrusage(int who, struct rusage *out)
{
    struct page_stats pages;
    struct timespec used;

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN)
        return (int)posix_result(-EINVAL);
    *out = (struct rusage){0};
    if (who == RUSAGE_CHILDREN)
        return 0;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used))
        return -1;
    page_get_stats(&pages);
    out->ru_utime = (struct timeval){used.tv_sec, used.tv_nsec / 1000};
    out->ru_maxrss = (long)(pages.high_water * (PAGE_SIZE / 1024));
    return 0;
}
#endif

/* There is one priority, 0. */
static int check_priority(int which, id_t who)
{
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    if (who && (which == PRIO_USER || who != (id_t)getpid()))
        return -ESRCH;
    return 0;
}

int getpriority(int which, id_t who)
{
    return (int)posix_result(check_priority(which, who));
}

int setpriority(int which, id_t who, int priority)
{
    int ret = check_priority(which, who);

    return (int)posix_result(ret ? ret : priority ? -ENOSYS : 0);
}

int nice(int increment)
{
    return (int)posix_result(increment ? -ENOSYS : 0);
}

int sysinfo(struct sysinfo *out)
{
    struct guest_info guest;
    struct page_stats pages;

    guest_get_info(&guest);
    page_get_stats(&pages);
    *out = (struct sysinfo){
        .uptime = (long)((clock_now() - guest.started) / 1000000000),
        .totalram = pages.total * PAGE_SIZE,
        .freeram = pages.free * PAGE_SIZE,
        .procs = 1,
        .mem_unit = 1,
    };
    return 0;
}
