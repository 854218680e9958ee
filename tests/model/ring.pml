/* SPDX-License-Identifier: MIT */
/*
 * The block ring between an honest frontend and an honest backend, for Spin.
 *
 * Every interleaving is searched, with memory that reorders: whether a side sleeps while work is
 * pending, an entry is read before it is written, a slot is overrun, or a request completes twice.
 * The model does not end, so the result holds for runs of any length. Indexes wrap at WRAP instead
 * of 2^32.
 *
 *   model                        code
 *   Front, "submits"             submit_prepared(), or the pump at the end of complete_reap(): ring_put() for a batch, then ring_push()
 *   Front, reap .. reaped        complete_reap() -> reap_ring(): ring_pending(), ring_take() for each, ring_rearm(), ring_pending() again
 *   Front, wait                  blkfront_aio_wait(): a reap, then sleep until the handler, which is a reap
 *   pend_front, pend_back        an event channel's pending bit, which merges; cleared before the handler runs (deliver() in event_channel.c)
 *   in_flight                    the shadow: ids in use. Which free id is taken does not matter, so it is the lowest (the code: last in first out)
 *   Back                         a backend like Linux': takes what there is, re-arms req_event, looks again; answers in any order, in any batches
 *
 * Memory: stores go to a buffer per process and variable (PSO) that FrontMemory and BackMemory empty in any order and at any time, but for
 * what wmb() and mb() hold. That is weaker than x86, where wmb() costs nothing, and has arm64's reordering of stores and of a load before an
 * earlier store. A load before an earlier load is possible where the rmb() between them was removed: the entries are then read before the
 * index. Not modelled: a load that happens after a later store. It would matter where a response is loaded and its slot stored to, but that
 * is one address, which keeps its order on every machine (a request covers all bytes of a response).
 *
 * -DNO_... removes one thing from the protocol; run-models requires that Spin then finds an error.
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef WRAP
#define WRAP 4 /* more than SLOTS + 1, a power of two as 2^32 is */
#endif

#define SUB(a, b) (((a) + WRAP - (b)) % WRAP)
#define NEXT(a)   (((a) + 1) % WRAP)
#define SLOT(a)   ((a) % SLOTS)
#define BIT(n)    (1 << (n))
#define ALL_IDS   (BIT(SLOTS) - 1)

/* ---- the shared page ---- */

byte req_prod, rsp_prod;
byte req_event = 1, rsp_event = 1; /* ring_init() */
byte ring[SLOTS];                  /* an entry is a request or a response */
#define REQUEST(id)    (1 + (id))
#define RESPONSE(id)   (1 + SLOTS + (id))
#define IS_REQUEST(e)  ((e) >= 1 && (e) <= SLOTS)
#define IS_RESPONSE(e) ((e) > SLOTS)

bool pend_front, pend_back;

/* State for the properties, which the code does not have. */
byte in_flight;      /* ids; the frontend's shadow */
byte expected[SLOTS]; /* the intended content of each slot */

/* ---- memory ---- */

/* One process' stores that the other does not see yet: bit 0 its index, bit 1 its event, bits
 * 2.. ring slots. first: those before a wmb(). */
typedef Stores {
    byte pending, first, prod, event, entry[SLOTS]
}
Stores front, back;
#define PROD     1
#define EVENT    2
#define ENTRY(s) (4 << (s))

#define MAY_LAND(m, b) ((m.pending & (b)) && (!m.first || (m.first & (b))))

inline landed(m, b)
{
    m.pending = m.pending & ~(b);
    m.first = m.first & ~(b)
}

inline store_prod(m, v)
{
    d_step { !(m.pending & PROD) -> m.prod = v; m.pending = m.pending | PROD }
}

inline store_event(m, v)
{
    d_step { !(m.pending & EVENT) -> m.event = v; m.pending = m.pending | EVENT }
}

inline wmb(m)
{
    d_step { m.first == 0 -> m.first = m.pending }
}

inline mb(m)
{
    m.pending == 0
}

