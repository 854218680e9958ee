/* SPDX-License-Identifier: MIT */
/* Random numbers of the system. */
#ifndef RINGLET_SYS_RANDOM_H
#define RINGLET_SYS_RANDOM_H

#include <sys/types.h>

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4

ssize_t getrandom(void *buf, size_t len, unsigned flags);
int getentropy(void *buf, size_t len);

#endif
