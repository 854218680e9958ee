/* SPDX-License-Identifier: MIT */
/* Opening and closing a file system. */
#include "lib/fs/ext4/store/private.h"

#define SUPER_AT       1024u
#define CACHE_DEFAULT  (4u << 20)
#define COMMIT_DEFAULT 5000u
/* However large the cache is: blocks of the log that wait to be put in place, and of data that one commit writes. */
#define LOG_BLOCKS   ((size_t)2048)
#define DIRTY_BLOCKS ((size_t)4096)

/* ---- what is supported ---- */

#define INCOMPAT                                                                                   \
    (EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_RECOVER |                              \
     EXT2_FEATURE_INCOMPAT_META_BG | EXT3_FEATURE_INCOMPAT_EXTENTS | EXT4_FEATURE_INCOMPAT_64BIT | \
     EXT4_FEATURE_INCOMPAT_FLEX_BG | EXT4_FEATURE_INCOMPAT_CSUM_SEED |                             \
     EXT4_FEATURE_INCOMPAT_LARGEDIR)
#define RO_COMPAT                                                              \
    (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE | \
     EXT4_FEATURE_RO_COMPAT_HUGE_FILE | EXT4_FEATURE_RO_COMPAT_GDT_CSUM |      \
     EXT4_FEATURE_RO_COMPAT_DIR_NLINK | EXT4_FEATURE_RO_COMPAT_EXTRA_ISIZE |   \
     EXT4_FEATURE_RO_COMPAT_METADATA_CSUM)

static const struct feature {
    unsigned bit;
    const char *name;
} incompat_names[] =
    {
        {EXT2_FEATURE_INCOMPAT_COMPRESSION, "compression"},
        {EXT3_FEATURE_INCOMPAT_JOURNAL_DEV, "journal_dev"},
        {EXT4_FEATURE_INCOMPAT_MMP, "mmp"},
        {EXT4_FEATURE_INCOMPAT_EA_INODE, "ea_inode"},
        {EXT4_FEATURE_INCOMPAT_DIRDATA, "dirdata"},
        {EXT4_FEATURE_INCOMPAT_INLINE_DATA, "inline_data"},
        {EXT4_FEATURE_INCOMPAT_ENCRYPT, "encrypt"},
        {EXT4_FEATURE_INCOMPAT_CASEFOLD, "casefold"},
},
  ro_compat_names[] = {
      {EXT4_FEATURE_RO_COMPAT_QUOTA, "quota"},
      {EXT4_FEATURE_RO_COMPAT_BIGALLOC, "bigalloc"},
      {EXT4_FEATURE_RO_COMPAT_READONLY, "read-only"},
      {EXT4_FEATURE_RO_COMPAT_PROJECT, "project"},
      {EXT4_FEATURE_RO_COMPAT_SHARED_BLOCKS, "shared_blocks"},
      {EXT4_FEATURE_RO_COMPAT_VERITY, "verity"},
      {EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT, "orphan_file"},
};

static int refuse(struct store *s, unsigned bits, const struct feature *names, unsigned n)
{
    const char *name = NULL;

    for (unsigned i = 0; i < n; i++)
        if (bits & names[i].bit)
            name = names[i].name;
    pr_err("%s: the file system has the feature %s (%#x), which is not supported\n", s->disk->name,
           name ? name : "unknown", bits);
    return -EOPNOTSUPP;
}

static int refuse_all(struct store *s, const char *what)
{
    pr_err("%s: %s\n", s->disk->name, what);
    return -EINVAL;
}

