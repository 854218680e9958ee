/* SPDX-License-Identifier: MIT */
/*
 * The one state machine of all PV frontends (xen/io/xenbus.h). A driver supplies what differs (its
 * keys); the handshake, its waits and its timeouts are here.
 *
 *   frontend       backend            what happens
 *   (3, 4, 5, 6)   Connected ...      left from an earlier life that did not close: Closing,
 * Closed, so that the backend unmaps, then Initialising Initialising   InitWait negotiate(): read
 * the backend's offers, set up rings, return the keys to publish; they are written in one
 * transaction Initialised    Connected          connected(): read what is valid now Connected
 * Closing or Closed  lost(): stop, fail what is in flight Closing        Closing            write
 * Closed: an honest backend unmaps when it sees this Closed         Closed disconnected(): free
 * rings
 *
 * A driver that can go on with another connection (away()) keeps what is in flight when a backend
 * goes and the device stays: the connection is ended as above, as far as the backend is there to
 * follow, and all begins again, perhaps with another backend, until reconnect_timeout_ns is over.
 * The device does not stay when its directory is gone, or when the backend's directory is there and
 * its `online` is not 1: so a toolstack says that it is being detached (Linux' backends read it in
 * the same way).
 *
 * When the domain was resumed elsewhere (suspend.h) there is a new backend: whatever the state was,
 * restart() is called at once and all begins again with Initialising; a frontend that was closing
 * has closed.
 *
 * What a state and an event lead to is one table (frontend_next), every pair defined; so the other
 * side may change its state at random.
 */
#ifndef RINGLET_FRONTEND_H
#define RINGLET_FRONTEND_H

#include <ringlet/thread.h>
#include <ringlet/xenstore.h>
#include <xen/io/xenbus.h>

struct frontend;

#define FRONTEND_KEYS_MAX 320 /* a disk with 16 queues of 16 pages has 276 */

#define FRONTEND_READS_MAX 16

/* A key to publish in the frontend's directory; an empty value: to remove from it, if it is there.
 */
struct frontend_key {
    char name[24];
    char value[16];
};

struct frontend_ops {
    const char *type; /* "vbd" */
    /*
     * All in the frontend's own thread. negotiate: the backend is in InitWait (or beyond); fills
     * keys[0..*count). An error ends the attempt: the device is closed with that error.
     */
    int (*negotiate)(struct frontend *fe, struct frontend_key *keys, unsigned *count);
    int (*connected)(struct frontend *fe);
    /*
     * Fills items with what one of these two wants to read, and says how many they are: negotiate()
     * in state FE_WAIT_INIT, connected() in FE_WAIT_CONNECT. It finds them answered in fe->read, as
     * they were with the backend in the state for it, and may take values over. Directories are
     * fe->path and fe->backend_path. NULL: nothing.
     */
    unsigned (*reads)(struct frontend *fe, struct xs_batch_item items[FRONTEND_READS_MAX]);
    /* The device is not usable any more, for reason (-errno; -ESHUTDOWN: frontend_stop); I/O must
     * stop. May come in any state, exactly once and before disconnected(). */
    void (*lost)(struct frontend *fe, int reason);
    /* The backend is gone or Closed, or did not follow in time: nothing of ours is mapped by an
     * honest one. Rings can be freed (or quarantined). Exactly once, also when negotiate() never
     * ran. */
    void (*disconnected)(struct frontend *fe);
    /*
     * The connection is void: rings, references and ports are nobody's any more, and are dropped
     * without asking anybody (gnttab_*, evtchn_close). negotiate() comes again (away() and
     * ended() before it if the new backend goes, too), or disconnected() if the device was closing.
     * The one call that is not in the frontend's thread, which waits meanwhile: it comes as
     * suspend_hook.restart does, and must not wait nor grant anything. In any state but FE_CLOSED,
     * also before the first negotiate().
     */
    void (*restart)(struct frontend *fe);
    /*
     * For drivers that reconnect; NULL: a backend that goes is the end. away: the backend went, or
     * goes; nothing is to be asked or believed any more, and what is in flight waits. Once until
     * connected() or lost(). ended: nothing of an honest backend's maps ours any more, references
     * can be ended and rings freed; may come several times before connected(), which follows, or
     * lost(). orderly: the backend went through Closed.
     */
    void (*away)(struct frontend *fe);
    void (*ended)(struct frontend *fe, bool orderly);
    /* Connected, and the backend's directory may have changed (watch on the state node fired
     * without a new state). May be NULL. */
    void (*changed)(struct frontend *fe);
};

/* Our side as the machine sees it. */
enum frontend_state {
    FE_FOUND,        /* our node holds what an earlier life left; the backend's is not known yet */
    FE_RESET,        /* wrote Closing for that life, waiting for the backend's Closing */
    FE_RESET_WAIT,   /* wrote Closed for it, waiting for the backend's Closed: it unmaps only now */
    FE_WAIT_INIT,    /* wrote Initialising, waiting for InitWait */
    FE_WAIT_CONNECT, /* keys published, Initialised, waiting for Connected */
    FE_LEAVE,        /* to come back: wrote Closing, waiting for the backend's Closing or Closed */
    FE_LEAVE_WAIT,   /* to come back: wrote Closed, waiting for the backend's Closed */
    FE_CONNECTED,
    FE_CLOSING,    /* wrote Closing, waiting for the backend's Closing or Closed */
    FE_CLOSE_WAIT, /* wrote Closed, waiting for the backend's Closed: it unmaps only now */
    FE_CLOSED,
    FE_STATES
};

