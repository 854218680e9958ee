/* SPDX-License-Identifier: MIT */
/* The MTU in the frontend's directory, which a toolstack may change at any time. */
#ifndef RINGLET_NET_MTU_H
#define RINGLET_NET_MTU_H

struct netfront_dev;

/* From now on, also after a reconnect, a change is one of the frontend's properties (net_xenbus_changed).
 * In the frontend's thread, which XenStore cannot keep for ever. Waits. */
void net_mtu_watch(struct netfront_dev *dev);
/* In the same thread. Waits. Also if it was never watched. */
void net_mtu_unwatch(struct netfront_dev *dev);

#endif
