/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "lib/lwip/socket/inet.h"
#include "netdb_private.h"
#include "posix.h"

int posix_netdb_lookup(const char *name, bool v4, bool v6,
                       struct socket_address out[NETDB_ADDRESSES_MAX])
{
    int ret = posix_netdb_hosts(name, v4, v6, out);

    if (!ret)
        ret = inet_resolve(name, v4, v6, out, NETDB_ADDRESSES_MAX);
    switch (ret) {
    case -ENOENT:
    case -EINVAL:
        return EAI_NONAME;
    case -EAGAIN:
        return EAI_AGAIN;
    case -ENOMEM:
        return EAI_MEMORY;
    default:
        if (ret >= 0)
            return ret;
        posix_result(ret);
        return EAI_SYSTEM;
    }
}
