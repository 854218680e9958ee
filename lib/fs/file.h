/* SPDX-License-Identifier: MIT */
/*
 * Open file descriptions: what a file descriptor refers to. lib/fs knows no C library: a libc on
 * top of it converts struct file_stat to its struct stat, -errno to errno, -EPIPE to SIGPIPE, and
 * so on. docs/files.md has a table of what each type of file does.
 *
 * Functions are for threads, and return 0 or -errno, unless stated otherwise.
 */
#ifndef RINGLET_FS_FILE_H
#define RINGLET_FS_FILE_H

#include <ringlet/compiler.h>
#include <ringlet/thread.h>

#include "lib/fs/symbols.h"

/* ---- flags of an open file: newlib's O_... (sys/_default_fcntl.h), so that none is converted ---- */

#define FILE_RDONLY    0u
#define FILE_WRONLY    1u
#define FILE_RDWR      2u
#define FILE_ACCMODE   3u
#define FILE_APPEND    0x8u
#define FILE_CREAT     0x200u
#define FILE_TRUNC     0x400u
#define FILE_EXCL      0x800u
#define FILE_SYNC      0x2000u
#define FILE_NONBLOCK  0x4000u
#define FILE_NOCTTY    0x8000u
#define FILE_CLOEXEC   0x40000u /* of the descriptor, not of the file: fd.h */
#define FILE_DIRECT    0x80000u
#define FILE_NOFOLLOW  0x100000u
#define FILE_DIRECTORY 0x200000u
/* newlib has no O_DSYNC (and its O_RSYNC is Cygwin's); this bit is free in its numbers */
#define FILE_DSYNC 0x4000000u

/* Flags that can be changed while a file is open (F_SETFL). */
#define FILE_CHANGEABLE (FILE_APPEND | FILE_NONBLOCK | FILE_SYNC | FILE_DSYNC | FILE_DIRECT)

/* ---- mode bits: POSIX' usual values, and newlib's ---- */

#define MODE_TYPE    0170000u
#define MODE_FIFO    0010000u
#define MODE_CHAR    0020000u
#define MODE_DIR     0040000u
#define MODE_BLOCK   0060000u
#define MODE_REGULAR 0100000u
#define MODE_LINK    0120000u
#define MODE_SOCKET  0140000u
#define MODE_PERM    0007777u

/* ---- events of poll: POSIX' POLL... ---- */

#define POLL_IN    0x01u
#define POLL_PRI   0x02u
#define POLL_OUT   0x04u
#define POLL_ERR   0x08u /* reported also when not asked for, as the next two */
#define POLL_HUP   0x10u
#define POLL_NVAL  0x20u
#define POLL_RDHUP 0x2000u /* the peer sends no more; only if asked for */

struct file;
struct node;
struct poll_waits;

struct file_iovec { /* the layout of POSIX' struct iovec and of blkfront_iovec */
    void *base;
    size_t len;
};
#define FILE_IOV_MAX 1024u /* POSIX' IOV_MAX: more are -EINVAL */

struct file_stat {
    uint64_t dev, ino;
    uint32_t mode; /* MODE_... */
    uint32_t nlink;
    uint32_t uid, gid;
    uint64_t rdev;               /* of a device; 0 */
    int64_t size;                /* bytes */
    uint64_t blocks;             /* allocated, of 512 bytes */
    uint32_t blksize;            /* bytes; the best size of a transfer */
    int64_t atime, mtime, ctime; /* ns since 1970 */
};

struct file_dirent {
    uint64_t ino;
    int64_t next; /* the position behind this entry: for telldir and seekdir */
    uint8_t type; /* MODE_TYPE >> 12, which is DT_...; 0: not known */
    uint8_t name_len;
    char name[256]; /* with a NUL */
};

