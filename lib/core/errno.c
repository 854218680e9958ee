/* SPDX-License-Identifier: MIT */
/* Names of error numbers: those of Xen's list, and what it lacks of Linux'. */
#include <ringlet/compiler.h>
#include <ringlet/errno.h>

static const struct {
    short err;
    char name[14];
} names[] = {
/* clang-format off: the list brings its own commas */
#define XEN_ERRNO(name, value) {value, #name},
#include <xen/errno.h>
    /* clang-format on */
    {EINTR, "EINTR"},       {EPROTO, "EPROTO"},       {ESHUTDOWN, "ESHUTDOWN"},
    {EALREADY, "EALREADY"}, {ECANCELED, "ECANCELED"},
};

const char *errno_name(int err)
{
    unsigned number = err < 0 ? -(unsigned)err : (unsigned)err;

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if ((unsigned)names[i].err == number)
            return names[i].name;
    return "E?";
}
