/* SPDX-License-Identifier: MIT */
/* The log of the file system: where it is, its superblock, and what a transaction writes to it. */
#include "lib/fs/ext4/store/journal_format.h"
#include "lib/fs/ext4/store/private.h"

#define SUPPORTED \
    (JBD2_INCOMPAT_REVOKE | JBD2_INCOMPAT_64BIT | JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3)

/* ---- where it is ---- */

uint64_t journal_block(const struct journal *j, uint32_t at)
{
    for (unsigned i = 0; i < j->run_count; i++)
        if (at - j->runs[i].first < j->runs[i].count)
            return j->runs[i].block + (at - j->runs[i].first);
    return 0;
}

uint32_t journal_next(const struct journal *j, uint32_t at)
{
    return at + 1 == j->length ? j->first : at + 1;
}

struct mapping {
    struct store *s;
    struct journal *j;
    uint32_t mapped, tables;
    int err;
};

static int add_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t at, blk64_t ref, int ref_offset,
                     void *arg)
{
    struct mapping *m = arg;
    struct journal *j = m->j;
    struct log_run *run = j->run_count ? &j->runs[j->run_count - 1] : NULL;

    (void)fs;
    (void)ref;
    (void)ref_offset;
    if (at >= (e2_blkcnt_t)j->length)
        return BLOCK_ABORT; /* behind the end there may be as much as the disk says */
    if (at < 0 &&
        ++m->tables <= j->length) /* a block of the map, of which each is for some of the log's */
        return 0;
    if ((uint64_t)at != m->mapped || *block == 0 || *block >= m->s->blocks) {
        m->err = -EINVAL;
        return BLOCK_ABORT;
    }
    m->mapped++;
    if (run && *block == run->block + run->count) {
        run->count++;
        return 0;
    }
    if ((j->run_count & (j->run_count - 1)) == 0) { /* a power of two is full */
        struct log_run *more = heap_zalloc(MAX(j->run_count * 2, 1u), sizeof(*more), MEM_APP);

        if (!more) {
            m->err = -ENOMEM;
            return BLOCK_ABORT;
        }
        if (j->run_count)
            memcpy(more, j->runs, j->run_count * sizeof(*more));
        heap_free(j->runs);
        j->runs = more;
    }
    j->runs[j->run_count++] = (struct log_run){(uint32_t)at, 1, *block};
    return 0;
}

static int map(struct store *s, struct journal *j)
{
    struct mapping m = {.s = s, .j = j};
    ext2_ino_t ino = s->fs->super->s_journal_inum;
    struct ext2_inode inode;
    uint64_t size;
    errcode_t err = ext2fs_read_inode(s->fs, ino, &inode);

    if (err)
        return store_errno(err);
    size = EXT2_I_SIZE(&inode) / s->block_size;
    if (!LINUX_S_ISREG(inode.i_mode) || size < 8 || size > s->blocks || size > UINT32_MAX / 2)
        return -EINVAL;
    j->length = (uint32_t)size;
    err = ext2fs_block_iterate3(s->fs, ino, BLOCK_FLAG_READ_ONLY, NULL, add_block, &m);
    if (m.err || err)
        return m.err ? m.err : store_errno(err);
    return m.mapped == j->length ? 0 : -EINVAL;
}

/* ---- its superblock ---- */

static uint32_t super_checksum(const uint8_t *super)
{
    uint8_t copy[JBD2_SUPER_BYTES];

    memcpy(copy, super, sizeof(copy));
    set_be32(copy, JBD2_S_CHECKSUM, 0);
    return ext2fs_crc32c_le(~0u, copy, sizeof(copy));
}

