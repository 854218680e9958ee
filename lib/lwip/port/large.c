/* SPDX-License-Identifier: MIT */
#include "lib/lwip/port/large.h"

#include <stddef.h>

bool (*net_large_taken)(const struct netif *netif, bool v6);
const struct net_large_ops *net_large;
