/* SPDX-License-Identifier: MIT */
#include "random_files.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 48 /* of files, in DIRS directories */
#define DIRS  5
#define FILES 64
#define PATH  128
#define SLOT  "d%u/name-%u-of-a-file-with-a-somewhat-long-name"
#define MOST  (64u << 10) /* bytes of one write */
#define KINDS 16

struct model_file {
    bool used;
    unsigned changes; /* the operation that was the last to change it or its names, or to try */
    unsigned links;
    uint8_t *data;
    uint32_t size;
    void *open; /* or NULL */
};

struct random_state {
    const struct random_calls *c;
    const char *root;
    uint64_t random;
    uint32_t size_max;
    struct model_file file[FILES];
    int name[NAMES]; /* the file, -1: none, -2 - n: a link with n bytes of target */
    bool dir[DIRS];
    unsigned done, refused;
    uint8_t buf[MOST], other[MOST];
};

static uint32_t next(struct random_state *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (uint32_t)(s->random >> 11);
}

static int differs(struct random_state *s, const char *format, ...)
{
    va_list args;

    printf("# operation %u: ", s->done);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    return 1;
}

static unsigned dir_of(int name)
{
    return (unsigned)name % DIRS;
}

static const char *path_of(struct random_state *s, int name, char path[PATH])
{
    snprintf(path, PATH, "%s/" SLOT, s->root, dir_of(name), (unsigned)name);
    return path;
}

static const char *dir_path(struct random_state *s, unsigned dir, char path[PATH])
{
    snprintf(path, PATH, "%s/d%u", s->root, dir);
    return path;
}

struct random_state *random_begin(const struct random_calls *calls, const char *root, uint64_t seed,
                                  uint32_t size_max)
{
    struct random_state *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->c = calls;
    s->root = root;
    s->random = seed * 0x9e3779b97f4a7c15ull + 1;
    s->size_max = size_max;
    for (int i = 0; i < NAMES; i++)
        s->name[i] = -1;
    for (int i = 0; i < FILES; i++)
        s->file[i].data = calloc(1, size_max);
    return s;
}

void random_end(struct random_state *s)
{
    for (int i = 0; i < FILES; i++)
        free(s->file[i].data);
    free(s);
}

unsigned random_refused(const struct random_state *s)
{
    return s->refused;
}

/* Whether an operation was done; if there was no room, which is right, it has changed nothing. */
static bool is_done(struct random_state *s, int64_t ret, int *failed, const char *what)
{
    *failed = 0;
    if (ret == s->c->no_space) {
        s->refused++;
        return false;
    }
    if (ret < 0)
        *failed = differs(s, "%s: error %d", what, (int)-ret);
    return ret >= 0;
}

static void forget_if_unused(struct model_file *f)
{
    if (!f->links && !f->open)
        f->used = false;
}

static int close_file(struct random_state *s, struct model_file *f)
{
    int ret = f->open ? s->c->close(f->open) : 0;

    f->open = NULL;
    forget_if_unused(f);
    return ret ? differs(s, "close: error %d", -ret) : 0;
}

static int create(struct random_state *s, int name)
{
    char path[PATH];
    struct model_file *f;
    int at = 0, failed, ret;

    while (at < FILES && s->file[at].used)
        at++;
    if (at == FILES)
        return 0;
    f = &s->file[at];
    ret = s->c->open(path_of(s, name, path), true, &f->open);
    if (!is_done(s, ret, &failed, path)) {
        f->open = NULL;
        return failed;
    }
    f->used = true;
    f->changes = s->done;
    f->links = 1;
    f->size = 0;
    memset(f->data, 0, s->size_max);
    s->name[name] = at;
    return 0;
}

static int need_open(struct random_state *s, int name)
{
    struct model_file *f = &s->file[s->name[name]];
    char path[PATH];
    int ret;

    if (f->open)
        return 0;
    ret = s->c->open(path_of(s, name, path), false, &f->open);
    return ret ? differs(s, "%s: open: error %d", path, -ret) : 0;
}

