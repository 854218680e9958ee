/* SPDX-License-Identifier: MIT */
/* Names of error numbers. */
#include <ringlet/compiler.h>
#include <ringlet/errno.h>

#define E(name)     \
    {               \
        name, #name \
    }

static const struct {
    short err;
    char name[14];
} names[] = {
    E(EPERM),     E(ENOENT),   E(EINTR),     E(EIO),        E(ENXIO),   E(E2BIG),    E(EAGAIN),
    E(ENOMEM),    E(EACCES),   E(EFAULT),    E(EBUSY),      E(EEXIST),  E(ENODEV),   E(EISDIR),
    E(EINVAL),    E(ENOSPC),   E(EROFS),     E(ERANGE),     E(EDEADLK), E(ENOSYS),   E(ENOTEMPTY),
    E(EPROTO),    E(EBADMSG),  E(EOVERFLOW), E(EOPNOTSUPP), E(EISCONN), E(ENOTCONN), E(ESHUTDOWN),
    E(ETIMEDOUT), E(EALREADY), E(ECANCELED),
};

const char *errno_name(int err)
{
    if (err < 0)
        err = -err;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].err == err)
            return names[i].name;
    return "E?";
}
