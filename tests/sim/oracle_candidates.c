/* SPDX-License-Identifier: MIT */
/* The possible contents of a block of the disk besides the known one (oracle_private.h). */
#include "oracle_private.h"

static struct candidate candidates[CANDIDATES_MAX];
static unsigned count;
static uint64_t block;
static size_t block_bytes;

void candidates_begin(uint64_t offset, size_t bytes)
{
    block = offset;
    block_bytes = bytes;
    count = 0;
}

void candidates_add(uint64_t offset, size_t bytes, const uint8_t *data)
{
    if (offset >= block + block_bytes || block >= offset + bytes)
        return;
    CHECK(count < CANDIDATES_MAX, "simulation: too many contents are possible");
    candidates[count++] = (struct candidate){offset, bytes, data};
}

void candidates_add_active(const struct oracle *o)
{
    for (const struct oracle_op *op = o->active; op; op = op->next) {
        if (op->write)
            candidates_add(op->offset, op->bytes, op->data);
    }
}

/* Most often a block is all of one write. */
static bool is_one(const uint8_t *data)
{
    for (unsigned i = 0; i < count; i++) {
        const struct candidate *c = &candidates[i];

        if (c->offset <= block && c->offset + c->bytes >= block + block_bytes &&
            !memcmp(c->data + (block - c->offset), data, block_bytes))
            return true;
    }
    return false;
}

static bool has(uint64_t at, uint8_t value)
{
    for (unsigned i = 0; i < count; i++) {
        const struct candidate *c = &candidates[i];

        if (at >= c->offset && at < c->offset + c->bytes && c->data[at - c->offset] == value)
            return true;
    }
    return false;
}

int candidates_explain(const uint8_t *data, const uint8_t *known)
{
    if (is_one(data))
        return -1;
    for (size_t i = 0; i < block_bytes; i++) {
        if (data[i] != known[i] && !has(block + i, data[i]))
            return (int)i;
    }
    return -1;
}
