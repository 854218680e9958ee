/* SPDX-License-Identifier: MIT */
/*
 * Reading directories. Adding a name may move others to another block, so a place in the directory is no
 * place to go on from: an open directory is read as a whole when it is read from its beginning, and a
 * position is a number in what was found then. Names that are removed since may still be shown, new ones are
 * not: POSIX leaves both open, and a program that renames what it reads comes to an end.
 */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>
#include <ringlet/string.h>

#include "node.h"

struct seen {
    uint32_t ino;
    uint8_t type, len;
    char name[];
};

/* What is on the disk decides how much that is, also that a block is there many times: a listing gets no more
 * than half of the memory that is free when it begins, so that others can go on. */
#define SHARE 2

struct listing {
    size_t limit; /* bytes */
    char *bytes;  /* of struct seen, each at a multiple of 4 */
    size_t used, room;
    uint32_t *at; /* where each begins */
    size_t count, at_room;
};

static int grow(const struct listing *l, void **block, size_t used, size_t *room, size_t need)
{
    size_t more = MAX(*room * 2, (size_t)1024);
    void *new;

    if (used + need <= *room)
        return 0;
    /* with what it replaces */
    if (more > UINT32_MAX || l->room + l->at_room + more > l->limit)
        return -ENOMEM;
    new = heap_alloc(more, MEM_APP);
    if (!new)
        return -ENOMEM;
    if (used)
        memcpy(new, *block, used);
    heap_free(*block);
    *block = new;
    *room = more;
    return 0;
}

static int add(const struct ext4_entry *e, void *arg)
{
    static const uint8_t types[] = {0, 8, 4, 2, 6, 1, 12, 10}; /* DT_... of EXT2_FT_... */
    struct listing *l = arg;
    size_t need = ROUND_UP(sizeof(struct seen) + e->len, 4);
    size_t at_used = l->count * sizeof(*l->at);
    struct seen *s;
    int ret = grow(l, (void **)&l->bytes, l->used, &l->room, need);

    if (ret == 0)
        ret = grow(l, (void **)&l->at, at_used, &l->at_room, sizeof(*l->at));
    if (ret)
        return ret;
    s = (struct seen *)(l->bytes + l->used);
    s->ino = e->ino;
    s->type = e->type < ARRAY_SIZE(types) ? types[e->type] : 0;
    s->len = (uint8_t)e->len;
    memcpy(s->name, e->name, e->len);
    l->at[l->count++] = (uint32_t)l->used;
    l->used += need;
    return 0;
}

static void empty(struct listing *l)
{
    heap_free(l->bytes);
    heap_free(l->at);
    *l = (struct listing){.used = 0};
}

static int read_all(struct ext4_node *dir, struct listing *l)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct page_stats memory;
    int ret = ext4_read_begin(fs);

    if (ret)
        return ret;
    empty(l);
    page_get_stats(&memory);
    l->limit = memory.free / SHARE * PAGE_SIZE;
    if (dir->inode.i_links_count) /* else it was removed */
        ret = ext4_dir_each(dir, add, l);
    if (ret)
        empty(l);
    return ext4_read_end(fs, ret);
}

static int dir_readdir(struct file *f, int64_t *position, struct file_dirent *out)
{
    struct ext4_node *dir = ext4_node_of(f->node);
    struct listing *l = f->data;
    const struct seen *s;
    int ret = 0;

    if (!l || *position == 0) {
        if (!l)
            f->data = l = heap_zalloc(1, sizeof(*l), MEM_APP);
        ret = l ? read_all(dir, l) : -ENOMEM;
        if (ret)
            return ret;
    }
    if (*position < 0 || (uint64_t)*position >= l->count) {
        ext4_accessed(dir);
        return 0;
    }
    s = (const struct seen *)(l->bytes + l->at[*position]);
    out->ino = s->ino;
    out->type = s->type;
    out->name_len = s->len;
    memcpy(out->name, s->name, s->len);
    out->name[s->len] = '\0';
    out->next = ++*position;
    return 1;
}

static int dir_release(struct file *f)
{
    if (f->data) {
        empty(f->data);
        heap_free(f->data);
    }
    return 0;
}

const struct file_ops ext4_dir_ops = {
    .readdir = dir_readdir, .sync = ext4_sync_file, .release = dir_release};
