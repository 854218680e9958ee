/* SPDX-License-Identifier: MIT */
/*
 * Common code of fuzz targets: the input as a stream of small decisions, and invariants that abort
 * the process. A target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput: it starts from an
 * empty state, lets the input decide the other side's actions, and checks with must().
 */
#ifndef RINGLET_TESTS_FUZZ_H
#define RINGLET_TESTS_FUZZ_H

#include <host/seam.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the input; behind its end there are zeroes ---- */

struct input {
    const uint8_t *at, *end;
};

static inline size_t input_left(const struct input *in)
{
    return (size_t)(in->end - in->at);
}

static inline void input_bytes(struct input *in, void *to, size_t n)
{
    size_t have = MIN(n, input_left(in));

    memcpy(to, in->at, have);
    memset((char *)to + have, 0, n - have);
    in->at += have;
}

static inline uint8_t input_u8(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static inline uint16_t input_u16(struct input *in)
{
    uint16_t v;

    input_bytes(in, &v, sizeof(v));
    return v;
}

static inline uint32_t input_u32(struct input *in)
{
    uint32_t v;

    input_bytes(in, &v, sizeof(v));
    return v;
}

static inline uint64_t input_u64(struct input *in)
{
    uint64_t v;

    input_bytes(in, &v, sizeof(v));
    return v;
}

/* ---- invariants ---- */

static inline void fuzz_violated(const char *what, const char *file, int line)
{
    fprintf(stderr, "VIOLATION: %s:%d: %s\n---- the guest's console:\n%s", file, line, what,
            seam_console());
    abort();
}

#define must(cond) ((cond) ? (void)0 : fuzz_violated(#cond, __FILE__, __LINE__))

#endif
