/* SPDX-License-Identifier: MIT */
/* The current directory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fs/path.h"
#include "posix.h"

int chdir(const char *path)
{
    return (int)posix_result(path ? path_chdir(NULL, path) : -EFAULT);
}

int fchdir(int fd)
{
    struct node *dir;
    int ret = fd_directory(fd, &dir);

    if (!ret && dir) {
        ret = path_chdir_node(dir);
        node_put(dir);
    }
    return (int)posix_result(ret);
}

/* No buffer: one of malloc()'s, of the given size or, for 0, of as much as is needed. */
char *getcwd(char *buf, size_t size)
{
    char path[PATH_LEN_MAX];
    size_t needed;
    int ret;

    if (buf && !size) {
        errno = EINVAL;
        return NULL;
    }
    ret = path_getcwd(path, sizeof(path));
    needed = strlen(path) + 1;
    if (!ret && size && needed > size)
        ret = -ERANGE;
    if (posix_result(ret))
        return NULL;
    if (!buf)
        buf = malloc(size ? size : needed);
    return buf ? memcpy(buf, path, needed) : NULL;
}

char *get_current_dir_name(void)
{
    return getcwd(NULL, 0);
}

char *getwd(char *buf)
{
    return getcwd(buf, PATH_LEN_MAX);
}
