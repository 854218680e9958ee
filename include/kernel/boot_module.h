/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_KERNEL_BOOT_MODULE_H
#define RINGLET_KERNEL_BOOT_MODULE_H

#include <ringlet/compiler.h>

/* The module that the toolstack has given the guest (ramdisk= of xl): its first byte and its length, or NULL.
 * It stays where it is. In an image that does not call this the module's memory is free. Part of the archive of
 * files. Any context. */
const void *ringlet_boot_module(size_t *bytes);

#endif
