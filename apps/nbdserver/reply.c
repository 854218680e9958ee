/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include <errno.h>

#define CHUNK_HEADER 20u

size_t reply_simple(uint8_t *to, uint64_t cookie, uint32_t error)
{
    put_be(to, 4, NBD_SIMPLE_REPLY_MAGIC);
    put_be(to + 4, 4, error);
    put_be(to + 8, 8, cookie);
    return 16;
}

/* A chunk's header: `len` bytes of payload follow it. */
static uint8_t *chunk(uint8_t *to, uint64_t cookie, unsigned type, bool done, uint32_t len)
{
    put_be(to, 4, NBD_STRUCTURED_REPLY_MAGIC);
    put_be(to + 4, 2, done ? NBD_REPLY_FLAG_DONE : 0);
    put_be(to + 6, 2, type);
    put_be(to + 8, 8, cookie);
    put_be(to + 16, 4, len);
    return to + CHUNK_HEADER;
}

size_t reply_none(uint8_t *to, uint64_t cookie)
{
    chunk(to, cookie, NBD_REPLY_TYPE_NONE, true, 0);
    return CHUNK_HEADER;
}

size_t reply_error(uint8_t *to, uint64_t cookie, uint32_t error, bool done)
{
    uint8_t *payload = chunk(to, cookie, NBD_REPLY_TYPE_ERROR, done, 6);

    put_be(payload, 4, error);
    put_be(payload + 4, 2, 0); /* no text */
    return CHUNK_HEADER + 6;
}

size_t reply_error_offset(uint8_t *to, uint64_t cookie, uint32_t error, uint64_t offset, bool done)
{
    uint8_t *payload = chunk(to, cookie, NBD_REPLY_TYPE_ERROR_OFFSET, done, 14);

    put_be(payload, 4, error);
    put_be(payload + 4, 2, 0);
    put_be(payload + 6, 8, offset);
    return CHUNK_HEADER + 14;
}

size_t reply_data(uint8_t *to, uint64_t cookie, uint64_t offset, uint32_t len, bool done)
{
    put_be(chunk(to, cookie, NBD_REPLY_TYPE_OFFSET_DATA, done, 8 + len), 8, offset);
    return CHUNK_HEADER + 8;
}

size_t reply_allocated(uint8_t *to, uint64_t cookie, uint32_t len)
{
    uint8_t *payload = chunk(to, cookie, NBD_REPLY_TYPE_BLOCK_STATUS, true, 12);

    put_be(payload, 4, REPLY_CONTEXT_ALLOCATION);
    put_be(payload + 4, 4, len);
    put_be(payload + 8, 4, 0);
    return CHUNK_HEADER + 12;
}

uint32_t reply_error_for(int ret)
{
    switch (ret) {
    case 0:
        return NBD_OK;
    case -EROFS:
    case -EPERM:
    case -EACCES:
        return NBD_EPERM;
    case -ENOMEM:
        return NBD_ENOMEM;
    case -EINVAL:
        return NBD_EINVAL;
    case -ENOSPC:
        return NBD_ENOSPC;
    case -EOPNOTSUPP:
        return NBD_ENOTSUP;
    case -ENODEV:
    case -ESHUTDOWN:
        return NBD_ESHUTDOWN;
    default:
        return NBD_EIO;
    }
}
