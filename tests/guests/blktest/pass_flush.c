/* SPDX-License-Identifier: MIT */
/* fsync=n: a flush after each n writes, one at a time, beside other reads and writes. */
#include "pass.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <xen/io/blkif.h>

static void flush_failed(struct pass *p, int ret)
{
    if (ret == -EOPNOTSUPP) {
        if (!p->disk->no_flush)
            print_raw("%s: the backend does not flush: fsync= has no effect\n", p->disk->name);
        p->disk->no_flush = true;
        return;
    }
    if (options_ignore(p->disk->options, ret)) {
        disk_ignore(p->disk, ret);
        return;
    }
    p->errors++;
    p->disk->job.errors++;
    disk_complain(p->disk, FAILURE, "flush: -%s", errno_name(ret));
}

static void flush_completed(struct blkfront_aiocb *aiocb, int ret)
{
    struct pass *p = aiocb->data;

    p->flushing = false;
    p->last_done = clock_recent();
    if (ret)
        flush_failed(p, ret);
}

bool pass_flush(struct pass *p)
{
    uint64_t n = p->disk->options->fsync;
    int ret;

    if (!n || p->since_flush < n || p->disk->no_flush || p->disk->failed)
        return true;
    if (p->flushing)
        return false;
    p->since_flush = 0;
    p->flush.aio_dev = p->disk->dev;
    p->flush.aio_cb = flush_completed;
    p->flush.data = p;
    p->flushing = true;
    ret = blkfront_aio_push_operation(&p->flush, p->disk->limits.flush ? BLKIF_OP_FLUSH_DISKCACHE
                                                                       : BLKIF_OP_WRITE_BARRIER);
    if (ret) {
        p->flushing = false;
        flush_failed(p, ret);
    }
    return true;
}
