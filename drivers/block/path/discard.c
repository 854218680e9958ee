/* SPDX-License-Identifier: MIT */
/*
 * Discards: no data, so no memory and no grants; what is left is arithmetic. Granules need not be
 * powers of two (thin provisioning), and their grid may begin behind the disk's first byte.
 */
#include "discard.h"

/* Just under 4 GiB: no frontend on Linux asks for more at once, so no backend has been seen with
 * more; and the backend's thread is not gone for minutes. */
#define PIECE_MAX ((size_t)(UINT32_MAX & ~PAGE_MASK))

void discard_range(const struct blkfront_limits *limits, uint64_t *offset, size_t *bytes)
{
    const uint64_t granule = limits->discard_granularity;
    /* how far the grid's lines lie before multiples of the granule */
    const uint64_t shift = (granule - limits->discard_alignment) % granule;
    uint64_t begin = *offset + shift, end = *offset + *bytes + shift;

    begin += granule - 1;
    begin -= begin % granule;
    end -= end % granule;
    *bytes = end > begin ? (size_t)(end - begin) : 0;
    if (*bytes)
        *offset = begin - shift;
}

int discard_next(const struct blkfront_dev *dev, struct blkfront_request *r, size_t *bytes)
{
    const size_t granule = dev->limits.discard_granularity;

    if (r->secure ? !dev->limits.discard_secure : !dev->limits.discard)
        return -EOPNOTSUPP;
    /* after a resume the backend, and the granule, may be others than when it was accepted */
    discard_range(&dev->limits, &r->offset, &r->left);
    *bytes = MIN(r->left, MAX(PIECE_MAX - PIECE_MAX % granule, granule));
    return 0;
}

void discard_put(struct blkfront_dev *dev, struct ring_request *p)
{
    union wire_entry e;

    e.discard = (struct wire_discard){
        .operation = BLKIF_OP_DISCARD,
        .flag = p->request->secure ? BLKIF_DISCARD_SECURE : 0,
        .handle = dev->handle,
        .sector = p->sector,
        .sectors = p->sectors,
    };
    ring_put(&p->queue->ring, &e, sizeof(e.discard), p, p->op, p->op);
    dev->stats.discards++;
    dev->stats.discarded_sectors += p->sectors;
}

/* A disk may be able to discard, and only not securely. */
void discard_refused(struct blkfront_dev *dev, const struct blkfront_request *r)
{
    dev->limits.discard_secure = false;
    if (!r->secure)
        dev->limits.discard = false;
}
