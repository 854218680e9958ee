/* SPDX-License-Identifier: MIT */
#include "export.h"

#include <errno.h>
#include <string.h>

#include "disk.h"

struct export *export_find(const struct list *exports, const char *name, size_t len)
{
    list_for_each (at, exports) {
        struct export *e = list_entry(at, struct export, link);

        if (!e->gone && (!len || (strlen(e->name) == len && !memcmp(e->name, name, len))))
            return e;
    }
    return NULL;
}

bool export_is_full(const struct export *e)
{
    return !e->disk->pool.seats;
}

/*
 * A flush of any connection covers what was completed on all of them, as they share the device and
 * its queue: so there may be several (NBD_FLAG_CAN_MULTI_CONN). Zeroes are written, which is never
 * fast, and that is said at once (NBD_FLAG_SEND_FAST_ZERO).
 */
uint16_t export_flags(const struct export *e, bool structured)
{
    unsigned flags = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA |
                     NBD_FLAG_CAN_MULTI_CONN | NBD_FLAG_SEND_CACHE;

    if (structured)
        flags |= NBD_FLAG_SEND_DF;
    if (e->read_only)
        flags |= NBD_FLAG_READ_ONLY;
    else
        flags |= NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_FAST_ZERO;
    if (e->trim && !e->read_only)
        flags |= NBD_FLAG_SEND_TRIM;
    return (uint16_t)flags;
}

uint32_t export_preferred(const struct export *e)
{
    return e->sector > 4096 ? e->sector : 4096;
}

/* Copies up to the next ':' or the end; false: nothing, too much, or no text. */
static bool take_word(const char **at, char *to, size_t size)
{
    const size_t len = strcspn(*at, ":");

    if (!len || len >= size)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)(*at)[i] < 0x20 || (*at)[i] == 0x7f)
            return false;
    }
    memcpy(to, *at, len);
    to[len] = 0;
    *at += len;
    return true;
}

int export_option_parse(const char *text, struct export_option *out)
{
    memset(out, 0, sizeof(*out));
    if (!take_word(&text, out->disk, sizeof(out->disk)))
        return -EINVAL;
    strcpy(out->name, out->disk);
    if (*text == ':' && strcmp(text, ":ro") != 0) {
        text++;
        if (!take_word(&text, out->name, sizeof(out->name)))
            return -EINVAL;
    }
    if (!*text)
        return 0;
    out->read_only = true;
    return strcmp(text, ":ro") == 0 ? 0 : -EINVAL;
}
