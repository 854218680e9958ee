/* SPDX-License-Identifier: MIT */
/*
 * Replays the journal after a crash, of Ringlet or of Linux. Three passes over the log: how far it is
 * committed, and that all of it is as it was written; what is revoked; then the blocks are put in place.
 * Nothing is written before the first two have succeeded. Nothing in the log is believed: each block
 * number and length is checked, and no pass looks at more blocks than the log has.
 */
#include "lib/fs/ext4/store/journal_format.h"
#include "lib/fs/ext4/store/private.h"

/* A block that transactions up to `sequence` must not write. */
struct revoked {
    uint64_t block;
    uint32_t sequence;
    struct revoked *next;
};

#define REVOKED_BUCKETS 1024u

enum pass { PASS_SCAN, PASS_REVOKE, PASS_REPLAY };

struct recovery {
    struct store *s;
    struct journal *j;
    uint32_t start, first,
        end;       /* sequences: of the log's beginning, and the first that is not committed */
    unsigned csum; /* 0, 2 or 3 */
    bool wide;
    uint8_t *block, *data; /* one of the log's own, one of those that it carries */
    struct revoked **revoked;
};

static bool is_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static int read_log(struct recovery *r, uint32_t at, void *memory)
{
    return block_io_one(r->s, journal_block(r->j, at), 1, memory, false);
}

static uint32_t data_checksum(struct recovery *r, uint32_t sequence, const void *data)
{
    uint8_t be[4];

    set_be32(be, 0, sequence);
    return ext2fs_crc32c_le(ext2fs_crc32c_le(r->j->seed, be, sizeof(be)), data, r->s->block_size);
}

/* The checksum that is stored at `at` in the block, over the block with 0 there. */
static bool sealed(struct recovery *r, unsigned at)
{
    uint32_t stored = be32_at(r->block, at);
    bool ok;

    if (!r->csum)
        return true;
    set_be32(r->block, at, 0);
    ok = ext2fs_crc32c_le(r->j->seed, r->block, r->s->block_size) == stored;
    set_be32(r->block, at, stored);
    return ok;
}

/* ---- revoked blocks ---- */

static struct revoked **bucket(struct recovery *r, uint64_t block)
{
    return &r->revoked[(block ^ block >> 10) % REVOKED_BUCKETS];
}

static int revoke(struct recovery *r, uint64_t block, uint32_t sequence)
{
    struct revoked **b = bucket(r, block), *e = *b;

    while (e && e->block != block)
        e = e->next;
    if (!e) {
        e = heap_zalloc(1, sizeof(*e), MEM_APP);
        if (!e)
            return -ENOMEM;
        *e = (struct revoked){block, sequence, *b};
        *b = e;
    } else if (is_before(e->sequence, sequence)) {
        e->sequence = sequence;
    }
    return 0;
}

static bool is_revoked(struct recovery *r, uint64_t block, uint32_t sequence)
{
    const struct revoked *e = *bucket(r, block);

    while (e && e->block != block)
        e = e->next;
    return e && !is_before(e->sequence, sequence);
}

static int revoke_block(struct recovery *r, uint32_t sequence)
{
    unsigned size = r->wide ? 8 : 4, end = be32_at(r->block, JBD2_R_COUNT);
    int ret = 0;

    if (end > r->s->block_size - (r->csum ? 4 : 0) || end < JBD2_R_FIRST)
        return -EINVAL;
    for (unsigned at = JBD2_R_FIRST; at + size <= end && ret == 0; at += size)
        ret = revoke(r, size == 8 ? be64_at(r->block, at) : be32_at(r->block, at), sequence);
    return ret;
}

/* ---- the blocks of a descriptor ---- */

struct tag {
    uint64_t block;
    uint32_t flags, checksum;
};

/* The tag at *at, which moves behind it. false: it does not fit. */
static bool next_tag(const struct recovery *r, unsigned *at, struct tag *t)
{
    unsigned end = r->s->block_size - (r->csum ? 4 : 0), size;
    const uint8_t *b = r->block;

    /* with version 2 a tag is two bytes longer than its fields */
    size = r->csum == 3 ? JBD2_TAG_BYTES_V3
                        : JBD2_TAG_BYTES + (r->wide ? 4 : 0) + (r->csum == 2 ? 2 : 0);
    if (*at + size > end)
        return false;
    t->block = be32_at(b, *at);
    if (r->csum == 3) {
        t->flags = be32_at(b, *at + 4);
        t->checksum = be32_at(b, *at + 12);
    } else {
        t->flags = be32_at(b, *at + 4) & 0xffff;
        t->checksum = be32_at(b, *at + 4) >> 16;
    }
    if (r->wide)
        t->block |= (uint64_t)be32_at(b, *at + 8) << 32;
    *at += size;
    if (!(t->flags & JBD2_TAG_SAME_UUID)) {
        if (*at + JBD2_UUID_BYTES > end)
            return false;
        *at += JBD2_UUID_BYTES;
    }
    return true;
}

static bool data_is_whole(struct recovery *r, uint32_t sequence, const struct tag *t)
{
    uint32_t checksum = r->csum ? data_checksum(r, sequence, r->data) : 0;

    return r->csum == 3   ? checksum == t->checksum
           : r->csum == 2 ? (checksum & 0xffff) == t->checksum
                          : true;
}

