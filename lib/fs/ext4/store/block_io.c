/* SPDX-License-Identifier: MIT */
/* Many blocks at once: neighbours in one transfer, several transfers in flight. */
#include "lib/fs/ext4/store/private.h"

#include <stdlib.h>

static int by_block(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    return x->block < y->block ? -1 : x->block > y->block;
}

/* How many of the first n pieces are neighbours. */
static unsigned run_length(const struct piece *p, unsigned n)
{
    unsigned run = 1;

    while (run < n && run < IO_VECTOR && p[run].block == p[0].block + run)
        run++;
    return run;
}

int block_io_write(struct store *s, struct piece *pieces, unsigned n, uint64_t *bad)
{
    struct batch *batch = s->batch;
    uint64_t first[IO_DEPTH];
    unsigned begun = 0, ended = 0, done = 0;
    int ret = 0;

    qsort(pieces, n, sizeof(*pieces), by_block);
    while (done < n || ended < begun) {
        if (done < n && begun - ended < IO_DEPTH) {
            struct ext4_disk_io *io = &batch->io[begun % IO_DEPTH];
            struct blkfront_iovec *iov = batch->iov[begun % IO_DEPTH];
            unsigned run = run_length(pieces + done, n - done);

            for (unsigned i = 0; i < run; i++)
                iov[i] = (struct blkfront_iovec){pieces[done + i].memory, s->block_size};
            first[begun % IO_DEPTH] = pieces[done].block;
            io->offset = pieces[done].block * s->block_size;
            io->iov = iov;
            io->iovcnt = run;
            io->write = true;
            ext4_disk_submit(s->disk, io);
            done += run;
            begun++;
        } else {
            int err = ext4_disk_wait(s->disk, &batch->io[ended % IO_DEPTH]);

            if (err && ret == 0) {
                ret = err;
                if (bad)
                    *bad = first[ended % IO_DEPTH];
            }
            ended++;
        }
    }
    return ret;
}

int block_io_one(struct store *s, uint64_t block, unsigned count, void *memory, bool write)
{
    if (block >= s->blocks || count > s->blocks - block)
        return -EIO;
    return ext4_disk_transfer(s->disk, block * s->block_size, memory, (size_t)count * s->block_size,
                              write);
}