/* Modes of allocate(). */
#define ALLOCATE_EXTEND    0u /* storage for the range; the file grows to its end (posix_fallocate) */
#define ALLOCATE_KEEP_SIZE 1u /* the same without growing (Linux' FALLOC_FL_KEEP_SIZE) */
#define ALLOCATE_PUNCH     2u /* the range becomes a hole, or is discarded; the size stays */
/* as PUNCH, and the range reads as zeroes afterwards, also where PUNCH does not promise it */
#define ALLOCATE_ZERO 3u

#define FILE_OFFSET_END (-1) /* the offset of a write that appends */

/*
 * What a type of file can do. A member may be NULL: the error is then the one given. Functions are
 * called by threads and may wait (by file_wait), unless stated otherwise; the caller has a reference
 * of the file. Access modes, offsets and lengths were checked by the caller: lengths sum up to at
 * most INT64_MAX - offset, and to more than 0.
 */
struct file_ops {
    /* The file has a position: lseek, pread and pwrite work. Otherwise these are -ESPIPE, and
     * *offset is 0 and not used. */
    bool seekable;
    /*
     * Read into, or write from, iov[0..n): the number of bytes, fewer than asked for only where
     * POSIX permits it; read: 0 at the end of the file. With FILE_NONBLOCK in f->flags they do not
     * wait: -EAGAIN. write: *offset may be FILE_OFFSET_END, then it is set to where the data went.
     * NULL: -EINVAL (-EISDIR for a directory).
     */
    int64_t (*read)(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset);
    int64_t (*write)(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset);
    /* -ENOTTY for a request that it does not know. Numbers: tty.h, blockdev.h. NULL: -ENOTTY. */
    int (*ioctl)(struct file *f, unsigned long request, void *arg);
    /* NULL: f->node's, or -EINVAL without one. */
    int (*stat)(struct file *f, struct file_stat *out);
    /* size >= 0. NULL: -EINVAL. */
    int (*truncate)(struct file *f, int64_t size);
    /* Written data are on stable storage; data_only: fdatasync. NULL: -EINVAL. */
    int (*sync)(struct file *f, bool data_only);
    /* offset >= 0, len > 0, mode: ALLOCATE_... ; -EOPNOTSUPP for a mode that it does not know.
     * NULL: -ENODEV (-ESPIPE for a pipe, which is not seekable). */
    int (*allocate)(struct file *f, unsigned mode, int64_t offset, int64_t len);
    /* What is in memory of the range, and on the disk, is not needed any more (posix_fadvise). offset >= 0, len >= 0;
     * 0: to the end. NULL: there is no cache. */
    int (*forget)(struct file *f, int64_t offset, int64_t len);
    /* The entry at *position: 1 and *out, and *position moves behind it; 0 at the end. "." and ".."
     * are entries. -ENOENT: the directory was removed. NULL: -ENOTDIR. */
    int (*readdir)(struct file *f, int64_t *position, struct file_dirent *out);
    /*
     * The events that are ready: those of `events`, and POLL_ERR and POLL_HUP in any case. Must
     * not wait. waits, if not NULL: adds (poll.h, poll_wait_on) each queue that is woken when this
     * answer may change. NULL: always ready, as a regular file.
     */
    unsigned (*poll)(struct file *f, unsigned events, struct poll_waits *waits);
    /* The last reference is gone; f itself and f->node are the caller's to free. The result is
     * close()'s. NULL: nothing to do. */
    int (*release)(struct file *f);
};

struct file {
    const struct file_ops *ops;
    unsigned refs;
    unsigned flags; /* FILE_ACCMODE and FILE_CHANGEABLE bits, as opened or set later */
    int64_t offset; /* the position, if seekable; under `lock` */
    struct mutex lock;
    struct node *node;     /* NULL for a pipe and the like; else the file has a reference of it */
    void *data;            /* of the type */
    struct list lock_link; /* file_lock.c */
    enum file_lock { FILE_UNLOCKED, FILE_SHARED, FILE_EXCLUSIVE } locked;
};

/* A file with one reference; NULL without memory. node (may be NULL): the caller's reference
 * becomes the file's. */
