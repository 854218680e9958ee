/* SPDX-License-Identifier: MIT */
/*
 * Files of types that a program defines, beside those of the C library. Operations may be NULL:
 * read and write are errors then (EINVAL), close does nothing.
 */
#ifndef MINI_OS_LIB_H
#define MINI_OS_LIB_H

#include <mini-os/console.h>
#include <mini-os/gntmap.h>
#include <mini-os/types.h>
#include <mini-os/waittypes.h>
#include <mini-os/xenbus.h>

#include <xen/xen.h>

#include <xen/event_channel.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#define BUILD_BUG_ON(cond)      ({ _Static_assert(!(cond), "!(" #cond ")"); })
#define BUILD_BUG_ON_ZERO(cond) sizeof(struct { _Static_assert(!(cond), "!(" #cond ")"); })
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#endif

#define ASSERT(x)                                                               \
    do {                                                                        \
        if (!(x)) {                                                             \
            printk("ASSERTION FAILED: %s at %s:%d.\n", #x, __FILE__, __LINE__); \
            BUG();                                                              \
        }                                                                       \
    } while (0)
#define BUG_ON(x) ASSERT(!(x))

/* Types of files; those of alloc_file_type() are FTYPE_N and greater. */
#define FTYPE_NONE    0
#define FTYPE_CONSOLE 1
#define FTYPE_FILE    2
#define FTYPE_SOCKET  3
#define FTYPE_MEM     4
#define FTYPE_N       5
#define FTYPE_SPARE   16 /* so many types can be added */

struct file {
    unsigned int type;
    bool read;    /* something may be read: what select_read_flag() tells */
    off_t offset; /* the type's own; lseek_default() changes it */
    union {
        int fd;
        void *dev;
    };
};

/*
 * Functions set errno and return -1 for an error. A type with lseek has positions: the C library
 * moves them, as lseek_default() does (another function is not called), and sets file->offset before
 * a read or write. fcntl is not called: the C library keeps O_NONBLOCK, with which a read or write
 * that would wait is EAGAIN.
 */
struct file_ops {
    const char *name;
    int (*read)(struct file *file, void *buf, size_t nbytes);
    int (*write)(struct file *file, const void *buf, size_t nbytes);
    off_t (*lseek)(struct file *file, off_t offset, int whence);
    int (*close)(struct file *file);
    int (*fstat)(struct file *file, struct stat *buf);
    int (*fcntl)(struct file *file, int cmd, va_list args);
    /* Whether a read, or a write, would not wait, for poll() and select(), which look again after
     * each wake_up(&event_queue). NULL: always. */
    bool (*select_rd)(struct file *file);
    bool (*select_wr)(struct file *file);
};

/* The number of a new type; ops must stay. FTYPE_NONE: there are FTYPE_SPARE already, which is
 * reported. */
unsigned int alloc_file_type(const struct file_ops *ops);
/* A descriptor of such a type, whose file is zero but for its type. -1 and errno (EMFILE, ENOMEM,
 * EINVAL: no such type). */
int alloc_fd(unsigned int type);
/* NULL: the descriptor is not open, or not of alloc_fd. Also in handlers. Valid until it is closed. */
struct file *get_file_from_fd(int fd);

off_t lseek_default(struct file *file, off_t offset, int whence);
bool select_yes(struct file *file);
bool select_read_flag(struct file *file);

/* Woken when a file may have become ready. */
extern struct wait_queue_head event_queue;
extern struct thread *main_thread;

#endif
