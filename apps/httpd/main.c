/* SPDX-License-Identifier: MIT */
/*
 * lwIP's HTTP server, for the files in the image (/rom), on a disk that is mounted at /data, and in /tmp:
 *
 *     httpd [root=FOLDER] [make=SIZE]
 *
 * root= serves another folder instead. make= also makes /tmp/file of SIZE bytes (with k or m), and
 * prints its SHA-256. GET /NAME is /rom/NAME, or /data/NAME, or /tmp/NAME. Files are read while lwIP
 * is locked: while a disk is read, nothing else of the network goes on.
 */
#include <lwip/apps/httpd.h>
#include <lwip/tcpip.h>
#include <ringlet/checksum.h>
#include <ringlet/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "served.h"

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
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "root=", 5))
            served_root(argv[i] + 5);
        else if (!strncmp(argv[i], "make=", 5) && make(argv[i] + 5))
            return 1;
    }
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
