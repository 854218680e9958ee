/* SPDX-License-Identifier: MIT */
/*
 * The state machine of all PV frontends (xen/io/xenbus.h). A driver supplies its keys; the
 * handshake, its waits and its timeouts are here.
 *
 *   frontend        backend             what happens
 *   --------------  ------------------  -------------------------------------------------------
 *   3, 4, 5 or 6    Connected, ...      found from an earlier use not closed: write Closing,
 *                                       then Closed, so that the backend unmaps; then Initialising
 *   Initialising    InitWait            negotiate(): read the backend's offers, set up the rings,
 *                                       return the keys, which are published in one transaction
 *   Initialised     Connected           connected(): read the values that are valid from now on
 *   Connected       Closing or Closed   lost(): stop, fail the requests in flight
 *   Closing         Closing             write Closed: an honest backend unmaps when it sees this
 *   Closed          Closed              disconnected(): free the rings
 *
 * A driver that can reconnect (away()) keeps its requests when the backend goes and the device
 * stays. The connection is ended as above, as far as the backend is there to follow, and the
 * handshake begins again, perhaps with another backend, until reconnect_timeout_ns has passed. The
 * device does not stay when its directory is gone, or when the backend's directory exists and its
 * `online` is not 1: this is how a toolstack announces a detach, and Linux' backends read it in the
 * same way.
 *
 * When the domain was resumed elsewhere (suspend.h) it has a new backend. In any state, restart()
 * is called at once and the handshake begins again with Initialising; a frontend that was closing
 * is then closed.
 *
 * frontend_next() maps a state and an event to an action. The table defines every pair, so the
 * backend may change its state in any order.
 */
#ifndef RINGLET_FRONTEND_H
#define RINGLET_FRONTEND_H

#include <kernel/ratelimit.h>
#include <ringlet/thread.h>
#include <ringlet/xenstore.h>
#include <xen/io/xenbus.h>

struct frontend;

#define FRONTEND_KEYS_MAX 320 /* a disk with 16 queues of 16 pages has 276 */

#define FRONTEND_READS_MAX 16

#define FRONTEND_FEWEST_KEYS 2

/* A key to publish in the frontend's directory. An empty value removes the key, if it is there. */
struct frontend_key {
    char name[28];
    char value[16];
};

struct frontend_ops {
    const char *type; /* "vbd" */
    /* The state with which the keys are published: Connected for a backend that connects only then
     * (Linux' for network interfaces); 0: Initialised. */
    unsigned published;
    /*
     * All callbacks but restart run in the frontend's own thread. negotiate: the backend is in
     * InitWait (or beyond); fills keys[0..*count). An error ends the attempt: the device is closed
     * with that error. Called again when XenStore's quota leaves no room for these keys:
     * fe->fewer_keys is the number of such attempts, up to FRONTEND_FEWEST_KEYS, and each must
     * return fewer keys.
     */
    int (*negotiate)(struct frontend *fe, struct frontend_key *keys, unsigned *count);
    int (*connected)(struct frontend *fe);
    /*
     * Fills items with the reads of one of these two and returns their number: for negotiate() in
     * state FE_WAIT_INIT, for connected() in FE_WAIT_CONNECT. The callback finds the answers in
     * fe->read, as they were with the backend in the matching state, and may take over the values.
     * Directories are fe->path and fe->backend_path. NULL: there are no reads.
     */
    unsigned (*reads)(struct frontend *fe, struct xs_batch_item items[FRONTEND_READS_MAX]);
    /* The device is not usable any more; reason is -errno (-ESHUTDOWN: frontend_stop). I/O must
     * stop. Called in any state, exactly once, before disconnected(). */
    void (*lost)(struct frontend *fe, int reason);
    /* The backend is gone or Closed, or did not follow in time: an honest one maps none of our
     * pages. Rings can be freed (or quarantined). Called exactly once, also when negotiate()
     * never ran. */
    void (*disconnected)(struct frontend *fe);
    /*
     * The connection is invalidated: its rings, references and ports belong to no one any more, and
     * are released without telling the backend (gnttab_*, evtchn_close). Next comes negotiate(), or
     * disconnected() if the device was closing; away() and ended() come before negotiate() if the
     * new backend goes, too. This is the one callback that does not run in the frontend's thread,
     * which waits meanwhile: it runs as suspend_hook.restart does, and must neither wait nor grant
     * anything. Called in any state but FE_CLOSED, also before the first negotiate().
     */
    void (*restart)(struct frontend *fe);
    /*
     * For drivers that reconnect; NULL: the device is lost when its backend goes. away: the backend
     * went, or goes; the driver must send nothing to it and believe nothing from it, and the
     * requests in flight wait. Called once until connected() or lost(). ended: an honest backend
     * maps none of our pages any more; references can be ended and rings freed. May be called
     * several times before connected() or lost(), one of which follows. orderly: the backend went
     * through Closed.
     */
    void (*away)(struct frontend *fe);
    void (*ended)(struct frontend *fe, bool orderly);
    /* Called while connected when the backend's directory may have changed: the watch on the state
     * node fired without a new state, or the one on `property`, another key in that directory (once
     * at the beginning; NULL: there is none). May be NULL. */
    void (*changed)(struct frontend *fe);
    const char *property;
};

