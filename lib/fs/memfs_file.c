/* SPDX-License-Identifier: MIT */
/* Open files and directories of memfs. Nothing here waits, so each operation is atomic. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/fs/iov.h"
#include "lib/fs/memfs_node.h"

#define SIZE_MAX_FILE ((int64_t)(PAGES_MAX << PAGE_SHIFT))

static struct memnode *node_of(const struct file *f)
{
    return memnode(f->node);
}

static void touch(struct memnode *n)
{
    n->mtime = n->ctime = (int64_t)clock_wall();
}

static int64_t mem_read(struct file *f, const struct file_iovec *iov, unsigned count,
                        int64_t *offset)
{
    struct memnode *n = node_of(f);
    struct iov to = iov_begin(iov, count);
    int64_t at = *offset, end;

    if (at >= n->size)
        return 0;
    end = at + (int64_t)MIN(iov_total(iov, count), (size_t)(n->size - at));
    if (memfs_of(n)->fixed) {
        iov_put(&to, n->fixed + at, (size_t)(end - at));
        return end - at;
    }
    if (n->atime <= n->mtime)
        n->atime =
            (int64_t)clock_wall(); /* as Linux' relatime: it shows that the change was read */
    while (at < end) {
        size_t in = (size_t)at & PAGE_MASK, len = MIN(PAGE_SIZE - in, (size_t)(end - at));
        const char *page = pages_get(&n->pages, (uint64_t)at >> PAGE_SHIFT);

        iov_put(&to, page ? page + in : NULL, len);
        at += (int64_t)len;
    }
    return end - *offset;
}

static int64_t mem_write(struct file *f, const struct file_iovec *iov, unsigned count,
                         int64_t *offset)
{
    struct memnode *n = node_of(f);
    struct iov from = iov_begin(iov, count);
    int64_t at, end;
    int ret = 0;

    if (*offset == FILE_OFFSET_END)
        *offset = n->size;
    at = *offset;
    if (at >= SIZE_MAX_FILE)
        return -EFBIG;
    end = at + (int64_t)MIN(iov_total(iov, count), (size_t)(SIZE_MAX_FILE - at));
    while (at < end) {
        size_t in = (size_t)at & PAGE_MASK, len = MIN(PAGE_SIZE - in, (size_t)(end - at));
        char *page;

        ret = pages_make(&n->pages, (uint64_t)at >> PAGE_SHIFT, len == PAGE_SIZE, &page);
        if (ret)
            break;
        iov_get(&from, page + in, len);
        at += (int64_t)len;
    }
    if (at == *offset)
        return ret;
    n->size = MAX(n->size, at);
    touch(n);
    return at - *offset;
}

/* The bytes of [from, to) in one page become zero, if the page exists. */
static void clear(struct memnode *n, int64_t from, int64_t to)
{
    char *page = pages_get(&n->pages, (uint64_t)from >> PAGE_SHIFT);

    if (page)
        memset(page + ((size_t)from & PAGE_MASK), 0, (size_t)(to - from));
}

/* [from, to) becomes a hole. */
static void punch(struct memnode *n, int64_t from, int64_t to)
{
    int64_t first = (int64_t)ROUND_UP((uint64_t)from, PAGE_SIZE);
    int64_t last = (int64_t)ROUND_DOWN((uint64_t)to, PAGE_SIZE);

    if (first > last) { /* within one page */
        clear(n, from, to);
        return;
    }
    if (from < first)
        clear(n, from, first);
    if (last < to)
        clear(n, last, to);
    if (first < last)
        pages_drop(&n->pages, (uint64_t)first >> PAGE_SHIFT, ((uint64_t)last >> PAGE_SHIFT) - 1);
}

static int mem_truncate(struct file *f, int64_t size)
{
    struct memnode *n = node_of(f);

    if (size > SIZE_MAX_FILE)
        return -EFBIG;
    if (size <= n->size) /* and what ALLOCATE_KEEP_SIZE reserved */
        punch(n, size, SIZE_MAX_FILE);
    n->size = size;
    touch(n);
    return 0;
}

