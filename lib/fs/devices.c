/* SPDX-License-Identifier: MIT */
/* The devices that need no hardware, and the names of the console. Numbers as Linux has them. */
#include <ringlet/errno.h>

#include "lib/fs/devfs_private.h"
#include "lib/fs/iov.h"
#include "lib/fs/random.h"
#include "lib/fs/tty_private.h"

#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))

static int64_t read_nothing(struct file *f, const struct file_iovec *iov, unsigned n,
                            int64_t *offset)
{
    (void)f;
    (void)iov;
    (void)n;
    (void)offset;
    return 0;
}

static int64_t read_zeroes(struct file *f, const struct file_iovec *iov, unsigned n,
                           int64_t *offset)
{
    (void)f;
    (void)offset;
    for (unsigned i = 0; i < n; i++)
        memset(iov[i].base, 0, iov[i].len);
    return (int64_t)iov_total(iov, n);
}

static int64_t read_random(struct file *f, const struct file_iovec *iov, unsigned n,
                           int64_t *offset)
{
    (void)f;
    (void)offset;
    for (unsigned i = 0; i < n; i++)
        random_bytes(iov[i].base, iov[i].len);
    return (int64_t)iov_total(iov, n);
}

static int64_t write_anything(struct file *f, const struct file_iovec *iov, unsigned n,
                              int64_t *offset)
{
    (void)f;
    if (*offset == FILE_OFFSET_END)
        *offset = 0;
    return (int64_t)iov_total(iov, n);
}

static int64_t write_full(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    (void)f;
    (void)iov;
    (void)n;
    (void)offset;
    return -ENOSPC;
}

static int64_t write_random(struct file *f, const struct file_iovec *iov, unsigned n,
                            int64_t *offset)
{
    for (unsigned i = 0; i < n; i++)
        random_mix(iov[i].base, iov[i].len);
    return write_anything(f, iov, n, offset);
}

/* These can be sought, to no effect. */
static const struct file_ops null_ops = {
    .seekable = true, .read = read_nothing, .write = write_anything};
static const struct file_ops zero_ops = {
    .seekable = true, .read = read_zeroes, .write = write_anything};
static const struct file_ops full_ops = {
    .seekable = true, .read = read_zeroes, .write = write_full};
static const struct file_ops random_ops = {
    .seekable = true, .read = read_random, .write = write_random};

#define OPENER(name)                                       \
    static int open_##name(struct file *f, unsigned flags) \
    {                                                      \
        (void)flags;                                       \
        f->ops = &name##_ops;                              \
        return 0;                                          \
    }

OPENER(null)
OPENER(zero)
OPENER(full)
OPENER(random)

int devices_add_builtin(void)
{
    static const struct {
        const char *name;
        uint32_t mode;
        uint64_t rdev;
        int (*open)(struct file *f, unsigned flags);
    } list[] = {
        {"null", 0666, DEVICE(1, 3), open_null},      {"zero", 0666, DEVICE(1, 5), open_zero},
        {"full", 0666, DEVICE(1, 7), open_full},      {"random", 0666, DEVICE(1, 8), open_random},
        {"urandom", 0666, DEVICE(1, 9), open_random}, {"tty", 0666, DEVICE(5, 0), tty_attach},
        {"console", 0600, DEVICE(5, 1), tty_attach},
    };
    int ret = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(list) && ret == 0; i++) {
        ret = devfs_add(list[i].name, list[i].mode, list[i].rdev, list[i].open);
        if (ret == -EEXIST) /* the program has its own */
            ret = 0;
    }
    return ret;
}
