/* SPDX-License-Identifier: MIT */
/*
 * A device for the scenarios that are the same for each kind (faults of XenStore, suspends): its
 * backend, and what its user does with it. disk_device.c and net_device.c have one each.
 */
#ifndef RINGLET_TESTS_DEVICE_H
#define RINGLET_TESTS_DEVICE_H

#include "peer.h"

struct device {
    struct peer *peer;
    /* The backend; once. */
    void (*create)(void);
    /* Attaches it with offers drawn anew; calm: nothing of it fails. */
    void (*attach)(bool calm);
    /* A life in which nothing may fail: open, work, close. */
    void (*honest)(unsigned requests);
    /* A life in which the backend may go and come back, and nothing is lost but requests in
     * flight where that is allowed. deaths: it does so, so often. */
    void (*restarts)(unsigned requests, unsigned deaths);
    /* A life in which all may fail, in pieces. timeout: to connect and to close; the device may be
     * lost for reconnect ns (UINT64_MAX: it does not come back). After a failed open nothing
     * follows. */
    int (*open)(unsigned requests, uint64_t timeout, uint64_t reconnect);
    void (*work)(void);
    int (*close)(void);
    void (*end)(void);
    /* The domain is about to be another one: the backend has done some of what it has taken, and
     * lets go of the rest; then it is there anew, with other offers. */
    void (*let_go)(void);
    void (*anew)(void);
};

extern const struct device disk_device, net_device;

/* The requests (or frames) that ended since the seed began. */
uint64_t device_done(void);

#endif
