/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_KERNEL_CMDLINE_H
#define RINGLET_KERNEL_CMDLINE_H

#include <ringlet/cmdline.h>

/* For a text that may end in the middle of a word: the offset of its last word, quotes included, or
 * its length when it ends in a blank. Any context. */
size_t cmdline_last_word(const char *text);

#endif
