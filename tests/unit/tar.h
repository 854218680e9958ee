/* SPDX-License-Identifier: MIT */
/* Making tar archives for tests. */
#ifndef RINGLET_TESTS_TAR_H
#define RINGLET_TESTS_TAR_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct archive {
    uint8_t bytes[64 * 1024];
    size_t size;
};

/* Makes the checksum of the header at h right. */
static inline void tar_seal(uint8_t *h)
{
    unsigned sum = 0;

    memset(h + 148, ' ', 8);
    for (unsigned i = 0; i < 512; i++)
        sum += h[i];
    snprintf((char *)h + 148, 8, "%06o", sum);
}

/* Appends an entry; returns its header, for changes (with tar_seal afterwards). */
static inline uint8_t *tar_add(struct archive *a, char type, const char *name, const char *link,
                               const void *data, size_t size)
{
    uint8_t *h = a->bytes + a->size;

    memset(h, 0, 512 + (size + 511) / 512 * 512);
    memcpy(h, name, strnlen(name, 100));
    memcpy(h + 100, "0000644", 7);
    memcpy(h + 108, "0001750", 7);
    memcpy(h + 116, "0001751", 7);
    snprintf((char *)h + 124, 12, "%011zo", size);
    memcpy(h + 136, "00000001000", 11);
    h[156] = (uint8_t)type;
    memcpy(h + 157, link, strnlen(link, 100));
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    if (size)
        memcpy(h + 512, data, size);
    tar_seal(h);
    a->size += 512 + (size + 511) / 512 * 512;
    return h;
}

static inline void tar_end(struct archive *a)
{
    memset(a->bytes + a->size, 0, 1024);
    a->size += 1024;
}

#endif
