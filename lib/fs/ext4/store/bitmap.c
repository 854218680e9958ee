/* SPDX-License-Identifier: MIT */
/*
 * libext2fs' bitmaps of blocks and inodes, read group by group when they are needed, and written group by
 * group where they have changed. The library selects an implementation by its name: this one has that of
 * its red-black trees (EXT2FS_BMAP64_RBTREE), which are under the GPL and left out.
 *
 * Blocks that a transaction has freed are held until it is committed: for the allocator they are in use,
 * in what is written they are free. Until then a crash would bring back the file that had them.
 */
#include "lib/fs/ext4/store/private.h"

#include <sys/time.h>

#include <ext2fs/bmap64.h>

/* Groups whose bitmaps are kept though they have not changed. */
#define GROUPS_KEPT 1024

struct group {
    uint8_t *bits;    /* as on the disk: padding, too */
    uint8_t *held[2]; /* by the transactions with even and odd numbers; NULL: nothing */
    bool dirty;
};

struct lazy_bitmap {
    struct store *s;
    bool inodes;
    uint64_t start; /* the number of the first bit */
    unsigned per_group, groups;
    struct group **group;
};

static bool bit(const uint8_t *bits, unsigned n)
{
    return bits && bits[n / 8] >> n % 8 & 1;
}

static void set_bit(uint8_t *bits, unsigned n)
{
    bits[n / 8] |= (uint8_t)(1u << n % 8);
}

static void clear_bit(uint8_t *bits, unsigned n)
{
    bits[n / 8] &= (uint8_t) ~(1u << n % 8);
}

static bool in_use(const struct group *g, unsigned n)
{
    return bit(g->bits, n) || bit(g->held[0], n) || bit(g->held[1], n);
}

/* ---- reading ---- */

/* Those of count blocks from `block` on that are in group g. */
static void set_in_group(const struct lazy_bitmap *m, unsigned g, uint8_t *bits, uint64_t block,
                         uint64_t count)
{
    uint64_t first = m->start + (uint64_t)g * m->per_group;
    uint64_t end = MIN(first + m->per_group, m->s->blocks);

    for (uint64_t i = 0; i < count; i++)
        if (block + i >= first && block + i < end)
            set_bit(bits, (unsigned)(block + i - first));
}

/* A group's own metadata, in a bitmap that was never written (BLOCK_UNINIT). */
static void set_own_blocks(const struct lazy_bitmap *m, unsigned g, uint8_t *bits)
{
    ext2_filsys fs = m->s->fs;
    struct ext2_super_block *sb = fs->super;
    blk64_t super, old_desc, new_desc;

    ext2fs_super_and_bgd_loc2(fs, g, &super, &old_desc, &new_desc, NULL);
    if (ext2fs_bg_has_super(fs, (int)g))
        set_in_group(m, g, bits, super, 1);
    if (new_desc)
        set_in_group(m, g, bits, new_desc, 1);
    if (old_desc)
        set_in_group(m, g, bits, old_desc,
                     ext2fs_has_feature_meta_bg(sb) ? sb->s_first_meta_bg
                                                    : fs->desc_blocks + sb->s_reserved_gdt_blocks);
    set_in_group(m, g, bits, ext2fs_block_bitmap_loc(fs, g), 1);
    set_in_group(m, g, bits, ext2fs_inode_bitmap_loc(fs, g), 1);
    set_in_group(m, g, bits, ext2fs_inode_table_loc(fs, g), fs->inode_blocks_per_group);
    /* the end of the last group, which is shorter */
    for (uint64_t i = m->start + (uint64_t)g * m->per_group, n = 0; n < m->per_group; n++)
        if (i + n >= m->s->blocks)
            set_bit(bits, (unsigned)n);
}

