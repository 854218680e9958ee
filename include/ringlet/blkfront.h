/* SPDX-License-Identifier: MIT */
/*
 * The PV block frontend. Names and the fields a caller sees are those of Mini-OS' blkfront.h; the
 * contract is stricter:
 *
 *  - functions return 0 or -errno and never assert on what a caller or a backend does;
 *  - any length, any alignment of buffer, offset and length: long requests are split to the
 * negotiated limits, what cannot be granted as it is goes through bounce pages, parts of sectors
 * are read, merged and written;
 *  - every request that was accepted completes exactly once, errors included, through its aio_cb;
 *  - offsets and lengths are bytes, 64 bits wide; a "sector" in blkif's keys is 512 bytes
 * (Xen 4.20's wording).
 *
 * Unless said otherwise functions are for threads. aio_cb runs in handler context or in the thread
 * that polls or waits: it must not wait, and may submit further requests.
 */
#ifndef RINGLET_BLKFRONT_H
#define RINGLET_BLKFRONT_H

#include <ringlet/compiler.h>
#include <ringlet/histogram.h>

struct blkfront_dev;
struct blkfront_request; /* the driver's part of an aiocb; its grefs are sized by the negotiated
                            limits */

/* ---- opening ---- */

struct blkfront_info {
    uint64_t sectors;     /* in units of 512 bytes */
    unsigned sector_size; /* bytes; what lengths and offsets are best multiples of */
    int mode;             /* 1 = writable, 0 = read-only (Mini-OS' O_RDWR / O_RDONLY) */
    int info;             /* VDISK_CDROM 1, VDISK_REMOVABLE 2, VDISK_READONLY 4 (xen/io/blkif.h) */
    int barrier;          /* the backend offers BLKIF_OP_WRITE_BARRIER */
    int flush;            /* the backend offers BLKIF_OP_FLUSH_DISKCACHE */
};

/*
 * What happens to an open device. When its backend goes but the device is not detached (a driver
 * domain or its driver starts again), requests in flight and new ones wait until it is back, and
 * are then asked again: of another backend, perhaps, with other limits. Each completes once; with
 * -EIO when it lies beyond the end of what is now the disk, or when its memory is still mapped by
 * the backend that went; with -EROFS or -EOPNOTSUPP when the disk cannot be written or does not
 * offer the operation any more.
 * A backend that went without closing, and had a cache (it offered flush or barrier), may have lost
 * writes that had completed and were not flushed: then the next flush, barrier, BLKFRONT_FUA write
 * or blkfront_sync that would succeed is -EIO, and so is each that was begun before that one
 * completed, as it may have been about the same writes. What is begun later is not.
 */
enum blkfront_event {
    BLKFRONT_EV_RESIZED, /* blkfront_limits.sectors is another; requests beyond it fail: -EIO */
    BLKFRONT_EV_MODE,    /* readonly, removable or cdrom is another; writes may fail: -EROFS */
    BLKFRONT_EV_AWAY,    /* the backend went; requests wait. BACK or FAILED follows */
    BLKFRONT_EV_BACK,    /* connected again, also after a resume of the domain (which has no AWAY
                            unless the next backend goes, too); all limits may be others */
    BLKFRONT_EV_FAILED,  /* the device is lost: all requests fail, new ones are -ENODEV; it is to be
                            closed, by another thread. The last event */
};

#define BLKFRONT_NO_RECONNECT UINT64_MAX

