/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <kernel/device.h>
#include <ringlet/errno.h>
#include <ringlet/netfront.h>
#include <ringlet/string.h>

int net_names_parse(const char *name, unsigned *number)
{
    static const char *const prefixes[] = {VIF_FOLDER "/", "vif", ""};

    for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++) {
        const size_t len = strlen(prefixes[i]);

        if (!strncmp(name, prefixes[i], len) && device_number(name + len, number))
            return 0;
    }
    return -EINVAL;
}

int netfront_enumerate(int (*fn)(const char *name, void *arg), void *arg)
{
    return device_enumerate(VIF_FOLDER, MEM_NET, fn, arg);
}
