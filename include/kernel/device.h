/* SPDX-License-Identifier: MIT */
/*
 * What the frontends of all classes have in common beside the state machine (frontend.h): the
 * numbers of devices in XenStore, and the devices that are open, which are closed when the guest
 * ends.
 */
#ifndef RINGLET_KERNEL_DEVICE_H
#define RINGLET_KERNEL_DEVICE_H

#include <kernel/frontend.h>
#include <ringlet/page.h>

#define DEVICE_NUMBER_SIZE 11 /* of a 32-bit number, with its NUL */

/* A decimal number as a device's directory has it: no sign, no leading zero, up to 32 bits. */
bool device_number(const char *text, unsigned *number);
/* The numbers of the devices in a folder ("device/vif"), in order: a heap block of that class, which
 * the caller frees. What is no number is no device. 0, or the error of reading it. */
int device_list(const char *folder, enum mem_class class, unsigned **numbers, unsigned *count);

/* Calls fn with the number of each as text, in order, until it returns other than 0. The number of
 * devices, or an error of device_list. */
int device_enumerate(const char *folder, enum mem_class class,
                     int (*fn)(const char *name, void *arg), void *arg);

/* What the device is to its opener. Who opens or closes it frees it; nobody else may. */
enum device_handle {
    DEVICE_HANDLE_OPEN,      /* its opener has it */
    DEVICE_HANDLE_OPENING,   /* its opener works on it */
    DEVICE_HANDLE_CANCELLED, /* ... and is told to give up, as the guest ends */
    DEVICE_HANDLE_CLOSING    /* somebody closes it */
};

struct device_entry {
    struct list link;
    enum device_handle handle;
    unsigned number;
    struct frontend *fe;
};

struct device_class {
    struct list devices;    /* that are opened, open, or not yet closed */
    struct wait_queue left; /* woken when one leaves */
    /* Closes a device, whose handle is CLOSING already, and lets it leave; it waits. Nobody else does
     * so. The structure stays. */
    void (*close)(struct device_entry *e);
};

#define DEVICE_CLASS_INIT(name, close_fn)                                           \
    {                                                                               \
        .devices = LIST_INIT((name).devices), .left = WAIT_QUEUE_INIT((name).left), \
        .close = (close_fn),                                                        \
    }

/* Whether one with this number is in the class. */
bool device_find(const struct device_class *c, unsigned number);
/* It is in the class from now on, as OPENING. */
void device_enter(struct device_class *c, struct device_entry *e, struct frontend *fe,
                  unsigned number);
/*
 * Starts the handshake of the device in folder ("device/vbd"), as frontend_start and with its
 * requirements, and waits until it is connected. 0, or frontend_start's and frontend_wait_connected's
 * errors; -ESHUTDOWN: the guest goes. After an error the frontend is stopped.
 */
int device_connect(struct device_entry *e, const char *folder, const struct frontend_ops *ops,
                   void *priv);
void device_leave(struct device_class *c, struct device_entry *e);
/* Closes it, or waits until whoever was first has done so. */
void device_close(struct device_class *c, struct device_entry *e);
/*
 * The guest goes. Other threads may still use their devices, which answer -ENODEV from now on, so
 * the structures stay. A thread that is just opening or closing one is not interfered with: it is
 * told to give up, and waited for.
 */
void device_close_all(struct device_class *c);

/* ---- hot-plug ---- */

enum device_change { DEVICE_ARRIVED, DEVICE_GONE };

/* A class whose devices are watched. */
struct device_watched {
    const char *folder;      /* "device/vbd" */
    const char *driver;      /* "blkfront", for messages */
    const char *thread_name; /* "vbd-hotplug" */
    const char *key[2];      /* of which our frontend writes at least one while it is connected */
    enum mem_class memory;
};

struct device_known {
    unsigned number;
    char *backend;  /* NULL: it is not there (yet) */
    bool published; /* a frontend of this guest has written its keys */
};

struct device_set {
    struct device_known *known; /* by number */
    unsigned count;
};

/* Zero at first. */
struct device_hotplug {
    const struct device_watched *class;
    struct ratelimit messages;
    void (*fn)(const char *name, enum device_change change, void *arg);
    void *arg;
    struct thread *thread; /* NULL: nobody watches */
    struct xs_watch watch;
    bool starting, stop, failed;
    struct device_set told;
    char *domid; /* the guest's own number when it was last looked */
    bool moved;  /* it was another one when `told` was read */
};

/* The contracts are blkfront_watch's and blkfront_unwatch's. */
int device_watch(struct device_hotplug *h, const struct device_watched *class,
                 void (*fn)(const char *name, enum device_change change, void *arg), void *arg);
int device_unwatch(struct device_hotplug *h);

/* ---- statistics in XenStore, for who asks for them (stats-request) ---- */

/* A node of a guest's may have 2048 bytes in xenstored, of which permissions take a few. */
#define DEVICE_STATS_MAX 2000

struct device_stats {
    /* set by the driver */
    const char *folder;                                    /* "device/vbd" */
    const char *thread_name;                               /* "vbd-stats" */
    int (*text)(const void *dev, char *text, size_t size); /* a line of JSON; 0 or -ENOSPC */
    const void *dev;
    /* the rest is zero at first */
    char path[32];
    struct xs_watch watch; /* of the request */
    struct wait_queue wq;
    uint64_t not_before;    /* the next answer */
    struct thread *thread;  /* that serves; NULL: none, or it has not begun to run */
    bool running, stopping; /* the thread */
    bool written, complained;
};

/* The device is connected: requests for statistics are served. Thread context; does not wait.
 * Harmless to repeat. */
void device_stats_start(struct device_stats *s, unsigned number);
/* Nobody is served any more, and what was written is removed. Thread context; waits. Harmless when
 * it was not started. */
void device_stats_stop(struct device_stats *s);

#endif