static int read_bits(struct lazy_bitmap *m, unsigned g, uint8_t *bits)
{
    struct store *s = m->s;
    ext2_filsys fs = s->fs;
    unsigned bytes = m->per_group / 8;
    bool uninit =
        ext2fs_has_group_desc_csum(fs) &&
        ext2fs_bg_flags_test(fs, g, m->inodes ? EXT2_BG_INODE_UNINIT : EXT2_BG_BLOCK_UNINIT);
    uint64_t block = m->inodes ? ext2fs_inode_bitmap_loc(fs, g) : ext2fs_block_bitmap_loc(fs, g);
    struct buf *b;
    int ret;

    if (block < fs->super->s_first_data_block || block == 0 || block >= s->blocks)
        return -EIO;
    if (uninit) {
        memset(bits, 0, bytes);
        memset(bits + bytes, 0xff, s->block_size - bytes);
        if (!m->inodes)
            set_own_blocks(m, g, bits);
        return 0;
    }
    ret = cache_get(s, block, true, &b);
    if (ret)
        return ret;
    memcpy(bits, b->data, s->block_size);
    if (m->inodes ? ext2fs_inode_bitmap_csum_verify(fs, g, (char *)bits, (int)bytes)
                  : ext2fs_block_bitmap_csum_verify(fs, g, (char *)bits, (int)bytes))
        return 0;
    return -EIO;
}

/* A group without its bitmap is full: nothing is allocated in it, and nothing is written any more. */
static struct group full_group;

static struct group *load(struct lazy_bitmap *m, unsigned g)
{
    struct store *s = m->s;
    struct group *group = m->group[g];
    int ret = -ENOMEM;

    if (group)
        return group;
    group = heap_zalloc(1, sizeof(*group), MEM_APP);
    if (group) {
        group->bits = heap_alloc(s->block_size, MEM_APP);
        ret = group->bits ? read_bits(m, g, group->bits) : -ENOMEM;
    }
    if (ret) {
        char what[64];

        if (group)
            heap_free(group->bits);
        heap_free(group);
        snprintf(what, sizeof(what), "%s bitmap of group %u", m->inodes ? "inode" : "block", g);
        store_abort(s, what, ret);
        return &full_group;
    }
    m->group[g] = group;
    s->stats.bitmap_groups++;
    return group;
}

/* ---- changing ---- */

static struct lazy_bitmap *map_of(ext2fs_generic_bitmap_64 bitmap)
{
    return bitmap->private;
}

static void touch(struct lazy_bitmap *m, unsigned g, struct group *group)
{
    struct store *s = m->s;

    if (group == &full_group)
        return;
    s->desc_dirty[g / EXT2_DESC_PER_BLOCK(s->fs->super)] = 1;
    if (!group->dirty)
        s->dirty_groups++;
    group->dirty = true;
    transaction_touch(s);
    /* the library is about to say that the other bitmap of the group was written, too */
    if (m->inodes && s->maps[0] && ext2fs_has_group_desc_csum(s->fs) &&
        ext2fs_bg_flags_test(s->fs, g, EXT2_BG_BLOCK_UNINIT))
        touch(s->maps[0], g, load(s->maps[0], g));
}

static int change(ext2fs_generic_bitmap_64 bitmap, uint64_t arg, bool set)
{
    struct lazy_bitmap *m = map_of(bitmap);
    unsigned g = (unsigned)((arg - m->start) / m->per_group);
    unsigned n = (unsigned)((arg - m->start) % m->per_group);
    struct group *group = load(m, g);
    bool was = group == &full_group || bit(group->bits, n);

    if (group == &full_group)
        return 1;
    touch(m, g, group);
    if (set) {
        set_bit(group->bits, n);
        if (!m->inodes && !was)
            transaction_allocated(m->s, arg);
        return was;
    }
    if (!was)
        return 0;
    clear_bit(group->bits, n);
    if (!m->inodes) {
        uint8_t **held = &group->held[m->s->running.tid & 1];

        if (!*held)
            *held = heap_zalloc(1, m->s->block_size, MEM_APP);
        if (*held)
            set_bit(*held, n);
        else
            store_abort(m->s, "freeing a block", -ENOMEM);
        transaction_freed(m->s, arg);
    }
    return 1;
}

static int lazy_mark(ext2fs_generic_bitmap_64 bitmap, __u64 arg)
{
    return change(bitmap, arg, true);
}

static int lazy_unmark(ext2fs_generic_bitmap_64 bitmap, __u64 arg)
{
    return change(bitmap, arg, false);
}

