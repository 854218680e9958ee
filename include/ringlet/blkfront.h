/* SPDX-License-Identifier: MIT */
/*
 * The PV block frontend. Names and the fields that a caller sees are those of Mini-OS' blkfront.h;
 * the contract is stricter:
 *
 *  - Functions return 0 or -errno and never assert on the input of a caller or a backend.
 *  - Buffers, offsets and lengths may have any alignment, and lengths any size: long requests are
 *    split to the negotiated limits, memory that cannot be granted goes through bounce pages, and
 *    parts of sectors are read, merged and written.
 *  - Each accepted request completes exactly once, also with an error, through its aio_cb.
 *  - Offsets and lengths are bytes, 64 bits wide; a "sector" in blkif's keys is 512 bytes (Xen
 *    4.20's wording).
 *
 * Functions are for threads unless stated otherwise. aio_cb runs in handler context or in the
 * thread that polls or waits: it must not wait, and may submit further requests.
 */
#ifndef RINGLET_BLKFRONT_H
#define RINGLET_BLKFRONT_H

#include <ringlet/compiler.h>
#include <ringlet/histogram.h>

struct blkfront_dev;
struct blkfront_request; /* the driver's part of an aiocb */

/* ---- opening ---- */

struct blkfront_info {
    uint64_t sectors;     /* in units of 512 bytes; 0: there is no medium (yet) */
    unsigned sector_size; /* bytes; lengths and offsets are best multiples of it */
    int mode;             /* 1 = writable, 0 = read-only (Mini-OS' O_RDWR / O_RDONLY) */
    int info;             /* VDISK_CDROM 1, VDISK_REMOVABLE 2, VDISK_READONLY 4 (xen/io/blkif.h) */
    int barrier;          /* the backend offers BLKIF_OP_WRITE_BARRIER */
    int flush;            /* the backend offers BLKIF_OP_FLUSH_DISKCACHE */
};

/*
 * Events of an open device. When its backend goes but the device is not detached (a driver domain
 * or its driver restarts), requests in flight and new ones wait until a backend is back, and are
 * then resubmitted, perhaps to another backend with other limits. Each completes once: with -EIO
 * when it lies beyond the new end of the disk, or when its memory is still mapped by the backend
 * that went; with -EROFS or -EOPNOTSUPP when the disk is read-only now or the backend does not
 * offer the operation any more.
 *
 * A backend that had a cache (it offered flush or barrier) and went without closing may have lost
 * writes that had completed and were not flushed. Then the next flush, barrier, BLKFRONT_FUA write
 * or blkfront_sync that would succeed completes with -EIO, and so does each that was begun before
 * that one completed, as it may have covered the same writes. Those that are begun later do not. A flush
 * or barrier that the backend does not offer (any more) says so in place of -EOPNOTSUPP.
 */
enum blkfront_event {
    BLKFRONT_EV_RESIZED, /* blkfront_limits.sectors changed; requests beyond it fail: -EIO */
    BLKFRONT_EV_MODE,    /* readonly, removable or cdrom changed; writes may fail: -EROFS */
    BLKFRONT_EV_AWAY,    /* the backend went; requests wait. BACK or FAILED follows */
    /* connected again, also after a resume of the domain (without AWAY before it, unless the
     * next backend goes, too); all limits may have changed */
    BLKFRONT_EV_BACK,
    /* the last event: the device is lost, all requests fail, new ones are -ENODEV; another
     * thread must close it */
    BLKFRONT_EV_FAILED,
};

#define BLKFRONT_NO_RECONNECT UINT64_MAX

/*
 * A field that is 0 has the default given here; a NULL configuration is all defaults. By default a
 * disk takes no more of its host than that of a Linux guest with one vCPU. ring_pages and queues
 * cost the host memory as soon as the disk is connected: Linux' blkback allocates about 40 KiB for
 * each of the 32 slots of each page of each queue, which is 1.25 MiB by default and 80 MiB with 16
 * pages and 4 queues. max_segments costs the host nothing.
 */