/* Every 0 means the default given here; a NULL configuration is all defaults. */
struct blkfront_config {
    unsigned
        ring_pages;  /* of a queue, at most, 1..16, rounded down to a power of two; default 16 */
    unsigned queues; /* at most, 1..16, each a ring and an event channel; default 4 */
    unsigned max_segments; /* per request, at most, 1..4096; default: all the backend offers */
    /* Segment grants in flight at most, and with persistent grants, bounce pages at most; default:
     * half of the grant table, and then not more than a quarter of the free memory. */
    unsigned grant_budget;
    unsigned registered_pages; /* in registered buffers at most; default: 3/8 of the grant table */
    /*
     * Persistent grants ("feature-persistent"): 0 and 1: if the backend offers them; -1: never. The
     * backend then keeps mapped what it has seen: registered buffers cost nothing, all other memory
     * is copied once. A backend that is not trusted never gets them: they show it, writable, what
     * earlier requests have left in a page (XSA-403).
     */
    int persistent;
    /* How many of them the backend keeps mapped for each queue; default 1056, as Linux unless its
     * parameter max_persistent_grants says otherwise. Pages that it would have to map each time
     * are copied instead. */
    unsigned persistent_grants;
    /*
     * The backend is never asked for an event. Completions are taken by blkfront_aio_poll, and by
     * what waits (_aio_wait, _io, _sync, shutdown_blkfront), which looks again and again: at first
     * letting other threads run in between, then with pauses that grow from 10 us to 1 ms, in which
     * the CPU is free for who answers. Who does neither gets completions too, in handler context
     * but late: something in flight is looked for every 10 ms.
     */
    bool polled;
    /*
     * Requests are sent as they are. Else reads, or writes, of whole sectors that wait at the same
     * time, one behind the other in a queue and on the disk, share ring requests, as large as the
     * backend takes them; each still completes by itself, with its own result: if what they share
     * fails each is asked of the backend alone. Requests with aio_timeout_ns, BLKFRONT_FUA or a
     * vector are always sent as they are.
     */
    bool nomerges;
    /* Layout of what is on the ring: 0 the native one, 32 or 64 that of x86 guests of so many bits,
     * which every backend on x86 has to understand. */
    unsigned abi;
    uint64_t connect_timeout_ns; /* default 30 s */
    uint64_t close_timeout_ns;   /* default 10 s */
    /*
     * What a backend that does not answer leads to. A request that has been with it for watchdog_ns
     * (default 30 s; at least 1 ms) is reported in one line, and the backend is notified once more,
     * in case an event got lost; both again at most each watchdog_ns while it lasts. The
     * device fails with -ETIMEDOUT when a request has been there for request_timeout_ns (default:
     * never; at least 1 ms), of which the report and the notification come at half at the latest.
     * Then each request completes with -ETIMEDOUT: at once, or, if the backend keeps its pages,
     * after close_timeout_ns, with the pages in quarantine. Times end no sooner than this, and up
     * to an eighth later.
     */
    uint64_t watchdog_ns, request_timeout_ns;
    /* How long requests wait for a backend that went: default 30 s, then they fail with -ETIMEDOUT;
     * BLKFRONT_NO_RECONNECT: they fail at once. */
    uint64_t reconnect_timeout_ns;
    /*
     * Called in a thread of the device's own, which connects it again: what would wait is -EDEADLK
     * there (blkfront_io, blkfront_sync, shutdown_blkfront), and what waits in other ways holds up
     * the device. It may submit requests, poll, and look. Not before blkfront_open_device has
     * returned, nor after shutdown_blkfront has. No event when shutdown_blkfront is the reason.
     */
    void (*event)(struct blkfront_dev *dev, enum blkfront_event what, void *arg);
    void *event_arg;
};

/*
 * Connects to a disk. nodename: "device/vbd/51712", "51712", "xvda" or NULL for the first disk.
 * Waits until the backend is connected. info may be NULL. 0 and *dev; -ENOENT (no such disk);
 * -ETIMEDOUT (the backend's state is printed); -ENODEV (the backend closed); -EINVAL (nodename or
 * configuration, or the backend's keys make no sense; printed with key and value); -EBUSY (this
 * disk is open, or not closed yet); -ENOMEM; -ENOSPC (no grants for the ring); -ESHUTDOWN (the
 * guest goes).
 */
int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **dev);

/* As Mini-OS: blkfront_open_device with the defaults; NULL when that fails (the reason is printed).
 */
struct blkfront_dev *init_blkfront(const char *nodename, struct blkfront_info *info);

/*
 * Waits for what is in flight (at most close_timeout_ns, then it fails with -ETIMEDOUT),
 * disconnects and frees dev. 0 or -ETIMEDOUT when the backend did not follow; dev is gone in any
 * case. Every request has completed before this returns. Only in aio_cb, event or a handler nothing
 * happens: -EDEADLK.
 */
int shutdown_blkfront(struct blkfront_dev *dev);

/* The disks the toolstack configured: calls fn with each name ("51712") in order of number. The
 * number of disks or -errno. fn returning non-zero ends it. */
int blkfront_enumerate(int (*fn)(const char *name, void *arg), void *arg);

/* ---- disks that come and go ---- */

enum blkfront_change { BLKFRONT_ARRIVED, BLKFRONT_GONE };

