/* SPDX-License-Identifier: MIT */
/* Common setup of the tests of lib/fs. */
#ifndef RINGLET_TESTS_FS_TEST_H
#define RINGLET_TESTS_FS_TEST_H

#include "host/seam.h"

#include "lib/core/mem_private.h"
#include "lib/fs/devfs_private.h"
#include "lib/fs/fd.h"
#include "lib/fs/memfs.h"
#include "lib/fs/mount.h"
#include "lib/fs/path.h"
#include "lib/fs/random_private.h"
#include "lib/fs/tty_private.h"

#include <kernel/event_channel.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>
#include <ringlet/string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Everything of lib/fs as at the start, with nothing mounted. */
static inline void fs_forget(void)
{
    mount_reset();
    devfs_reset();
    tty_reset();
    random_set_source(NULL);
    file_wait_hook = NULL;
}

static inline void fs_start(size_t memory)
{
    seam_init(memory);
    assert_int_equal(evtchn_init(), 0);
    fs_forget();
}

static inline void fs_end(void)
{
    fd_reset();
    seam_exit();
}

static inline size_t heap_blocks(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s.blocks;
}

static inline size_t pages_in_use(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.in_use[MEM_APP];
}

static inline struct file *must_open(const char *path, unsigned flags)
{
    struct file *f = NULL;

    assert_int_equal(path_open(NULL, path, flags, 0644, &f), 0);
    return f;
}

static inline int try_open(const char *path, unsigned flags)
{
    struct file *f = NULL;
    int ret = path_open(NULL, path, flags, 0644, &f);

    if (ret == 0)
        file_put(f);
    return ret;
}

static inline void put_text(const char *path, const char *text)
{
    struct file *f = must_open(path, FILE_WRONLY | FILE_CREAT | FILE_TRUNC);

    assert_int_equal(file_write(f, text, strlen(text)), strlen(text));
    assert_int_equal(file_put(f), 0);
}

static inline void assert_text(const char *path, const char *text)
{
    struct file *f = must_open(path, FILE_RDONLY);
    char buf[256];
    int64_t n = file_read(f, buf, sizeof(buf) - 1);

    assert_true(n >= 0);
    buf[n] = '\0';
    assert_string_equal(buf, text);
    file_put(f);
}

static inline uint32_t mode_of(const char *path)
{
    struct file_stat st;

    return path_stat(NULL, path, PATH_NOFOLLOW, &st) ? 0 : st.mode;
}

static inline bool exists(const char *path)
{
    return mode_of(path) != 0;
}

#endif
