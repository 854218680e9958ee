/* SPDX-License-Identifier: MIT */
/* A whole file system is looked through, for targets of lib/fs: what its parts say of each other. */
#ifndef RINGLET_TESTS_FS_TREE_H
#define RINGLET_TESTS_FS_TREE_H

#include "fuzz.h"

#include "lib/fs/devfs_private.h"
#include "lib/fs/fd.h"
#include "lib/fs/memfs_node.h"
#include "lib/fs/mount.h"
#include "lib/fs/path.h"
#include "lib/fs/tty_private.h"

#include <kernel/event_channel.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

#define TREE_NODES 512

struct tree {
    unsigned nodes;
    struct {
        uint64_t ino;
        unsigned names, nlink;
    } seen[TREE_NODES];
    uint64_t bytes; /* that were read */
};

static inline void tree_file(struct tree *t, struct node *node, int64_t size)
{
    struct file *f = file_alloc(NULL, FILE_RDONLY, node_get(node), NULL);
    static char buf[4096];
    int64_t n, total = 0;

    must(f && node->ops->open(node, FILE_RDONLY, f) == 0);
    while (t->bytes < 1 << 20 && (n = file_read(f, buf, sizeof(buf))) > 0) {
        total += n;
        t->bytes += (uint64_t)n;
    }
    must(total <= size && (total == size || t->bytes >= 1 << 20));
    file_put(f);
}

/* A file's names are counted, and compared with its nlink at the end. */
static inline bool tree_seen(struct tree *t, const struct file_stat *st)
{
    for (unsigned i = 0; i < t->nodes; i++) {
        if (t->seen[i].ino == st->ino) {
            t->seen[i].names++;
            return true;
        }
    }
    if (t->nodes < TREE_NODES) {
        t->seen[t->nodes].ino = st->ino;
        t->seen[t->nodes].nlink = st->nlink;
        t->seen[t->nodes++].names = 1;
    }
    return false;
}

static inline void tree_dir(struct tree *t, struct node *dir, struct node *parent, unsigned depth);

static inline void tree_entry(struct tree *t, struct node *dir, const struct file_dirent *e,
                              unsigned depth, unsigned *subdirs)
{
    struct node *n;
    struct file_stat st;

    must(e->name_len && e->name_len <= NAME_LEN_MAX && strlen(e->name) == e->name_len);
    must(!strchr(e->name, '/'));
    must(dir->ops->lookup(dir, e->name, e->name_len, &n) == 0);
    must(node_stat(n, &st) == 0);
    must(st.ino == e->ino && st.mode >> 12 == e->type && st.nlink >= 1);
    if ((st.mode & MODE_TYPE) == MODE_DIR) {
        (*subdirs)++;
        if (depth < 40)
            tree_dir(t, n, dir, depth + 1);
    } else if (!tree_seen(t, &st)) {
        if ((st.mode & MODE_TYPE) == MODE_REGULAR) {
            tree_file(t, n, st.size);
        } else {
            static char target[PATH_LEN_MAX];

            must(n->ops->readlink(n, target, sizeof(target)) == st.size && st.size > 0);
            must(!memchr(target, '\0', (size_t)st.size));
        }
    }
    node_put(n);
}

static inline void tree_dir(struct tree *t, struct node *dir, struct node *parent, unsigned depth)
{
    struct file *f = file_alloc(NULL, FILE_RDONLY, node_get(dir), NULL);
    struct file_dirent e;
    struct file_stat st;
    unsigned n = 0, subdirs = 0;

    must(f && dir->ops->open(dir, FILE_RDONLY, f) == 0);
    for (; file_readdir(f, &e) == 1; n++) {
        if (n == 0)
            must(!strcmp(e.name, ".") && e.ino == dir->ino);
        else if (n == 1)
            must(!strcmp(e.name, "..") && e.ino == parent->ino);
        else
            tree_entry(t, dir, &e, depth, &subdirs);
    }
    must(n >= 2);
    must(node_stat(dir, &st) == 0 && st.nlink == 2 + subdirs);
    file_put(f);
}

/* Everything from a mount's root on. */
static inline void tree_check(struct mount *mount)
{
    static struct tree t;

    t.nodes = 0;
    t.bytes = 0;
    tree_dir(&t, mount->root, mount->root, 0);
    for (unsigned i = 0; i < t.nodes && t.nodes < TREE_NODES; i++)
        must(t.seen[i].names == t.seen[i].nlink);
}

static inline void fs_forget(void)
{
    mount_reset();
    devfs_reset();
    tty_reset();
}

static inline size_t blocks_in_use(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s.blocks;
}

#endif
