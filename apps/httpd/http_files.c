/* SPDX-License-Identifier: MIT */
/* The files of lwIP's HTTP server (lwip/apps/fs.h, which declares none of these functions). */
#include <fcntl.h>
#include <limits.h>
#include <lwip/apps/fs.h>
#include <lwip/apps/httpd.h>
#include <string.h>
#include <unistd.h>

#include "served.h"

int fs_open_custom(struct fs_file *file, const char *name);
int fs_read_custom(struct fs_file *file, char *buffer, int count);
void fs_close_custom(struct fs_file *file);

int fs_open_custom(struct fs_file *file, const char *name)
{
    off_t size;
    int fd = served_open(name, &size);

    if (fd < 0)
        return 0;
    if (size > INT_MAX) {
        close(fd);
        return 0;
    }
    memset(file, 0, sizeof(*file));
    file->len = (int)size;
    file->pextension = (void *)(intptr_t)fd;
    file->flags = FS_FILE_FLAGS_HEADER_PERSISTENT;
    return 1;
}

int fs_read_custom(struct fs_file *file, char *buffer, int count)
{
    const ssize_t n = read((int)(intptr_t)file->pextension, buffer, (size_t)count);

    if (n <= 0)
        return FS_READ_EOF;
    file->index += (int)n;
    return (int)n;
}

void fs_close_custom(struct fs_file *file)
{
    close((int)(intptr_t)file->pextension);
}
