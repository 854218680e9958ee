/* SPDX-License-Identifier: MIT */
/* The blocks of directories, and the entries in them. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

#define ENTRY_HEAD 8u /* inode number, length, length of the name, type */

unsigned ext4_dir_type(const struct ext4_node *n)
{
    switch (n->node.mode & MODE_TYPE) {
    case MODE_REGULAR:
        return EXT2_FT_REG_FILE;
    case MODE_DIR:
        return EXT2_FT_DIR;
    case MODE_CHAR:
        return EXT2_FT_CHRDEV;
    case MODE_BLOCK:
        return EXT2_FT_BLKDEV;
    case MODE_FIFO:
        return EXT2_FT_FIFO;
    case MODE_SOCKET:
        return EXT2_FT_SOCK;
    default:
        return EXT2_FT_SYMLINK;
    }
}

/* A block whose checksum was found to be right stays so, and is looked at where it is in memory. */
static int look_at(struct ext4_node *dir, uint64_t where, char *scratch, const char **out)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    const void *data = store_meta_known(fs->store, where, ext4_ino(dir));
    int ret = 0;

    if (!data) {
        ret = store_errno(ext2fs_read_dir_block4(fs->ext2, where, scratch, 0, ext4_ino(dir)));
        if (ret == 0)
            store_meta_know(fs->store, where, ext4_ino(dir));
        data = scratch;
    }
    *out = data;
    return ret;
}

int ext4_dir_look(struct ext4_node *dir, uint64_t index, char *scratch, const char **out,
                  uint64_t *where)
{
    struct ext4_run run;
    int ret;

    if (index >= ext4_dir_blocks(dir))
        return -EIO;
    ret = ext4_map_find(dir, index, 1, &run);
    if (ret)
        return ret;
    if (!run.block || run.unwritten)
        return -EIO;
    *where = run.block;
    return look_at(dir, run.block, scratch, out);
}

static int copied(struct ext4_node *dir, char *block, const char *data, int ret)
{
    if (ret == 0 && data != block)
        memcpy(block, data, ext4_fs_of(dir)->block_size);
    return ret;
}

int ext4_dir_read_at(struct ext4_node *dir, uint64_t where, char *block)
{
    const char *data = block;
    int ret = look_at(dir, where, block, &data);

    return copied(dir, block, data, ret);
}

int ext4_dir_read(struct ext4_node *dir, uint64_t index, char *block, uint64_t *where)
{
    const char *data = block;
    int ret = ext4_dir_look(dir, index, block, &data, where);

    return copied(dir, block, data, ret);
}

/* Entries that are not in use are passed over, among them what stands for the blocks of an index, and the
 * checksum at the end of a block. */
int ext4_dir_each_in(struct ext4_node *dir, const char *block,
                     int (*fn)(const struct ext4_entry *e, void *arg), void *arg)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct ext4_entry e = {.at = 0};
    unsigned next;
    int ret;

    for (unsigned before = 0; e.at < fs->block_size; before = e.at, e.at = next) {
        struct ext2_dir_entry *d = (struct ext2_dir_entry *)(block + e.at);
        unsigned len;

        if (fs->block_size - e.at < ENTRY_HEAD || ext2fs_get_rec_len(fs->ext2, d, &len) ||
            len < ENTRY_HEAD || len % 4 || len > fs->block_size - e.at)
            return -EIO;
        next = e.at + len;
        e.ino = d->inode;
        if (!e.ino)
            continue;
        e.len = (size_t)ext2fs_dirent_name_len(d);
        if (!e.len || e.len > len - ENTRY_HEAD || e.ino > fs->ext2->super->s_inodes_count)
            return -EIO;
        e.name = d->name;
        e.type = ext2fs_has_feature_filetype(fs->ext2->super) ? (unsigned)ext2fs_dirent_file_type(d)
                                                              : EXT2_FT_UNKNOWN;
        e.before = before;
        ret = fn(&e, arg);
        if (ret)
            return ret;
    }
    return 0;
}

int ext4_dir_each(struct ext4_node *dir, int (*fn)(const struct ext4_entry *e, void *arg),
                  void *arg)
{
    char *block = heap_alloc(ext4_fs_of(dir)->block_size, MEM_APP);
    uint64_t where;
    int ret = 0;

    if (!block)
        return -ENOMEM;
    for (uint64_t i = 0; i < ext4_dir_blocks(dir) && ret == 0; i++) {
        ret = ext4_dir_read(dir, i, block, &where);
        if (ret == 0)
            ret = ext4_dir_each_in(dir, block, fn, arg);
    }
    heap_free(block);
    return ret;
}