static int check_super(struct store *s, struct journal *j, const char **why)
{
    const uint8_t *super = j->super;
    uint32_t type = be32_at(super, JBD2_H_TYPE), incompat = 0;

    *why = "the journal has no superblock";
    if (be32_at(super, JBD2_H_MAGIC) != JBD2_MAGIC)
        return -EINVAL;
    if (type != JBD2_SUPER_V1 && type != JBD2_SUPER_V2)
        return -EINVAL;
    if (type == JBD2_SUPER_V2)
        incompat = be32_at(super, JBD2_S_INCOMPAT);
    *why = "the journal has unsupported features (fast_commit, journal_async_commit or others)";
    if (incompat & ~SUPPORTED)
        return -EOPNOTSUPP;
    *why = "the journal's superblock is corrupt";
    if (incompat & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3) &&
        (super[JBD2_S_CSUM_TYPE] != JBD2_CSUM_CRC32C ||
         be32_at(super, JBD2_S_CHECKSUM) != super_checksum(super)))
        return -EINVAL;
    if (be32_at(super, JBD2_S_BLOCKSIZE) != s->block_size ||
        be32_at(super, JBD2_S_MAXLEN) > j->length || be32_at(super, JBD2_S_FIRST) == 0)
        return -EINVAL;
    j->length = be32_at(super, JBD2_S_MAXLEN);
    j->first = be32_at(super, JBD2_S_FIRST);
    if (j->length < 8 || j->first >= j->length - 4 || be32_at(super, JBD2_S_START) >= j->length ||
        (be32_at(super, JBD2_S_START) && be32_at(super, JBD2_S_START) < j->first))
        return -EINVAL;
    return 0;
}

int journal_open(struct store *s, uint32_t *start)
{
    struct journal *j = heap_zalloc(1, sizeof(*j), MEM_APP);
    const char *why = "the journal's blocks cannot be found";
    uint8_t *block = heap_alloc(s->block_size, MEM_APP);
    int ret = j && block ? map(s, j) : -ENOMEM;

    if (ret == 0)
        ret = block_io_one(s, j->runs[0].block, 1, block, false);
    if (ret == 0) {
        memcpy(j->super, block, sizeof(j->super));
        ret = check_super(s, j, &why);
    }
    s->journal = j;
    if (j)
        j->block = block;
    else
        heap_free(block);
    if (ret) {
        pr_err("%s: %s: %s\n", s->disk->name, why, errno_name(ret));
        journal_close(s);
        return ret;
    }
    j->seed = ext2fs_crc32c_le(~0u, j->super + JBD2_S_UUID, JBD2_UUID_BYTES);
    j->sequence = MAX(be32_at(j->super, JBD2_S_SEQUENCE), 1u);
    *start = be32_at(j->super, JBD2_S_START);
    return 0;
}

void journal_close(struct store *s)
{
    if (s->journal) {
        heap_free(s->journal->runs);
        heap_free(s->journal->block);
        heap_free(s->journal->pieces);
    }
    heap_free(s->journal);
    s->journal = NULL;
}

int journal_write_super(struct store *s, uint32_t start)
{
    struct journal *j = s->journal;
    uint32_t incompat = JBD2_INCOMPAT_REVOKE;

    memset(j->block, 0, s->block_size);
    j->wide = s->blocks > UINT32_MAX;
    j->csum = ext2fs_has_feature_metadata_csum(s->fs->super);
    if (j->wide)
        incompat |= JBD2_INCOMPAT_64BIT;
    if (j->csum)
        incompat |= JBD2_INCOMPAT_CSUM_V3;
    set_be32(j->super, JBD2_H_TYPE, JBD2_SUPER_V2);
    set_be32(j->super, JBD2_S_SEQUENCE, j->sequence);
    set_be32(j->super, JBD2_S_START, start);
    set_be32(j->super, JBD2_S_COMPAT, be32_at(j->super, JBD2_S_COMPAT) & ~JBD2_COMPAT_CHECKSUM);
    set_be32(j->super, JBD2_S_INCOMPAT, incompat);
    j->super[JBD2_S_CSUM_TYPE] = j->csum ? JBD2_CSUM_CRC32C : 0;
    set_be32(j->super, JBD2_S_CHECKSUM, 0);
    if (j->csum)
        set_be32(j->super, JBD2_S_CHECKSUM, super_checksum(j->super));
    memcpy(j->block, j->super, sizeof(j->super));
    return block_io_one(s, journal_block(j, 0), 1, j->block, true);
}

