/* SPDX-License-Identifier: MIT */
/*
 * The PV network frontend (xen/io/netif.h): Ethernet frames to and from a backend.
 *
 *  - Functions return 0 or -errno and never assert on the input of a caller or a backend.
 *  - A frame is a vector of fragments, in both directions. Large frames (GSO) carry TCP data of many
 *    segments, and a frame's TCP or UDP checksum may be left to the other side.
 *  - Each frame that netfront_send accepts is done exactly once, also when the device is lost.
 *  - The driver delivers nothing by itself: netfront_config.ready says that there is work, and
 *    netfront_poll, called by a thread, does it: it delivers what was received and ends what was
 *    sent.
 *
 * Functions are for threads unless stated otherwise. The callbacks of netfront_poll and
 * netfront_send run in the thread that called these; they must not wait and may send.
 */
#ifndef RINGLET_NETFRONT_H
#define RINGLET_NETFRONT_H

#include <ringlet/compiler.h>

struct netfront_dev;

/* The most fragments of a frame, in each direction: Linux' XEN_NETIF_NR_SLOTS_MIN. */
#define NETFRONT_FRAGS_MAX 18u
/* Bytes of the largest frame with its Ethernet header: its IP length has 16 bits. */
#define NETFRONT_FRAME_MAX (14u + 65535u)
/* Of the largest frame that can be sent: the protocol counts them with 16 bits. */
#define NETFRONT_TX_MAX 65535u

/* ---- frames that are received ---- */

/* A page that the backend has filled, or a part of it. */
struct netfront_buffer;

struct netfront_rx_frag {
    void *data;
    unsigned len; /* bytes, > 0 */
    struct netfront_buffer *buffer;
};

#define NETFRONT_GSO_NONE  0u
#define NETFRONT_GSO_TCPV4 1u
#define NETFRONT_GSO_TCPV6 2u

/* The TCP or UDP checksum field holds only the sum of the pseudo header: the frame never was on a
 * wire. Receiving: the data are as good as memory; sending: the backend computes it if it has to. */
#define NETFRONT_CSUM_BLANK 1u
/* Receiving: the backend has checked the checksum. Otherwise it was not checked by anybody. */
#define NETFRONT_DATA_VALIDATED 2u

/*
 * The fragments lie in pages that the backend can write to until they are released, also in the
 * callback and afterwards. So whatever a decision depends on must be copied first, and read from the
 * copy: the first NETFRONT_HEAD bytes, or the whole frame if it is shorter, have room for all headers
 * that TCP/IP uses. Data that is only passed on needs no copy.
 */
#define NETFRONT_HEAD 256u

struct netfront_rx {
    unsigned len;      /* bytes of the frame, 14..NETFRONT_FRAME_MAX */
    unsigned count;    /* of fragments */
    unsigned flags;    /* NETFRONT_CSUM_BLANK, NETFRONT_DATA_VALIDATED */
    unsigned gso;      /* NETFRONT_GSO_... */
    unsigned gso_size; /* bytes of TCP data of each segment */
    struct netfront_rx_frag frag[NETFRONT_FRAGS_MAX];
};

/* Copies len bytes of the frame from offset on; false if it is shorter. Counted (rx_copied). In the
 * receive callback. */
bool netfront_rx_copy(struct netfront_dev *dev, const struct netfront_rx *frame, unsigned offset,
                      void *to, unsigned len);

/*
 * Keeps a fragment's page after the callback has returned: the page is not offered to the backend
 * until netfront_buffer_release. A receiver that keeps pages for long receives less: the device has
 * a bounded number (netfront_limits.rx_pages), and of these at least a quarter can not be kept.
 * Then this is -ENOBUFS, and the receiver copies or drops. In the receive callback.
 */
int netfront_buffer_keep(struct netfront_buffer *buffer);
/* Gives it back, also after the device was closed. Any context. */
void netfront_buffer_release(struct netfront_buffer *buffer);

/* ---- frames that are sent ---- */

struct netfront_tx_frag {
    const void *data;
    unsigned len; /* bytes; 0 is ignored */
};

struct netfront_tx {
    unsigned flags;    /* NETFRONT_CSUM_BLANK */
    unsigned gso;      /* NETFRONT_GSO_..., with NETFRONT_CSUM_BLANK */
    unsigned gso_size; /* bytes of TCP data of each segment */
    unsigned count;
    /* Of the bytes at the beginning those that are headers. They are copied into one page with as
     * much of the data as is useful: the backend must have them in the first slot. */
    unsigned header;
    const struct netfront_tx_frag *frag;
    /*
     * Called once when the backend has no access to the fragments any more: status 0; -EIO: it could
     * not send the frame; -ENODEV: the device went with the frame in flight, which may have been
     * sent. Perhaps before netfront_send returns (when all was copied), else by netfront_poll or a
     * later netfront_send, or by the calls that close the device. Answers to a few frames raise no
     * event: when nothing else happens, ready is called for them 10 ms later. May be NULL.
     */
    void (*done)(void *arg, int status);
    void *arg;
};

