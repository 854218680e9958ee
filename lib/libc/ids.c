/* SPDX-License-Identifier: MIT */
/* The process, which is the only one, and its user, who is root. */
#include <errno.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

#define PROCESS 1

pid_t getpid(void)
{
    return PROCESS;
}

pid_t getppid(void)
{
    return 0;
}

pid_t getpgrp(void)
{
    return PROCESS;
}

static pid_t of_process(pid_t pid)
{
    if (!pid || pid == PROCESS)
        return PROCESS;
    errno = ESRCH;
    return -1;
}

pid_t getpgid(pid_t pid)
{
    return of_process(pid);
}

pid_t getsid(pid_t pid)
{
    return of_process(pid);
}

/* It leads a session and a process group already. */
pid_t setsid(void)
{
    errno = EPERM;
    return -1;
}

int setpgid(pid_t pid, pid_t group)
{
    (void)group;
    if (of_process(pid) < 0)
        return -1;
    errno = EPERM; /* a session's leader stays in its group */
    return -1;
}

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}

int issetugid(void)
{
    return 0;
}

int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    *real = *effective = *saved = 0;
    return 0;
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    *real = *effective = *saved = 0;
    return 0;
}

int getgroups(int size, gid_t groups[])
{
    if (size < 0) {
        errno = EINVAL;
        return -1;
    }
    if (size)
        groups[0] = 0;
    return 1;
}

/* Becoming root is possible, and nothing else. */
static int become(unsigned id)
{
    if (!id)
        return 0;
    errno = EPERM;
    return -1;
}

int setuid(uid_t id)
{
    return become(id);
}

int seteuid(uid_t id)
{
    return become(id);
}

int setgid(gid_t id)
{
    return become(id);
}

int setegid(gid_t id)
{
    return become(id);
}