/* Our side as the machine sees it. */
enum frontend_state {
    /* our node has the state of an earlier connection; the backend's is not known yet */
    FE_FOUND,
    FE_RESET,        /* wrote Closing for that connection, waiting for the backend's Closing */
    FE_RESET_WAIT,   /* wrote Closed for it, waiting for the backend's Closed: it unmaps only now */
    FE_WAIT_INIT,    /* wrote Initialising, waiting for InitWait */
    FE_WAIT_CONNECT, /* keys published, Initialised, waiting for Connected */
    FE_LEAVE,        /* to reconnect: wrote Closing, waiting for the backend's Closing or Closed */
    FE_LEAVE_WAIT,   /* to reconnect: wrote Closed, waiting for the backend's Closed */
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
    FE_EV_CLOSE,  /* frontend_stop was called */
    FE_EV_FAIL,   /* the driver found the device unusable (frontend_fail) */
    FE_EV_RESUME, /* the domain was resumed: there is another backend */
    FE_EV_DETACH, /* the device is being detached, or is detached */
    FE_EV_MOVED,  /* while away or resumed: the device has another backend, or was created again */
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

/* Looks up the table. FE_DO_NOTHING for values out of range. Any context. */
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
    uint64_t reconnect_timeout_ns; /* 0: the device is lost when its backend goes */
    /* limits the messages that its backend and the writers of its keys can provoke */
    struct ratelimit messages;
    /* set by the state machine */
    enum frontend_state state;
    unsigned backend_state; /* last seen XenbusState */
    unsigned own_state;     /* last written (or found) by us; Unknown: none was there */
    int error;              /* reason why it is not connected: -errno */
    int fail_reason;        /* frontend_fail's */
    int close_error;        /* -ETIMEDOUT: the backend did not follow */
    bool close_wanted, fail_wanted, lost_called;
    bool resume_wanted;
    bool was_connected; /* at least once */
    bool away;          /* its connection has ended, and it is looking for another */
    bool orderly;       /* the backend began an orderly close */
    /* number of times that XenStore had no room for negotiate()'s keys: 0..2 */
    unsigned fewer_keys;
    bool parked;     /* waits while the domain is being suspended */
    bool look_again; /* the state is new: look up the backend's state again */
    /* Reads sent in one batch: the watch, the backend's state, the driver's reads and a
     * transaction. */
    struct xs_batch_item asked[FRONTEND_READS_MAX + 3];
    unsigned asked_count;
    struct xs_batch_item *read; /* the driver's reads among them; NULL: none */
    xs_transaction_t early;     /* the transaction for the keys, begun early */
    uint64_t deadline;
    /* end of the time away; when a new connection begins to count as stable */
    uint64_t reconnect_deadline, settled;
    uint64_t close_by;         /* deadline of frontend_stop; 0: not called */
    struct xs_watch watch;     /* of the backend's state */
    struct xs_watch property;  /* while connected: of ops->property */
    struct xs_watch directory; /* while away or resumed: of the key that names the backend */
    struct wait_queue wq;      /* woken at each change of state */
    struct wait_queue events;  /* the frontend's thread waits here */
    struct thread *thread;
    struct list link; /* of frontends that have a thread */
};

/*
 * Starts the handshake of the device at path ("device/vbd/51712", relative to the domain) in a
 * thread of its own. The caller zeroes fe except for name, connect_timeout_ns and close_timeout_ns
 * (0 = 60 s, 10 s) and reconnect_timeout_ns. If name is NULL, path must stay valid as long as fe,
 * for its messages. 0; -ENOENT: no such device; -EINVAL: the backend's
 * path or id is not valid (reported); -ENOMEM; -ETIMEDOUT: XenStore did not answer within
 * connect_timeout_ns; or another error of XenStore's.
 */
int frontend_start(struct frontend *fe, const char *path, const struct frontend_ops *ops,
                   void *priv);

/* Waits until the device is connected, or connected again (0), or has failed: -ETIMEDOUT (with
 * one line that names the backend's state), the driver's error, -ENODEV when the backend closed
 * or vanished, or the device was detached. Thread context. */
int frontend_wait_connected(struct frontend *fe);

/* Reports that the backend misbehaves: lost() will be called with reason from the frontend's
 * thread. Returns at once. Any context. */
void frontend_fail(struct frontend *fe, int reason);

/* A watch of the driver's own has fired: changed() will be called, if the device is connected. Any context. */
static inline void frontend_look(struct frontend *fe)
{
    fe->property.seen = fe->property.events - 1;
    wake_all(&fe->events);
}

/*
 * Closes the device in any state, within close_timeout_ns, plus one second to tell XenStore when
 * the backend used up that time; XenStore need not answer. Ends the thread and frees what
 * frontend_start allocated. Thread context, not the frontend's own thread. 0; -ETIMEDOUT when the
 * backend did not follow (our side is closed all the same); -EDEADLK in a handler or in that
 * thread: closing has begun, and the caller must call this again from a thread that may wait.
 */
int frontend_stop(struct frontend *fe);

/* "InitWait" for 2; "?" for a number that is no state */
const char *xenbus_state_name(unsigned state);

#endif
