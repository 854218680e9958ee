/* SPDX-License-Identifier: MIT */
#include "served.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOTS 3

static const char *roots[ROOTS] = {"/rom", "/data", "/tmp"};

void served_root(const char *folder)
{
    roots[0] = folder;
    for (int i = 1; i < ROOTS; i++)
        roots[i] = NULL;
}

/* Is one of the parts between slashes ".."? */
static int leads_out(const char *name)
{
    for (const char *at = name; at; at = strchr(at, '/')) {
        at += strspn(at, "/");
        if (!strncmp(at, "..", 2) && (at[2] == '/' || at[2] == '\0'))
            return 1;
    }
    return 0;
}

int served_path(const char *folder, const char *name, char *path, size_t path_size)
{
    if (leads_out(name))
        return -EACCES;
    name += strspn(name, "/");
    return (size_t)snprintf(path, path_size, "%s/%s", folder, name) < path_size ? 0 : -ENAMETOOLONG;
}

static int open_in(const char *folder, const char *name, off_t *size)
{
    char path[300];
    struct stat st;
    int fd, ret = served_path(folder, name, path, sizeof(path));

    if (ret)
        return ret;
    fd = open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return -ENOENT;
    }
    *size = st.st_size;
    return fd;
}

int served_open(const char *name, off_t *size)
{
    int fd = -ENOENT;

    for (int i = 0; fd == -ENOENT && i < ROOTS && roots[i]; i++)
        fd = open_in(roots[i], name, size);
    return fd;
}