/* The superblock, before libext2fs sees it. */
static int check_super(struct store *s, const struct ext2_super_block *sb)
{
    unsigned bad;
    uint64_t blocks;

    if (sb->s_magic != EXT2_SUPER_MAGIC)
        return refuse_all(s, "there is no ext2, ext3 or ext4 file system");
    if (sb->s_rev_level > EXT2_DYNAMIC_REV || sb->s_log_block_size > 2)
        return refuse_all(s, "a revision or block size that is not supported");
    bad = sb->s_feature_incompat & ~INCOMPAT;
    if (bad)
        return refuse(s, bad, incompat_names, ARRAY_SIZE(incompat_names));
    bad = sb->s_feature_ro_compat & ~RO_COMPAT;
    if (sb->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_BIGALLOC || (bad && !s->read_only))
        return refuse(s, bad, ro_compat_names, ARRAY_SIZE(ro_compat_names));
    if (sb->s_feature_compat & EXT4_FEATURE_COMPAT_ORPHAN_FILE &&
        sb->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT)
        return refuse_all(s, "files are being removed (orphan_file): e2fsck is needed");
    s->block_size = 1024u << sb->s_log_block_size;
    blocks = sb->s_blocks_count;
    if (sb->s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT)
        blocks |= (uint64_t)sb->s_blocks_count_hi << 32;
    if (blocks == 0 || blocks > s->disk->size / s->block_size)
        return refuse_all(s, "the file system is larger than the disk");
    if (s->block_size < s->disk->sector_size)
        return refuse_all(s, "blocks are smaller than the disk's sectors");
    s->blocks = blocks;
    if (sb->s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL && !sb->s_journal_inum)
        return refuse_all(s, "the journal is on another device");
    return 0;
}

static int read_super(struct store *s)
{
    unsigned bytes = MAX(4096u, s->disk->sector_size);
    uint8_t *start = heap_alloc(bytes, MEM_APP);
    int ret = start ? 0 : -ENOMEM;

    if (ret == 0 && s->disk->size < bytes)
        ret = refuse_all(s, "the disk is too small");
    if (ret == 0)
        ret = ext4_disk_transfer(s->disk, 0, start, bytes, false);
    if (ret == 0)
        ret = check_super(s, (struct ext2_super_block *)(void *)(start + SUPER_AT));
    heap_free(start);
    return ret;
}

/* ---- opening ---- */

static void close_fs(struct store *s)
{
    if (s->fs) {
        s->fs->flags &= ~EXT2_FLAG_DIRTY;
        ext2fs_free(s->fs);
    }
    s->fs = NULL;
    bitmap_exit(s);
}

static int open_fs(struct store *s)
{
    int ret = channel_open_fs(s);

    if (ret)
        pr_err("%s: the file system is corrupt: %s\n", s->disk->name, errno_name(ret));
    return ret;
}

static int replay(struct store *s, uint32_t start)
{
    size_t cache = s->limit * s->block_size;
    int ret;

    if (s->read_only) {
        pr_err("%s: the journal must be replayed, and the disk is read-only\n", s->disk->name);
        return -EROFS;
    }
    ret = recover(s, start);
    if (ret == 0)
        ret = journal_write_super(s, 0);
    if (ret == 0)
        ret = ext4_disk_flush(s->disk);
    if (ret)
        return ret;
    /* all that was read before may be old, also the superblock */
    journal_close(s);
    close_fs(s);
    ret = read_super(s);
    if (ret)
        return ret;
    cache_exit(s);
    ret = cache_init(s, cache);
    return ret ? ret : open_fs(s);
}

static int limit_transactions(struct store *s)
{
    size_t most = 1u << 20;

    if (s->journal) {
        uint32_t size = s->journal->length - s->journal->first;

        /* what is in the log and not in place stays in memory */
        s->journal->limit =
            (uint32_t)MIN(size - 1, MAX(MIN(s->limit / 2, LOG_BLOCKS), (size_t)256));
        most = s->journal->limit;
        s->journal->most = MIN(size - 1, s->journal->limit * 4);
        s->journal->pieces = heap_zalloc(s->journal->most, sizeof(*s->journal->pieces), MEM_APP);
        if (!s->journal->pieces)
            return -ENOMEM;
    }
    s->max_metas = (unsigned)MIN(most / 2, MAX(s->limit / 2, (size_t)128));
    s->reserve = MIN(s->max_metas / 2, 256u);
    s->max_dirty = MIN(s->limit / 2, DIRTY_BLOCKS);
    return 0;
}

static int begin_writing(struct store *s)
{
    struct ext2_super_block *sb = s->fs->super;
    int ret;

    if (s->journal) {
        s->journal->head = s->journal->first;
        ret = journal_write_super(s, s->journal->head);
        if (ret == 0)
            ret = ext4_disk_flush(s->disk);
        if (ret)
            return ret;
        ext2fs_set_feature_journal_needs_recovery(sb);
    } else {
        sb->s_state &= (__u16)~EXT2_VALID_FS;
    }
    sb->s_mtime = (__u32)(clock_wall() / NSEC_PER_SEC);
    sb->s_mnt_count++;
    ret = super_write(s);
    return ret ? ret : ext4_disk_flush(s->disk);
}

