/* SPDX-License-Identifier: MIT */
/* What libext2fs' sources ask of a configure script: the C libraries that they are compiled with,
 * newlib and glibc, have all of these. No file of a host is opened, so nothing about mounts. */
#ifndef RINGLET_EXT4_CONFIG_H
#define RINGLET_EXT4_CONFIG_H

#define HAVE_ERRNO_H      1
#define HAVE_FCNTL_H      1
#define HAVE_INTPTR_T     1
#define HAVE_INTTYPES_H   1
#define HAVE_MEMALIGN     1
#define HAVE_MALLOC_H     1
#define HAVE_SNPRINTF     1
#define HAVE_STDARG_H     1
#define HAVE_STDINT_H     1
#define HAVE_STDLIB_H     1
#define HAVE_STRINGS_H    1
#define HAVE_STRING_H     1
#define HAVE_SYS_STAT_H   1
#define HAVE_SYS_TIME_H   1
#define HAVE_SYS_TYPES_H  1
#define HAVE_TYPE_SSIZE_T 1
#define HAVE_UNISTD_H     1
#define SIZEOF_INT        4
#define SIZEOF_LONG       8
#define SIZEOF_LONG_LONG  8
#define SIZEOF_OFF_T      8
#define SIZEOF_TIME_T     8
#define STDC_HEADERS      1

/* Errors are returned; the library prints nothing. */
#define OMIT_COM_ERR 1

#endif