/* ---- a transaction ---- */

static unsigned tail_bytes(const struct journal *j)
{
    return j->csum ? 4 : 0;
}

static unsigned tag_bytes(const struct journal *j)
{
    return j->csum ? JBD2_TAG_BYTES_V3 : JBD2_TAG_BYTES + (j->wide ? 4 : 0);
}

static unsigned tags_per_block(const struct store *s)
{
    return (s->block_size - JBD2_HEADER - JBD2_UUID_BYTES - tail_bytes(s->journal)) /
           tag_bytes(s->journal);
}

static unsigned revokes_per_block(const struct store *s)
{
    return (s->block_size - JBD2_R_FIRST - tail_bytes(s->journal)) / (s->journal->wide ? 8 : 4);
}

unsigned journal_need(const struct store *s, unsigned metas, unsigned revokes)
{
    return metas + DIV_ROUND_UP(metas, tags_per_block(s)) +
           DIV_ROUND_UP(revokes, revokes_per_block(s)) + 1;
}

static void header(void *block, uint32_t type, uint32_t tid)
{
    set_be32(block, JBD2_H_MAGIC, JBD2_MAGIC);
    set_be32(block, JBD2_H_TYPE, type);
    set_be32(block, JBD2_H_SEQUENCE, tid);
}

struct writer {
    struct store *s;
    const struct transaction *t;
    struct piece *pieces;
    void **slots;
    unsigned count, slot_count;
    uint32_t at;
};

static void emit(struct writer *w, void *memory)
{
    w->pieces[w->count++] =
        (struct piece){.block = journal_block(w->s->journal, w->at), .memory = memory};
    w->at = journal_next(w->s->journal, w->at);
}

static void *new_slot(struct writer *w)
{
    void *slot = cache_slot(w->s);

    if (slot) {
        w->slots[w->slot_count++] = slot;
        memset(slot, 0, w->s->block_size);
    }
    return slot;
}

/* The checksum at the end of a descriptor and of a revoke block. */
static void seal(struct writer *w, void *block)
{
    const struct journal *j = w->s->journal;
    unsigned at = w->s->block_size - 4;

    if (j->csum)
        set_be32(block, at, ext2fs_crc32c_le(j->seed, block, w->s->block_size));
}

static int write_revokes(struct writer *w)
{
    unsigned size = w->s->journal->wide ? 8 : 4, at = 0;
    uint8_t *block = NULL;

    list_for_each (l, &w->t->revokes) {
        const struct buf *b = list_entry(l, struct buf, revoke);

        if (!block) {
            block = new_slot(w);
            if (!block)
                return -ENOMEM;
            header(block, JBD2_REVOKE, w->s->journal->sequence);
            at = JBD2_R_FIRST;
        }
        if (size == 8)
            set_be64(block, at, b->block);
        else
            set_be32(block, at, (uint32_t)b->block);
        at += size;
        set_be32(block, JBD2_R_COUNT, at);
        if (l->next == &w->t->revokes || at + size > w->s->block_size - tail_bytes(w->s->journal)) {
            seal(w, block);
            emit(w, block);
            block = NULL;
        }
    }
    return 0;
}

static void write_tag(const struct writer *w, uint8_t *tag, const struct buf *b, uint32_t flags,
                      const void *logged)
{
    const struct journal *j = w->s->journal;
    uint8_t sequence[4];

    set_be32(tag, 0, (uint32_t)b->block);
    if (!j->csum) {
        set_be32(tag, 4, flags); /* the checksum of 16 bits before them is 0 */
        if (j->wide)
            set_be32(tag, 8, (uint32_t)(b->block >> 32));
        return;
    }
    set_be32(sequence, 0, w->s->journal->sequence);
    set_be32(tag, 4, flags);
    set_be32(tag, 8, (uint32_t)(b->block >> 32));
    set_be32(tag, 12,
             ext2fs_crc32c_le(ext2fs_crc32c_le(j->seed, sequence, sizeof(sequence)), logged,
                              w->s->block_size));
}

