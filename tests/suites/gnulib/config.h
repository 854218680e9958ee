/* SPDX-License-Identifier: MIT */
/*
 * The config.h of gnulib's tests: what its macros are with gcc, and nothing that replaces a function
 * of the C library.
 */
#ifndef TESTS_SUITES_GNULIB_CONFIG_H
#define TESTS_SUITES_GNULIB_CONFIG_H

#include <stdbool.h>

#define _GL_CONFIG_H_INCLUDED 1
#define _GL_UNUSED            __attribute__((__unused__))
#define _GL_INLINE            static inline
#define _GL_INLINE_HEADER_BEGIN
#define _GL_INLINE_HEADER_END
#define _GL_ARG_NONNULL(which)
#define _GL_ATTRIBUTE_CONST
#define _GL_ATTRIBUTE_DEALLOC(free, which)
#define _GL_ATTRIBUTE_DEALLOC_FREE
#define _GL_ATTRIBUTE_DEPRECATED
#define _GL_ATTRIBUTE_FORMAT(spec)
#define _GL_ATTRIBUTE_MALLOC
#define _GL_ATTRIBUTE_MAYBE_UNUSED
#define _GL_ATTRIBUTE_NODISCARD
#define _GL_ATTRIBUTE_NONNULL(which)
#define _GL_ATTRIBUTE_NOTHROW
#define _GL_ATTRIBUTE_PURE
#define _GL_ATTRIBUTE_RETURNS_NONNULL

#define HAVE_ISNANF_IN_LIBC 1
#define HAVE_ISNAND_IN_LIBC 1
#define HAVE_ISNANL_IN_LIBC 1

#endif
