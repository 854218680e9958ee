/* SPDX-License-Identifier: MIT */
/*
 * tar: headers of 512 bytes, each followed by its data in whole blocks (POSIX ustar). Headers of the
 * types 'L' and 'K' (GNU) and 'x' and 'g' (pax) describe the next entry. Nothing in an archive is
 * believed: every field is checked against the archive's end.
 */
#include "lib/fs/tar.h"

#include <ringlet/errno.h>
#include <ringlet/string.h>

#define BLOCK 512u

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char linkname[100], magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8];
    char prefix[155], pad[12];
};
_Static_assert(sizeof(struct header) == BLOCK && offsetof(struct header, prefix) == 345, "ustar");

bool tar_is_one(const void *archive, size_t size)
{
    const struct header *h = archive;

    return size >= BLOCK && !memcmp(h->magic, "ustar", 5);
}

void tar_begin(struct tar *t, const void *archive, size_t size)
{
    *t = (struct tar){.archive = archive, .size = size, .mtime = -1};
}

static int fail(struct tar *t, const char *why)
{
    t->why = why;
    return -EINVAL;
}

/* Octal digits, with spaces before and spaces or NULs behind them, or GNU's binary numbers of which the
 * first byte is 0x80. An empty field is 0. */
static bool number(const char *field, size_t len, uint64_t *out)
{
    uint64_t n = 0;
    size_t i = 0;

    if ((uint8_t)field[0] == 0x80) {
        for (i = 1; i < len; i++) {
            if (n >> 55)
                return false;
            n = n << 8 | (uint8_t)field[i];
        }
        *out = n;
        return true;
    }
    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        n = n << 3 | (uint64_t)(field[i] - '0'); /* at most 12 digits */
    for (; i < len; i++)
        if (field[i] != ' ' && field[i] != '\0')
            return false;
    *out = n;
    return true;
}

#define NUMBER(h, field, out) number((h)->field, sizeof((h)->field), out)

/* The sum of the header's bytes, with spaces for the checksum. */
static bool checksum_is_right(const struct header *h)
{
    const uint8_t *p = (const uint8_t *)h;
    size_t at = offsetof(struct header, checksum);
    uint64_t sum = 0, wanted;

    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= at && i < at + sizeof(h->checksum) ? ' ' : p[i];
    return NUMBER(h, checksum, &wanted) && sum == wanted;
}

static bool is_zero(const char *block)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i])
            return false;
    return true;
}

/* What headers before an entry's own have said about it. */
struct extra {
    const char *name, *link;
    size_t name_len, link_len;
    bool has_size, has_mtime;
    uint64_t size;
    int64_t mtime;
};

static bool decimal(const char *text, size_t len, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > (max - (uint64_t)(text[i] - '0')) / 10)
            return false;
        n = n * 10 + (uint64_t)(text[i] - '0');
    }
    *out = n;
    return true;
}

/* Seconds, perhaps with a fraction, which is left out; times before 1970 become 0. */
static bool pax_time(const char *text, size_t len, int64_t *out)
{
    const char *dot = memchr(text, '.', len);
    uint64_t s;

    if (len && text[0] == '-') {
        *out = 0;
        return true;
    }
    if (!decimal(text, dot ? (size_t)(dot - text) : len, INT64_MAX / NSEC_PER_SEC, &s))
        return false;
    *out = (int64_t)(s * NSEC_PER_SEC);
    return true;
}

static bool is(const char *key, size_t len, const char *name)
{
    return len == strlen(name) && !memcmp(key, name, len);
}

static const char *pax_value(struct extra *x, const char *key, size_t key_len, const char *value,
                             size_t len)
{
    if (is(key, key_len, "path")) {
        x->name = value;
        x->name_len = len;
    } else if (is(key, key_len, "linkpath")) {
        x->link = value;
        x->link_len = len;
    } else if (is(key, key_len, "size")) {
        if (!decimal(value, len, INT64_MAX, &x->size))
            return "a pax size that is no number";
        x->has_size = true;
    } else if (is(key, key_len, "mtime")) {
        if (!pax_time(value, len, &x->mtime))
            return "a pax mtime that is no number";
        x->has_mtime = true;
    } else if (key_len > 11 && !memcmp(key, "GNU.sparse.", 11)) {
        return "a sparse file";
    }
    return NULL; /* other keys do not matter here */
}

/* Records "length key=value\n", where the length is that of the whole record. */
static const char *pax(struct extra *x, const char *data, size_t size)
{
    while (size) {
        const char *space = memchr(data, ' ', MIN(size, (size_t)20)), *equals, *why;
        uint64_t len;
        size_t head;

        if (!space || !decimal(data, (size_t)(space - data), size, &len))
            return "a pax record without a right length";
        head = (size_t)(space - data) + 1;
        if (len < head + 2 || data[len - 1] != '\n')
            return "a pax record without an end";
        equals = memchr(data + head, '=', len - 1 - head);
        if (!equals)
            return "a pax record without =";
        why = pax_value(x, data + head, (size_t)(equals - data) - head, equals + 1,
                        (size_t)(data + len - 1 - (equals + 1)));
        if (why)
            return why;
        data += len;
        size -= len;
    }
    return NULL;
}