static int open_all(struct store *s, size_t cache)
{
    uint32_t start = 0;
    uint16_t state;
    int ret = read_super(s);

    if (ret == 0)
        ret = cache_init(s, cache);
    if (ret == 0)
        ret = open_fs(s);
    if (ret)
        return ret;
    if (ext2fs_has_feature_journal(s->fs->super)) {
        ret = journal_open(s, &start);
        if (ret == 0 && ext2fs_has_feature_journal_needs_recovery(s->fs->super) && start) {
            ret = replay(s, start);
            if (ret == 0)
                ret = journal_open(s, &start);
        } else if (ret == 0 && start) {
            /* what is in it is not to be replayed, and never continues what is written now */
            s->journal->sequence += s->journal->length;
        }
    } else if (ext2fs_has_feature_journal_needs_recovery(s->fs->super)) {
        ret = refuse_all(s, "a journal that must be replayed, and is not there");
    }
    if (ret)
        return ret;
    super_init(s);
    ret = bitmap_init(s);
    state = s->fs->super->s_state;
    s->was_valid = state & EXT2_VALID_FS;
    if (ret == 0 && (state & EXT2_ERROR_FS || (!s->journal && !(state & EXT2_VALID_FS))))
        pr_warn("%s: the file system has errors: e2fsck is needed\n", s->disk->name);
    if (ret || s->read_only)
        return ret;
    ret = limit_transactions(s);
    if (ret)
        return ret;
    s->batch = heap_zalloc(1, sizeof(*s->batch), MEM_APP);
    if (!s->batch)
        return -ENOMEM;
    ret = begin_writing(s);
    return ret ? ret : commit_thread_start(s);
}

static void free_store(struct store *s)
{
    readahead_end(s);
    close_fs(s);
    journal_close(s);
    cache_exit(s);
    heap_free(s->batch);
    s->disk->ops->close(s->disk);
    heap_free(s);
}

int store_open(struct ext4_disk *disk, const struct store_config *config, struct store **out)
{
    static const struct store_config defaults = {.flags = 0};
    struct store *s = heap_zalloc(1, sizeof(*s), MEM_APP);
    int ret;

    if (!config)
        config = &defaults;
    if (!s) {
        disk->ops->close(disk);
        return -ENOMEM;
    }
    s->disk = disk;
    s->flags = config->flags;
    if (!disk->ops->discard)
        s->flags &= ~STORE_DISCARD;
    s->read_only = disk->readonly || config->flags & STORE_READ_ONLY;
    s->commit_ms = config->commit_ms ? config->commit_ms : COMMIT_DEFAULT;
    mutex_init(&s->lock);
    mutex_init(&s->log);
    wait_queue_init(&s->thread_wake);
    list_init(&s->checkpoint);
    list_init(&s->readaheads);
    transaction_init(&s->running, 1);
    transaction_init(&s->committing, 0);
    ret = open_all(s, config->cache ? config->cache : CACHE_DEFAULT);
    if (ret) {
        free_store(s);
        return ret;
    }
    *out = s;
    return 0;
}

/* ---- closing ---- */

static int end_writing(struct store *s)
{
    struct ext2_super_block *sb = s->fs->super;
    int ret = store_commit(s), err;

    mutex_lock(&s->log);
    err = s->aborted ? -EROFS : checkpoint_all(s);
    if (err == 0 && s->journal) {
        err = journal_write_super(s, 0);
        if (err == 0)
            err = ext4_disk_flush(s->disk);
    }
    if (err == 0) {
        ext2fs_clear_feature_journal_needs_recovery(sb);
        if (s->was_valid)
            sb->s_state |= EXT2_VALID_FS;
        sb->s_wtime = (__u32)(clock_wall() / NSEC_PER_SEC);
        err = super_write(s);
    }
    if (err == 0)
        err = ext4_disk_flush(s->disk);
    mutex_unlock(&s->log);
    return ret ? ret : err;
}

int store_close(struct store *s)
{
    int ret = 0;

    commit_thread_stop(s);
    if (!s->read_only)
        ret = end_writing(s);
    free_store(s);
    return ret;
}

void store_get_stats(const struct store *s, struct store_stats *out)
{
    *out = s->stats;
    out->cached = s->cached;
    out->dirty = s->dirty_count + s->running.metas;
}