/* a process sees its own stores */
#define LOAD_ENTRY(m, s) ((m.pending & ENTRY(s)) -> m.entry[s] : ring[s])

#define MEMORY(m, shared_prod, shared_event)                                                                                                   \
    do                                                                                                                                         \
    :: d_step { MAY_LAND(m, PROD) -> shared_prod = m.prod; m.prod = 0; landed(m, PROD) }                                                       \
    :: d_step { MAY_LAND(m, EVENT) -> shared_event = m.event; m.event = 0; landed(m, EVENT) }                                                  \
    :: d_step { MAY_LAND(m, ENTRY(0)) -> ring[0] = m.entry[0]; m.entry[0] = 0; landed(m, ENTRY(0)) }                                           \
    :: d_step { MAY_LAND(m, ENTRY(1)) -> ring[1] = m.entry[1]; m.entry[1] = 0; landed(m, ENTRY(1)) }                                           \
    MEMORY_MORE(m)                                                                                                                             \
    od
#if SLOTS == 4
#define MEMORY_MORE(m)                                                                                                                         \
    :: d_step { MAY_LAND(m, ENTRY(2)) -> ring[2] = m.entry[2]; m.entry[2] = 0; landed(m, ENTRY(2)) }                                           \
    :: d_step { MAY_LAND(m, ENTRY(3)) -> ring[3] = m.entry[3]; m.entry[3] = 0; landed(m, ENTRY(3)) }
#else
#define MEMORY_MORE(m)
#endif

active proctype FrontMemory()
{
end:
    MEMORY(front, req_prod, rsp_event)
}

active proctype BackMemory()
{
end:
    MEMORY(back, rsp_prod, req_event)
}

/* ---- the frontend ---- */

active proctype Front()
{
    byte prod, pushed, cons; /* struct queue */
    byte id, old, count, e;
    bool notify, woken;
#ifdef NO_pending_rmb
    byte early[SLOTS];
#endif

sleep_or_work:
    do
    :: /* submits */
#ifdef NO_full
       prod == pushed ->
#else
       in_flight != ALL_IDS ->
#endif
        goto put
    :: in_flight -> goto reap /* polls without an event */
    :: in_flight -> goto wait
    od;

put: /* ring_put(), once or more */
    atomic {
        id = 0;
        do
        :: id < SLOTS - 1 && (in_flight & BIT(id)) -> id++
        :: else -> break
        od;
        assert(!(in_flight & BIT(id))); /* the id was free */
        assert(SUB(prod, cons) < SLOTS); /* and so is the slot: no overrun */
        in_flight = in_flight | BIT(id);
        expected[SLOT(prod)] = REQUEST(id);
        e = SLOT(prod);
        id = 0
    }
    d_step {
        !(front.pending & ENTRY(e)) ->
        front.entry[e] = expected[e];
        front.pending = front.pending | ENTRY(e);
        prod = NEXT(prod);
        e = 0
    }
    if
    :: in_flight != ALL_IDS -> goto put
    :: true
    fi;

    /* ring_push() */
    d_step { old = pushed; pushed = prod }
#ifndef NO_push_wmb
    wmb(front);
#endif
    store_prod(front, prod);
#ifndef NO_push_mb
    mb(front);
#endif
    d_step {
#if defined(NO_push_notify)
        notify = false;
#elif defined(NO_push_batch) /* as if every push was of one request */
        notify = req_event == prod;
#else
        notify = SUB(prod, req_event) < SUB(prod, old);
#endif
        old = 0
    }
    if
    :: notify -> d_step { notify = false; pend_back = true } /* evtchn_notify() */
    :: else
    fi;
    goto sleep_or_work;

wait:
    pend_front -> woken = true;
#ifndef NO_clear_first
    pend_front = false;
#endif

reap: /* ring_pending() */
#ifdef NO_pending_rmb
    atomic { early[0] = LOAD_ENTRY(front, 0); early[1] = LOAD_ENTRY(front, 1) }
#endif
    atomic {
        count = SUB(rsp_prod, cons);
        assert(count <= SUB(pushed, cons)) /* else -EPROTO; an honest backend never causes it */
    }
    do
    :: count -> /* ring_take() */
        d_step {
#ifdef NO_pending_rmb
            e = early[SLOT(cons)];
#else
            e = LOAD_ENTRY(front, SLOT(cons));
#endif
            assert(IS_RESPONSE(e)); /* complete: not the earlier content */
            e = e - RESPONSE(0);
            assert(in_flight & BIT(e)); /* completed once */
            in_flight = in_flight & ~BIT(e);
            e = 0;
            cons = NEXT(cons);
            count--
        }
progress:
        if
        :: count == 0 -> goto rearm
        :: else
        fi
    :: else -> goto reaped
    od;
rearm: /* ring_rearm() */
#ifndef NO_rearm
    store_event(front, NEXT(cons));
#endif
#ifndef NO_rearm_mb
    mb(front);
#endif
#ifndef NO_recheck
    goto reap; /* the final check */
#endif
reaped:
#ifdef NO_clear_first
    if
    :: woken -> pend_front = false
    :: else
    fi;
#endif
    woken = false;
#ifdef NO_pending_rmb
    d_step { early[0] = 0; early[1] = 0 }
#endif
    goto sleep_or_work
}

