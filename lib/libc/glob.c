/* SPDX-License-Identifier: MIT */
/* newlib's glob() succeeds when nothing matches, for which POSIX has GLOB_NOMATCH, and takes \ as any
 * other character unless it is asked. */
#include <glob.h>

int newlib_glob(const char *restrict pattern, int flags, int (*on_error)(const char *, int),
                glob_t *restrict out);

int glob(const char *restrict pattern, int flags, int (*on_error)(const char *, int),
         glob_t *restrict out)
{
    int before = flags & GLOB_APPEND ? out->gl_pathc : 0;
    int ret =
        newlib_glob(pattern, flags & GLOB_NOESCAPE ? flags : flags | GLOB_QUOTE, on_error, out);

    return !ret && out->gl_pathc == before ? GLOB_NOMATCH : ret;
}
