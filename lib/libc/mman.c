/* SPDX-License-Identifier: MIT */
/*
 * Memory of whole pages. A mapping is contiguous memory of the page allocator: it is where the
 * allocator has put it, and its parts are given back when the last one is unmapped. There is no
 * page table to be asked for permissions: memory is readable and writable, or guarded as a whole
 * page (PROT_NONE). A file is copied when it is mapped.
 */
#include <errno.h>
#include <ringlet/page.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/fs/fs.h"
#include "posix.h"

#define PAGES_MAX (1ul << PAGE_MAX_ORDER)

enum { UNMAPPED, MAPPED, GUARDED };

struct mapping {
    struct mapping *next;
    char *memory;
    size_t pages, mapped; /* mapped: those that were not unmapped yet */
    unsigned char state[];
};

static struct mapping *mappings;

/* ---- ranges ---- */

struct range {
    struct mapping *mapping;
    size_t first, count;
};

/* The pages of an address range that lies in one mapping; -ENOMEM: it does not, or not all of it is
 * mapped; -EINVAL: not at a page. */
static int find(const void *address, size_t length, struct range *out)
{
    const char *at = address;
    size_t count = length / PAGE_SIZE + (length % PAGE_SIZE != 0);

    if ((uintptr_t)at % PAGE_SIZE)
        return -EINVAL;
    for (struct mapping *m = mappings; m; m = m->next) {
        if (at < m->memory || at >= m->memory + m->pages * PAGE_SIZE)
            continue;
        *out = (struct range){m, (size_t)(at - m->memory) / PAGE_SIZE, count};
        if (count > m->pages - out->first)
            return -ENOMEM;
        for (size_t i = out->first; i < out->first + count; i++)
            if (m->state[i] == UNMAPPED)
                return -ENOMEM;
        return 0;
    }
    return -ENOMEM;
}

static void *page_of(const struct mapping *m, size_t i)
{
    return m->memory + i * PAGE_SIZE;
}

static int guard(struct mapping *m, size_t i, bool on)
{
    int ret = 0;

    if (on != (m->state[i] == GUARDED))
        ret = page_guard(page_of(m, i), on);
    if (!ret)
        m->state[i] = on ? GUARDED : MAPPED;
    return ret;
}

/* ---- making and ending ---- */

static int make(size_t pages, struct mapping **out)
{
    struct mapping *m;

    if (pages > PAGES_MAX)
        return -ENOMEM;
    m = malloc(sizeof(*m) + pages);
    if (!m)
        return -ENOMEM;
    m->memory = page_alloc_zeroed((unsigned)pages, MEM_APP);
    if (!m->memory) {
        free(m);
        return -ENOMEM;
    }
    m->pages = m->mapped = pages;
    memset(m->state, MAPPED, pages);
    m->next = mappings;
    mappings = m;
    *out = m;
    return 0;
}

static void end(struct mapping *m)
{
    struct mapping **at = &mappings;

    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    page_free(m->memory, (unsigned)m->pages);
    free(m);
}

static void unmap(struct mapping *m, size_t i)
{
    if (m->state[i] == UNMAPPED)
        return;
    guard(m, i, false);
    m->state[i] = UNMAPPED;
    m->mapped--;
}

/* Reads as much of the file as there is: the rest of the last page stays zero. */
static int fill(struct file *f, struct mapping *m, off_t offset)
{
    size_t done = 0, size = m->pages * PAGE_SIZE;

    while (done < size) {
        int64_t n = file_pread(f, m->memory + done, size - done, offset + (off_t)done);

        if (n < 0)
            return (int)n;
        if (!n)
            break;
        done += (size_t)n;
    }
    return 0;
}

/* A copy is what a private mapping is, and a shared one of a file that cannot change. */
static int may_copy(struct file *f, int protection, int flags)
{
    unsigned access = f->flags & FILE_ACCMODE;
    bool constant = f->node && f->node->mount->read_only && !(protection & PROT_WRITE);

    if (access == FILE_WRONLY)
        return -EACCES;
    if (!f->ops->seekable)
        return -ENODEV;
    return (flags & MAP_TYPE) == MAP_PRIVATE || constant ? 0 : -ENODEV;
}

static int map_file(int fd, size_t pages, int protection, int flags, off_t offset,
                    struct mapping **out)
{
    struct file *f = fd_get(fd);
    int ret = f ? may_copy(f, protection, flags) : -EBADF;

    if (!ret)
        ret = make(pages, out);
    if (!ret) {
        ret = fill(f, *out, offset);
        if (ret)
            end(*out);
    }
    file_put(f);
    return ret;
}