static const char *extend(struct tar *t, struct extra *x, char type, const char *data, size_t size)
{
    struct extra global = {.name = NULL};
    const char *why;

    switch (type) {
    case 'L':
        x->name = data;
        x->name_len = strnlen(data, size);
        return NULL;
    case 'K':
        x->link = data;
        x->link_len = strnlen(data, size);
        return NULL;
    case 'x':
        return pax(x, data, size);
    default: /* 'g': for all entries that follow; names and sizes make no sense there */
        why = pax(&global, data, size);
        if (global.has_mtime)
            t->mtime = global.mtime;
        return why;
    }
}

static bool set_name(struct tar_entry *out, const char *text, size_t len)
{
    if (len > TAR_NAME_MAX)
        return false;
    memcpy(out->name, text, len);
    out->name[len] = '\0';
    out->name_len = len;
    return true;
}

/* The name of ustar: prefix/name. */
static void ustar_name(struct tar_entry *out, const struct header *h)
{
    size_t prefix = 0, len = strnlen(h->name, sizeof(h->name));

    if (!memcmp(h->magic, "ustar", 6)) /* with the NUL: GNU's old format has other things there */
        prefix = strnlen(h->prefix, sizeof(h->prefix));
    if (prefix) {
        memcpy(out->name, h->prefix, prefix);
        out->name[prefix++] = '/';
    }
    memcpy(out->name + prefix, h->name, len);
    out->name_len = prefix + len;
    out->name[out->name_len] = '\0';
}

static bool entry_type(char type, enum tar_type *out)
{
    switch (type) {
    case '0':
    case '7': /* contiguous: as an ordinary file, says POSIX */
    case '\0':
        *out = TAR_FILE;
        return true;
    case '1':
        *out = TAR_HARDLINK;
        return true;
    case '2':
        *out = TAR_SYMLINK;
        return true;
    case '5':
        *out = TAR_DIR;
        return true;
    default:
        return false;
    }
}

static int fill(struct tar *t, const struct header *h, const struct extra *x, struct tar_entry *out)
{
    uint64_t mode, uid, gid, mtime;

    if (!entry_type(h->type, &out->type))
        return fail(t, "a type of entry that has no meaning here, such as a device");
    if (!NUMBER(h, mode, &mode) || !NUMBER(h, uid, &uid) || !NUMBER(h, gid, &gid) ||
        !NUMBER(h, mtime, &mtime) || mtime > INT64_MAX / NSEC_PER_SEC)
        return fail(t, "a field that is no number");
    out->mode = (uint32_t)mode & 07777;
    out->uid = (uint32_t)uid;
    out->gid = (uint32_t)gid;
    out->mtime = (int64_t)(mtime * NSEC_PER_SEC);
    if (x->has_mtime)
        out->mtime = x->mtime;
    else if (t->mtime >= 0)
        out->mtime = t->mtime;
    out->link = x->link ? x->link : h->linkname;
    out->link_len = x->link ? x->link_len : strnlen(h->linkname, sizeof(h->linkname));
    if (out->link_len > TAR_NAME_MAX)
        return fail(t, "the target of the link is too long");
    /* old archives: a directory is a file with a slash behind its name */
    if (out->type == TAR_FILE && out->name_len && out->name[out->name_len - 1] == '/')
        out->type = TAR_DIR;
    return 1;
}

int tar_next(struct tar *t, struct tar_entry *out)
{
    struct extra x = {.name = NULL};

    for (;;) {
        const struct header *h = (const struct header *)(const void *)(t->archive + t->at);
        const char *data = t->archive + t->at + BLOCK, *why;
        bool more;
        uint64_t size;

        t->header = t->at;
        if (!x.name)
            set_name(out, "", 0);
        /* two blocks of zeroes are the end; one, or the archive's end, will do between entries */
        if (t->at == t->size || (t->size - t->at >= BLOCK && is_zero((const char *)h)))
            return x.name || x.link || x.has_size ? fail(t, "the archive ends before the entry")
                                                  : 0;
        if (t->size - t->at < BLOCK)
            return fail(t, "the archive ends in a header");
        if (!x.name)
            ustar_name(out, h);
        if (!checksum_is_right(h))
            return fail(t, "the header's checksum is wrong");
        if (!NUMBER(h, size, &size))
            return fail(t, "the size is no number");
        more = h->type == 'L' || h->type == 'K' || h->type == 'x' || h->type == 'g';
        if (!more && x.has_size)
            size = x.size;
        if (!more && h->type >= '1' && h->type <= '6')
            size = 0; /* these have no data, whatever the field says */
        if (size > t->size - t->at - BLOCK)
            return fail(t, "the size goes beyond the archive's end");
        out->data = data;
        out->size = (size_t)size;
        t->at += BLOCK + MIN(ROUND_UP((size_t)size, BLOCK), t->size - t->at - BLOCK);
        if (!more)
            return fill(t, h, &x, out);
        why = extend(t, &x, h->type, data, (size_t)size);
        if (!why && x.name && !set_name(out, x.name, x.name_len))
            why = "the name is too long";
        if (why)
            return fail(t, why);
    }
}