/*
 * Sends a frame of 14 bytes to limits.mtu + 14 (with a VLAN tag, 18), or with gso set to
 * NETFRONT_TX_MAX. Fragments in memory of netfront_mem_alloc or netfront_mem_add are sent from where they are, and
 * must stay unchanged until `done`; others are copied now. The frame waits in the ring until
 * netfront_flush, or until some more frames follow it. The driver takes nothing of tx.
 *
 * 0: accepted; -ENOBUFS: no slot is free: netfront_config.ready is called when one is; frames of more than 512
 * bytes leave some slots to smaller ones, which may be accepted then; -EMSGSIZE;
 * -EINVAL (gso or NETFRONT_CSUM_BLANK that was not negotiated; fewer than 14 bytes); -ENETDOWN: the
 * backend is away, or the carrier is off: the frame is dropped; -ENODEV: the device is lost.
 */
int netfront_send(struct netfront_dev *dev, const struct netfront_tx *tx);
/* Makes the frames visible that were accepted, with one notification at most. Any context. */
void netfront_flush(struct netfront_dev *dev);

/*
 * Memory that every network device may send from without a copy: `bytes` of it, up to a page,
 * that do not cross a page's end; the first use of a page grants it to the backend, for reading,
 * as long as the device is connected. An untrusted backend gets copies instead. NULL: no memory, or
 * more than the guest's limit (netfront_mem_limit). The memory holds only what may be sent: a
 * backend can read all of it at any time. Any context.
 */
void *netfront_mem_alloc(size_t bytes);
/* The memory is reused only when no frame in flight refers to its page. NULL is ignored. Any
 * context. */
void netfront_mem_free(void *data);
/* The usable bytes of an allocation. */
size_t netfront_mem_size(const void *data);
/* Sets the most pages for it; default: an eighth of the memory at the first allocation, at most
 * 4096. 0 or -EINVAL (fewer than are in use). */
int netfront_mem_limit(size_t pages);

/*
 * Lets every network device send from pages of the caller as well, as from netfront_mem_alloc's: from a
 * disk's registered buffers, say, which then need no copy on their way. base: the first of so many pages of
 * the page allocator (blkfront_buf_alloc, page_alloc). They do not count in netfront_mem_limit, and hold only
 * what may be sent. 0; -EINVAL: not aligned to a page, none, not of the allocator's memory, or some were added
 * already; -ENOMEM. Then nothing has changed. Any context.
 */
int netfront_mem_add(void *base, size_t pages);
/* The reverse, to be called before the pages are freed or used for something else. 0; -EBUSY: see
 * netfront_mem_busy; -EINVAL: not pages that were added. Then nothing has changed. Any context. */
int netfront_mem_remove(void *base, size_t pages);
/* Whether a frame in flight refers to the page of one of these bytes, or a backend that went still maps it:
 * what was added must not be reused then. Any context. */
bool netfront_mem_busy(const void *data, size_t len);

/* ---- devices ---- */

enum netfront_event {
    NETFRONT_EV_CARRIER, /* limits.carrier changed */
    NETFRONT_EV_MTU,     /* limits.mtu changed */
    NETFRONT_EV_AWAY,    /* the backend went; frames are dropped. BACK or FAILED follows */
    /* connected again, also after a resume of the domain; all limits may have changed, and the
     * neighbours should be told about the address (a gratuitous ARP) */
    NETFRONT_EV_BACK,
    /* the last event: the device is lost; another thread must close it */
    NETFRONT_EV_FAILED,
};

#define NETFRONT_NO_RECONNECT UINT64_MAX

/*
 * A field that is 0 has the default given here. By default an interface takes of its host what that
 * of a Linux guest with one vCPU takes.
 */
struct netfront_config {
    unsigned queues;            /* the most queues, 1..8; default 1 */
    unsigned rx_pages;          /* receive buffers of each queue; 64..1024; default 512, with
                        * less than 64 MiB of memory 128 */
    int no_sg, no_gso, no_csum; /* 1: not offered to the backend and not used */
    /* 1: where the backend offers it, it is asked to deliver only frames to groups that were told to
     * it by netfront_multicast, of all multicast frames; 0: all */
    int multicast;
    int split_channels; /* 0 and 1: if the backend offers them; -1: never */
    uint64_t connect_timeout_ns, close_timeout_ns; /* default 60 s, 10 s */
    /* default: as long as the interface is configured; NETFRONT_NO_RECONNECT: the device is lost
     * when its backend goes */
    uint64_t reconnect_timeout_ns;
    /*
     * There is work for netfront_poll, or room for netfront_send after its -ENOBUFS. Called once,
     * in handler context, and then not before netfront_poll has returned false.
     */
    void (*ready)(struct netfront_dev *dev, void *arg);
    /* A frame, in netfront_poll. NULL: all are dropped. */
    void (*receive)(struct netfront_dev *dev, const struct netfront_rx *frame, void *arg);
    /* In the device's own thread, as blkfront_config.event. */
    void (*event)(struct netfront_dev *dev, enum netfront_event what, void *arg);
    void *arg; /* of all three */
};