struct blkfront_config {
    /* Maximum ring pages of each queue, 1..16, rounded down to a power of two; default 1. A page
     * holds 32 ring requests, each of up to max_segments pages of data; more pages help only
     * when more requests are in flight and neighbours cannot be merged. */
    unsigned ring_pages;
    /* Maximum number of queues, 1..16, each with a ring and an event channel; default 1. More
     * queues help where a backend has several CPUs, or maps too few persistent grants for one
     * queue. */
    unsigned queues;
    unsigned max_segments; /* maximum per request, 1..4096; default: the backend's offer */
    /* Maximum number of segment grants in flight, and with persistent grants of bounce pages;
     * default: half of the grant table, and with persistent grants at most a quarter of the free
     * memory. */
    unsigned grant_budget;
    unsigned registered_pages; /* maximum in registered buffers; default: 3/8 of the grant table */
    /*
     * Persistent grants ("feature-persistent"): 0 and 1: if the backend offers them; -1: never. The
     * backend then keeps pages mapped after first use: registered buffers cost nothing, all other
     * memory is copied once. They are never used with an untrusted backend, as they show it,
     * writable, the data of earlier requests in the same page (XSA-403).
     */
    int persistent;
    /* Number of persistent grants that the backend keeps mapped for each queue; default 1056,
     * which is Linux' default of max_persistent_grants. Pages beyond it, which the backend would
     * have to map for each request, are copied instead. */
    unsigned persistent_grants;
    /*
     * The backend is never asked for an event. Completions are taken by blkfront_aio_poll, and by
     * the calls that wait (_aio_wait, _io, _sync, shutdown_blkfront), which poll: at first letting
     * other threads run in between, then with pauses that grow from 10 us to 1 ms, in which the CPU
     * is free for the backend. If the application calls none of these, completions are delivered
     * late, in handler context: a device with requests in flight is polled every 10 ms.
     */
    bool polled;
    /*
     * Requests are sent unmerged. Otherwise reads, or writes, of whole sectors that wait at the
     * same time and are consecutive both in a queue and on the disk share ring requests, as large
     * as the backend accepts. Each still completes by itself, with its own result: if the shared
     * request fails, each is resubmitted alone. Requests with aio_timeout_ns, BLKFRONT_FUA or a
     * vector are never merged.
     */
    bool nomerges;
    /* Layout of the ring's entries: 0: the native one; 32 or 64: that of x86 guests of this
     * number of bits, which every backend on x86 has to support. */
    unsigned abi;
    uint64_t connect_timeout_ns; /* default 60 s: xl gives a hotplug script 40 s */
    uint64_t close_timeout_ns;   /* default 10 s */
    /*
     * A backend that does not answer. A ring request without a response for watchdog_ns (default 30
     * s; at least 1 ms) is reported in one line, and the backend is notified once more, in case an
     * event got lost; both are repeated at most once per watchdog_ns. The device fails with
     * -ETIMEDOUT when a ring request has had no response for request_timeout_ns (default: never; at
     * least 1 ms); the report and the notification then come at half of this time at the latest.
     * When the device fails, each request completes with -ETIMEDOUT: at once, or, if the backend
     * keeps its pages mapped, after close_timeout_ns, with the pages in quarantine. Timeouts are
     * never early, and late by at most an eighth. request_timeout_ns starts anew with each
     * connection.
     */
    uint64_t watchdog_ns, request_timeout_ns;
    /*
     * How long requests wait for a backend that went: default 30 s, then the device fails and they
     * complete with -ETIMEDOUT; BLKFRONT_NO_RECONNECT: they fail at once. Repeated reconnects do
     * not extend this time: a request that loses a second or later connection completes with
     * -ETIMEDOUT once this time has passed since it lost the first; the device stays. A backend that
     * goes with more than 64 bounce pages mapped fails the device: the guest cannot use these pages.
     */
    uint64_t reconnect_timeout_ns;
    /*
     * Called in the device's own thread, which also reconnects it. Calls that would wait
     * (blkfront_io, blkfront_sync, shutdown_blkfront) return -EDEADLK there, and waiting in another
     * way holds up the device. It may submit requests, poll, and read limits and statistics. Called
     * only after blkfront_open_device has returned, and before shutdown_blkfront returns; a
     * shutdown_blkfront causes no event.
     */
    void (*event)(struct blkfront_dev *dev, enum blkfront_event what, void *arg);
    void *event_arg;
};

