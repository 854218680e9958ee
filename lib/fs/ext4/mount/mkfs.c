/* SPDX-License-Identifier: MIT */
/*
 * Makes an ext4 file system on an empty disk: blocks of 4 KiB, an inode of 256 bytes for each 16 KiB, a journal,
 * 5 % reserved, what the kernel's documentation (filesystems/ext4) has, without checksums: then the superblock,
 * which is read before the journal, cannot be torn. The superblock is written last: before that the disk is
 * still none.
 */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext3_extents.h>

#include "lib/fs/ext4/mount/mount.h"
#include "lib/fs/random.h"

#define BLOCK          4096u
#define PER_GROUP      (8 * BLOCK)
#define INODE          256u
#define INODES_A_BLOCK (BLOCK / INODE)
#define FIRST_INODE    11u   /* lost+found's */
#define SUPER_AT       1024u /* in the first block */
#define LOST_BLOCKS    4u
#define JOURNAL_MAX    16384u /* blocks; it is in the first group */
#define JOURNAL_MIN    1024u
#define ZERO_BLOCKS    64u
#define EMPTY_BYTES    (1u << 20) /* that are looked at */

struct making {
    struct ext4_disk *disk;
    struct ext2_super_block *super; /* with room for a block */
    struct ext2_group_desc *desc;   /* of all groups, in whole blocks */
    uint8_t *block, *zeroes;
    uint64_t blocks;
    unsigned groups, desc_blocks, inodes /* of a group */, table /* blocks */, journal;
    uint32_t now;
};

static int put(struct making *m, uint64_t at, const void *data, unsigned count)
{
    return ext4_disk_transfer(m->disk, at * BLOCK, (void *)(uintptr_t)data, (size_t)count * BLOCK,
                              true);
}

static int put_zeroes(struct making *m, uint64_t at, uint64_t count)
{
    int ret = 0;

    while (count && ret == 0) {
        unsigned n = (unsigned)MIN(count, (uint64_t)ZERO_BLOCKS);

        ret = put(m, at, m->zeroes, n);
        at += n;
        count -= n;
    }
    return ret;
}

static bool is_power(unsigned n, unsigned of)
{
    while (n % of == 0)
        n /= of;
    return n == 1;
}

