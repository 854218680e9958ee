/* SPDX-License-Identifier: MIT */
/*
 * Block devices: <ringlet/blkfront.h> has Mini-OS' names, and the contract. struct blkfront_aiocb
 * has no gref[]; blkfront_queue does not exist, as callbacks come by themselves: use
 * blkfront_aio_wait() to wait for them.
 */
#ifndef MINI_OS_BLKFRONT_H
#define MINI_OS_BLKFRONT_H

#include <mini-os/types.h>
#include <mini-os/wait.h>

#include <xen/xen.h>

#include <xen/io/blkif.h>

#include <ringlet/blkfront.h>

#include <mini-os/arch_mm.h>
#include <sys/stat.h>

/*
 * A descriptor for read(), write(), lseek(), fstat() and fsync() on the device, at the descriptor's
 * position, in bytes of any number. close() shuts the device down: shutdown_blkfront() must not be
 * called then. -1 and errno.
 */
int blkfront_open(struct blkfront_dev *dev);

#endif
