/* SPDX-License-Identifier: MIT */
/* Writes everything that is committed in place, so that the log is empty. */
#include "lib/fs/ext4/store/private.h"

static int empty_log(struct store *s)
{
    struct journal *j = s->journal;
    int ret = ext4_disk_flush(s->disk);

    /* what is in place is stable before the log forgets it, and that before the log is written again */
    if (ret == 0)
        ret = journal_write_super(s, j->head);
    if (ret == 0)
        ret = ext4_disk_flush(s->disk);
    if (ret == 0)
        j->used = 0;
    return ret;
}

int checkpoint_all(struct store *s)
{
    struct piece *pieces;
    unsigned n = 0;
    uint64_t bad = 0;
    int ret;

    if (!s->journal || !s->journal->used)
        return 0;
    mutex_lock(&s->lock);
    pieces = s->journal->pieces;
    list_for_each (l, &s->checkpoint) {
        struct buf *b = list_entry(l, struct buf, checkpoint);

        /* file data now: its newer content is as good, and an older one must not follow it */
        pieces[n++] = (struct piece){b->block, b->is_data ? b->data : b->stable, b};
        b->io++;
    }
    mutex_unlock(&s->lock);
    ret = block_io_write(s, pieces, n, &bad);
    if (ret == 0)
        ret = empty_log(s);
    if (ret) {
        char what[64];

        snprintf(what, sizeof(what), "block %llu: checkpoint", (unsigned long long)bad);
        store_abort(s, what, ret);
    }
    mutex_lock(&s->lock);
    for (unsigned i = 0; i < n; i++) {
        struct buf *b = pieces[i].buf;

        if (ret == 0) {
            if (b->stable != b->data && b->stable != b->commit)
                cache_slot_free(s, b->stable);
            b->stable = NULL;
            list_del(&b->checkpoint);
        }
        cache_io_end(s, b);
    }
    s->stats.checkpoints++;
    mutex_unlock(&s->lock);
    return ret;
}