static int write_blocks(struct writer *w)
{
    const struct journal *j = w->s->journal;
    unsigned left = w->t->metas, in_block = 0, at = 0;
    uint8_t *descriptor = NULL;

    list_for_each (l, &w->t->meta) {
        const struct buf *b = list_entry(l, struct buf, committing);
        uint32_t flags = 0;
        void *logged = b->commit;

        if (!descriptor) {
            descriptor = new_slot(w);
            if (!descriptor)
                return -ENOMEM;
            header(descriptor, JBD2_DESCRIPTOR, w->s->journal->sequence);
            emit(w, descriptor);
            in_block = 0;
            at = JBD2_HEADER;
        } else {
            flags |= JBD2_TAG_SAME_UUID;
        }
        if (be32_at(logged, 0) == JBD2_MAGIC) {
            logged = new_slot(w);
            if (!logged)
                return -ENOMEM;
            memcpy(logged, b->commit, w->s->block_size);
            set_be32(logged, 0, 0);
            flags |= JBD2_TAG_ESCAPED;
        }
        left--;
        in_block++;
        if (left == 0 || in_block == tags_per_block(w->s))
            flags |= JBD2_TAG_LAST;
        write_tag(w, descriptor + at, b, flags, logged);
        at += tag_bytes(j);
        if (!(flags & JBD2_TAG_SAME_UUID)) {
            memcpy(descriptor + at, j->super + JBD2_S_UUID, JBD2_UUID_BYTES);
            at += JBD2_UUID_BYTES;
        }
        emit(w, logged);
        if (flags & JBD2_TAG_LAST) {
            seal(w, descriptor);
            descriptor = NULL;
        }
    }
    return 0;
}

/* Zeroes where the commit block will be. Of its sectors only the first has anything else then, so that it arrives as a
 * whole or not at all; with what an older transaction has left in the others, its checksum would be a wrong one, which
 * ends the replay of Linux and e2fsck with an error. */
static int clear_commit_block(struct writer *w)
{
    void *block = new_slot(w);

    if (!block)
        return -ENOMEM;
    w->pieces[w->count++] =
        (struct piece){.block = journal_block(w->s->journal, w->at), .memory = block};
    return 0;
}

int journal_pieces(struct store *s, const struct transaction *t, struct piece *pieces,
                   unsigned *count, void **slots, unsigned *slot_count)
{
    struct writer w = {.s = s, .t = t, .pieces = pieces, .slots = slots, .at = s->journal->head};
    int ret = write_revokes(&w);

    if (ret == 0)
        ret = write_blocks(&w);
    s->journal->head = w.at;
    s->journal->used += w.count;
    if (ret == 0)
        ret = clear_commit_block(&w);
    *count = w.count;
    *slot_count = w.slot_count;
    return ret;
}

int journal_commit_block(struct store *s)
{
    struct journal *j = s->journal;
    uint8_t *block = j->block;
    uint64_t now = clock_wall();
    int ret;

    memset(block, 0, s->block_size);
    header(block, JBD2_COMMIT, j->sequence);
    set_be64(block, JBD2_C_SECONDS, now / NSEC_PER_SEC);
    set_be32(block, JBD2_C_SECONDS + 8, (uint32_t)(now % NSEC_PER_SEC));
    if (j->csum)
        set_be32(block, JBD2_C_CHECKSUM, ext2fs_crc32c_le(j->seed, block, s->block_size));
    ret = block_io_one(s, journal_block(j, j->head), 1, block, true);
    j->head = journal_next(j, j->head);
    j->used++;
    j->sequence++;
    return ret;
}
