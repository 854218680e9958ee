/* SPDX-License-Identifier: MIT */
/*
 * Counts what a program's machine code loads and stores in one page, byte by byte: the page is
 * inaccessible while it is watched, so that every access faults; the instruction then runs alone,
 * single-stepped, with the page open.
 */
#ifndef RINGLET_TESTS_WATCH_PAGE_H
#define RINGLET_TESTS_WATCH_PAGE_H

#include <ringlet/compiler.h>

/* How often each byte was loaded and stored since watch_begin; an instruction that does both (an
 * add to memory) counts as both. */
extern unsigned watch_loads[PAGE_SIZE], watch_stores[PAGE_SIZE];

/* Puts a page of shared memory in the place of page, with its content, and returns where else it
 * can be reached without being counted. */
void *watch_page(void *page);
void watch_begin(void);
void watch_end(void);

/* Sums over the bytes at..at+n. */
unsigned watch_sum(const unsigned *counts, size_t at, size_t n);
unsigned watch_max(const unsigned *counts, size_t at, size_t n);

#endif
