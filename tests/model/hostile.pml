/* SPDX-License-Identifier: MIT */
/*
 * The frontend's side of the ring against a backend that writes anything at any time, for Spin.
 *
 * A peer that may change any shared word between any two steps is equivalent to a shared word that
 * has any value each time it is read. So reads are modelled in this way, and the shared page needs
 * no state. Memory order does not matter here, either: it can show the frontend nothing that this
 * peer could not have written.
 *
 *   model                        code
 *   submit                       submit_prepared(): ring_put() for a batch, ring_push(); nothing reaps in between
 *   reap .. reaped               complete_reap() -> reap_ring(): ring_pending(), ring_take(), ring_rearm(), and again
 *   response                     ring_take(): the one copy of id, operation and status, and the four checks
 *   callback                     deliver(): the caller's aio_cb, which may submit; that waits for the end of the reap (dev->reaping)
 *   violation, lost, gone        complete_violation(), lifecycle_close() -> abort_all(false), lifecycle_release() -> abort_all(true)
 *   in_flight, generation, op    struct ring_shadow: part, the id's upper half, op
 *
 * The generation is one bit here, which tells a slot's present use from the one before.
 *
 * Properties: a request completes exactly once, and only requests do; a response completes a
 * request in flight with this very id and operation; nothing is read beyond the outstanding
 * requests; a reap takes no more than was outstanding at its start; no slot is used twice; after a
 * violation no response is accepted and all requests complete.
 *
 * Without its range check ring_pending() would read entries that hold no response, but complete nothing wrongly: ring_take()'s look at
 * the shadow stands behind it.
 */
#ifndef SLOTS
#define SLOTS 4
#endif
#ifndef WRAP
#define WRAP 8
#endif

#define SUB(a, b) (((a) + WRAP - (b)) % WRAP)
#define NEXT(a)   (((a) + 1) % WRAP)
#define BIT(n)    (1 << (n))
#define ALL       (BIT(SLOTS) - 1)

byte in_flight, generation, op; /* a bit for each slot */
byte open;                      /* requests accepted and not completed */
bool violated;

/* Any value from 0 to max. */
inline any(value, max)
{
    value = 0;
    do
    :: value < max -> value++
    :: break
    od
}

inline complete(n)
{
    assert(in_flight & BIT(n)); /* once, and only a request in flight */
    assert(open > 0);
#ifndef NO_forget
    in_flight = in_flight & ~BIT(n); /* ring_forget() */
#endif
    open--
}

active proctype Front()
{
    byte prod, pushed, cons; /* struct queue */
    byte count, bound, taken, slot, n;
    bit gen, opcode, status;
    byte waiting; /* submitted by callbacks during a reap */

work:
    do
    :: waiting == 0 -> any(waiting, SLOTS); goto submit
    :: goto reap /* an event, requested or not, or a poll */
    :: goto lost /* closed, or the backend's state ends the connection */
    od;

submit: /* as many as fit; the rest stays in `waiting` */
    atomic {
        do
        :: waiting && in_flight != ALL ->
            n = 0;
            do
            :: in_flight & BIT(n) -> n++
            :: else -> break
            od;
            assert(SUB(prod, cons) < SLOTS); /* no overrun */
            in_flight = in_flight | BIT(n);
            generation = generation ^ BIT(n);
            if
            :: op = op | BIT(n)
            :: op = op & ~BIT(n)
            fi;
            prod = NEXT(prod);
            open++;
            waiting--
        :: else -> break
        od;
        n = 0;
        pushed = prod;
        if
        :: count || bound -> goto response_end /* NO_reaping */
        :: else -> waiting = 0; goto work
        fi
    }

reap:
    atomic { bound = SUB(pushed, cons); taken = 0 }
pending: /* ring_pending(): rsp_prod, read once */
    atomic {
        any(n, WRAP - 1);
        count = SUB(n, cons);
        n = 0
    }
#ifndef NO_pending_range
    if
    :: count > SUB(pushed, cons) -> goto violation
    :: else
    fi;
#endif
    if
    :: count == 0 -> goto reaped
    :: else
    fi;

response:
    atomic {
        assert(SUB(pushed, cons)); /* an entry that no response can be in is not read */
        any(slot, SLOTS); /* SLOTS: out of range */
        any(gen, 1);
        any(opcode, 1);
        any(status, 1) /* 1: a number that is no status */
    }
#ifndef NO_take_slot
    if
    :: slot >= SLOTS -> goto violation
    :: else
    fi;
#endif
    assert(slot < SLOTS); /* the index of a shadow */
#ifndef NO_take_part
    if
    :: !(in_flight & BIT(slot)) -> goto violation
    :: else
    fi;
#endif
#ifndef NO_take_id
    if
    :: gen != ((generation >> slot) & 1) -> goto violation
    :: else
    fi;
#endif
#ifndef NO_take_operation
    if
    :: opcode != ((op >> slot) & 1) -> goto violation
    :: else
    fi;
#endif
#ifndef NO_take_status
    if
    :: status -> goto violation
    :: else
    fi;
#endif
#ifdef READ_TWICE /* the check and the use are two reads */
    atomic { any(slot, SLOTS); any(gen, 1) }
#endif
    d_step {
        assert(!violated);
        assert(slot < SLOTS);
        assert(gen == ((generation >> slot) & 1)); /* an answer to this request, not to one before it */
        assert(opcode == ((op >> slot) & 1));
        assert(!status);
        complete(slot);
        cons = NEXT(cons);
        taken++;
        assert(taken <= bound) /* bounded work: the peer cannot extend it */
    }
    /* callback */
    if
    :: waiting < SLOTS -> waiting++
    :: true
    fi;
    d_step { slot = 0; gen = 0; opcode = 0 }
#ifdef NO_reaping
    if
    :: waiting -> goto submit
    :: else
    fi;
#endif
response_end:
    count--;
    if
    :: count -> goto response
    :: else -> goto pending /* ring_rearm(), and the final check */
    fi;

reaped:
    atomic { bound = 0; taken = 0 }
    if
    :: waiting -> goto submit
    :: else -> goto work
    fi;

violation:
    violated = true;
    d_step { slot = 0; gen = 0; opcode = 0; status = 0; count = 0; bound = 0; taken = 0 }
lost: /* abort_all(false): requests whose pages the backend does not map */
    atomic {
        n = 0;
        do
        :: n < SLOTS && (in_flight & BIT(n)) ->
            if
            :: complete(n)
            :: true /* still mapped */
            fi;
            n++
        :: n < SLOTS && !(in_flight & BIT(n)) -> n++
        :: n == SLOTS -> break
        od
    }
    /* gone: abort_all(true): the rest, whose pages are quarantined */
    atomic {
        n = 0;
        do
        :: n < SLOTS ->
            if
            :: in_flight & BIT(n) -> complete(n)
            :: else
            fi;
            n++
        :: else -> break
        od;
        assert(open == 0); /* every one exactly once */
        assert(in_flight == 0)
    }
}
