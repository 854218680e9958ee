/* SPDX-License-Identifier: MIT */
/*
 * A directory that outgrows its first block gets an index, as on Linux: the names move to a new block, and the
 * first one becomes the root of the index, which looks like a block with "." and ".." only. What comes later,
 * such as dividing blocks, is libext2fs'.
 */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

#define DOT_LEN   12u /* of the entries "." and "..", as short as they can be */
#define INFO_AT   24u
#define INFO_LEN  8u
#define TAIL_LEN  ((unsigned)sizeof(struct ext2_dir_entry_tail))
#define INDEX_LEN ((unsigned)sizeof(struct ext2_dx_entry))

struct move {
    struct ext4_fs *fs;
    char *to;
    unsigned used, last;
};

static unsigned room(const struct ext4_fs *fs)
{
    return fs->block_size - (ext2fs_has_feature_metadata_csum(fs->ext2->super) ? TAIL_LEN : 0);
}

static int move_entry(const struct ext4_entry *e, void *arg)
{
    struct move *m = arg;
    struct ext2_dir_entry *d = (struct ext2_dir_entry *)(m->to + m->used);
    unsigned len = EXT2_DIR_REC_LEN((unsigned)e->len);

    if (e->at < 2 * DOT_LEN)
        return 0;
    if (len > room(m->fs) - m->used)
        return -EIO;
    d->inode = e->ino;
    ext2fs_dirent_set_name_len(d, (int)e->len);
    ext2fs_dirent_set_file_type(d, (int)e->type);
    memcpy(d->name, e->name, e->len);
    m->last = m->used;
    m->used += len;
    return store_errno(ext2fs_set_rec_len(m->fs->ext2, len, d));
}

/* The names to a block of their own. */
static int make_leaf(struct ext4_node *dir, char *root, char *leaf)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct move m = {.fs = fs, .to = leaf};
    int ret = ext4_dir_each_in(dir, root, move_entry, &m);

    if (ret == 0 && !m.used)
        ret = -EIO;
    if (ret == 0)
        ret = store_errno(ext2fs_set_rec_len(fs->ext2, room(fs) - m.last,
                                             (struct ext2_dir_entry *)(leaf + m.last)));
    if (ret == 0 && room(fs) < fs->block_size)
        ext2fs_initialize_dirent_tail(fs->ext2, EXT2_DIRENT_TAIL(leaf, fs->block_size));
    return ret;
}

/* One entry: whatever the hash, it is in block 1. */
static int make_root(struct ext4_fs *fs, char *root)
{
    struct ext2_dx_root_info *info = (void *)(root + INFO_AT);
    struct ext2_dx_countlimit *count = (void *)(root + INFO_AT + INFO_LEN);
    struct ext2_dx_entry *entry = (void *)count;
    unsigned tail = room(fs) < fs->block_size ? sizeof(struct ext2_dx_tail) : 0;

    memset(info, 0, fs->block_size - INFO_AT);
    info->hash_version = fs->ext2->super->s_def_hash_version;
    info->info_length = INFO_LEN;
    entry->block = 1;
    count->limit = (uint16_t)((fs->block_size - INFO_AT - INFO_LEN - tail) / INDEX_LEN);
    count->count = 1;
    return store_errno(ext2fs_set_rec_len(fs->ext2, fs->block_size - DOT_LEN,
                                          (struct ext2_dir_entry *)(root + DOT_LEN)));
}

/* Only a block that begins with "." and ".." as short as they are can become a root. */
static bool is_suitable(struct ext4_node *dir, const char *root)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    const struct ext2_dir_entry *dot = (const void *)root, *dots = (const void *)(root + DOT_LEN);
    unsigned len;

    return ext2fs_get_rec_len(fs->ext2, (struct ext2_dir_entry *)(uintptr_t)dot, &len) == 0 &&
           len == DOT_LEN &&
           ext2fs_get_rec_len(fs->ext2, (struct ext2_dir_entry *)(uintptr_t)dots, &len) == 0 &&
           len == DOT_LEN && ext2fs_dirent_name_len(dot) == 1 && dot->name[0] == '.' &&
           ext2fs_dirent_name_len(dots) == 2 && !memcmp(dots->name, "..", 2);
}

static int write_both(struct ext4_node *dir, char *root, char *leaf, uint64_t root_at)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct ext4_run run;
    int ret = store_errno(ext2fs_expand_dir(fs->ext2, ext4_ino(dir)));

    if (ret)
        return ret;
    ret = ext4_node_reload(dir);
    if (ret == 0)
        ret = ext4_map_find(dir, 1, 1, &run);
    if (ret == 0)
        ret = store_errno(ext2fs_write_dir_block4(fs->ext2, run.block, leaf, 0, ext4_ino(dir)));
    if (ret == 0)
        ret = store_errno(ext2fs_write_dir_block4(fs->ext2, root_at, root, 0, ext4_ino(dir)));
    dir->inode.i_flags |= EXT2_INDEX_FL;
    if (ret == 0)
        ret = ext4_node_write(dir);
    return ret ? ext4_fail(fs, "the index of a directory", ret) : 1;
}

int ext4_dir_index(struct ext4_node *dir)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    char *root, *leaf;
    uint64_t root_at;
    int ret;

    if (!ext2fs_has_feature_dir_index(fs->ext2->super) || ext4_size(dir) != fs->block_size ||
        fs->ext2->super->s_def_hash_version > EXT2_HASH_TEA)
        return 0;
    root = heap_alloc(fs->block_size, MEM_APP);
    leaf = heap_zalloc(1, fs->block_size, MEM_APP);
    ret = root && leaf ? ext4_dir_read(dir, 0, root, &root_at) : -ENOMEM;
    if (ret == 0 && is_suitable(dir, root)) {
        ret = make_leaf(dir, root, leaf);
        if (ret == 0)
            ret = make_root(fs, root);
        if (ret == 0)
            ret = write_both(dir, root, leaf, root_at);
    }
    heap_free(root);
    heap_free(leaf);
    return ret;
}
