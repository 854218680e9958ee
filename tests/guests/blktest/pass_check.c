/* SPDX-License-Identifier: MIT */
/* Checking what a pass has read. */
#include "content_sum.h"
#include "pass.h"
#include "pattern.h"
#include "unknown.h"

static void wrong_block(void *arg, uint64_t block, const char *text)
{
    disk_complain(arg, FAILURE, "block %llu %s", (unsigned long long)block, text);
}

static void check_pattern(struct pass *p, const struct slot *slot)
{
    struct disk *disk = p->disk;
    const struct pattern pattern = {disk->options->seed, disk->limits.devid, p->expected};
    uint64_t offset = (uint64_t)slot->aiocb.aio_offset, wrong = 0;
    size_t run;

    for (size_t done = 0; done < slot->aiocb.aio_nbytes; done += run) {
        uint64_t right;
        bool known;

        run = unknown_run(p->slice, offset + done, slot->aiocb.aio_nbytes - done, &known);
        if (!known)
            continue;
        wrong += pattern_check(&pattern, offset + done, slot->buf + done, run, &right, wrong_block,
                               disk);
        disk->job.verified += right;
    }
    if (wrong) {
        disk->job.wrong_blocks += wrong;
        disk->job.errors++;
        p->errors++;
    }
}

void pass_check_read(struct pass *p, struct slot *slot)
{
    uint64_t offset = (uint64_t)slot->aiocb.aio_offset;
    size_t len = slot->aiocb.aio_nbytes;

    switch (p->check) {
    case CHECK_NOTHING:
        break;
    case CHECK_PATTERN:
        check_pattern(p, slot);
        break;
    case CHECK_BASELINE:
        sha256_update(&p->sha, slot->buf, len);
        p->sum += content_sum(offset, slot->buf, len);
        break;
    case CHECK_SUM:
        p->sum += content_sum(offset, slot->buf, len);
        break;
    }
}