static int write_file(struct random_state *s, struct model_file *f, bool append)
{
    uint32_t len = 1 + next(s) % (next(s) % 3 ? 6000 : MOST), at = next(s) % s->size_max;
    int64_t ret;
    int failed;

    f->changes = s->done;
    if (append)
        at = f->size;
    if (next(s) % 4 == 0)
        at &= ~4095u;
    if (at >= s->size_max)
        return 0;
    if (len > s->size_max - at)
        len = s->size_max - at;
    for (uint32_t i = 0; i < len; i++)
        s->buf[i] = (uint8_t)(s->done * 31 + i * 7 + (i >> 9) + 1);
    ret = s->c->write(f->open, s->buf, len, at);
    if (!is_done(s, ret, &failed, "write"))
        return failed;
    if (ret == 0 || ret > len)
        return differs(s, "write of %u: %d", len, (int)ret);
    s->refused += ret < len;
    memcpy(f->data + at, s->buf, (size_t)ret);
    if (at + (uint32_t)ret > f->size)
        f->size = at + (uint32_t)ret;
    return 0;
}

static int compare(struct random_state *s, struct model_file *f, uint32_t at, uint32_t len)
{
    uint32_t want = at >= f->size ? 0 : f->size - at < len ? f->size - at : len;
    int64_t ret;

    memset(s->other, 0x5a, sizeof(s->other));
    ret = s->c->read(f->open, s->other, len, at);
    if (ret != want)
        return differs(s, "read of %u at %u in file %d of %u: %d instead of %u", len, at,
                       (int)(f - s->file), f->size, (int)ret, want);
    for (uint32_t i = 0; i < want; i++)
        if (s->other[i] != f->data[at + i])
            return differs(s, "file %d of %u: byte %u is %02x instead of %02x", (int)(f - s->file),
                           f->size, at + i, s->other[i], f->data[at + i]);
    return 0;
}

static int read_file(struct random_state *s, struct model_file *f)
{
    return compare(s, f, next(s) % s->size_max, 1 + next(s) % MOST);
}

static int truncate_file(struct random_state *s, struct model_file *f)
{
    uint32_t size = next(s) % 4 ? next(s) % (s->size_max + 1) : f->size - f->size % 4096;
    int failed, ret = s->c->truncate(f->open, size);

    f->changes = s->done;
    if (!is_done(s, ret, &failed, "truncate"))
        return failed;
    if (size < f->size)
        memset(f->data + size, 0, f->size - size);
    f->size = size;
    return 0;
}

static int allocate_file(struct random_state *s, struct model_file *f)
{
    int mode = (int)(next(s) % 4), failed, ret;
    uint32_t at = next(s) % s->size_max, len = 1 + next(s) % (s->size_max - at);

    f->changes = s->done;
    ret = s->c->allocate(f->open, mode, at, len);
    if (ret == s->c->unsupported)
        return 0;
    if (!is_done(s, ret, &failed, "allocate"))
        return failed;
    if (mode >= 2 && at < f->size)
        memset(f->data + at, 0, at + len < f->size ? len : f->size - at);
    if (mode == 0 && at + len > f->size)
        f->size = at + len;
    return 0;
}

static void drop_name(struct random_state *s, int name)
{
    if (s->name[name] >= 0) {
        struct model_file *f = &s->file[s->name[name]];

        f->links--;
        f->changes = s->done;
        forget_if_unused(f);
    }
    s->name[name] = -1;
}

static int unlink_name(struct random_state *s, int name)
{
    char path[PATH];
    int failed, ret = s->c->unlink(path_of(s, name, path));

    if (!is_done(s, ret, &failed, path))
        return failed;
    drop_name(s, name);
    return 0;
}

