/* SPDX-License-Identifier: MIT */
/* Names of error numbers, and the translation of Xen's numbers to ours. */
#include <kernel/errno.h>
#include <ringlet/compiler.h>

#define XEN_ERROR_MAX 4095 /* beyond it a negative result is no error (Xen's IS_ERR_VALUE) */

static const struct {
    short err;
    char name[16];
} names[] = {
#define NAME(name, number) {name, #name},
    RINGLET_ERRNO_LIST(NAME)
#undef NAME
};

const char *errno_name(int err)
{
    unsigned number = err < 0 ? -(unsigned)err : (unsigned)err;

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if ((unsigned)names[i].err == number)
            return names[i].name;
    return "E?";
}

#if !__STDC_HOSTED__
#define SAME(name, number) _Static_assert((name) == (number), #name " is newlib's");
RINGLET_ERRNO_LIST(SAME)
#undef SAME
#endif

#ifndef EDEADLOCK /* one of Xen's names; ours is EDEADLK */
#define EDEADLOCK EDEADLK
#endif

/* By Xen's number. EWOULDBLOCK and EDEADLOCK are second names of numbers in the list. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const uint8_t ours[] = {
/* clang-format off: the list brings its own commas */
#define XEN_ERRNO(name, value) [value] = (uint8_t)name,
#include <xen/errno.h>
    /* clang-format on */
};
#pragma GCC diagnostic pop

long xen_error(long result)
{
    if (result >= 0 || result < -XEN_ERROR_MAX)
        return result;
    if ((unsigned long)-result >= ARRAY_SIZE(ours) || !ours[-result])
        return -EIO;
    return -(long)ours[-result];
}
