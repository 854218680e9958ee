/* SPDX-License-Identifier: MIT */
/* Reading directories. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

struct __dirstream {
    int fd;
    struct file *file; /* with a reference: readdir() takes no descriptor */
    struct dirent entry;
};

DIR *fdopendir(int fd)
{
    struct file *f = fd_get(fd);
    DIR *dir;

    if (!f || !f->ops->readdir) {
        file_put(f);
        errno = f ? ENOTDIR : EBADF;
        return NULL;
    }
    dir = malloc(sizeof(*dir));
    if (!dir) {
        file_put(f);
        errno = ENOMEM;
        return NULL;
    }
    dir->fd = fd;
    dir->file = f;
    return dir;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir;

    if (fd < 0)
        return NULL;
    dir = fdopendir(fd);
    if (!dir)
        close(fd);
    return dir;
}

int fdclosedir(DIR *dir)
{
    int fd = dir->fd;

    file_put(dir->file);
    free(dir);
    return fd;
}

int closedir(DIR *dir)
{
    return close(fdclosedir(dir));
}

int dirfd(DIR *dir)
{
    return dir->fd;
}

/* 1, 0 at the end, -errno. */
static int next_entry(DIR *dir, struct dirent *out)
{
    struct file_dirent entry;
    int ret = file_readdir(dir->file, &entry);

    if (ret <= 0)
        return ret;
    out->d_ino = entry.ino;
    out->d_off = entry.next;
    out->d_reclen = sizeof(*out);
    out->d_type = entry.type;
    memcpy(out->d_name, entry.name, (size_t)entry.name_len + 1);
    return 1;
}

struct dirent *readdir(DIR *dir)
{
    int ret = next_entry(dir, &dir->entry);

    if (ret < 0)
        errno = -ret;
    return ret > 0 ? &dir->entry : NULL;
}

int readdir_r(DIR *restrict dir, struct dirent *restrict entry, struct dirent **restrict out)
{
    int ret = next_entry(dir, entry);

    *out = ret > 0 ? entry : NULL;
    return ret < 0 ? -ret : 0;
}

long telldir(DIR *dir)
{
    return (long)file_seek(dir->file, 0, SEEK_CUR);
}

void seekdir(DIR *dir, long position)
{
    file_seek(dir->file, position, SEEK_SET);
}

void rewinddir(DIR *dir)
{
    seekdir(dir, 0);
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}

int versionsort(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static void free_entries(struct dirent **entries, size_t n)
{
    while (n)
        free(entries[--n]);
    free(entries);
}

/* Appends a copy of the entry; 0 or -1 with errno. */
static int add_entry(struct dirent ***entries, size_t *n, const struct dirent *entry)
{
    struct dirent **grown = reallocarray(*entries, *n + 1, sizeof(*grown));

    if (!grown)
        return -1;
    *entries = grown;
    grown[*n] = malloc(sizeof(*entry));
    if (!grown[*n])
        return -1;
    *grown[(*n)++] = *entry;
    return 0;
}

static int scan(DIR *dir, struct dirent ***out, int (*select)(const struct dirent *),
                int (*compare)(const struct dirent **, const struct dirent **))
{
    struct dirent **entries = malloc(sizeof(struct dirent *));
    struct dirent *entry;
    size_t n = 0;

    if (!entries)
        return -1;
    for (errno = 0; (entry = readdir(dir)); errno = 0) {
        if (select && !select(entry))
            continue;
        if (add_entry(&entries, &n, entry))
            break;
    }
    if (errno) {
        free_entries(entries, n);
        return -1;
    }
    if (compare)
        qsort(entries, n, sizeof(struct dirent *),
              (int (*)(const void *, const void *))(void (*)(void))compare);
    *out = entries;
    return (int)n;
}

int scandirat(int fd, const char *path, struct dirent ***out, int (*select)(const struct dirent *),
              int (*compare)(const struct dirent **, const struct dirent **))
{
    int opened = openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = opened < 0 ? NULL : fdopendir(opened);
    int n, error = errno;

    if (!dir) {
        error = errno;
        if (opened >= 0)
            close(opened);
        errno = error;
        return -1;
    }
    n = scan(dir, out, select, compare);
    if (n >= 0)
        errno = error; /* as it was before */
    error = errno;
    closedir(dir);
    errno = error;
    return n;
}

int scandir(const char *path, struct dirent ***out, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    return scandirat(AT_FDCWD, path, out, select, compare);
}
