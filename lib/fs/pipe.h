/* SPDX-License-Identifier: MIT */
/* Files without a name: pipes, event counters, timers. */
#ifndef RINGLET_FS_PIPE_H
#define RINGLET_FS_PIPE_H

#include "lib/fs/file.h"

#define PIPE_SIZE   65536u
#define PIPE_ATOMIC 4096u /* PIPE_BUF: a write of at most this many bytes is not divided */

/* ends[0] is for reading, ends[1] for writing, each with a reference. flags: FILE_NONBLOCK. A write
 * without a reader is -EPIPE; the signal is libc's. FILE_IOCTL_AVAILABLE works. -ENOMEM. */
int pipe_create(struct file *ends[2], unsigned flags);

/* Linux' eventfd: a read of 8 bytes takes the counter and waits while it is 0, a write adds. flags:
 * FILE_NONBLOCK. semaphore: a read takes 1. Reads and writes of less than 8 bytes: -EINVAL. */
int eventfd_create(uint64_t initial, bool semaphore, unsigned flags, struct file **out);

/*
 * Linux' timerfd on the monotonic clock (wall: clock_wall(); steps of the wall clock are not followed
 * once it is set). A read of 8 bytes gives the number of expirations since the last read, and waits
 * for one. flags: FILE_NONBLOCK.
 */
int timerfd_create(bool wall, unsigned flags, struct file **out);
/*
 * first: ns until the first expiration, or with absolute the time on the timer's clock; 0: stops it.
 * interval: ns, 0: expires once. old_* (may be NULL): what timerfd_get would have given. -EINVAL: not
 * a timerfd.
 */
int timerfd_set(struct file *f, bool absolute, uint64_t first, uint64_t interval,
                uint64_t *old_first, uint64_t *old_interval);
/* ns until the next expiration, 0: not running. */
int timerfd_get(struct file *f, uint64_t *first, uint64_t *interval);

/* ioctl: arg is int *, the number of bytes that can be read without waiting (Linux' FIONREAD). */
#define FILE_IOCTL_AVAILABLE 0x541bul

#endif
