/* SPDX-License-Identifier: MIT */
/*
 * Counts the loads and stores of a program's machine code in one page, byte by byte: the page is
 * inaccessible while it is watched, so that each access faults; the instruction is then
 * single-stepped with the page open.
 */
#ifndef RINGLET_TESTS_WATCH_PAGE_H
#define RINGLET_TESTS_WATCH_PAGE_H

#include <ringlet/compiler.h>

/* The number of loads and stores of each byte since watch_begin; an instruction that does both
 * (an add to memory) counts as both. */
extern unsigned watch_loads[PAGE_SIZE], watch_stores[PAGE_SIZE];

/* Replaces page by a page of shared memory with its content, and returns an address of it that
 * is not watched. */
void *watch_page(void *page);
void watch_begin(void);
void watch_end(void);

/* Sums over the bytes at..at+n. */
unsigned watch_sum(const unsigned *counts, size_t at, size_t n);
unsigned watch_max(const unsigned *counts, size_t at, size_t n);

#endif
