/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_KERNEL_H
#define MINI_OS_KERNEL_H

#define MAX_CMDLINE_SIZE 1024

/* The words of the command line with blanks between, for a program with app_main(); one with main()
 * has argv instead. Cut at its size. */
extern char cmdline[MAX_CMDLINE_SIZE];

/* Ends the domain as crashed, after a backtrace. */
void do_exit(void) __attribute__((noreturn));
/* Closes files and devices, and powers the domain off. */
void stop_kernel(void) __attribute__((noreturn));

/* The application. */
int app_main(void *unused);

#endif
