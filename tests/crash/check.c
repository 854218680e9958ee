/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "lib/fs/ext4/store/store.h"
#include "workload.h"

static char message[512];

#define FAIL(...)                                        \
    do {                                                 \
        snprintf(message, sizeof(message), __VA_ARGS__); \
        return message;                                  \
    } while (0)

static const char *check_data(struct store *s, ext2_ino_t ino, struct ext2_inode *inode,
                              const struct model *m, unsigned f, uint32_t op,
                              const struct file_state *st)
{
    ext2_filsys fs = store_fs(s);
    unsigned per_block = fs->blocksize / SECTOR;
    uint8_t data[4096];

    for (unsigned lb = 0; lb * per_block < st->sectors; lb++) {
        struct blkfront_iovec iov = {data, fs->blocksize};
        blk64_t block = 0;
        errcode_t err = ext2fs_bmap2(fs, ino, inode, NULL, 0, lb, NULL, &block);

        if (err)
            FAIL("file %s: block %u: error %ld", st->name, lb, (long)err);
        memset(data, 0, sizeof(data));
        if (block && store_data_read(s, block, 0, &iov, 1, fs->blocksize, 0))
            FAIL("file %s: block %u cannot be read", st->name, lb);
        for (unsigned i = 0; i < per_block && lb * per_block + i < st->sectors; i++) {
            unsigned sector = lb * per_block + i;
            uint32_t version;

            if (!sector_version(data + i * SECTOR, st->id, sector, &version))
                FAIL("file %s: sector %u (block %llu) is not the file's; expected version %u",
                     st->name, sector, (unsigned long long)block, st->version[sector]);
            if (!model_may_be(m, f, op, st, sector, version))
                FAIL("file %s: sector %u (block %llu) has version %u, expected %u", st->name,
                     sector, (unsigned long long)block, version, st->version[sector]);
        }
    }
    return NULL;
}

static const char *check_file(struct store *s, const struct model *m, unsigned f, uint32_t op)
{
    ext2_filsys fs = store_fs(s);
    struct file_state st;
    char path[64] = "";
    struct ext2_inode inode;
    ext2_ino_t ino;

    model_file_at(m, f, op, &st);
    if (!st.present)
        return NULL;
    if (st.dir)
        snprintf(path, sizeof(path), "d%u/", st.dir);
    strcat(path, st.name);
    if (ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &ino) ||
        ext2fs_read_inode(fs, ino, &inode))
        FAIL("file %s is not there", path);
    if (EXT2_I_SIZE(&inode) != st.sectors * (uint64_t)SECTOR)
        FAIL("file %s has %llu bytes, expected %u sectors", path,
             (unsigned long long)EXT2_I_SIZE(&inode), st.sectors);
    return check_data(s, ino, &inode, m, f, op, &st);
}

static int count_name(ext2_ino_t dir, int entry, struct ext2_dir_entry *de, int offset, int size,
                      char *buf, void *arg)
{
    (void)dir;
    (void)entry;
    (void)offset;
    (void)size;
    (void)buf;
    if (de->name[0] == 'f' || de->name[0] == 'd')
        ++*(unsigned *)arg;
    return 0;
}

static const char *check_names(struct store *s, const struct model *m, uint32_t op)
{
    ext2_filsys fs = store_fs(s);
    unsigned found = 0, expected = 0;
    struct file_state st;

    for (unsigned f = 0; f < FILES; f++) {
        model_file_at(m, f, op, &st);
        expected += st.present;
    }
    for (unsigned d = 0; d < DIRS; d++) {
        ext2_ino_t ino = EXT2_ROOT_INO;
        char name[8];
        bool present = model_dir_at(m, d, op);

        snprintf(name, sizeof(name), "d%u", d);
        if (d && (ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, name, &ino) == 0) != present)
            FAIL("directory %s is %sthere", name, present ? "not " : "");
        if (!present)
            continue;
        expected += d != 0;
        if (ext2fs_dir_iterate2(fs, ino, 0, NULL, count_name, &found))
            FAIL("directory %s cannot be read", name);
    }
    if (found != expected)
        FAIL("%u names, expected %u", found, expected);
    return NULL;
}

static const char *check_state_block(struct store *s, ext2_ino_t ino, struct ext2_inode *inode,
                                     uint32_t op)
{
    ext2_filsys fs = store_fs(s);
    uint8_t expected[8] = STATE_MAGIC, block[4096];
    blk64_t at = 0;

    memcpy(expected + 4, &op, sizeof(op));
    if (ext2fs_bmap2(fs, ino, inode, NULL, 0, 0, NULL, &at) || !at ||
        io_channel_read_blk64(fs->io, at, 1, block) || memcmp(block, expected, 8))
        FAIL("the block of /" STATE_FILE " is not that of operation %u", op);
    return NULL;
}

static const char *check_store(struct store *s, const struct model *m)
{
    ext2_filsys fs = store_fs(s);
    struct ext2_inode inode;
    const char *bad;
    ext2_ino_t ino;
    uint32_t op = 0;

    if (ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, STATE_FILE, &ino) == 0) {
        if (ext2fs_read_inode(fs, ino, &inode))
            FAIL("/" STATE_FILE " cannot be read");
        op = inode.i_generation;
        bad = check_state_block(s, ino, &inode, op);
        if (bad)
            return bad;
    }
    if (op < m->acknowledged)
        FAIL("operation %u was the last one, and %u was acknowledged", op, m->acknowledged);
    if (op > m->ops + 1)
        FAIL("operation %u was not even begun", op);
    bad = check_names(s, m, op);
    for (unsigned f = 0; f < FILES && !bad; f++)
        bad = check_file(s, m, f, op);
    return bad;
}

const char *check_image(uint8_t *image, uint64_t size, struct sectors *undo, const struct model *m)
{
    static const struct store_config config = {.commit_ms = ~0u, .cache = 1u << 20};
    struct image_disk disk;
    struct store *s;
    const char *bad;
    int ret;

    image_disk_init(&disk, image, size, undo);
    ret = store_open(&disk.disk, &config, &s);
    if (ret)
        FAIL("store_open: %d", ret);
    bad = check_store(s, m);
    ret = store_close(s);
    if (!bad && ret)
        FAIL("store_close: %d", ret);
    return bad;
}
