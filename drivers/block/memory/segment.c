/* SPDX-License-Identifier: MIT */
/* Copies between the caller's memory and bounce pages. */
#include "segment.h"

#include <ringlet/string.h>

void cursor_copy_out(struct cursor *at, const void *data, size_t bytes)
{
    const uint8_t *from = data;

    while (bytes) {
        size_t n = MIN(cursor_length(at), bytes);

        memcpy(cursor_start(at), from, n);
        at->offset += n;
        from += n;
        bytes -= n;
    }
}

void cursor_copy_in(struct cursor *at, void *data, size_t bytes)
{
    uint8_t *to = data;

    while (bytes) {
        size_t n = MIN(cursor_length(at), bytes);

        memcpy(to, cursor_start(at), n);
        at->offset += n;
        to += n;
        bytes -= n;
    }
}
