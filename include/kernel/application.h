/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel calls what it was made for. The kernel library defines this function in a member
 * of its own, which runs constructors, main() and destructors; a C library that is linked before it
 * defines another.
 */
#ifndef RINGLET_KERNEL_APPLICATION_H
#define RINGLET_KERNEL_APPLICATION_H

#include <ringlet/compiler.h>

/* argv: the words of the command line without the kernel's own; NULL-terminated, and never freed.
 * Thread context, on the stack of the first thread. Ends with domain_exit(). */
void ringlet_application(int argc, char *argv[]) RINGLET_NORETURN;

#endif