/*
 * Calls fn with the name ("51712") of each disk that the toolstack has configured, and from then on
 * of each that arrives or is gone: in a thread of its own, one call at a time, which may open,
 * use, close and wait. For a disk calls alternate, beginning with BLKFRONT_ARRIVED. A disk that
 * went and came between two looks is reported gone, then arrived, when its new life can be told
 * from the old one: it has another backend, or what its frontend here had published is missing. One
 * with the same backend that nobody had opened is not reported: to everybody it is the same.
 * Nothing is reported when the guest itself was suspended and goes on under another number.
 * A device that is open stays so when its disk is gone (its requests fail with -ENODEV): fn closes
 * it, and only then can the number be opened again.
 * What cannot be read is reported on the console and read again at the next change.
 * 0; -EINVAL (no fn); -EBUSY (somebody watches already); -EDEADLK (in a handler); -ENOMEM;
 * -ENOTCONN (no XenStore) or another of its errors.
 */
int blkfront_watch(void (*fn)(const char *name, enum blkfront_change change, void *arg), void *arg);

/* Ends that: fn is not running and will not be called when this has returned. Thread context. 0;
 * -ENOENT (nobody watches); -EDEADLK (in fn or a handler). */
int blkfront_unwatch(void);

/* "xvda" for 51712, "xvda1" for 51713, "hda" for 768, "sda" for 2048, "vbd-N" for others (xen
 * vbd-interface). Returns buf. Any context. */
char *blkfront_vdev_name(unsigned devid, char *buf, size_t size);
/* The reverse; also plain numbers. 0 or -EINVAL. */
int blkfront_vdev_number(const char *name, unsigned *devid);

/* ---- what was negotiated ---- */

struct blkfront_limits {
    char name[16]; /* "xvda" */
    unsigned devid;
    char backend[16]; /* backend type from its path: "vbd", "qdisk", ... */
    unsigned backend_domid;
    uint64_t sectors; /* of 512 bytes */
    unsigned sector_size, physical_sector_size;
    unsigned ring_pages, ring_slots; /* of each queue */
    unsigned queues, queues_offered; /* multi-queue-max-queues, 1 = no such offer */
    unsigned max_segments;           /* per request, what is used */
    unsigned indirect_offered;       /* feature-max-indirect-segments, 0 = none */
    unsigned grant_budget;
    unsigned registered_budget; /* pages */
    bool flush, barrier, discard_offered, persistent_offered;
    bool discard, discard_secure; /* what the backend does; false after it refused */
    /* What can be discarded begins at discard_alignment + n * discard_granularity: bytes, multiples
     * of sector_size, the alignment less than the granularity. */
    uint64_t discard_granularity, discard_alignment;
    bool persistent; /* used */
    bool readonly, removable, cdrom;
    bool trusted; /* false: everything is bounced through zeroed pages of the driver's */
    bool polled;
    unsigned abi; /* 32 or 64 */
};

/* Any context. No dev: all zero. */
void blkfront_get_limits(const struct blkfront_dev *dev, struct blkfront_limits *out);

/* ---- registered buffers ---- */

/*
 * At least bytes of zeroes, in whole pages that stay granted to the backend, for reading and
 * writing: I/O on them needs no copy and no grant operation, with and without persistent grants.
 * That goes for each part of a request that is whole sectors at a multiple of 512; other parts, and
 * I/O of another device, treat it as plain memory. Requests that are in flight together do best
 * without a page in common (Linux' backend maps such a page a second time). With an untrusted
 * backend the memory is bounced like any other, and nothing is saved. With persistent grants three
 * quarters of what the backend keeps can be registered (768 pages a queue); what is more than that
 * is treated as plain memory. If it is more than for one queue each buffer has a queue, which its
 * requests take unless aio_queue says otherwise.
 *
 * NULL: no device, 0 bytes, no memory, no grants, or more than limits.registered_budget in all (the
 * first time of a device it is printed which). Everything in the pages can be seen and changed by
 * the backend at any time; so they hold nothing but data for that disk.
 *
 * The memory is the caller's until blkfront_buf_free. It outlives the device: when that is lost or
 * closed the grants end (what a backend does not let go of it may still write to) and it is plain
 * memory; when the device is connected again, it is granted again. Thread context, and aio_cb.
 */
void *blkfront_buf_alloc(struct blkfront_dev *dev, size_t bytes);