/* The backend's XenbusState values 0..8 are events 0..8. */
enum frontend_event {
    FE_EV_BACKEND_UNKNOWN = XenbusStateUnknown, /* also: the node is gone or holds no state */
    FE_EV_BACKEND_LAST = XenbusStateReconfigured,
    FE_EV_TIMEOUT,
    FE_EV_CLOSE,  /* our own wish */
    FE_EV_FAIL,   /* the driver found the device unusable (frontend_fail) */
    FE_EV_RESUME, /* the domain was resumed: there is another backend */
    FE_EV_DETACH, /* the backend goes, or is gone, for good */
    FE_EV_MOVED,  /* while away or resumed: the device has another backend, or was made anew */
    FE_EVENTS
};

enum frontend_action {
    FE_DO_NOTHING,
    FE_DO_RESET,     /* write Closing -> FE_RESET */
    FE_DO_RESET_END, /* write Closed -> FE_RESET_WAIT */
    FE_DO_BEGIN,     /* write Initialising -> FE_WAIT_INIT */
    FE_DO_NEGOTIATE, /* negotiate, publish -> FE_WAIT_CONNECT */
    FE_DO_CONNECT,   /* connected -> FE_CONNECTED */
    FE_DO_LOSE,      /* lost; write Closing -> FE_CLOSING */
    FE_DO_CLOSE,     /* write Closed -> FE_CLOSE_WAIT */
    FE_DO_FINISH,    /* lost if not yet; disconnected; write Closed -> FE_CLOSED */
    FE_DO_RESTART,   /* find the backend; write Initialising -> FE_WAIT_INIT */
    FE_DO_LEAVE,     /* away; write Closing -> FE_LEAVE */
    FE_DO_LEAVE_END, /* write Closed -> FE_LEAVE_WAIT */
    FE_DO_RECONNECT, /* away if not yet; ended; as FE_DO_RESTART */
    FE_ACTIONS
};

/* The table. Values out of range: FE_DO_NOTHING. Any context. */
enum frontend_action frontend_next(enum frontend_state state, unsigned event);

struct frontend {
    /* set by frontend_start */
    const struct frontend_ops *ops;
    void *priv;       /* the driver's */
    const char *name; /* "xvda", for messages; set by the caller, NULL: the path is used */
    char *path;       /* "device/vbd/51712" */
    char *backend_path;
    domid_t backend_id;
    uint64_t connect_timeout_ns, close_timeout_ns;
    uint64_t reconnect_timeout_ns; /* 0: a backend that goes is the end */
    /* kept by the machine */
    enum frontend_state state;
    unsigned backend_state; /* last seen XenbusState */
    unsigned own_state;     /* last written (or found) by us; Unknown: none was there */
    int error;              /* why it is not connected: -errno */
    int fail_reason;        /* frontend_fail's */
    int close_error;        /* -ETIMEDOUT: the backend did not follow */
    bool close_wanted, fail_wanted, lost_called;
    bool resume_wanted;
    bool was_connected; /* at least once */
    bool away;          /* its connection ended, and it looks for another */
    bool orderly;       /* the backend began to go as it should */
    bool parked;        /* waits while the domain is being suspended */
    bool look_again;    /* what the backend's state means in a state just entered */
    /* What was asked together: the watch, the backend's state, the driver's and a transaction. */
    struct xs_batch_item asked[FRONTEND_READS_MAX + 3];
    unsigned asked_count;
    struct xs_batch_item *read; /* the driver's part of them; NULL: nothing is there */
    xs_transaction_t early;     /* begun for the keys */
    uint64_t deadline;
    uint64_t reconnect_deadline, settled; /* of the time away; when that is really over */
    struct xs_watch watch;                /* of the backend's state */
    struct xs_watch directory;            /* while away or resumed: of who the backend is */
    struct wait_queue wq;                 /* woken at each change of state */
    struct wait_queue events;             /* the frontend's thread waits here */
    struct thread *thread;
    struct list link; /* of frontends that have a thread */
};

/*
 * Starts the handshake of the device at path ("device/vbd/51712", relative to the domain) in a
 * thread of its own. fe is zeroed by the caller but for name, connect_timeout_ns and
 * close_timeout_ns (0 = 30 s, 10 s) and reconnect_timeout_ns. 0; -ENOENT no such device; -EINVAL a
 * backend path or id that is none (reported); -ENOMEM ...
 */
int frontend_start(struct frontend *fe, const char *path, const struct frontend_ops *ops,
                   void *priv);

/* Waits until it is connected (0), also again, or has failed: -ETIMEDOUT (with one line that names
 * the backend's state), the driver's error, -ENODEV when the backend closed or vanished, or the
 * device was detached. Thread context. */
int frontend_wait_connected(struct frontend *fe);

/* The driver found that the backend misbehaves: lost() will be called with reason from the
 * frontend's thread. Any context, at once. */
void frontend_fail(struct frontend *fe, int reason);

/* Closes in order, whatever the state, within close_timeout_ns, ends the thread and frees what
 * frontend_start made. Thread context, not the frontend's own thread. 0; -ETIMEDOUT when the
 * backend did not follow (closed on our side all the same); -EDEADLK in a handler or that thread:
 * the closing begins, and this is to be called again from where it may wait. */
int frontend_stop(struct frontend *fe);

/* "InitWait" for 2; "state 77" is "?" */
const char *xenbus_state_name(unsigned state);

#endif