/* Fresh memory at a place that the program has mapped already; nowhere else. */
static void *map_again(void *address, size_t length, int protection, int flags)
{
    struct range r = {0};
    int ret = flags & MAP_ANONYMOUS ? find(address, length, &r) : -ENOMEM;

    for (size_t i = r.first; !ret && i < r.first + r.count; i++) {
        ret = guard(r.mapping, i, false);
        if (ret)
            break;
        memset(page_of(r.mapping, i), 0, PAGE_SIZE);
        if (protection == PROT_NONE)
            ret = guard(r.mapping, i, true);
    }
    return posix_result(ret) ? MAP_FAILED : address;
}

/* A new mapping becomes inaccessible, or ends. */
static int guard_all(struct mapping *m)
{
    int ret = 0;

    for (size_t i = 0; !ret && i < m->pages; i++)
        ret = guard(m, i, true);
    if (!ret)
        return 0;
    for (size_t i = 0; i < m->pages; i++)
        unmap(m, i);
    end(m);
    return ret;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    size_t pages = length / PAGE_SIZE + (length % PAGE_SIZE != 0);
    struct mapping *m = NULL;
    int type = flags & MAP_TYPE, ret;

    if (!length || (type != MAP_PRIVATE && type != MAP_SHARED) || offset % PAGE_SIZE || offset < 0)
        ret = -EINVAL;
    else if (protection & PROT_EXEC)
        ret = -ENOTSUP;
    else if (flags & MAP_FIXED)
        return map_again(address, length, protection, flags);
    else if (flags & MAP_ANONYMOUS)
        ret = make(pages, &m);
    else
        ret = map_file(fd, pages, protection, flags, offset, &m);
    if (!ret && protection == PROT_NONE)
        ret = guard_all(m);
    if (posix_result(ret))
        return MAP_FAILED;
    return m->memory;
}

/* As POSIX has it, addresses at which nothing is mapped do not matter. */
int munmap(void *address, size_t length)
{
    char *from = address;
    struct mapping *m = mappings;

    if ((uintptr_t)from % PAGE_SIZE || !length || (uintptr_t)from + length < length)
        return (int)posix_result(-EINVAL);
    while (m) {
        struct mapping *next = m->next;

        for (size_t i = 0; i < m->pages; i++) {
            char *page = page_of(m, i);

            if (page >= from && page < from + length)
                unmap(m, i);
        }
        if (!m->mapped)
            end(m);
        m = next;
    }
    return 0;
}

/* ---- what can be said of memory that is mapped ---- */

int mprotect(void *address, size_t length, int protection)
{
    struct range r = {0};
    int ret = find(address, length, &r);

    if (!ret && protection != PROT_NONE && protection != (PROT_READ | PROT_WRITE))
        ret = -ENOSYS;
    for (size_t i = r.first; !ret && i < r.first + r.count; i++)
        ret = guard(r.mapping, i, protection == PROT_NONE);
    return (int)posix_result(ret);
}

/* No mapping is of a file that it could be written to. */
int msync(void *address, size_t length, int flags)
{
    struct range r;
    bool both = (flags & MS_ASYNC) && (flags & MS_SYNC);

    if (both || flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE))
        return (int)posix_result(-EINVAL);
    return (int)posix_result(find(address, length, &r));
}

int posix_madvise(void *address, size_t length, int advice)
{
    struct range r;

    if (advice < POSIX_MADV_NORMAL || advice > POSIX_MADV_DONTNEED)
        return EINVAL;
    return -find(address, length, &r);
}

/* Linux': memory that is not needed reads as zeroes. */
int madvise(void *address, size_t length, int advice)
{
    struct range r = {0};
    int ret = find(address, length, &r);

    if (advice != MADV_FREE && (advice < MADV_NORMAL || advice > MADV_DONTNEED))
        ret = -EINVAL;
    for (size_t i = r.first; !ret && advice == MADV_DONTNEED && i < r.first + r.count; i++)
        if (r.mapping->state[i] == MAPPED)
            memset(page_of(r.mapping, i), 0, PAGE_SIZE);
    return (int)posix_result(ret);
}

/* Memory is never paged out. */
int mlock(const void *address, size_t length)
{
    (void)address;
    (void)length;
    return 0;
}

int munlock(const void *address, size_t length)
{
    (void)address;
    (void)length;
    return 0;
}

int mlockall(int flags)
{
    if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE))
        return (int)posix_result(-EINVAL);
    return 0;
}

int munlockall(void)
{
    return 0;
}
