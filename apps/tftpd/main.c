/* SPDX-License-Identifier: MIT */
/*
 * lwIP's TFTP server, for the files in the image (/rom), on a disk that is mounted at /data, and in /tmp:
 *
 *     tftpd [root=FOLDER] [write=FOLDER] [http=1]
 *
 * root= serves another folder instead. Clients may write only with write=, into that folder: they make
 * files there, and replace them. http=1 serves the same files by HTTP on port 80, too: what machines
 * that boot from the network ask for. One transfer at a time; other clients wait.
 */
#include <lwip/apps/httpd.h>
#include <lwip/tcpip.h>
#include <ringlet/net.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/httpd/served.h"
#include "tftp_files.h"

int main(int argc, char **argv)
{
    const char *upload = NULL;
    int http = 0;

    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "root=", 5)) {
            served_root(argv[i] + 5);
        } else if (!strncmp(argv[i], "write=", 6)) {
            upload = argv[i] + 6;
        } else if (!strcmp(argv[i], "http=1")) {
            http = 1;
        } else {
            fprintf(stderr, "tftpd: %s: not root=FOLDER, write=FOLDER or http=1\n", argv[i]);
            return 2;
        }
    }
    if (net_start() || tftp_files_start(upload))
        return 1;
    puts("tftpd: a server on port 69");
    if (http) {
        LOCK_TCPIP_CORE();
        httpd_init();
        UNLOCK_TCPIP_CORE();
        puts("tftpd: HTTP on port 80");
    }
    fflush(stdout);
    for (;;)
        pause();
}