/*
 * Connects to a disk and waits until the backend is connected. nodename: "device/vbd/51712",
 * "51712", "xvda", or NULL for the first disk in the order of blkfront_enumerate (a cdrom only if
 * there is no other disk). info may be NULL. Returns 0 and *dev; -ENOENT (no such disk); -ETIMEDOUT
 * (the backend's state is printed); -ENODEV (the backend closed); -EINVAL (nodename or
 * configuration, or the backend's keys are invalid; printed with key and value); -EBUSY (this disk
 * is open, or not yet closed); -ENOMEM; -ENOSPC (no grants for the ring); -ESHUTDOWN (the guest
 * shuts down). The call ends after connect_timeout_ns also when XenStore does not answer, and
 * closes within close_timeout_ns after a failure.
 */
int blkfront_open_device(const char *nodename, const struct blkfront_config *config,
                         struct blkfront_info *info, struct blkfront_dev **dev);

/* As in Mini-OS: blkfront_open_device with the defaults; NULL when that fails (the reason is
 * printed). */
struct blkfront_dev *init_blkfront(const char *nodename, struct blkfront_info *info);

/*
 * Waits for the requests in flight (at most close_timeout_ns, then they fail with -ETIMEDOUT),
 * disconnects and frees dev. Each request has completed before this returns. 0, or -ETIMEDOUT when
 * the backend did not follow; dev is freed in both cases. In aio_cb, event or a handler it does
 * nothing and returns -EDEADLK.
 */
int shutdown_blkfront(struct blkfront_dev *dev);

/* Calls fn with the name ("51712") of each disk that the toolstack configured, in order of
 * number, those whose `device-type` is "cdrom" after all others. fn ends the enumeration by
 * returning non-zero. Returns the number of disks or -errno. */
int blkfront_enumerate(int (*fn)(const char *name, void *arg), void *arg);

/* ---- hotplug ---- */

enum blkfront_change { BLKFRONT_ARRIVED, BLKFRONT_GONE };

/*
 * Calls fn with the name ("51712") of each disk that the toolstack has configured, and from then on
 * of each that arrives or is gone. fn runs in a thread of its own, one call at a time, and may
 * open, use, close and wait. The calls for a disk alternate, beginning with BLKFRONT_ARRIVED.
 *
 * A disk that was removed and added between two checks is reported as gone, then arrived, if the
 * new one can be told from the old one: the keys published by its frontend here are missing, or
 * there were none and the backend is another one. A disk that was never opened, with the same
 * backend, is not reported: the two do not differ. An open disk that the toolstack gave another
 * backend, as when a driver domain was restarted, is not reported either: its device reconnects
 * (BLKFRONT_EV_AWAY, BLKFRONT_EV_BACK). Nothing is reported when the guest itself was suspended and
 * resumed as another domain.
 *
 * An open device stays open when its disk is gone (its requests fail with -ENODEV): fn closes it,
 * and only then can the number be opened again. Keys that cannot be read are reported on the
 * console and read again at the next change.
 *
 * Returns 0; -EINVAL (no fn); -EBUSY (there is a watcher already); -EDEADLK (in a handler);
 * -ENOMEM; -ENOTCONN (no XenStore) or another of its errors.
 */
int blkfront_watch(void (*fn)(const char *name, enum blkfront_change change, void *arg), void *arg);

/* Ends blkfront_watch: when this has returned, fn is not running and will not be called. It
 * returns within 20 s if XenStore does not answer (later only if fn takes longer). Thread
 * context. 0; -ENOENT (there is no watcher); -EDEADLK (in fn or a handler). */
int blkfront_unwatch(void);

/* "xvda" for 51712, "xvda1" for 51713, "hda" for 768, "sda" for 2048, "vbd-N" for others (xen
 * vbd-interface). Returns buf. Any context. */
char *blkfront_vdev_name(unsigned devid, char *buf, size_t size);
/* The reverse; also plain numbers. 0 or -EINVAL. */
int blkfront_vdev_number(const char *name, unsigned *devid);

/* ---- negotiated limits ---- */