static int rename_name(struct random_state *s, int from, int to)
{
    char a[PATH], b[PATH];
    int failed, ret;

    if (from == to)
        return 0;
    ret = s->c->rename(path_of(s, from, a), path_of(s, to, b));
    if (!is_done(s, ret, &failed, "rename"))
        return failed;
    if (s->name[from] >= 0 && s->name[from] == s->name[to])
        return 0; /* both stay */
    drop_name(s, to);
    if (s->name[from] >= 0)
        s->file[s->name[from]].changes = s->done;
    s->name[to] = s->name[from];
    s->name[from] = -1;
    return 0;
}

static int link_name(struct random_state *s, int from, int to)
{
    char a[PATH], b[PATH];
    int failed, ret = s->c->link(path_of(s, from, a), path_of(s, to, b));

    if (!is_done(s, ret, &failed, "link"))
        return failed;
    s->name[to] = s->name[from];
    s->file[s->name[to]].links++;
    s->file[s->name[to]].changes = s->done;
    return 0;
}

static void target_of(unsigned len, char *target)
{
    for (unsigned i = 0; i < len; i++)
        target[i] = (char)('a' + i % 26);
    target[len] = '\0';
}

static int symlink_name(struct random_state *s, int name)
{
    unsigned len = 1 + next(s) % (next(s) % 2 ? 70 : 900);
    char path[PATH], target[1024];
    int failed, ret;

    target_of(len, target);
    ret = s->c->symlink(target, path_of(s, name, path));
    if (!is_done(s, ret, &failed, "symlink"))
        return failed;
    s->name[name] = -2 - (int)len;
    return 0;
}

static int compare_link(struct random_state *s, int name)
{
    char path[PATH], target[1024], found[1024];
    unsigned len = (unsigned)(-2 - s->name[name]);
    int ret = s->c->readlink(path_of(s, name, path), found, sizeof(found));

    target_of(len, target);
    return ret == (int)len && !memcmp(found, target, len)
               ? 0
               : differs(s, "%s: readlink: %d instead of %u", path, ret, len);
}

static unsigned names_in(const struct random_state *s, unsigned dir)
{
    unsigned n = 0;

    for (int i = 0; i < NAMES; i++)
        n += dir_of(i) == dir && s->name[i] != -1;
    return n;
}

/* A directory is made, or removed if it is empty. */
static int change_dir(struct random_state *s, unsigned dir)
{
    char path[PATH];
    int failed, ret;

    dir_path(s, dir, path);
    if (!s->dir[dir]) {
        if (!is_done(s, s->c->mkdir(path), &failed, "mkdir"))
            return failed;
        s->dir[dir] = true;
        return 0;
    }
    ret = s->c->rmdir(path);
    if (names_in(s, dir))
        return ret == s->c->not_empty ? 0 : differs(s, "rmdir of a full directory: %d", ret);
    if (ret)
        return differs(s, "rmdir: error %d", -ret);
    s->dir[dir] = false;
    return 0;
}

/* On a file that is open, with or without names. */
static int on_open(struct random_state *s, struct model_file *f, unsigned kind)
{
    int ret;

    switch (kind) {
    case 0:
    case 1:
    case 2:
        return write_file(s, f, false);
    case 3:
        return write_file(s, f, true);
    case 4:
    case 5:
        return read_file(s, f);
    case 6:
        return truncate_file(s, f);
    case 7:
    case 10:
        return allocate_file(s, f);
    case 8:
        ret = s->c->sync(f->open);
        return ret ? differs(s, "fsync: error %d", -ret) : 0;
    case 9:
        return close_file(s, f);
    default:
        return 0;
    }
}

static int on_name(struct random_state *s, int name, unsigned kind)
{
    int ret = need_open(s, name);

    return ret ? ret : on_open(s, &s->file[s->name[name]], kind);
}

