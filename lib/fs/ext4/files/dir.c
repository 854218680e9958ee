/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks of entries, each of which ends where the next one begins. What is here needs only the
 * block where the name is; adding one is in dir_add.c.
 */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

struct search {
    const char *name;
    size_t len;
    struct ext4_entry *out;
};

static int is_it(const struct ext4_entry *e, void *arg)
{
    struct search *s = arg;

    if (e->len != s->len || memcmp(e->name, s->name, s->len))
        return 0;
    *s->out = *e;
    return 1;
}

static int search_block(struct ext4_node *dir, uint64_t index, char *block, struct search *s)
{
    const char *data;
    uint64_t where;
    int ret = ext4_dir_look(dir, index, block, &data, &where);

    if (ret == 0)
        ret = ext4_dir_each_in(dir, data, is_it, s);
    if (ret > 0) {
        s->out->block = where;
        s->out->name = NULL;
    }
    return ret;
}

/* 1, 0 or -errno. */
static int search(struct ext4_node *dir, struct search *s, char *block)
{
    uint64_t index;
    int ret = ext4_dir_hash(dir, s->name, s->len, block, &index);

    if (ret)
        return ret < 0 ? ret : search_block(dir, index, block, s);
    for (index = 0; index < ext4_dir_blocks(dir) && ret == 0; index++)
        ret = search_block(dir, index, block, s);
    return ret;
}

int ext4_dir_find(struct ext4_node *dir, const char *name, size_t len, struct ext4_entry *out)
{
    struct search s = {name, len, out};
    char *block = heap_alloc(ext4_fs_of(dir)->block_size, MEM_APP);
    int ret;

    if (!block)
        return -ENOMEM;
    ret = search(dir, &s, block);
    heap_free(block);
    return ret > 0 ? 0 : ret ? ret : -ENOENT;
}

/* Changes the block of an entry by fn. */
static int change(struct ext4_node *dir, const struct ext4_entry *e,
                  int (*fn)(struct ext4_fs *fs, char *block, const struct ext4_entry *e,
                            const struct ext4_node *n),
                  const struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    char *block = heap_alloc(fs->block_size, MEM_APP);
    int ret;

    if (!block)
        return -ENOMEM;
    ret = ext4_dir_read_at(dir, e->block, block);
    if (ret == 0)
        ret = fn(fs, block, e, n);
    if (ret == 0)
        ret = store_errno(ext2fs_write_dir_block4(fs->ext2, e->block, block, 0, ext4_ino(dir)));
    heap_free(block);
    return ret;
}

static int remove_entry(struct ext4_fs *fs, char *block, const struct ext4_entry *e,
                        const struct ext4_node *n)
{
    struct ext2_dir_entry *d = (struct ext2_dir_entry *)(block + e->at);
    struct ext2_dir_entry *before = (struct ext2_dir_entry *)(block + e->before);
    unsigned len, more;

    (void)n;
    d->inode = 0;
    if (e->before == e->at)
        return 0;
    /* the one in front of it takes its room */
    if (ext2fs_get_rec_len(fs->ext2, before, &len) || ext2fs_get_rec_len(fs->ext2, d, &more) ||
        e->before + len != e->at)
        return -EIO;
    return store_errno(ext2fs_set_rec_len(fs->ext2, len + more, before));
}

int ext4_dir_remove(struct ext4_node *dir, const struct ext4_entry *e)
{
    return change(dir, e, remove_entry, NULL);
}

static int set_entry(struct ext4_fs *fs, char *block, const struct ext4_entry *e,
                     const struct ext4_node *n)
{
    struct ext2_dir_entry *d = (struct ext2_dir_entry *)(block + e->at);

    d->inode = ext4_ino(n);
    if (ext2fs_has_feature_filetype(fs->ext2->super))
        ext2fs_dirent_set_file_type(d, (int)ext4_dir_type(n));
    return 0;
}

int ext4_dir_set(struct ext4_node *dir, const struct ext4_entry *e, struct ext4_node *n)
{
    return change(dir, e, set_entry, n);
}

static int is_other(const struct ext4_entry *e, void *arg)
{
    (void)arg;
    return !(e->name[0] == '.' && (e->len == 1 || (e->len == 2 && e->name[1] == '.')));
}

int ext4_dir_is_empty(struct ext4_node *dir)
{
    int ret = ext4_dir_each(dir, is_other, NULL);

    return ret < 0 ? ret : !ret;
}
