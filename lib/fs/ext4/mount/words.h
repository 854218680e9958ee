/* SPDX-License-Identifier: MIT */
/* The words mount=... of a command line, for a C library (lib/libc/start.c), in a program that has them. */
#ifndef RINGLET_EXT4_MOUNT_WORDS_H
#define RINGLET_EXT4_MOUNT_WORDS_H

#pragma redefine_extname mount_take_word ringlet_mount_take_word
#pragma redefine_extname mount_words ringlet_mount_words

/* 1: the word is one of these, and is remembered: it must stay. 0: it is another. */
int mount_take_word(char *word);
/* What is behind DISK:DIRECTORY: (NULL: nothing), as ringlet_mount's flags. -EINVAL, which is said. It is cut up. */
int mount_options(const char *disk, char *options, unsigned *flags);
/* Mounts them in their order. If one fails, which is said, the guest ends with exit status 1. */
void mount_words(void);

#endif
