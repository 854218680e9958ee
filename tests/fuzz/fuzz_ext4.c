/* SPDX-License-Identifier: MIT */
/*
 * A corrupt ext4 file system: it is refused, or opened, used and closed; nothing outside of the disk is read
 * or written. The input changes the superblock, the group descriptors, the journal's inode and superblock,
 * and writes a log, whose blocks are real enough to be followed.
 */
#include "fuzz.h"

#include <kernel/event_channel.h>

#include "ext4/memory_disk.h"
#include "lib/fs/ext4/store/journal_format.h"
#include "lib/fs/ext4/store/store.h"

#define SIZE  (4u << 20)
#define BLOCK 1024u
#define LOG   8u /* blocks of the log that the input may write */

static uint8_t *good, *image;
static unsigned inode_at, log_at; /* bytes: the journal's inode, and its first block */

static void make_image(void)
{
    const struct ext2_super_block *sb;

    good = image_make("-t ext4 -b 1024 -O ^metadata_csum,^64bit,^resize_inode -J size=1 -N 64 "
                      "-U 00000000-0000-4000-8000-000000000001 -E "
                      "hash_seed=00000000-0000-4000-8000-000000000002",
                      SIZE);
    image = malloc(SIZE);
    must(image);
    sb = (const void *)(good + 1024);
    must(sb->s_journal_inum == EXT2_JOURNAL_INO);
    inode_at =
        ((const struct ext2_group_desc *)(const void *)(good + 2048))->bg_inode_table * BLOCK +
        (EXT2_JOURNAL_INO - 1) * sb->s_inode_size;
    while (log_at < SIZE && be32_at(good, log_at) != JBD2_MAGIC)
        log_at += BLOCK;
    must(log_at < SIZE);
}

static void set_byte(struct input *in, unsigned at, unsigned range)
{
    unsigned offset = input_u8(in);

    offset |= (unsigned)input_u8(in) << 8;
    image[at + offset % range] = input_u8(in);
}

/* One block of a log, with a header that is right, unless the input says otherwise. */
static void set_log(struct input *in)
{
    unsigned n = 1 + input_u8(in) % LOG, kind = input_u8(in), count = input_u8(in);
    uint8_t *block = image + log_at + n * BLOCK;

    set_be32(block, JBD2_H_MAGIC, JBD2_MAGIC);
    set_be32(block, JBD2_H_TYPE, kind % 6);
    set_be32(block, JBD2_H_SEQUENCE, 1 + kind / 6 % 4);
    input_bytes(in, block + JBD2_HEADER, MIN(count * 4u, BLOCK - JBD2_HEADER));
}

static void change(struct input *in)
{
    struct ext2_super_block *sb = (void *)(image + 1024);

    if (input_u8(in) & 1) { /* a log to be replayed */
        sb->s_feature_incompat |= EXT3_FEATURE_INCOMPAT_RECOVER;
        set_be32(image + log_at, JBD2_S_START, 1);
        set_be32(image + log_at, JBD2_S_SEQUENCE, 1);
    }
    while (input_left(in)) {
        switch (input_u8(in) % 8) {
        case 0:
            set_byte(in, 1024, 1024);
            break;
        case 1:
            set_byte(in, 2048, 64);
            break;
        case 2:
            set_byte(in, inode_at, 256);
            break;
        case 3:
            set_byte(in, log_at, 256);
            break;
        default:
            set_log(in);
        }
    }
}

static void use(struct store *s)
{
    ext2_filsys fs = store_fs(s);
    char text[] = "text";
    struct blkfront_iovec iov = {text, sizeof(text)};
    struct ext2_inode inode;
    blk64_t block;
    ext2_ino_t ino;

    if (store_begin(s))
        return;
    if (ext2fs_new_block2(fs, 0, NULL, &block) == 0) {
        ext2fs_block_alloc_stats2(fs, block, 1);
        store_data_write(s, block, 0, &iov, 1, sizeof(text), STORE_DATA_NEW);
        ext2fs_block_alloc_stats2(fs, block, -1);
    }
    if (ext2fs_new_inode(fs, EXT2_ROOT_INO, 0, NULL, &ino) == 0)
        ext2fs_inode_alloc_stats2(fs, ino, 1, 0);
    if (ext2fs_read_inode(fs, EXT2_ROOT_INO, &inode) == 0)
        ext2fs_write_inode(fs, EXT2_ROOT_INO, &inode);
    store_end(s);
    store_commit(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct store_config config = {.commit_ms = ~0u, .cache = 256u << 10};
    struct input in = {data, data + size};
    struct memory_disk disk;
    struct store *s;

    if (!good)
        make_image();
    memcpy(image, good, SIZE);
    change(&in);
    seam_init(4 << 20);
    must(evtchn_init() == 0);
    memory_disk_init(&disk, image, SIZE);
    disk.strict = true;
    if (store_open(&disk.disk, &config, &s) == 0) {
        use(s);
        store_close(s);
    }
    seam_exit();
    return 0;
}