struct blkfront_limits {
    char name[16]; /* "xvda" */
    unsigned devid;
    char backend[16]; /* backend type from its path: "vbd", "qdisk", ... */
    unsigned backend_domid;
    /* Of 512 bytes. 0: a drive without a medium, or an export without its disk; it changes
     * (BLKFRONT_EV_RESIZED) when there is one. Meanwhile all I/O but flushes lies beyond the
     * end. */
    uint64_t sectors;
    unsigned sector_size, physical_sector_size;
    unsigned ring_pages, ring_slots; /* of each queue */
    unsigned queues, queues_offered; /* multi-queue-max-queues, 1 = no such offer */
    /* Number used per ring request. A backend may fail large ring requests for want of a
     * resource of its domain (maptrack entries). A request of which one with more than 11
     * segments fails is resubmitted once in smaller ones, and if these succeed the limit is 11
     * until the next connection. */
    unsigned max_segments;
    unsigned indirect_offered; /* feature-max-indirect-segments, 0 = none */
    unsigned grant_budget;
    unsigned registered_budget; /* pages */
    bool flush, barrier, discard_offered, persistent_offered;
    bool discard, discard_secure; /* supported; false after the backend refused one */
    /* Discardable ranges begin at discard_alignment + n * discard_granularity: bytes, multiples
     * of sector_size, the alignment less than the granularity. */
    uint64_t discard_granularity, discard_alignment;
    bool persistent; /* used */
    bool readonly, removable, cdrom;
    bool trusted; /* false: all data goes through zeroed bounce pages */
    bool polled;
    unsigned abi; /* 32 or 64 */
};

/* Any context. No dev: all zero. */
void blkfront_get_limits(const struct blkfront_dev *dev, struct blkfront_limits *out);

/* ---- registered buffers ---- */

/*
 * Allocates at least `bytes` of zeroed memory, in whole pages that stay granted to the backend for
 * reading and writing: I/O on them needs no copy and no grant operation, with and without
 * persistent grants. This holds for each part of a request that consists of whole sectors at an
 * address that is a multiple of 512; other parts, and I/O of another device, treat it as ordinary
 * memory. Requests that are in flight together should not share a page (Linux' backend maps such a
 * page a second time). With an untrusted backend the memory is bounced like any other. With
 * persistent grants, three quarters of the pages that the backend keeps mapped can be registered
 * (768 pages per queue); pages beyond that are treated as ordinary memory. If the buffers are
 * larger than one queue's share, each buffer has a queue, which its requests use unless aio_queue
 * selects one.
 *
 * NULL: no device, 0 bytes, no memory, no grants, or more than limits.registered_budget in total
 * (the device's first failure is printed with its reason). The backend can read and change
 * everything in the pages at any time; so they must hold nothing but data for that disk.
 *
 * The memory belongs to the caller until blkfront_buf_free. It outlives the device: when that is
 * lost or closed, the grants end (a backend that does not unmap a page may still write to it) and
 * it becomes ordinary memory; when the device is connected again, it is granted again. Thread
 * context, and aio_cb.
 */
void *blkfront_buf_alloc(struct blkfront_dev *dev, size_t bytes);

/*
 * dev: the device that allocated it; must be NULL after shutdown_blkfront. While requests of that
 * device use the buffer it stays: it is freed with the last of them. Pages that the backend maps
 * are reused only after it has unmapped them, which with persistent grants may take a minute: reuse
 * buffers rather than freeing them between requests. A NULL buf is ignored; memory that is no
 * registered buffer of dev is reported and left alone. Thread context, and aio_cb.
 */
void blkfront_buf_free(struct blkfront_dev *dev, void *buf);

/* ---- requests ---- */

