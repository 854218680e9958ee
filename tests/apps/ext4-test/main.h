/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_TESTS_EXT4_TEST_MAIN_H
#define RINGLET_TESTS_EXT4_TEST_MAIN_H

#include <stdbool.h>
#include <stdint.h>

/* 0: at least `count` files are in SUMS, and all are as it says. */
int check_files(const char *dir, unsigned count);
int random_files(const char *dir, uint64_t seed, unsigned count);

#endif
