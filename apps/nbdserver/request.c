/* SPDX-License-Identifier: MIT */
#include "request.h"

bool request_parse(const uint8_t *from, struct request *out)
{
    out->flags = (uint16_t)get_be(from + 4, 2);
    out->type = (uint16_t)get_be(from + 6, 2);
    out->cookie = get_be(from + 8, 8);
    out->offset = get_be(from + 16, 8);
    out->length = (uint32_t)get_be(from + 24, 4);
    return get_be(from, 4) == NBD_REQUEST_MAGIC;
}

uint32_t request_payload(const struct request *r)
{
    return r->type == NBD_CMD_WRITE ? r->length : 0;
}

static bool writes(const struct request *r)
{
    return r->type == NBD_CMD_WRITE || r->type == NBD_CMD_TRIM || r->type == NBD_CMD_WRITE_ZEROES;
}

/* FUA is allowed with every command, and means something for those that write. */
static bool flags_valid(const struct request *r, const struct agreement *a)
{
    unsigned flags = NBD_CMD_FLAG_FUA;

    switch (r->type) {
    case NBD_CMD_READ:
        flags |= a->structured ? NBD_CMD_FLAG_DF : 0;
        break;
    case NBD_CMD_WRITE_ZEROES:
        flags |= NBD_CMD_FLAG_NO_HOLE | NBD_CMD_FLAG_FAST_ZERO;
        break;
    case NBD_CMD_BLOCK_STATUS:
        flags |= NBD_CMD_FLAG_REQ_ONE;
        break;
    default:
        break;
    }
    return !(r->flags & ~flags);
}

/* The offset and length of a command that has them. */
static uint32_t check_range(const struct request *r, const struct agreement *a)
{
    const struct export *e = a->export;
    const bool has_data = r->type == NBD_CMD_READ || r->type == NBD_CMD_WRITE;

    if (!r->length || (has_data && r->length > NBD_PAYLOAD_MAX))
        return NBD_EINVAL;
    if (r->offset > e->size || r->length > e->size - r->offset)
        return writes(r) ? NBD_ENOSPC : NBD_EINVAL;
    if (a->block_sizes && (r->offset % e->sector || r->length % e->sector))
        return NBD_EINVAL;
    return NBD_OK;
}

uint32_t request_check(const struct request *r, const struct agreement *a)
{
    const struct export *e = a->export;

    if (e->gone)
        return NBD_ESHUTDOWN;
    if (!flags_valid(r, a))
        return NBD_EINVAL;
    if (writes(r) && e->read_only)
        return NBD_EPERM;
    switch (r->type) {
    case NBD_CMD_FLUSH:
        return r->offset || r->length ? NBD_EINVAL : NBD_OK;
    case NBD_CMD_TRIM:
        if (!e->trim)
            return NBD_ENOTSUP;
        break;
    case NBD_CMD_WRITE_ZEROES:
        if (r->flags & NBD_CMD_FLAG_FAST_ZERO)
            return NBD_ENOTSUP;
        break;
    case NBD_CMD_BLOCK_STATUS:
        if (!a->allocation)
            return NBD_EINVAL;
        break;
    case NBD_CMD_READ:
    case NBD_CMD_WRITE:
    case NBD_CMD_CACHE:
        break;
    default:
        return NBD_EINVAL;
    }
    return check_range(r, a);
}