struct blkfront_aiocb {
    /* Fields of the caller. */
    struct blkfront_dev *aio_dev;
    /* Must remain valid until completion. Any memory: of page_alloc, vmem_alloc or the heap,
     * a thread's stack, static. Static memory (and any other that does not belong to the page allocator) is
     * always copied: it cannot be quarantined while a backend that went still maps it. */
    uint8_t *aio_buf;
    size_t aio_nbytes;  /* 0 completes with 0 */
    int64_t aio_offset; /* bytes */
    void *data;
    /* ret: 0 or -errno: -EIO (the backend's error), -EROFS, -EINVAL (negative or beyond the
     * end), -EOPNOTSUPP, -ENOMEM, -ETIMEDOUT, -ENODEV (the device failed or is gone). */
    void (*aio_cb)(struct blkfront_aiocb *aiocb, int ret);
    /* Vectors: with aio_iovcnt > 0 the data is in aio_iov[], aio_buf is not used, and aio_nbytes
     * must be the sum of the lengths. */
    const struct blkfront_iovec *aio_iov;
    int aio_iovcnt;
    /* 0: the driver chooses for each batch: an idle queue if there is one, otherwise round
     * robin; n: the n-th of the negotiated queues (modulo their number). */
    unsigned aio_queue;
    /*
     * 0: the device's request_timeout_ns. Otherwise it replaces that timeout, shorter or longer,
     * and counts from the submission, including the time that the request waits for a ring slot, a
     * grant or a backend, across any number of reconnects. (With a resume of the domain it
     * starts anew.) When it expires with a connected backend, the device fails, as for
     * request_timeout_ns. Without one only this request completes, with -ETIMEDOUT;
     * those of its pages that a backend still maps without having closed are quarantined, and that
     * backend may still write to them.
     */
    uint64_t aio_timeout_ns;
    unsigned aio_flags; /* BLKFRONT_... */
    /* Fields of the driver; zero before first use. total_bytes: the number of bytes that are
     * read, written or discarded, set by the call that accepts the aiocb. */
    size_t total_bytes;
    int is_write;
    int result;
    struct blkfront_request *request;
};

/* A discard makes the data unrecoverable before it completes. Other operations ignore the flag. */
#define BLKFRONT_SECURE 1u
/*
 * A write (by any of the calls) completes when its data are on stable storage: it is followed by a
 * flush; by a barrier where only that is offered; by nothing where neither is offered, as there is
 * no volatile cache. It does not cover other requests' data. An error of the write or of the flush
 * is aio_cb's ret; after an error of the flush the data may or may not be on the disk. If the
 * backend withdraws an offer meanwhile, the next of the three is used. Other operations ignore the
 * flag.
 */
#define BLKFRONT_FUA 2u

struct blkfront_iovec {
    void *base;
    size_t len;
};

/*
 * Starts one read or write and pushes it. 0: accepted, aio_cb will be called exactly once. -errno:
 * not accepted, aio_cb will not be called: -EINVAL (no device, no callback, negative offset, beyond
 * the end, vector sum), -EROFS, -ENOMEM, -EBUSY (aiocb is in flight), -ENODEV. Never waits: a
 * request that finds no slot or grant is queued in order. Thread context, and aio_cb.
 */
int blkfront_aio(struct blkfront_aiocb *aiocb, int write);
#define blkfront_aio_read(aiocb)  blkfront_aio(aiocb, 0)
#define blkfront_aio_write(aiocb) blkfront_aio(aiocb, 1)

/* Like blkfront_aio but only prepared: the backend sees nothing before blkfront_aio_submit,
 * which pushes all prepared requests and notifies at most once (per queue, where aio_queue names
 * several). */
int blkfront_aio_enqueue(struct blkfront_aiocb *aiocb, int write);
/* Returns the number of requests that were submitted (those without a slot or grant are sent
 * later, in order), or -ENODEV. */
int blkfront_aio_submit(struct blkfront_dev *dev);
/*
 * blkfront_aio_submit for a caller that has just read the clock: it saves another reading, which
 * may cost more than the rest of the call. Latencies and timeouts count from `now`, a recent value
 * of clock_now(), or of clock_recent() where that is exact enough for the caller. A `now` in the
 * future is replaced by the last value that was read; 0: as _submit.
 */
int blkfront_aio_submit_at(struct blkfront_dev *dev, uint64_t now);

/*
 * op selects the operation:
 *
 *  - BLKIF_OP_FLUSH_DISKCACHE: when it completes, all writes that had completed before it are on
 *    stable storage.
 *  - BLKIF_OP_WRITE_BARRIER: in addition, ordered against all requests submitted before and after
 *    it, in all queues. On a disk that is read-only, and to which nothing was written before it
 *    became read-only, flush and barrier complete with 0 and are not sent: there is nothing to
 *    flush.
 *  - BLKIF_OP_READ and _WRITE: as blkfront_aio.
 *  - BLKIF_OP_DISCARD: the bytes from aio_offset on are not needed any more; until they are written
 *    again, reads return the old data or any other. A head and a tail that are no whole granule
 *    (limits.discard_granularity) are not discarded; aiocb->total_bytes is the number of bytes that
 *    are, and if it is 0 the request completes with 0. Any length: long ones are split. No memory
 *    is used. Concurrent requests to the same place have no order, as always; but writes to parts
 *    of a sector preserve what others write to the rest of it. With BLKFRONT_SECURE in aio_flags:
 *    -EOPNOTSUPP unless limits.discard_secure, as a backend without it would report success
 *    (xen/io/blkif.h).
 *
 * -EINVAL, -EROFS: as for a write. -EOPNOTSUPP when the backend does not offer the operation (also
 * later, as aio_cb's ret, if the backend withdraws the offer: the feature is then off). -EIO, of such a
 * flush or barrier: nothing is begun; writes were lost (see blkfront_event).
 */