/* ---- the backend ---- */

active proctype Back()
{
    byte cons, prod, pushed, seen, held, id, e;
    bool notify;
#ifdef NO_back_rmb
    byte early[SLOTS];
#endif

end: /* the backend may sleep without end; the frontend may not: its wait is no end state */
    do
    :: pend_back -> pend_back = false; goto take
    :: held -> /* answers any of those that it holds */
        if
        :: held & BIT(0) -> id = 0
        :: held & BIT(1) -> id = 1
#if SLOTS == 4
        :: held & BIT(2) -> id = 2
        :: held & BIT(3) -> id = 3
#endif
        fi;
        d_step {
            !(back.pending & ENTRY(SLOT(prod))) ->
            back.entry[SLOT(prod)] = RESPONSE(id);
            back.pending = back.pending | ENTRY(SLOT(prod));
            held = held & ~BIT(id);
            id = 0;
            prod = NEXT(prod)
        }
    :: prod != pushed -> goto push
    od;

take:
#ifdef NO_back_rmb
    atomic { early[0] = LOAD_ENTRY(back, 0); early[1] = LOAD_ENTRY(back, 1) }
#endif
    atomic { seen = req_prod; assert(SUB(seen, pushed) <= SLOTS) /* no overrun */ }
    do
    :: cons != seen ->
       d_step {
#ifdef NO_back_rmb
           e = early[SLOT(cons)];
#else
           e = LOAD_ENTRY(back, SLOT(cons));
#endif
           assert(IS_REQUEST(e) && e == expected[SLOT(cons)]); /* complete when its index is seen */
           held = held | BIT(e - REQUEST(0));
           e = 0;
           cons = NEXT(cons)
       }
    :: cons == seen -> break
    od;
#ifdef NO_back_rmb
    atomic { early[0] = 0; early[1] = 0 }
#endif
#ifndef NO_back_rearm
    store_event(back, NEXT(cons));
#endif
#ifndef NO_back_rearm_mb
    mb(back);
#endif
    seen = 0;
#ifndef NO_back_recheck
    if
    :: req_prod != cons -> goto take
    :: else
    fi;
#endif
    goto end;

push:
    atomic { e = pushed; pushed = prod }
#ifndef NO_back_push_wmb
    wmb(back);
#endif
    store_prod(back, prod);
#ifndef NO_back_push_mb
    mb(back);
#endif
    d_step {
#if defined(NO_back_push_notify)
        notify = false;
#elif defined(NO_back_push_batch)
        notify = rsp_event == prod;
#else
        notify = SUB(prod, rsp_event) < SUB(prod, e);
#endif
        e = 0
    }
    if
    :: notify -> d_step { notify = false; pend_front = true }
    :: else
    fi;
    goto end
}