static int one(struct random_state *s)
{
    int a = (int)(next(s) % NAMES), b = (int)(next(s) % NAMES);
    unsigned kind = next(s) % KINDS;
    struct model_file *f = &s->file[next(s) % FILES];

    if (f->open && (!f->links || next(s) % 4 == 0))
        return on_open(s, f, kind);
    if (!s->dir[dir_of(a)] || next(s) % 97 == 0)
        return change_dir(s, dir_of(a));
    if (s->name[a] == -1)
        return next(s) % 8 ? create(s, a) : symlink_name(s, a);
    if (kind == 11)
        return unlink_name(s, a);
    if (kind >= 12 && !s->dir[dir_of(b)])
        return 0;
    if (kind == 12 || kind == 13)
        return rename_name(s, a, b);
    if (s->name[a] < -1)
        return compare_link(s, a);
    if (kind >= 14)
        return s->name[b] == -1 ? link_name(s, a, b) : 0;
    return on_name(s, a, kind);
}

int random_run(struct random_state *s, unsigned count)
{
    while (count--) {
        s->done++;
        if (one(s))
            return 1;
    }
    return 0;
}

static int compare_file(struct random_state *s, int name)
{
    struct model_file *f = &s->file[s->name[name]];
    unsigned links = 0;
    int64_t size;
    int ret = need_open(s, name);

    if (ret)
        return ret;
    size = s->c->size(f->open, &links);
    if (size != f->size || links != f->links)
        return differs(s, "file %d: %d bytes instead of %u, %u links instead of %u", s->name[name],
                       (int)size, f->size, links, f->links);
    for (uint32_t at = 0; at < f->size && !ret; at += MOST)
        ret = compare(s, f, at, MOST);
    return ret;
}

int random_compare(struct random_state *s)
{
    char path[PATH];

    for (int i = 0; i < NAMES; i++)
        if (s->name[i] >= 0 ? compare_file(s, i) : s->name[i] < -1 && compare_link(s, i))
            return 1;
    for (unsigned i = 0; i < DIRS; i++) {
        int n = s->dir[i] ? s->c->entries(dir_path(s, i, path)) : 0;

        if (s->dir[i] && n != (int)names_in(s, i))
            return differs(s, "%s: %d entries instead of %u", path, n, names_in(s, i));
    }
    return 0;
}

int random_close_all(struct random_state *s)
{
    for (int i = 0; i < FILES; i++)
        if (close_file(s, &s->file[i]))
            return 1;
    return 0;
}

struct random_state *random_copy(const struct random_state *s)
{
    struct random_state *copy = malloc(sizeof(*copy));

    if (!copy)
        return NULL;
    *copy = *s;
    for (int i = 0; i < FILES; i++) {
        copy->file[i].open = NULL;
        copy->file[i].data = malloc(s->size_max);
        if (s->file[i].used) /* of others it is set when they are created */
            memcpy(copy->file[i].data, s->file[i].data, s->size_max);
    }
    return copy;
}

static bool is_common(const struct random_state *a, const struct random_state *b, int name)
{
    int at = a->name[name];
    const struct model_file *f, *g;

    if (at < 0 || at != b->name[name])
        return false;
    f = &a->file[at];
    g = &b->file[at];
    return f->changes == g->changes;
}

int random_compare_common(const struct random_state *before, const struct random_state *after,
                          const char *root)
{
    struct random_state *s = malloc(sizeof(*s));
    int common = 0, ret = 0;

    if (!s)
        return -1;
    *s = *before; /* the content of files is only read */
    for (int i = 0; i < FILES; i++)
        s->file[i].open = NULL;
    s->root = root;
    for (int i = 0; i < NAMES && !ret; i++) {
        if (!is_common(before, after, i))
            continue;
        common++;
        ret = compare_file(s, i);
    }
    for (int i = 0; i < FILES; i++)
        if (s->file[i].open)
            s->c->close(s->file[i].open);
    free(s);
    return ret ? -1 : common;
}
