/* SPDX-License-Identifier: MIT */
/* lwIP's TFTP server, for the files of served.h. */
#ifndef TFTPD_TFTP_FILES_H
#define TFTPD_TFTP_FILES_H

/*
 * Starts the server on port 69; the stack runs. `upload`: the folder to put what clients write into, or
 * NULL: they write nothing. The text is kept. 0, or -ENOMEM.
 */
int tftp_files_start(const char *upload);

#endif