/*
 * dev: where it came from, or NULL, as must be after shutdown_blkfront. While requests of that
 * device use it, it is not touched: it goes with the last of them. Pages that the backend maps are
 * not handed out before it has unmapped them, which with persistent grants may take a minute: use
 * buffers again rather than freeing them between requests. NULL as buf does nothing; what is no
 * registered buffer of dev is reported and left alone. Thread context, and aio_cb.
 */
void blkfront_buf_free(struct blkfront_dev *dev, void *buf);

/* ---- requests ---- */

struct blkfront_aiocb {
    /* The caller's. */
    struct blkfront_dev *aio_dev;
    uint8_t *aio_buf;   /* must stay until completion; heap, page or static memory */
    size_t aio_nbytes;  /* 0 completes with 0 */
    int64_t aio_offset; /* bytes */
    void *data;
    /* ret: 0 or -errno: -EIO (the backend says so), -EROFS, -EINVAL (negative or beyond the end),
     * -EOPNOTSUPP, -ENOMEM, -ETIMEDOUT, -ENODEV (the device failed or is gone). */
    void (*aio_cb)(struct blkfront_aiocb *aiocb, int ret);
    /* Vectors: with aio_iovcnt > 0 the data is in aio_iov[], aio_buf is not used, aio_nbytes must
     * be their sum. */
    const struct blkfront_iovec *aio_iov;
    int aio_iovcnt;
    /* 0: the driver chooses, for each batch: an idle queue if there is one, else each in turn; n:
     * the n-th queue, of those that were negotiated (modulo their number). */
    unsigned aio_queue;
    /* 0: request_timeout_ns of the device. Else it holds instead, be it shorter or longer, and
     * counts from the submission, so with what the request waits for a ring slot or a grant. */
    uint64_t aio_timeout_ns;
    unsigned aio_flags; /* BLKFRONT_... */
    /* The driver's; zero before first use. total_bytes: what is really read, written or discarded,
     * from the call that accepts the aiocb on. */
    size_t total_bytes;
    int is_write;
    int result;
    struct blkfront_request *request;
};

/* A discard makes the data unrecoverable, before it completes. Other operations ignore it. */
#define BLKFRONT_SECURE 1u
/*
 * A write (of any kind of call) completes when its data are on stable storage: once they are
 * written a flush follows, or a barrier where only that is offered, or nothing where there is no
 * volatile cache, as neither is offered. Of other requests' data it says nothing. An error of the
 * write or of the flush is aio_cb's ret; after one of the flush the data may be on the disk, or not
 * yet. An offer that the backend takes back meanwhile leads to the next of the three. Other
 * operations ignore it.
 */
#define BLKFRONT_FUA 2u

struct blkfront_iovec {
    void *base;
    size_t len;
};

/*
 * Starts one read or write and pushes it. 0: accepted, aio_cb will be called exactly once. -errno:
 * not accepted, aio_cb will not be called: -EINVAL (no device, no callback, negative offset, beyond
 * the end, vector sum), -EROFS, -ENOMEM, -EBUSY (aiocb is in flight), -ENODEV. Never waits: what
 * finds no slot or grant is queued in order. Thread context, and aio_cb.
 */
int blkfront_aio(struct blkfront_aiocb *aiocb, int write);
#define blkfront_aio_read(aiocb)  blkfront_aio(aiocb, 0)
#define blkfront_aio_write(aiocb) blkfront_aio(aiocb, 1)

/* As blkfront_aio but only prepared: nothing is visible to the backend before blkfront_aio_submit,
 * which pushes all and notifies at most once (for each queue, where aio_queue names several). */
int blkfront_aio_enqueue(struct blkfront_aiocb *aiocb, int write);
/* The number of requests that this call handed on (those without a slot or grant follow by
 * themselves, in order), or -ENODEV. */
int blkfront_aio_submit(struct blkfront_dev *dev);
/*
 * The same for who knows what time it is, so that nobody has to look at the clock once more (which
 * may cost more than all the rest): latencies and timeouts count from `now`, which is what
 * clock_now() has just said, or clock_recent() when that is young enough for the caller's purposes.
 * A time that nobody has seen yet counts as the last one that somebody has; 0: as _submit.
 */
int blkfront_aio_submit_at(struct blkfront_dev *dev, uint64_t now);