int blkfront_aio_push_operation(struct blkfront_aiocb *aiocb, uint8_t op);

/* Reads or writes, waits for completion and returns the result. aio_cb is not called and may be
 * NULL. Thread context; -EDEADLK in aio_cb, event or a handler. */
int blkfront_io(struct blkfront_aiocb *aiocb, int write);
#define blkfront_read(aiocb)  blkfront_io(aiocb, 0)
#define blkfront_write(aiocb) blkfront_io(aiocb, 1)

/* In an aio_cb, clock_recent() is the time at which its response was found, or later. */

/* Reaps completions now, calling aio_cb. Returns the number of aiocbs completed, or -EINVAL (no
 * dev). Thread context or aio_cb of another device. */
int blkfront_aio_poll(struct blkfront_dev *dev);

/* Waits until at least one aiocb of the device completes (calling aio_cb), or the deadline
 * (clock_now() time). Returns the number completed (0 at the deadline or when nothing is in
 * flight; 0 at once in aio_cb, event or a handler), or -EINVAL (no dev). */
int blkfront_aio_wait(struct blkfront_dev *dev, uint64_t deadline);

/* Waits for all requests in flight, then flushes (by flush, otherwise barrier; not at all if
 * there is no volatile cache or the disk is read-only). 0 or the first error of the flush; also
 * -EIO after a backend may have lost writes (see blkfront_event). */
int blkfront_sync(struct blkfront_dev *dev);

/* aiocbs accepted and not yet completed. Any context. No dev: 0. */
unsigned blkfront_in_flight(const struct blkfront_dev *dev);

/* ---- statistics; counted always ---- */

struct blkfront_stats {
    /* ring requests sent, by kind, and the data they carried (512-byte sectors) */
    uint64_t reads, writes, flushes, barriers, discards;
    uint64_t read_sectors, written_sectors, discarded_sectors;
    uint64_t segments, indirect;
    /* callers' requests: accepted; completed; completed with an error */
    uint64_t aiocbs, completed, errors;
    uint64_t notifications, events, spurious; /* sent; received; received with nothing to reap */
    /* for segments, registered buffers and bounce pages; kept: the present number of persistent
     * ones, which outlast requests */
    uint64_t grants_made, grants_ended, grants_quarantined, grants_kept;
    uint64_t joined;             /* callers' requests that shared ring requests */
    uint64_t bytes_copied;       /* through bounce pages */
    uint64_t read_merged_writes; /* writes that needed read-modify-write */
    /* resubmitted in smaller ring requests (limits.max_segments) */
    uint64_t retried_smaller;
    uint64_t waited_slot, waited_grant; /* times a request found no ring slot / no grant */
    unsigned ring_high_water;           /* most slots of a queue ever in use */
    unsigned max_in_flight;             /* most aiocbs accepted and not completed at once */
    /* the watchdog: repeated notifications; responses that it found on the ring without an
     * event; requests that timed out, which fails the device unless its backend is away */
    uint64_t rekicks, lost_events, timeouts;
};

/* Any context. No dev: all zero. */
void blkfront_get_stats(const struct blkfront_dev *dev, struct blkfront_stats *out);

/* Kinds of ring request; the read of a read-modify-write is a read. */
enum blkfront_kind { BLKFRONT_READ, BLKFRONT_WRITE, BLKFRONT_OTHER, BLKFRONT_KINDS };

/* Histogram of the nanoseconds from putting a ring request on the ring until its response was
 * taken, for all responses, also errors. It belongs to the device (4 KB): it changes as requests
 * complete and is freed with the device. Any context. NULL for another kind. */
const struct histogram *blkfront_get_latency(const struct blkfront_dev *dev,
                                             enum blkfront_kind kind);

#endif
