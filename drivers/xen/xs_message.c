/* SPDX-License-Identifier: MIT */
/* Assembles XenStore messages from bytes that arrive in any portions, and finds the texts within
 * them. */
#include "xs_private.h"

#include <ringlet/string.h>

_Static_assert(sizeof(struct xsd_sockmsg) == 16, "xs_wire header ABI");

void xs_parser_reset(struct xs_parser *p)
{
    p->have = 0;
}

/* Copies the missing bytes up to `want` bytes of the message; true when it has them. */
static bool gather(struct xs_parser *p, char *to, size_t want, const char *data, size_t len,
                   size_t *used)
{
    size_t n = MIN(want, len - *used);

    memcpy(to, data + *used, n);
    p->have += n;
    *used += n;
    return n == want;
}

int xs_parser_feed(struct xs_parser *p, const char *data, size_t len, size_t *used)
{
    size_t got;

    *used = 0;
    if (p->have < sizeof(p->hdr)) {
        if (!gather(p, (char *)&p->hdr + p->have, sizeof(p->hdr) - p->have, data, len, used))
            return 0;
    }
    if (p->hdr.len > XENSTORE_PAYLOAD_MAX)
        return -EPROTO;
    got = p->have - sizeof(p->hdr);
    if (!gather(p, p->body + got, p->hdr.len - got, data, len, used))
        return 0;
    p->body[p->hdr.len] = '\0';
    return 1;
}

int xs_error_number(const char *text, size_t len)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {
        {"EINVAL", EINVAL},       {"EACCES", EACCES},   {"EEXIST", EEXIST}, {"EISDIR", EISDIR},
        {"ENOENT", ENOENT},       {"ENOMEM", ENOMEM},   {"ENOSPC", ENOSPC}, {"EIO", EIO},
        {"ENOTEMPTY", ENOTEMPTY}, {"ENOSYS", ENOSYS},   {"EROFS", EROFS},   {"EBUSY", EBUSY},
        {"EAGAIN", EAGAIN},       {"EISCONN", EISCONN}, {"E2BIG", E2BIG},   {"EPERM", EPERM},
        {"EQUOTA", ENOSPC},
    };

    len = strnlen(text, len); /* with a NUL or without */
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
        if (strlen(errors[i].name) == len && memcmp(errors[i].name, text, len) == 0)
            return -errors[i].number;
    return -EIO;
}

const char *xs_event_token(const char *body, size_t len)
{
    size_t path = strnlen(body, len);

    if (path + 1 >= len)
        return NULL;
    return strnlen(body + path + 1, len - path - 1) == len - path - 1 ? NULL : body + path + 1;
}