/*
 * op: BLKIF_OP_FLUSH_DISKCACHE: what has completed before is on stable storage when it completes.
 * BLKIF_OP_WRITE_BARRIER: in addition, ordered against what was submitted before and after, in
 * whichever queue.
 * BLKIF_OP_READ and _WRITE: as blkfront_aio.
 * BLKIF_OP_DISCARD: the bytes from aio_offset on are not needed any more; reads find what was there
 * or anything else until they are written again. Head and tail that are no whole granule
 * (limits.discard_granularity) are left alone, and aiocb->total_bytes says how much is discarded;
 * where that is nothing it completes with 0. Any length: what one request should not carry is
 * split. No memory is used. Requests on one place at one time have no order, as ever; but writes to
 * parts of a sector leave alone what others write to the rest of it.
 * With BLKFRONT_SECURE in aio_flags -EOPNOTSUPP unless limits.discard_secure: a backend without it
 * would answer as if it had been done (xen/io/blkif.h). -EINVAL, -EROFS: as for a write.
 * -EOPNOTSUPP when the backend does not offer the operation (also later, as aio_cb's ret, if the
 * backend takes the offer back: the feature is then off).
 */
int blkfront_aio_push_operation(struct blkfront_aiocb *aiocb, uint8_t op);

/* Read or write, waiting for the end. The result. aio_cb is not called and may be NULL. Thread
 * context; -EDEADLK in aio_cb, event or a handler. */
int blkfront_io(struct blkfront_aiocb *aiocb, int write);
#define blkfront_read(aiocb)  blkfront_io(aiocb, 0)
#define blkfront_write(aiocb) blkfront_io(aiocb, 1)

/* In an aio_cb clock_recent() is the time at which its response was found, or later. */

/* Reaps completions now, calling aio_cb; the number of aiocbs completed, or -EINVAL (no dev).
 * Thread context or aio_cb of another device. */
int blkfront_aio_poll(struct blkfront_dev *dev);

/* Waits until at least one aiocb of the device completes (calling aio_cb), or the deadline
 * (clock_now() time). The number completed (0 at the deadline or when nothing is in flight; 0 at
 * once in aio_cb, event or a handler), or -EINVAL (no dev). */
int blkfront_aio_wait(struct blkfront_dev *dev, uint64_t deadline);

/* Waits for everything in flight, then flushes (flush, else barrier, else nothing: there is no
 * volatile cache). 0 or the first error of the flush; -EIO also after a backend may have lost
 * writes (see blkfront_event). */
int blkfront_sync(struct blkfront_dev *dev);

/* aiocbs accepted and not yet completed. Any context. No dev: 0. */
unsigned blkfront_in_flight(const struct blkfront_dev *dev);

/* ---- statistics; counted always ---- */

struct blkfront_stats {
    /* ring requests sent, by kind, and what they carried (512-byte sectors) */
    uint64_t reads, writes, flushes, barriers, discards;
    uint64_t read_sectors, written_sectors, discarded_sectors;
    uint64_t segments, indirect;
    uint64_t aiocbs, completed,
        errors; /* callers' requests: accepted, completed, of these with an error */
    uint64_t notifications, events, spurious; /* sent; received; received with nothing to reap */
    /* for segments, registered buffers and bounce pages; kept: those that are made now and outlast
     * requests */
    uint64_t grants_made, grants_ended, grants_quarantined, grants_kept;
    uint64_t joined;                    /* callers' requests that shared ring requests */
    uint64_t bytes_copied;              /* through bounce pages */
    uint64_t read_merged_writes;        /* writes that needed read-modify-write */
    uint64_t waited_slot, waited_grant; /* times a request found no ring slot / no grant */
    unsigned ring_high_water;           /* most slots of a queue ever in use */
    unsigned max_in_flight;             /* most aiocbs accepted and not completed at once */
    /* the watchdog: times it notified a backend once more; answers that it found on the ring
     * without an event; requests whose time passed, which ends the device */
    uint64_t rekicks, lost_events, timeouts;
};

/* Any context. No dev: all zero. */
void blkfront_get_stats(const struct blkfront_dev *dev, struct blkfront_stats *out);

/* Ring requests by what they do; a read for the sake of a partial write is a read. */
enum blkfront_kind { BLKFRONT_READ, BLKFRONT_WRITE, BLKFRONT_OTHER, BLKFRONT_KINDS };

/* Nanoseconds from the submission to the ring until the answer was taken from it, of ring requests
 * that were answered, whether with an error or not. The device's own (4 KB): it changes as requests
 * complete and goes with the device. Any context. NULL for another kind. */
const struct histogram *blkfront_get_latency(const struct blkfront_dev *dev,
                                             enum blkfront_kind kind);

#endif
