/* SPDX-License-Identifier: MIT */
/* Requests to terminals and disks; those of disks are also in <linux/fs.h>. Numbers are Linux'. */
#ifndef RINGLET_SYS_IOCTL_H
#define RINGLET_SYS_IOCTL_H

#include <sys/cdefs.h>

#define TCGETS     0x5401 /* for programs that only compare: use tcgetattr() */
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCINQ    0x541b
#define FIONREAD   0x541b
#define FIONBIO    0x5421
#define FIONCLEX   0x5450
#define FIOCLEX    0x5451

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

int ioctl(int fd, unsigned long request, ...);

#endif