static void lazy_mark_extent(ext2fs_generic_bitmap_64 bitmap, __u64 arg, unsigned int num)
{
    while (num--)
        change(bitmap, arg++, true);
}

static void lazy_unmark_extent(ext2fs_generic_bitmap_64 bitmap, __u64 arg, unsigned int num)
{
    while (num--)
        change(bitmap, arg++, false);
}

/* ---- asking ---- */

static int lazy_test(ext2fs_generic_bitmap_64 bitmap, __u64 arg)
{
    struct lazy_bitmap *m = map_of(bitmap);
    struct group *group = load(m, (unsigned)((arg - m->start) / m->per_group));

    return group == &full_group || in_use(group, (unsigned)((arg - m->start) % m->per_group));
}

static int lazy_test_clear_extent(ext2fs_generic_bitmap_64 bitmap, __u64 arg, unsigned int num)
{
    while (num--)
        if (lazy_test(bitmap, arg++))
            return 0;
    return 1;
}

static uint64_t word_of(const uint8_t *bits, unsigned n)
{
    uint64_t word;

    if (!bits)
        return 0;
    memcpy(&word, bits + n / 64 * 8, sizeof(word));
    return word;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ext4: bit n is in byte n / 8 of a word");

/* The first bit from n to `last` that is in use (or is not): last + 1: there is none. */
static unsigned find_in_group(const struct group *g, unsigned n, unsigned last, bool used)
{
    for (; n <= last; n = n / 64 * 64 + 64) {
        uint64_t word = word_of(g->bits, n) | word_of(g->held[0], n) | word_of(g->held[1], n);

        word = (used ? word : ~word) >> n % 64;
        if (word)
            return MIN(n + (unsigned)__builtin_ctzll(word), last + 1);
    }
    return last + 1;
}

static bool group_is_full(const struct lazy_bitmap *m, unsigned g)
{
    return !m->group[g] && (m->inodes ? ext2fs_bg_free_inodes_count(m->s->fs, g)
                                      : ext2fs_bg_free_blocks_count(m->s->fs, g)) == 0;
}

/* Whoever asks for a free bit may say that the bitmap was written, without changing one. */
static void touch_uninit(struct lazy_bitmap *m, unsigned g, struct group *group)
{
    struct store *s = m->s;

    if (ext2fs_has_group_desc_csum(s->fs) && !s->read_only &&
        ext2fs_bg_flags_test(s->fs, g, m->inodes ? EXT2_BG_INODE_UNINIT : EXT2_BG_BLOCK_UNINIT))
        touch(m, g, group);
}

static errcode_t lazy_find(struct lazy_bitmap *m, uint64_t start, uint64_t end, bool used,
                           __u64 *out)
{
    uint64_t at = start - m->start, last = end - m->start;

    while (at <= last) {
        unsigned g = (unsigned)(at / m->per_group), n = (unsigned)(at % m->per_group);
        unsigned until = (unsigned)MIN(last - at + n, (uint64_t)m->per_group - 1), found;
        struct group *group = used || !group_is_full(m, g) ? load(m, g) : &full_group;

        if (group == &full_group)
            found = used ? n : until + 1;
        else
            found = find_in_group(group, n, until, used);
        if (found <= until) {
            *out = at + (found - n) + m->start;
            if (!used)
                touch_uninit(m, g, group);
            return 0;
        }
        at += until + 1 - n;
    }
    return ENOENT;
}

static errcode_t lazy_find_zero(ext2fs_generic_bitmap_64 bitmap, __u64 start, __u64 end, __u64 *out)
{
    return lazy_find(map_of(bitmap), start, end, false, out);
}

static errcode_t lazy_find_set(ext2fs_generic_bitmap_64 bitmap, __u64 start, __u64 end, __u64 *out)
{
    return lazy_find(map_of(bitmap), start, end, true, out);
}

/* ---- its life ---- */

static void free_group(struct lazy_bitmap *m, unsigned g)
{
    struct group *group = m->group[g];

    if (!group)
        return;
    heap_free(group->bits);
    heap_free(group->held[0]);
    heap_free(group->held[1]);
    heap_free(group);
    m->group[g] = NULL;
    m->s->stats.bitmap_groups--;
}

static errcode_t lazy_new(ext2_filsys fs, ext2fs_generic_bitmap_64 bitmap)
{
    struct lazy_bitmap *m = heap_zalloc(1, sizeof(*m), MEM_APP);

    if (!m)
        return EXT2_ET_NO_MEMORY;
    m->s = store_of(fs);
    m->inodes = bitmap->magic == EXT2_ET_MAGIC_INODE_BITMAP64;
    m->start = bitmap->start;
    m->per_group = m->inodes ? EXT2_INODES_PER_GROUP(fs->super) : EXT2_BLOCKS_PER_GROUP(fs->super);
    m->groups = fs->group_desc_count;
    m->group = heap_zalloc(m->groups, sizeof(*m->group), MEM_APP);
    if (!m->group) {
        heap_free(m);
        return EXT2_ET_NO_MEMORY;
    }
    bitmap->private = m;
    m->s->maps[m->inodes] = m;
    return 0;
}

static void lazy_free(ext2fs_generic_bitmap_64 bitmap)
{
    struct lazy_bitmap *m = map_of(bitmap);

    if (!m)
        return;
    for (unsigned g = 0; g < m->groups; g++)
        free_group(m, g);
    m->s->maps[m->inodes] = NULL;
    heap_free(m->group);
    heap_free(m);
    bitmap->private = NULL;
}

/* What only fsck and resize2fs do. */
static errcode_t lazy_copy(ext2fs_generic_bitmap_64 from, ext2fs_generic_bitmap_64 to)
{
    (void)from;
    (void)to;
    return EXT2_ET_UNIMPLEMENTED;
}

static errcode_t lazy_resize(ext2fs_generic_bitmap_64 bitmap, __u64 end, __u64 real_end)
{
    (void)bitmap;
    (void)end;
    (void)real_end;
    return EXT2_ET_UNIMPLEMENTED;
}

static errcode_t lazy_set_range(ext2fs_generic_bitmap_64 bitmap, __u64 start, size_t num, void *in)
{
    (void)bitmap;
    (void)start;
    (void)num;
    (void)in;
    return EXT2_ET_UNIMPLEMENTED;
}

static errcode_t lazy_get_range(ext2fs_generic_bitmap_64 bitmap, __u64 start, size_t num, void *out)
{
    return lazy_set_range(bitmap, start, num, out);
}

static void lazy_clear(ext2fs_generic_bitmap_64 bitmap)
{
    (void)bitmap;
}

struct ext2_bitmap_ops ext2fs_blkmap64_rbtree = {
    .type = EXT2FS_BMAP64_RBTREE,
    .new_bmap = lazy_new,
    .free_bmap = lazy_free,
    .copy_bmap = lazy_copy,
    .resize_bmap = lazy_resize,
    .mark_bmap = lazy_mark,
    .unmark_bmap = lazy_unmark,
    .test_bmap = lazy_test,
    .mark_bmap_extent = lazy_mark_extent,
    .unmark_bmap_extent = lazy_unmark_extent,
    .test_clear_bmap_extent = lazy_test_clear_extent,
    .set_bmap_range = lazy_set_range,
    .get_bmap_range = lazy_get_range,
    .clear_bmap = lazy_clear,
    .print_stats = lazy_clear,
    .find_first_zero = lazy_find_zero,
    .find_first_set = lazy_find_set,
};

static errcode_t refuse(ext2_filsys fs)
{
    (void)fs;
    return EXT2_ET_UNIMPLEMENTED;
}

int bitmap_init(struct store *s)
{
    ext2_filsys fs = s->fs;
    errcode_t err;

    if (EXT2_BLOCKS_PER_GROUP(fs->super) % 8 || EXT2_INODES_PER_GROUP(fs->super) % 8 ||
        EXT2_BLOCKS_PER_GROUP(fs->super) > s->block_size * 8 ||
        EXT2_INODES_PER_GROUP(fs->super) > s->block_size * 8) {
        pr_err("%s: the superblock is corrupt: groups that do not fit their bitmaps\n",
               s->disk->name);
        return -EINVAL;
    }
    s->desc_dirty = heap_zalloc(fs->desc_blocks, 1, MEM_APP);
    if (!s->desc_dirty)
        return -ENOMEM;
    fs->default_bitmap_type = EXT2FS_BMAP64_RBTREE;
    fs->write_bitmaps = refuse;
    err = ext2fs_allocate_block_bitmap(fs, "blocks", &fs->block_map);
    if (err == 0)
        err = ext2fs_allocate_inode_bitmap(fs, "inodes", &fs->inode_map);
    return store_errno(err);
}

void bitmap_exit(struct store *s)
{
    heap_free(s->desc_dirty);
    s->desc_dirty = NULL;
}

/* ---- committing ---- */

static int flush_group(struct lazy_bitmap *m, unsigned g)
{
    struct store *s = m->s;
    struct group *group = m->group[g];
    ext2_filsys fs = s->fs;
    int bytes = (int)(m->per_group / 8), ret;

    ret = transaction_write(
        s, m->inodes ? ext2fs_inode_bitmap_loc(fs, g) : ext2fs_block_bitmap_loc(fs, g), 0,
        group->bits, s->block_size);
    if (ret)
        return ret;
    if (m->inodes) {
        ext2fs_inode_bitmap_csum_set(fs, g, (char *)group->bits, bytes);
        ext2fs_bg_flags_clear(fs, g, EXT2_BG_INODE_UNINIT);
    } else {
        ext2fs_block_bitmap_csum_set(fs, g, (char *)group->bits, bytes);
        ext2fs_bg_flags_clear(fs, g, EXT2_BG_BLOCK_UNINIT);
    }
    ext2fs_group_desc_csum_set(fs, g);
    group->dirty = false;
    s->dirty_groups--;
    return 0;
}

int bitmap_flush(struct store *s)
{
    ext2_filsys fs = s->fs;
    unsigned per_block = EXT2_DESC_PER_BLOCK(fs->super);
    int ret = 0;

    for (unsigned d = 0; d < fs->desc_blocks && ret == 0; d++) {
        if (!s->desc_dirty[d])
            continue;
        for (unsigned g = d * per_block; g < (d + 1) * per_block && g < fs->group_desc_count; g++)
            for (unsigned i = 0; i < 2; i++)
                if (ret == 0 && s->maps[i]->group[g] && s->maps[i]->group[g]->dirty)
                    ret = flush_group(s->maps[i], g);
        if (ret == 0)
            ret = transaction_write(
                s, ext2fs_descriptor_block_loc2(fs, fs->super->s_first_data_block, d), 0,
                (char *)fs->group_desc + (size_t)d * s->block_size, s->block_size);
        if (ret == 0)
            s->desc_dirty[d] = 0;
    }
    return ret;
}

static void discard_held(struct lazy_bitmap *m, unsigned g, const uint8_t *held)
{
    struct store *s = m->s;
    uint64_t first = m->start + (uint64_t)g * m->per_group;

    for (unsigned n = 0, end; n < m->per_group && s->flags & STORE_DISCARD; n = end + 1) {
        for (end = n; end < m->per_group && bit(held, end); end++)
            ;
        /* they are not used meanwhile: still held */
        if (end > n && s->disk->ops->discard(s->disk, (first + n) * s->block_size,
                                             (uint64_t)(end - n) * s->block_size) == -EOPNOTSUPP)
            s->flags &= ~STORE_DISCARD;
    }
}

void bitmap_release(struct store *s, uint32_t tid)
{
    for (unsigned i = 0; i < 2; i++) {
        struct lazy_bitmap *m = s->maps[i];

        for (unsigned g = 0; g < m->groups; g++) {
            struct group *group = m->group[g];

            if (!group)
                continue;
            if (group->held[tid & 1]) {
                discard_held(m, g, group->held[tid & 1]);
                heap_free(group->held[tid & 1]);
                group->held[tid & 1] = NULL;
            }
            if (s->stats.bitmap_groups > GROUPS_KEPT && !group->dirty && !group->held[0] &&
                !group->held[1])
                free_group(m, g);
        }
    }
}