/* Pages for [from, to). After an error those that were allocated stay, and read as zeroes. */
static int reserve(struct memnode *n, int64_t from, int64_t to)
{
    uint64_t last = (uint64_t)(to - 1) >> PAGE_SHIFT;
    const struct pages_budget *b = &memfs_of(n)->budget;
    char *page;
    int ret = 0;

    /* don't begin what cannot be done, as far as that is known */
    if ((uint64_t)(to - from) >> PAGE_SHIFT > b->limit - MIN(b->used, b->limit) + n->pages.count)
        return -ENOSPC;
    for (uint64_t i = (uint64_t)from >> PAGE_SHIFT; i <= last && ret == 0; i++)
        ret = pages_make(&n->pages, i, false, &page);
    return ret;
}

static int mem_allocate(struct file *f, unsigned mode, int64_t offset, int64_t len)
{
    struct memnode *n = node_of(f);
    int64_t end = offset + len;
    int ret;

    if (mode == ALLOCATE_PUNCH || mode == ALLOCATE_ZERO) {
        /* beyond the end there is nothing to remove, but what ALLOCATE_KEEP_SIZE reserved */
        if (offset < SIZE_MAX_FILE)
            punch(n, offset, MIN(end, SIZE_MAX_FILE));
        touch(n);
        return 0;
    }
    if (mode != ALLOCATE_EXTEND && mode != ALLOCATE_KEEP_SIZE)
        return -EOPNOTSUPP;
    if (end > SIZE_MAX_FILE)
        return -EFBIG;
    ret = reserve(n, offset, end);
    if (ret)
        return ret;
    if (mode == ALLOCATE_EXTEND && end > n->size)
        n->size = end;
    touch(n);
    return 0;
}

/* There is nothing more stable than the memory. */
static int mem_sync(struct file *f, bool data_only)
{
    (void)f;
    (void)data_only;
    return 0;
}

const struct file_ops memfs_file_ops = {
    .seekable = true,
    .read = mem_read,
    .write = mem_write,
    .truncate = mem_truncate,
    .allocate = mem_allocate,
    .sync = mem_sync,
};

void memfile_free(struct memnode *n)
{
    uint32_t type = n->node.mode & MODE_TYPE;

    if (memfs_of(n)->fixed)
        return;
    if (type == MODE_REGULAR)
        pages_drop(&n->pages, 0, PAGES_MAX - 1);
    else if (type == MODE_LINK)
        memfs_free(memfs_of(n), n->target);
}

/* ---- directories: positions 0 and 1 are "." and "..", an entry's is seq + 2 ---- */

static void put_entry(struct file_dirent *out, const struct memnode *n, const char *name,
                      size_t len, int64_t next)
{
    out->ino = n->node.ino;
    out->type = (uint8_t)(n->node.mode >> 12);
    out->name_len = (uint8_t)len;
    out->next = next;
    memcpy(out->name, name, len);
    out->name[len] = '\0';
}

/*
 * Entries that were made since the directory was read from its beginning are not shown: a program that
 * renames what it reads would come across the new names for ever. f->data is the first such position,
 * NULL as long as none was asked for.
 */
static int mem_readdir(struct file *f, int64_t *position, struct file_dirent *out)
{
    struct memnode *dir = node_of(f);
    struct mementry *e;

    if (!dir->dir.parent)
        return 0; /* removed: it is empty, and has not even "." */
    if (*position == 0 || !f->data)
        f->data = (void *)(uintptr_t)(dir->dir.next_seq + 2);
    if (*position < 2) {
        bool self = *position == 0;

        put_entry(out, self ? dir : dir->dir.parent, "..", self ? 1 : 2, *position + 1);
    } else {
        e = memdir_at(dir, *position - 2);
        if (!e || e->seq + 2 >= (int64_t)(uintptr_t)f->data)
            return 0;
        put_entry(out, e->node, e->name, e->len, e->seq + 3);
    }
    *position = out->next;
    return 1;
}

const struct file_ops memfs_dir_ops = {.readdir = mem_readdir, .sync = mem_sync};
