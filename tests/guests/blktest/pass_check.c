/* SPDX-License-Identifier: MIT */
/* Checks the data that a pass has read. */
#include "content_sum.h"
#include "pass.h"
#include "pattern.h"
#include "unknown.h"

static void wrong_block(void *arg, uint64_t block, const char *text)
{
    disk_complain(arg, FAILURE, "block %llu %s", (unsigned long long)block, text);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

/* Bytes from offset on that must be the pattern; the number of wrong blocks. */
static uint64_t check_pattern(struct pass *p, uint64_t offset, const uint8_t *buf, size_t len)
{
    struct disk *disk = p->disk;
    const struct pattern pattern = {disk->options->seed, disk->limits.devid, p->expected};
    uint64_t wrong = 0;
    size_t run;

    for (size_t done = 0; done < len; done += run) {
        uint64_t right;
        bool known;

        run = unknown_run(p->slice, offset + done, len - done, &known);
        if (!known)
            continue;
        wrong += pattern_check(&pattern, offset + done, buf + done, run, &right, wrong_block, disk);
        disk->job.verified += right;
    }
    return wrong;
}

/* Each block that was discarded has its old content or zeroes, and nothing of both. */
static uint64_t check_trimmed(struct pass *p, uint64_t offset, const uint8_t *buf, size_t len)
{
    uint64_t wrong = 0;
    size_t n;

    for (; len; offset += n, buf += n, len -= n) {
        n = MIN(PATTERN_BLOCK - (size_t)(offset % PATTERN_BLOCK), len);
        if (is_zero(buf, n))
            p->disk->job.verified += n;
        else
            wrong += check_pattern(p, offset, buf, n);
    }
    return wrong;
}

void pass_check_read(struct pass *p, struct slot *slot)
{
    uint64_t offset = (uint64_t)slot->aiocb.aio_offset;
    size_t len = slot->aiocb.aio_nbytes;
    uint64_t wrong = 0;

    switch (p->check) {
    case CHECK_NOTHING:
        break;
    case CHECK_PATTERN:
        wrong = check_pattern(p, offset, slot->buf, len);
        break;
    case CHECK_TRIMMED:
        wrong = check_trimmed(p, offset, slot->buf, len);
        break;
    case CHECK_BASELINE:
        sha256_update(&p->sha, slot->buf, len);
        p->sum += content_sum(offset, slot->buf, len);
        break;
    case CHECK_SUM:
        p->sum += content_sum(offset, slot->buf, len);
        break;
    }
    if (wrong) {
        p->disk->job.wrong_blocks += wrong;
        p->disk->job.errors++;
        p->errors++;
    }
}
