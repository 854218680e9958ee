/* SPDX-License-Identifier: MIT */
/* What happens to a device while it is open. In the frontend's thread. */
#ifndef RINGLET_NET_XENBUS_H
#define RINGLET_NET_XENBUS_H

#include <ringlet/netfront.h>

/* Tells the device's opener, once it has the device. */
void net_xenbus_event(struct netfront_dev *dev, enum netfront_event what);
/* The backend went, and may come back. */
void net_xenbus_away(struct netfront_dev *dev);
/* It, or another, is connected again. */
void net_xenbus_reconnected(struct netfront_dev *dev);
/* Something in its directory may have changed. */
void net_xenbus_changed(struct netfront_dev *dev);

#endif
