/* SPDX-License-Identifier: MIT */
/*
 * Adding a name to a directory: where there is room in the block that is to have it, this writes one block.
 * The rest, such as splitting the blocks of an indexed directory, is libext2fs'.
 */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

/* Where the block of a directory ends for names: behind it is its checksum. */
static unsigned names_end(const struct ext4_fs *fs)
{
    return fs->block_size - (ext2fs_has_feature_metadata_csum(fs->ext2->super)
                                 ? (unsigned)sizeof(struct ext2_dir_entry_tail)
                                 : 0);
}

/* The entry that is not in use, or is longer than its name, by `need`: 1, 0 or -EIO. used: what it keeps. */
static int find_gap(const struct ext4_fs *fs, const char *block, unsigned need, unsigned *at,
                    unsigned *used, unsigned *len)
{
    const unsigned end = names_end(fs);

    for (*at = 0; *at < end; *at += *len) {
        struct ext2_dir_entry *d = (struct ext2_dir_entry *)(uintptr_t)(block + *at);

        if (end - *at < EXT2_DIR_REC_LEN(1) || ext2fs_get_rec_len(fs->ext2, d, len) ||
            *len < EXT2_DIR_REC_LEN(1) || *len % 4 || *len > end - *at)
            return -EIO;
        *used = d->inode ? EXT2_DIR_REC_LEN((unsigned)ext2fs_dirent_name_len(d)) : 0;
        if (*used > *len)
            return -EIO;
        if (*len - *used >= need)
            return 1;
    }
    return 0;
}

static int set_entry(const struct ext4_fs *fs, char *at, unsigned len, const char *name,
                     size_t name_len, const struct ext4_node *n)
{
    struct ext2_dir_entry *d = (struct ext2_dir_entry *)at;

    memset(d, 0, EXT2_DIR_REC_LEN(0));
    d->inode = ext4_ino(n);
    ext2fs_dirent_set_name_len(d, (int)name_len);
    if (ext2fs_has_feature_filetype(fs->ext2->super))
        ext2fs_dirent_set_file_type(d, (int)ext4_dir_type(n));
    memcpy(d->name, name, name_len);
    return store_errno(ext2fs_set_rec_len(fs->ext2, len, d));
}

/* 1: the name is in the directory's block of this number. 0: there is no room. */
static int add_in(struct ext4_node *dir, uint64_t index, char *block, const char *name, size_t len,
                  const struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    unsigned at = 0, used = 0, room = 0;
    uint64_t where;
    int ret = ext4_dir_read(dir, index, block, &where);

    if (ret == 0)
        ret = find_gap(fs, block, EXT2_DIR_REC_LEN((unsigned)len), &at, &used, &room);
    if (ret <= 0)
        return ret;
    ret = 0;
    if (used)
        ret =
            store_errno(ext2fs_set_rec_len(fs->ext2, used, (struct ext2_dir_entry *)(block + at)));
    if (ret == 0)
        ret = set_entry(fs, block + at + used, room - used, name, len, n);
    if (ret == 0)
        ret = store_errno(ext2fs_write_dir_block4(fs->ext2, where, block, 0, ext4_ino(dir)));
    return ret ? ret : 1;
}

/* 1: done. 0: it takes more than one block, or more than is known of them here. */
static int add_where_room(struct ext4_node *dir, const char *name, size_t len,
                          const struct ext4_node *n)
{
    char *block = heap_alloc(ext4_fs_of(dir)->block_size, MEM_APP);
    uint64_t index = 0;
    int ret;

    if (!block)
        return -ENOMEM;
    ret = ext4_dir_hash(dir, name, len, block, &index);
    if (ret > 0)
        ret = index ? add_in(dir, index, block, name, len, n) : 0; /* 0 is the root of the index */
    else if (ret == 0 && !(dir->inode.i_flags & EXT2_INDEX_FL))
        for (index = 0; index < ext4_dir_blocks(dir) && ret == 0; index++)
            ret = add_in(dir, index, block, name, len, n);
    heap_free(block);
    return ret;
}

static int link_name(struct ext4_node *dir, const char *name, const struct ext4_node *n)
{
    return store_errno(ext2fs_link(ext4_fs_of(dir)->ext2, ext4_ino(dir), name, ext4_ino(n),
                                   (int)ext4_dir_type(n)));
}

/* An indexed directory grows by itself. */
static int make_room(struct ext4_node *dir)
{
    int ret;

    if (dir->inode.i_flags & EXT2_INDEX_FL)
        return -ENOSPC;
    ret = ext4_dir_index(dir);
    if (ret)
        return MIN(ret, 0);
    return store_errno(ext2fs_expand_dir(ext4_fs_of(dir)->ext2, ext4_ino(dir)));
}

int ext4_dir_add(struct ext4_node *dir, const char *name, size_t len, struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    char text[NAME_LEN_MAX + 1];
    int ret, again;

    ret = ext4_room(fs, EXT4_SPARE);
    if (ret)
        return ret;
    ret = add_where_room(dir, name, len, n);
    if (ret)
        return MIN(ret, 0);
    memcpy(text, name, len);
    text[len] = '\0';
    ret = link_name(dir, text, n);
    if (ret == -ENOSPC) {
        ret = make_room(dir);
        if (ret == 0)
            ret = link_name(dir, text, n);
    }
    again = ext4_node_reload(dir);
    return ret ? ret : again;
}