struct file *file_alloc(const struct file_ops *ops, unsigned flags, struct node *node, void *data);
struct file *file_get(struct file *f); /* another reference; returns f. Any context */
/* Drops a reference. The last one's result is release()'s, others' 0. f may be NULL. */
int file_put(struct file *f);

/* ---- input and output: the number of bytes, or -errno ----
 *
 * -EBADF: not open for reading, or writing. -EINVAL: more than FILE_IOV_MAX parts, or their sum
 * overflows, or a negative offset. -ESPIPE: the p... functions on a file without a position.
 * Functions without an offset use the file's position, and hold its lock from reading it to moving
 * it: what two threads read at once does not overlap. With FILE_APPEND file_write(v) appends.
 */
int64_t file_read(struct file *f, void *buf, size_t len);
int64_t file_write(struct file *f, const void *buf, size_t len);
int64_t file_readv(struct file *f, const struct file_iovec *iov, unsigned n);
int64_t file_writev(struct file *f, const struct file_iovec *iov, unsigned n);
int64_t file_pread(struct file *f, void *buf, size_t len, int64_t offset);
int64_t file_pwrite(struct file *f, const void *buf, size_t len, int64_t offset);
int64_t file_preadv(struct file *f, const struct file_iovec *iov, unsigned n, int64_t offset);
int64_t file_pwritev(struct file *f, const struct file_iovec *iov, unsigned n, int64_t offset);

/* whence: 0 set, 1 from the position, 2 from the end. The new position, or -ESPIPE, -EINVAL
 * (whence; it would be negative), -EOVERFLOW. */
int64_t file_seek(struct file *f, int64_t offset, int whence);

int file_ioctl(struct file *f, unsigned long request, void *arg);
int file_stat(struct file *f, struct file_stat *out);
int file_truncate(struct file *f, int64_t size); /* -EINVAL: negative, or not open for writing */
int file_sync(struct file *f, bool data_only);
int file_allocate(struct file *f, unsigned mode, int64_t offset, int64_t len);
/* 1: *out is the next entry; 0: the end. The position can be read and set by file_seek (whence 0
 * and 1), with 0 and values of file_dirent.next. */
int file_readdir(struct file *f, struct file_dirent *out);
/* Replaces the FILE_CHANGEABLE flags. Others in `flags` are ignored, as F_SETFL does. */
int file_set_flags(struct file *f, unsigned flags);

/*
 * Locks of whole files, which other users of the file need not respect (flock). One open file has one
 * lock, FILE_SHARED or FILE_EXCLUSIVE, until it is FILE_UNLOCKED or closed; another lock takes its
 * place, not in one step. Locks of two open files conflict if they are of one node and not both
 * shared: then it waits, or -EAGAIN if wait is false. -EINTR and others of file_wait.
 */
int file_lock(struct file *f, enum file_lock how, bool wait);
/* What file_put calls for a file that is locked; set where locks are used. */
extern void (*file_unlock_hook)(struct file *f);

/* ---- waiting: everything in lib/fs that waits for a peer or an event waits here ---- */

/*
 * Waits until one of n queues is woken (0), or until the deadline (-ETIMEDOUT). A libc sets
 * file_wait_hook once, before other threads run, to end the wait also for a signal (-EINTR) or a
 * cancellation (-EINTR too: the hook must return, so that references are dropped; the libc acts on the
 * cancellation when the function it called has returned). No lock is held meanwhile. n may be 0: only
 * the deadline ends the wait.
 */
int file_wait(struct wait_queue *const *queues, unsigned n, uint64_t deadline);
extern int (*file_wait_hook)(struct wait_queue *const *queues, unsigned n, uint64_t deadline);
/* file_wait() without a hook, and what a hook may wait by: wait_on_any() with memory for the entries;
 * also -ENOMEM, for more than 8 queues. */
int file_wait_any(struct wait_queue *const *queues, unsigned n, uint64_t deadline);

#endif