/*
 * Connects to an interface and waits until the backend is connected. name: "vif0", "0",
 * "device/vif/0", or NULL for the one with the smallest number. Errors as blkfront_open_device's.
 * config may be NULL.
 */
int netfront_open_device(const char *name, const struct netfront_config *config,
                         struct netfront_dev **dev);
/* Drops what is in flight, disconnects, and frees dev; buffers that are kept stay valid. 0, or
 * -ETIMEDOUT when the backend did not follow; dev is freed in both cases. -EDEADLK in a callback or
 * a handler: nothing was done. */
int shutdown_netfront(struct netfront_dev *dev);

/*
 * Delivers up to `budget` frames that were received, gives buffers to the backend, and ends frames
 * that were sent; a notification per call at most. True: there is more to do, call it again; false:
 * nothing is left, and ready is called at the next event.
 */
bool netfront_poll(struct netfront_dev *dev, unsigned budget);

/* Calls fn with the name ("0") of each interface that the toolstack configured, in order of number.
 * As blkfront_enumerate. */
int netfront_enumerate(int (*fn)(const char *name, void *arg), void *arg);

enum netfront_change { NETFRONT_ARRIVED, NETFRONT_GONE };
/* Hot-plug; the contract is blkfront_watch's and blkfront_unwatch's. */
int netfront_watch(void (*fn)(const char *name, enum netfront_change change, void *arg), void *arg);
int netfront_unwatch(void);

/* Multicast control, where the backend offers it: frames to this group are wanted, or not any more.
 * The driver remembers up to 64 for the next backend. 0; -EOPNOTSUPP: not offered, or not asked for
 * (netfront_config.multicast): all are delivered; -ENOBUFS: no slot is free, or too many groups. */
int netfront_multicast(struct netfront_dev *dev, const uint8_t group[6], bool wanted);

/* ---- negotiated limits ---- */

struct netfront_limits {
    char name[16]; /* "vif0" */
    unsigned handle;
    unsigned backend_domid;
    uint8_t mac[6];
    unsigned mtu; /* bytes without the Ethernet header, 68..65521 */
    bool carrier;
    bool connected;
    bool sg;               /* frames of several slots can be sent */
    bool gso_v4, gso_v6;   /* large TCP frames can be sent */
    bool csum_v4, csum_v6; /* NETFRONT_CSUM_BLANK can be sent */
    bool multicast;        /* netfront_multicast works */
    bool split_channels;
    bool trusted; /* false: all that is sent is copied */
    unsigned queues, queues_offered;
    unsigned tx_slots, rx_slots; /* of each queue */
    unsigned rx_pages;           /* buffers that the device has now */
};

/* Any context. No dev: all zero. */
void netfront_get_limits(const struct netfront_dev *dev, struct netfront_limits *out);

/* ---- statistics ---- */

/* Each counts since the device was opened. */
struct netfront_stats {
    uint64_t tx_frames, tx_bytes, tx_slots;
    uint64_t tx_copied;  /* bytes */
    uint64_t tx_gso;     /* frames with gso */
    uint64_t tx_errors;  /* frames that the backend refused */
    uint64_t tx_dropped; /* frames without a connection or carrier, or lost with one */
    uint64_t tx_full;    /* -ENOBUFS */
    uint64_t rx_frames, rx_bytes, rx_slots;
    uint64_t rx_copied; /* bytes */
    uint64_t rx_gso;
    uint64_t rx_errors;  /* responses with an error, and frames that were not valid */
    uint64_t rx_dropped; /* frames for which there was no memory, or no receiver */
    uint64_t rx_blank, rx_validated, rx_unchecked; /* frames by what is known of their checksum */
    uint64_t events, spurious, polls;
    uint64_t notifications; /* sent */
    uint64_t grants;        /* made and ended, of frames and buffers: 0 in a steady state */
    uint64_t violations;    /* of the protocol, by the backend; the device fails */
    uint64_t reconnects;
};

/* Any context. */
void netfront_get_stats(const struct netfront_dev *dev, struct netfront_stats *out);
/* All of it as one line of JSON, as dom0 gets it by "stats-request" (docs/network.md). Its bytes
 * without the NUL, or -ENOSPC. */
int netfront_stats_json(const struct netfront_dev *dev, char *buf, size_t size);

#endif
