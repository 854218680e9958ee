/* SPDX-License-Identifier: MIT */
/*
 * lwIP's HTTP server, for the files in the image (/rom) and in /tmp:
 *
 *     httpd [make=SIZE]     also makes /tmp/file of SIZE bytes (with k or m), and prints its SHA-256
 *
 * GET /NAME is /rom/NAME, or /tmp/NAME. Files are read while lwIP is locked, so they should not lie on
 * something slow.
 */
#include <fcntl.h>
#include <limits.h>
#include <lwip/apps/fs.h>
#include <lwip/apps/httpd.h>
#include <lwip/tcpip.h>
#include <ringlet/checksum.h>
#include <ringlet/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* lwip/apps/fs.h declares none of these */
int fs_open_custom(struct fs_file *file, const char *name);
int fs_read_custom(struct fs_file *file, char *buffer, int count);
void fs_close_custom(struct fs_file *file);

static int open_in(const char *folder, const char *name)
{
    char path[300];

    if (strstr(name, "/..") ||
        (size_t)snprintf(path, sizeof(path), "%s%s", folder, name) >= sizeof(path))
        return -1;
    return open(path, O_RDONLY);
}

int fs_open_custom(struct fs_file *file, const char *name)
{
    struct stat st;
    int fd = open_in("/rom", name);

    if (fd < 0)
        fd = open_in("/tmp", name);
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > INT_MAX) {
        close(fd);
        return 0;
    }
    memset(file, 0, sizeof(*file));
    file->len = (int)st.st_size;
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

static int make(const char *text)
{
    char *end, hex[65], block[4096];
    unsigned long size = strtoul(text, &end, 10);
    struct sha256 hash;
    FILE *f = fopen("/tmp/file", "w");

    size *= *end == 'm' ? 1048576 : *end == 'k' ? 1024 : 1;
    sha256_init(&hash);
    for (unsigned long at = 0; f && at < size; at += sizeof(block)) {
        const size_t n = size - at < sizeof(block) ? size - at : sizeof(block);

        for (size_t i = 0; i < n; i += 8)
            memcpy(block + i, &(unsigned long){(at + i) * 0x9e3779b97f4a7c15ul}, 8);
        sha256_update(&hash, block, n);
        if (fwrite(block, 1, n, f) != n)
            break;
    }
    if (!f || fclose(f)) {
        perror("httpd: /tmp/file");
        return 1;
    }
    sha256_final_hex(&hash, hex);
    printf("httpd: /tmp/file has %lu bytes, SHA-256 %s\n", size, hex);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strncmp(argv[1], "make=", 5) && make(argv[1] + 5))
        return 1;
    if (net_start())
        return 1;
    LOCK_TCPIP_CORE();
    httpd_init();
    UNLOCK_TCPIP_CORE();
    puts("httpd: a server on port 80");
    fflush(stdout);
    for (;;)
        pause();
}
