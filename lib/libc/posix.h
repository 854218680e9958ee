/* SPDX-License-Identifier: MIT */
/* What the functions of POSIX on files share: they are made of lib/fs, which returns -errno. */
#ifndef RINGLET_LIBC_POSIX_H
#define RINGLET_LIBC_POSIX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/fs/fd.h"
#include "lib/fs/file.h"
#include "thread_state.h"

/* ret, or -1 with errno set if it is -errno. -EPIPE also calls posix_broken_pipe. */
long posix_result(int64_t ret);
/* Raises SIGPIPE. Set by whatever makes a file that can break, so that other programs do without
 * signals; NULL: no such file was ever made. */
extern void (*posix_broken_pipe)(void);
void posix_raise_sigpipe(void);

/* For functions that are cancellation points: there are cancellations only if the program has threads. */
void pthread_testcancel(void) __attribute__((weak));
static inline void posix_cancellation_point(void)
{
    if (pthread_testcancel)
        pthread_testcancel();
}

/* The lowest free descriptor for a new file, whose reference passes to it, also on an error. */
static inline int posix_install(struct file *f, bool close_on_exec)
{
    int fd = fd_install(f, 0, close_on_exec ? FD_CLOEXEC_FLAG : 0);

    if (fd < 0)
        file_put(f);
    return fd;
}

/* Two descriptors for new files, whose references pass to them, also on an error. */
int posix_install_pair(struct file *ends[2], bool close_on_exec, int fds[2]);

/* Runs `expression`, which uses *f, with the open file of fd, and has its value; -EBADF. */
#define WITH_FILE(f, fd, expression)                                \
    ({                                                              \
        struct file *f = fd_get(fd);                                \
        int64_t result_ = -EBADF;                                   \
                                                                    \
        if (f) {                                                    \
            struct libc_hold hold_ = {NULL, posix_release_file, f}; \
                                                                    \
            libc_hold(&hold_);                                      \
            result_ = (expression);                                 \
            libc_hold_end(&hold_);                                  \
            file_put(f);                                            \
        }                                                           \
        result_;                                                    \
    })
void posix_release_file(void *file);

/* The same with the directory of *at(): base is NULL for AT_FDCWD and for an absolute path. path may
 * be NULL: -EFAULT. */
#define WITH_BASE(base, fd, path, expression)          \
    ({                                                 \
        struct node *base;                             \
        int64_t result_ = posix_base(fd, path, &base); \
                                                       \
        if (!result_) {                                \
            result_ = (expression);                    \
            posix_base_put(base);                      \
        }                                              \
        result_;                                       \
    })
int posix_base(int fd, const char *path, struct node **out);
void posix_base_put(struct node *base); /* NULL does nothing */

mode_t posix_umask(void); /* the process' */

struct stat;
struct file_stat;
void posix_stat(const struct file_stat *from, struct stat *to);

struct timespec;
/* ns since 1970. */
struct timespec posix_time(int64_t ns);
/* A timeout as a deadline of clock_now(); NULL: DEADLINE_NEVER. -EINVAL: not a time. */
int posix_deadline(const struct timespec *timeout, uint64_t *out);

/* poll() and select() until a deadline of clock_now(), 0 or a time in the past: only look. */
struct pollfd;
int posix_poll(struct pollfd *fds, size_t n, uint64_t deadline);
struct _types_fd_set;
int posix_select(int n, struct _types_fd_set *in, struct _types_fd_set *out,
                 struct _types_fd_set *other, uint64_t deadline);

#endif
