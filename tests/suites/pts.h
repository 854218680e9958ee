/* SPDX-License-Identifier: MIT */
/*
 * In front of each test of posixtestsuite, on Linux and in a guest. The tests of asynchronous I/O are
 * those of POSIX of 2001, and leave everything out where the system's POSIX is of another year.
 */
#ifndef TESTS_SUITES_PTS_H
#define TESTS_SUITES_PTS_H

#include <unistd.h>

#if _POSIX_ASYNCHRONOUS_IO > 200112L
#undef _POSIX_ASYNCHRONOUS_IO
#define _POSIX_ASYNCHRONOUS_IO 200112L
#endif

#endif
