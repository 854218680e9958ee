/* SPDX-License-Identifier: MIT */
/* How interfaces are called. */
#ifndef RINGLET_NET_NAMES_H
#define RINGLET_NET_NAMES_H

#define VIF_FOLDER "device/vif"

/* "vif0", "0" or "device/vif/0" to the number; -EINVAL for anything else. */
int net_names_parse(const char *name, unsigned *number);

#endif
