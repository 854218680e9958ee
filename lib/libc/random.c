/* SPDX-License-Identifier: MIT */
/* Random numbers of the system; newlib's arc4random() is seeded by them. */
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/fs/random.h"
#include "posix.h"

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
    if (flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
        return posix_result(-EINVAL);
    random_bytes(buf, len);
    return (ssize_t)len;
}

int getentropy(void *buf, size_t len)
{
    if (len > 256)
        return (int)posix_result(-EIO);
    random_bytes(buf, len);
    return 0;
}
