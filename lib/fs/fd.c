/* SPDX-License-Identifier: MIT */
/* The table of file descriptors: in static memory at first, in the heap when it grows. */
#include "lib/fs/fd.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/fs.h"
#include "lib/fs/tty.h"

#define STATIC_SLOTS 16u

struct slot {
    struct file *file; /* NULL: free */
    unsigned flags;    /* FD_CLOEXEC_FLAG */
};

static struct slot first_slots[STATIC_SLOTS];
static struct slot *slots;
static unsigned slot_count;
uint64_t fd_changes;

/* Descriptors 0 to 2, before anything else. Without memory for them they are not open. */
static __attribute__((noinline)) void start_now(void)
{
    struct file *console;

    slots = first_slots;
    slot_count = STATIC_SLOTS;
    if (tty_open(FILE_RDWR, &console))
        return;
    for (unsigned fd = 0; fd < 3; fd++)
        slots[fd].file = file_get(console);
    file_put(console);
}

static inline void start(void)
{
    if (!slots)
        start_now();
}

/* Makes room for descriptor fd < FD_MAX. */
static int grow(unsigned fd)
{
    unsigned count = slot_count;
    struct slot *more;

    if (fd < slot_count)
        return 0;
    while (count <= fd)
        count *= 2;
    more = heap_zalloc(count, sizeof(*more), MEM_APP);
    if (!more)
        return -ENOMEM;
    memcpy(more, slots, slot_count * sizeof(*more));
    if (slots != first_slots)
        heap_free(slots);
    slots = more;
    slot_count = count;
    return 0;
}

static struct slot *find(int fd)
{
    start();
    return fd >= 0 && (unsigned)fd < slot_count && slots[fd].file ? &slots[fd] : NULL;
}

/* The lowest free descriptor >= min, for which there is room; -errno. */
static int find_free(int min)
{
    unsigned fd = (unsigned)min;
    int ret;

    start();
    if (min < 0 || fd >= FD_MAX)
        return -EINVAL;
    while (fd < slot_count && slots[fd].file)
        fd++;
    if (fd >= FD_MAX)
        return -EMFILE;
    ret = grow(fd);
    return ret ? ret : (int)fd;
}

int fd_room(void)
{
    return MIN(find_free(0), 0);
}

int fd_install(struct file *f, int min, unsigned fd_flags)
{
    int fd = find_free(min);

    if (fd < 0)
        return fd;
    slots[fd].file = f;
    fd_changes++;
    slots[fd].flags = fd_flags & FD_CLOEXEC_FLAG;
    return fd;
}

struct file *fd_file(int fd)
{
    struct slot *s = find(fd);

    return s ? s->file : NULL;
}

struct file *fd_get(int fd)
{
    struct file *f = fd_file(fd);

    return f ? file_get(f) : NULL;
}

int fd_close(int fd)
{
    struct slot *s = find(fd);
    struct file *f;

    if (!s)
        return -EBADF;
    f = s->file;
    s->file = NULL;
    fd_changes++;
    return file_put(f);
}

int fd_dup(int fd, int min, unsigned fd_flags)
{
    struct file *f = fd_get(fd);
    int ret;

    if (!f)
        return -EBADF;
    ret = fd_install(f, min, fd_flags);
    if (ret < 0)
        file_put(f);
    return ret;
}

int fd_dup2(int from, int to, unsigned fd_flags)
{
    struct slot *s = find(from);
    struct file *before, *f;
    int ret;

    if (!s || to < 0 || to >= FD_MAX)
        return -EBADF;
    if (from == to)
        return to;
    f = s->file;
    ret = grow((unsigned)to); /* which may move the slots */
    if (ret)
        return ret;
    before = slots[to].file;
    slots[to].file = file_get(f);
    fd_changes++;
    slots[to].flags = fd_flags & FD_CLOEXEC_FLAG;
    file_put(before); /* an error of this close is lost, as POSIX has it */
    return to;
}

int fd_get_flags(int fd)
{
    const struct slot *s = find(fd);

    return s ? (int)s->flags : -EBADF;
}

int fd_set_flags(int fd, unsigned fd_flags)
{
    struct slot *s = find(fd);

    if (!s)
        return -EBADF;
    s->flags = fd_flags & FD_CLOEXEC_FLAG;
    return 0;
}

int fd_next(int fd)
{
    start();
    for (fd = MAX(fd, 0); (unsigned)fd < slot_count; fd++)
        if (slots[fd].file)
            return fd;
    return -EBADF;
}

int fd_close_all(void)
{
    int first = 0;

    for (int fd = 0; (fd = fd_next(fd)) >= 0; fd++) {
        int ret = fd_close(fd);

        if (!first)
            first = ret;
    }
    return first;
}

void fd_reset(void)
{
    if (slots)
        fd_close_all();
    if (slots != first_slots)
        heap_free(slots);
    memset(first_slots, 0, sizeof(first_slots)); /* old ones, when the table has grown */
    slots = NULL;
    fd_changes++;
}

int fd_directory(int fd, struct node **out)
{
    const struct slot *s;

    *out = NULL;
    if (fd == FD_CWD)
        return 0;
    s = find(fd);
    if (!s)
        return -EBADF;
    if (!s->file->node || (s->file->node->mode & MODE_TYPE) != MODE_DIR)
        return -ENOTDIR;
    *out = node_get(s->file->node);
    return 0;
}