/* A copy of the superblock and of the descriptors. */
static bool has_super(unsigned group)
{
    return group < 2 || is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

static uint64_t first_of(unsigned group)
{
    return (uint64_t)group * PER_GROUP;
}

static unsigned blocks_in(const struct making *m, unsigned group)
{
    return (unsigned)MIN(m->blocks - first_of(group), (uint64_t)PER_GROUP);
}

/* Blocks at the beginning of a group that are not for files. */
static unsigned overhead(const struct making *m, unsigned group)
{
    return (has_super(group) ? 1 + m->desc_blocks : 0) + 2 + m->table;
}

/* Behind that in the first group: the root directory, lost+found, the journal. */
static uint64_t root_at(const struct making *m)
{
    return overhead(m, 0);
}

static unsigned used_in(const struct making *m, unsigned group)
{
    return overhead(m, group) + (group ? 0 : 1 + LOST_BLOCKS + m->journal);
}

static int plan(struct making *m)
{
    m->blocks = MIN(m->disk->size / BLOCK, (uint64_t)UINT32_MAX);
    do {
        m->groups = (unsigned)DIV_ROUND_UP(m->blocks, (uint64_t)PER_GROUP);
        m->desc_blocks =
            (unsigned)DIV_ROUND_UP(m->groups * sizeof(struct ext2_group_desc), (size_t)BLOCK);
        m->inodes = (unsigned)ROUND_UP(MIN(m->blocks, (uint64_t)PER_GROUP) / 4, INODES_A_BLOCK);
        m->table = m->inodes / INODES_A_BLOCK;
        m->journal =
            (unsigned)MIN(MAX(m->blocks / 64, (uint64_t)JOURNAL_MIN), (uint64_t)JOURNAL_MAX);
        if (m->blocks < 2 * JOURNAL_MIN)
            return -ENOSPC;
        /* a last group that is too small is left out */
        if (blocks_in(m, m->groups - 1) >= used_in(m, m->groups - 1) + 64)
            return 0;
        m->blocks = first_of(m->groups - 1);
    } while (m->blocks);
    return -ENOSPC;
}

static void describe_groups(struct making *m)
{
    for (unsigned g = 0; g < m->groups; g++) {
        uint64_t at = first_of(g) + (has_super(g) ? 1 + m->desc_blocks : 0);
        struct ext2_group_desc *d = &m->desc[g];

        d->bg_block_bitmap = (uint32_t)at;
        d->bg_inode_bitmap = (uint32_t)at + 1;
        d->bg_inode_table = (uint32_t)at + 2;
        d->bg_free_blocks_count = (uint16_t)(blocks_in(m, g) - used_in(m, g));
        d->bg_free_inodes_count = (uint16_t)(m->inodes - (g ? 0 : FIRST_INODE));
        d->bg_used_dirs_count = g ? 0 : 2;
        m->super->s_free_blocks_count += d->bg_free_blocks_count;
        m->super->s_free_inodes_count += d->bg_free_inodes_count;
    }
}

static void describe(struct making *m)
{
    struct ext2_super_block *s = m->super;

    s->s_inodes_count = m->groups * m->inodes;
    s->s_blocks_count = (uint32_t)m->blocks;
    s->s_r_blocks_count = (uint32_t)(m->blocks / 20);
    s->s_log_block_size = s->s_log_cluster_size = 2;
    s->s_blocks_per_group = s->s_clusters_per_group = PER_GROUP;
    s->s_inodes_per_group = m->inodes;
    s->s_wtime = s->s_lastcheck = s->s_mkfs_time = m->now;
    s->s_max_mnt_count = -1;
    s->s_magic = EXT2_SUPER_MAGIC;
    s->s_state = EXT2_VALID_FS;
    s->s_errors = EXT2_ERRORS_CONTINUE;
    s->s_rev_level = EXT2_DYNAMIC_REV;
    s->s_first_ino = FIRST_INODE;
    s->s_inode_size = INODE;
    s->s_feature_compat = EXT3_FEATURE_COMPAT_HAS_JOURNAL | EXT2_FEATURE_COMPAT_EXT_ATTR |
                          EXT2_FEATURE_COMPAT_DIR_INDEX;
    s->s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_EXTENTS;
    s->s_feature_ro_compat = EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER |
                             EXT2_FEATURE_RO_COMPAT_LARGE_FILE | EXT4_FEATURE_RO_COMPAT_HUGE_FILE |
                             EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE;
    random_bytes(s->s_uuid, sizeof(s->s_uuid));
    s->s_uuid[6] = (s->s_uuid[6] & 0x0f) | 0x40; /* RFC 4122: random */
    s->s_uuid[8] = (s->s_uuid[8] & 0x3f) | 0x80;
    random_bytes(s->s_hash_seed, sizeof(s->s_hash_seed));
    s->s_def_hash_version = EXT2_HASH_HALF_MD4;
    s->s_flags = EXT2_FLAGS_SIGNED_HASH;
    s->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
    s->s_journal_inum = EXT2_JOURNAL_INO;
    s->s_min_extra_isize = s->s_want_extra_isize =
        sizeof(struct ext2_inode_large) - EXT2_GOOD_OLD_INODE_SIZE;
}

static void make_inode(struct making *m, unsigned ino, uint32_t mode, unsigned links, uint64_t at,
                       unsigned count)
{
    struct ext2_inode_large *i =
        (struct ext2_inode_large *)(m->block + (ino - 1) % INODES_A_BLOCK * INODE);
    struct ext3_extent_header *head = (struct ext3_extent_header *)i->i_block;
    struct ext3_extent *extent = (struct ext3_extent *)(head + 1);

    i->i_mode = (uint16_t)mode;
    i->i_links_count = (uint16_t)links;
    i->i_size = count * BLOCK;
    i->i_blocks = count * (BLOCK / 512);
    i->i_flags = EXT4_EXTENTS_FL;
    i->i_atime = i->i_mtime = i->i_ctime = i->i_crtime = m->now;
    i->i_extra_isize = sizeof(*i) - EXT2_GOOD_OLD_INODE_SIZE;
    head->eh_magic = EXT3_EXT_MAGIC;
    head->eh_entries = 1;
    head->eh_max = (sizeof(i->i_block) - sizeof(*head)) / sizeof(*extent);
    extent->ee_len = (uint16_t)count;
    extent->ee_start = (uint32_t)at;
    if (ino == EXT2_JOURNAL_INO) { /* and a copy, for e2fsck */
        memcpy(m->super->s_jnl_blocks, i->i_block, sizeof(i->i_block));
        m->super->s_jnl_blocks[16] = i->i_size;
        m->super->s_jnl_backup_type = 1;
    }
}

static void make_entry(uint8_t *at, unsigned ino, const char *name, unsigned len)
{
    struct ext2_dir_entry_2 *e = (struct ext2_dir_entry_2 *)at;

    e->inode = ino;
    e->rec_len = (uint16_t)len;
    e->name_len = (uint8_t)strlen(name);
    e->file_type = ino ? EXT2_FT_DIR : 0;
    memcpy(e->name, name, strlen(name));
}

static int put_dirs(struct making *m)
{
    int ret;

    memset(m->block, 0, BLOCK);
    make_entry(m->block, EXT2_ROOT_INO, ".", 12);
    make_entry(m->block + 12, EXT2_ROOT_INO, "..", 12);
    make_entry(m->block + 24, FIRST_INODE, "lost+found", BLOCK - 24);
    ret = put(m, root_at(m), m->block, 1);
    memset(m->block, 0, BLOCK);
    make_entry(m->block, FIRST_INODE, ".", 12);
    make_entry(m->block + 12, EXT2_ROOT_INO, "..", BLOCK - 12);
    for (unsigned i = 0; i < LOST_BLOCKS && ret == 0; i++) {
        ret = put(m, root_at(m) + 1 + i, m->block, 1);
        memset(m->block, 0, BLOCK);
        make_entry(m->block, 0, "", BLOCK);
    }
    return ret;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* An empty one; the kernel's filesystems/ext4/journal.rst has the places. */
static int put_journal(struct making *m)
{
    uint64_t at = root_at(m) + 1 + LOST_BLOCKS;
    int ret = put_zeroes(m, at + 1, m->journal - 1);

    memset(m->block, 0, BLOCK);
    put32(m->block, 0xc03b3998u);
    put32(m->block + 4, 4); /* a superblock, version 2 */
    put32(m->block + 12, BLOCK);
    put32(m->block + 16, m->journal);
    put32(m->block + 20, 1); /* the first block of the log */
    put32(m->block + 24, 1); /* the first transaction */
    memcpy(m->block + 48, m->super->s_uuid, sizeof(m->super->s_uuid));
    put32(m->block + 64, 1); /* users */
    return ret ? ret : put(m, at, m->block, 1);
}

static int put_bitmap(struct making *m, uint64_t at, unsigned used, unsigned count)
{
    memset(m->block, 0, BLOCK);
    for (unsigned i = 0; i < 8 * BLOCK; i++)
        if (i < used || i >= count) /* those that are not there are not free */
            m->block[i / 8] |= (uint8_t)(1u << i % 8);
    return put(m, at, m->block, 1);
}

static int put_group(struct making *m, unsigned g)
{
    const struct ext2_group_desc *d = &m->desc[g];
    int ret = put_bitmap(m, d->bg_block_bitmap, used_in(m, g), blocks_in(m, g));

    if (ret == 0)
        ret = put_bitmap(m, d->bg_inode_bitmap, g ? 0 : FIRST_INODE, m->inodes);
    if (ret == 0)
        ret = put_zeroes(m, d->bg_inode_table, m->table);
    if (ret == 0 && g == 0) {
        memset(m->block, 0, BLOCK);
        make_inode(m, EXT2_ROOT_INO, MODE_DIR | 0755, 3, root_at(m), 1);
        make_inode(m, FIRST_INODE, MODE_DIR | 0700, 2, root_at(m) + 1, LOST_BLOCKS);
        make_inode(m, EXT2_JOURNAL_INO, MODE_REGULAR | 0600, 1, root_at(m) + 1 + LOST_BLOCKS,
                   m->journal);
        ret = put(m, d->bg_inode_table, m->block, 1);
    }
    return ret;
}

static int put_super(struct making *m, unsigned g)
{
    int ret = put(m, first_of(g) + 1, m->desc, m->desc_blocks);

    if (ret)
        return ret;
    memset(m->block, 0, BLOCK);
    m->super->s_block_group_nr = (uint16_t)g;
    memcpy(m->block + (g ? 0 : SUPER_AT), m->super, sizeof(*m->super));
    return put(m, first_of(g), m->block, 1);
}

static int put_all(struct making *m)
{
    int ret = 0;

    for (unsigned g = 0; g < m->groups && ret == 0; g++)
        ret = put_group(m, g);
    if (ret == 0)
        ret = put_dirs(m);
    if (ret == 0)
        ret = put_journal(m);
    for (unsigned g = m->groups - 1; g > 0 && ret == 0; g--)
        if (has_super(g))
            ret = put_super(m, g);
    if (ret == 0)
        ret = ext4_disk_flush(m->disk);
    if (ret == 0)
        ret = put_super(m, 0);
    return ret ? ret : ext4_disk_flush(m->disk);
}

static int make(struct making *m)
{
    int ret = plan(m);

    if (ret)
        return ret;
    m->now = (uint32_t)(clock_wall() / NSEC_PER_SEC);
    m->super = heap_zalloc(1, BLOCK, MEM_APP);
    m->desc = heap_zalloc(m->desc_blocks, BLOCK, MEM_APP);
    m->block = heap_zalloc(1, BLOCK, MEM_APP);
    m->zeroes = heap_zalloc(ZERO_BLOCKS, BLOCK, MEM_APP);
    if (m->super && m->desc && m->block && m->zeroes) {
        describe(m);
        describe_groups(m);
        ret = put_all(m);
    } else {
        ret = -ENOMEM;
    }
    heap_free(m->super);
    heap_free(m->desc);
    heap_free(m->block);
    heap_free(m->zeroes);
    return ret;
}

static int check_empty(struct ext4_disk *disk)
{
    uint8_t *piece = heap_alloc(ZERO_BLOCKS * BLOCK, MEM_APP);
    int ret = 0;

    if (!piece)
        return -ENOMEM;
    for (uint64_t at = 0; at < EMPTY_BYTES && ret == 0; at += ZERO_BLOCKS * BLOCK) {
        ret = ext4_disk_transfer(disk, at, piece, ZERO_BLOCKS * BLOCK, false);
        for (size_t i = 0; i < ZERO_BLOCKS * BLOCK && ret == 0; i++)
            ret = piece[i] ? -EEXIST : 0;
    }
    heap_free(piece);
    return ret;
}

int ext4_make(struct ext4_disk *disk)
{
    struct making m = {.disk = disk};
    int ret;

    if (disk->readonly)
        return -EROFS;
    if (disk->size < 2 * JOURNAL_MIN * BLOCK)
        return -ENOSPC;
    ret = check_empty(disk);
    return ret ? ret : make(&m);
}
