/* SPDX-License-Identifier: MIT */
/*
 * The configuration of all interfaces: words `ip=...` in front of a program's arguments, each of which
 * may be followed by a word `if=vifN`; else the same words in the XenStore node vm-data/ip; else DHCP.
 */
#ifndef RINGLET_LWIP_SETTINGS_H
#define RINGLET_LWIP_SETTINGS_H

#include "lib/lwip/ifc/config.h"

/* Reads them, once; what is wrong is said, and becomes DHCP. Waits for XenStore. */
void settings_read(void);
/* That of interface `handle`; one without a number goes to the first that has none. Thread context. */
void settings_take(unsigned handle, struct net_config *out);

/* For a C library: if word[0] is ip=..., remembers it, and returns the number of words that belong to
 * it: 1, or 2 with if=...; else 0. They must stay. */
int net_take_words(int count, char *const *word);

#endif