static int put_in_place(struct recovery *r, uint32_t sequence, const struct tag *t)
{
    int ret;

    if (is_revoked(r, t->block, sequence) || t->flags & JBD2_TAG_DELETED)
        return 0;
    if (t->flags & JBD2_TAG_ESCAPED)
        set_be32(r->data, 0, JBD2_MAGIC);
    ret = block_io_one(r->s, t->block, 1, r->data, true);
    if (ret == 0)
        r->s->stats.replayed_blocks++;
    return ret;
}

/* Goes through a descriptor's blocks, which follow it: *at moves behind them, *left counts down. *broken: a
 * block is not what was logged. -EINVAL: it is no descriptor, or longer than the log. */
static int descriptor(struct recovery *r, enum pass pass, uint32_t sequence, uint32_t *at,
                      uint32_t *left, bool *broken)
{
    unsigned in = JBD2_HEADER;
    struct tag t = {.flags = 0};
    int ret = 0;

    do {
        if (!next_tag(r, &in, &t) || *left == 0)
            return -EINVAL;
        *at = journal_next(r->j, *at);
        --*left;
        if (t.block >= r->s->blocks)
            *broken = true;
        if (pass == PASS_REVOKE || (pass == PASS_SCAN && !r->csum))
            continue;
        ret = read_log(r, *at, r->data);
        if (ret == 0 && pass == PASS_REPLAY)
            ret = put_in_place(r, sequence, &t);
        else if (ret == 0 && !data_is_whole(r, sequence, &t))
            *broken = true;
        if (ret)
            return ret;
    } while (!(t.flags & JBD2_TAG_LAST));
    return 0;
}

/* ---- the passes ---- */

/*
 * One pass. The scan ends at the first block that does not belong to the log, as a crash may have left
 * it, and sets r->end; the others end there. bad: a transaction that is committed has a block that is not
 * what was logged.
 */
static int pass_over(struct recovery *r, enum pass pass, bool *bad)
{
    uint32_t at = r->start, sequence = r->first, left = r->j->length - r->j->first;
    bool broken = false; /* so far the transaction is not what was logged */
    int ret;

    while (left && (pass == PASS_SCAN || sequence != r->end)) {
        uint32_t type;

        ret = read_log(r, at, r->block);
        if (ret)
            return ret;
        left--;
        type = be32_at(r->block, JBD2_H_TYPE);
        if (be32_at(r->block, JBD2_H_MAGIC) != JBD2_MAGIC ||
            be32_at(r->block, JBD2_H_SEQUENCE) != sequence)
            break;
        ret = 0;
        if (type == JBD2_DESCRIPTOR) {
            if (!sealed(r, r->s->block_size - 4))
                break;
            ret = descriptor(r, pass, sequence, &at, &left, &broken);
        } else if (type == JBD2_REVOKE) {
            if (!sealed(r, r->s->block_size - 4))
                break;
            if (pass == PASS_REVOKE)
                ret = revoke_block(r, sequence);
        } else if (type == JBD2_COMMIT) {
            if (!sealed(r, JBD2_C_CHECKSUM))
                break;
            *bad |= broken;
            broken = false;
            sequence++;
        } else {
            break;
        }
        if (ret == -EINVAL && pass == PASS_SCAN)
            break;
        if (ret)
            return ret;
        at = journal_next(r->j, at);
    }
    if (pass == PASS_SCAN)
        r->end = sequence;
    return 0;
}

static void free_all(struct recovery *r)
{
    for (unsigned i = 0; r->revoked && i < REVOKED_BUCKETS; i++)
        for (struct revoked *e = r->revoked[i], *next; e; e = next) {
            next = e->next;
            heap_free(e);
        }
    heap_free(r->revoked);
    heap_free(r->block);
    heap_free(r->data);
}

int recover(struct store *s, uint32_t start)
{
    struct journal *j = s->journal;
    uint32_t incompat =
        be32_at(j->super, JBD2_H_TYPE) == JBD2_SUPER_V2 ? be32_at(j->super, JBD2_S_INCOMPAT) : 0;
    struct recovery r = {
        .s = s,
        .j = j,
        .start = start,
        .first = be32_at(j->super, JBD2_S_SEQUENCE),
        .csum = incompat & JBD2_INCOMPAT_CSUM_V3   ? 3
                : incompat & JBD2_INCOMPAT_CSUM_V2 ? 2
                                                   : 0,
        .wide = incompat & JBD2_INCOMPAT_64BIT,
        .block = heap_alloc(s->block_size, MEM_APP),
        .data = heap_alloc(s->block_size, MEM_APP),
        .revoked = heap_zalloc(REVOKED_BUCKETS, sizeof(*r.revoked), MEM_APP),
    };
    bool bad = false;
    int ret = r.block && r.data && r.revoked ? 0 : -ENOMEM;

    if (ret == 0)
        ret = pass_over(&r, PASS_SCAN, &bad);
    if (ret == 0 && bad)
        ret = -EIO;
    if (ret == 0)
        ret = pass_over(&r, PASS_REVOKE, &bad);
    if (ret == 0)
        ret = pass_over(&r, PASS_REPLAY, &bad);
    free_all(&r);
    if (ret == 0)
        ret = ext4_disk_flush(s->disk);
    if (ret) {
        pr_err("%s: the journal cannot be replayed: %s%s\n", s->disk->name, errno_name(ret),
               bad ? ": a committed block is not what was logged" : "");
        return ret;
    }
    s->stats.replayed_transactions = r.end - r.first;
    if (r.end != r.first)
        pr_info("%s: recovered %u transactions, %llu blocks\n", s->disk->name, r.end - r.first,
                (unsigned long long)s->stats.replayed_blocks);
    /* a transaction of this number may have been begun before the crash */
    j->sequence = r.end + 1;
    return 0;
}
