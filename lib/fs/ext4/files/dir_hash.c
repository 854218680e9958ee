/* SPDX-License-Identifier: MIT */
/*
 * The index of a directory: a tree of hashes in blocks that look like unused entries to those who don't
 * know it (the kernel's Documentation/filesystems/ext4/directory.rst has the format). It only says where to
 * look; whatever is strange about it makes the caller look everywhere.
 */
#include <ringlet/errno.h>

#include "node.h"

#define ROOT_INFO   24u /* behind "." and ".." */
#define NODE_HEAD   8u  /* an unused entry */
#define INDEX_MASK  0x0fffffffu
#define CONTINUED   1u /* in a hash: names of the same hash are in the block before, too */
#define DEPTH_MAX   3u
#define INFO_LENGTH 8u

struct index_entry {
    uint32_t hash, block;
};

/* The first entry has no hash; in its place are these. */
struct index_count {
    uint16_t limit, count;
};

/* Where the hash leads to from one block of the index. *next: the smallest hash that leads elsewhere. false:
 * there is something wrong. */
static bool step(const struct ext4_fs *fs, const char *block, unsigned at, uint32_t hash,
                 uint64_t *index, uint32_t *next)
{
    const struct index_entry *e = (const void *)(block + at);
    const struct index_count *c = (const void *)e;
    unsigned low = 0, high = c->count;

    if (!c->count || c->count > c->limit || c->count > (fs->block_size - at) / sizeof(*e))
        return false;
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;

        if (e[middle].hash <= hash)
            low = middle;
        else
            high = middle;
    }
    if (high < c->count)
        *next = e[high].hash;
    *index = e[low].block & INDEX_MASK;
    return true;
}

static bool hash_of(const struct ext4_fs *fs, const struct ext2_dx_root_info *root,
                    const char *name, size_t len, uint32_t *hash)
{
    int version = root->hash_version;
    uint32_t minor;

    if (version > EXT2_HASH_TEA || root->info_length != INFO_LENGTH)
        return false;
    if (fs->ext2->super->s_flags & EXT2_FLAGS_UNSIGNED_HASH)
        version += EXT2_HASH_LEGACY_UNSIGNED;
    return ext2fs_dirhash2(version, name, (int)len, NULL, 0, fs->ext2->super->s_hash_seed, hash,
                           &minor) == 0;
}

int ext4_dir_hash(struct ext4_node *dir, const char *name, size_t len, char *block, uint64_t *index)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    const struct ext2_dx_root_info *root = (const void *)(block + ROOT_INFO);
    uint32_t hash, next = UINT32_MAX;
    uint64_t where;
    unsigned depth;
    int ret;

    if (!(dir->inode.i_flags & EXT2_INDEX_FL) || !ext2fs_has_feature_dir_index(fs->ext2->super) ||
        (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
        return 0;
    ret = ext4_dir_read(dir, 0, block, &where);
    if (ret)
        return ret;
    depth = root->indirect_levels;
    if (depth >= DEPTH_MAX || !hash_of(fs, root, name, len, &hash) ||
        !step(fs, block, ROOT_INFO + INFO_LENGTH, hash, index, &next))
        return 0;
    for (; depth; depth--) {
        ret = ext4_dir_read(dir, *index, block, &where);
        if (ret)
            return ret;
        if (!step(fs, block, NODE_HEAD, hash, index, &next))
            return 0;
    }
    /* names of one hash may go on in the next block */
    return (next & CONTINUED) && (next & ~CONTINUED) == (hash & ~CONTINUED) ? 0 : 1;
}
