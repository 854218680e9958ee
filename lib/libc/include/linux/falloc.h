/* SPDX-License-Identifier: MIT */
/* FALLOC_FL_*, the modes of fallocate(), are in fcntl.h. */
#ifndef RINGLET_LINUX_FALLOC_H
#define RINGLET_LINUX_FALLOC_H

#include <fcntl.h>

#endif
