/* SPDX-License-Identifier: MIT */
/* Walking through a tree of directories. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
    int (*fn)(const char *, const struct stat *, int, struct FTW *);
    int (*old_fn)(const char *, const struct stat *, int); /* ftw()'s */
    int flags;
    dev_t device; /* FTW_MOUNT */
    char path[PATH_MAX];
    size_t len;
};

/* A directory that we are in, so that a cycle of links is noticed. */
struct level {
    const struct level *above;
    dev_t dev;
    ino_t ino;
};

static int visit(struct walk *w, const struct level *above, int depth);

static int call(struct walk *w, const struct stat *st, int type, size_t base, int depth)
{
    struct FTW info = {(int)base, depth};

    return w->old_fn ? w->old_fn(w->path, st, type) : w->fn(w->path, st, type, &info);
}

static bool is_above(const struct level *level, const struct stat *st)
{
    for (; level; level = level->above)
        if (level->dev == st->st_dev && level->ino == st->st_ino)
            return true;
    return false;
}

/* Adds "/name" to the path, calls for it, and takes it away. */
static int visit_entry(struct walk *w, const char *name, const struct level *above, int depth)
{
    size_t len = w->len, n = strlen(name);
    bool slash = len && w->path[len - 1] != '/';
    int ret;

    if (!strcmp(name, ".") || !strcmp(name, ".."))
        return 0;
    if (len + slash + n >= sizeof(w->path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (slash)
        w->path[len] = '/';
    memcpy(w->path + len + slash, name, n + 1);
    w->len = len + slash + n;
    ret = visit(w, above, depth);
    w->path[len] = '\0';
    w->len = len;
    return ret;
}

static int visit_entries(struct walk *w, DIR *dir, const struct level *above, int depth)
{
    struct dirent *entry;
    int ret = 0;

    for (errno = 0; !ret && (entry = readdir(dir)); errno = 0)
        ret = visit_entry(w, entry->d_name, above, depth);
    if (!ret && errno)
        ret = -1;
    return ret;
}

static int visit_directory(struct walk *w, const struct stat *st, const struct level *above,
                           size_t base, int depth)
{
    struct level here = {above, st->st_dev, st->st_ino};
    DIR *dir = opendir(w->path);
    int ret, error;

    if (!dir)
        return errno == EACCES ? call(w, st, FTW_DNR, base, depth) : -1;
    ret = w->flags & FTW_DEPTH ? 0 : call(w, st, FTW_D, base, depth);
    if (!ret)
        ret = visit_entries(w, dir, &here, depth + 1);
    error = errno;
    closedir(dir);
    errno = error;
    if (!ret && w->flags & FTW_DEPTH)
        ret = call(w, st, FTW_DP, base, depth);
    return ret;
}

static int visit(struct walk *w, const struct level *above, int depth)
{
    const char *slash = strrchr(w->path, '/');
    size_t base = slash && slash[1] ? (size_t)(slash + 1 - w->path) : 0;
    bool physical = w->flags & FTW_PHYS;
    struct stat st;

    if (physical ? lstat(w->path, &st) : stat(w->path, &st)) {
        if (errno != ENOENT && errno != EACCES && errno != ELOOP)
            return -1;
        if (!physical && !lstat(w->path, &st))
            return call(w, &st, FTW_SLN, base, depth);
        return depth ? call(w, &st, FTW_NS, base, depth) : -1;
    }
    if (!above)
        w->device = st.st_dev;
    if (w->flags & FTW_MOUNT && st.st_dev != w->device)
        return 0;
    if (S_ISLNK(st.st_mode))
        return call(w, &st, FTW_SL, base, depth);
    if (!S_ISDIR(st.st_mode))
        return call(w, &st, FTW_F, base, depth);
    return is_above(above, &st) ? 0 : visit_directory(w, &st, above, base, depth);
}

static int walk(const char *path, struct walk *w)
{
    size_t len = strlen(path);

    if (!len || len >= sizeof(w->path)) {
        errno = len ? ENAMETOOLONG : ENOENT;
        return -1;
    }
    while (len > 1 && path[len - 1] == '/')
        len--;
    memcpy(w->path, path, len);
    w->path[len] = '\0';
    w->len = len;
    return visit(w, NULL, 0);
}

/* One of the two functions is NULL. */
static int start(const char *path, int (*fn)(const char *, const struct stat *, int, struct FTW *),
                 int (*old_fn)(const char *, const struct stat *, int), int flags)
{
    struct walk *w = malloc(sizeof(*w)); /* too much for a small stack */
    int ret;

    if (!w)
        return -1;
    *w = (struct walk){.fn = fn, .old_fn = old_fn, .flags = flags};
    ret = walk(path, w);
    free(w);
    return ret;
}

/* FTW_CHDIR is refused rather than ignored. depth, the number of descriptors, is not looked at. */
int nftw(const char *path, int (*fn)(const char *, const struct stat *, int, struct FTW *),
         int depth, int flags)
{
    if (depth < 1 || flags & ~(FTW_PHYS | FTW_MOUNT | FTW_DEPTH)) {
        errno = EINVAL;
        return -1;
    }
    return start(path, fn, NULL, flags);
}

int ftw(const char *path, int (*fn)(const char *, const struct stat *, int), int depth)
{
    if (depth < 1) {
        errno = EINVAL;
        return -1;
    }
    return start(path, NULL, fn, 0);
}
