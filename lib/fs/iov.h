/* SPDX-License-Identifier: MIT */
/* A position in a vector of buffers, for types of files that copy. Any context. */
#ifndef RINGLET_FS_IOV_H
#define RINGLET_FS_IOV_H

#include <ringlet/string.h>

#include "lib/fs/copy.h"
#include "lib/fs/file.h"

struct iov {
    const struct file_iovec *at;
    unsigned left; /* elements from `at` on */
    size_t done;   /* bytes of *at that are behind us */
};

static inline struct iov iov_begin(const struct file_iovec *iov, unsigned n)
{
    return (struct iov){.at = iov, .left = n};
}

static inline size_t iov_total(const struct file_iovec *iov, unsigned n)
{
    size_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += iov[i].len;
    return sum;
}

/* The next contiguous piece, of at most max bytes, and moves behind it. 0 at the end. */
static inline size_t iov_next(struct iov *v, size_t max, char **piece)
{
    size_t len;

    while (v->left && v->done == v->at->len) {
        v->at++;
        v->left--;
        v->done = 0;
    }
    if (!v->left)
        return 0;
    len = MIN(v->at->len - v->done, max);
    *piece = (char *)v->at->base + v->done;
    v->done += len;
    return len;
}

/* Copies len bytes, which the vector has room for. from NULL: zeroes. */
static inline void iov_put(struct iov *v, const void *from, size_t len)
{
    char *piece;
    size_t n;

    for (; len && (n = iov_next(v, len, &piece)); len -= n) {
        if (from) {
            copy_data(piece, from, n);
            from = (const char *)from + n;
        } else {
            memset(piece, 0, n);
        }
    }
}

static inline void iov_get(struct iov *v, void *to, size_t len)
{
    char *piece;
    size_t n;

    for (; len && (n = iov_next(v, len, &piece)); len -= n, to = (char *)to + n)
        copy_data(to, piece, n);
}

#endif
