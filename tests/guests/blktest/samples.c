/* SPDX-License-Identifier: MIT */
#include "samples.h"

static void halve(struct samples *s)
{
    for (unsigned i = 0; i < SAMPLES_MAX / 2; i++)
        s->bytes[i] = s->bytes[2 * i] + s->bytes[2 * i + 1];
    for (unsigned i = SAMPLES_MAX / 2; i < SAMPLES_MAX; i++)
        s->bytes[i] = 0;
    s->count = (s->count + 1) / 2;
    s->interval *= 2;
}

void samples_add(struct samples *s, uint64_t ns, uint64_t bytes)
{
    unsigned at;

    if (!s->interval)
        s->interval = SAMPLES_INTERVAL;
    while (ns / SAMPLES_MAX >= s->interval)
        halve(s);
    at = (unsigned)(ns / s->interval);
    s->bytes[at] += bytes;
    s->count = MAX(s->count, at + 1);
}
