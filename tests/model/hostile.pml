/* SPDX-License-Identifier: MIT */
/*
 * The frontend's side of the ring against a backend that writes anything at any time, for Spin.
 *
 * A peer that may change every shared word between any two steps is the same as a shared word that has any value each time it is read, so
 * that is how reads are modelled; the shared page itself then needs no state. Memory order does not matter here either: it can show the
 * frontend nothing that this peer could not have written.
 *
 *   model                        code
 *   submit                       request_submit(): queue_put() for a batch, queue_push(); nothing reaps in between
 *   reap .. reaped               dev_reap() -> reap_ring(): queue_pending(), queue_take(), queue_rearm(), and again
 *   response                     queue_take(): the one copy of id, operation and status, and the four checks
 *   callback                     deliver(): the caller's aio_cb, which may submit; that waits for the end of the reap (dev->reaping)
 *   violation, lost, gone        dev_violation(), dev_lost() -> dev_abort(false), dev_gone() -> dev_abort(true)
 *   in_flight, generation, op    struct queue_shadow: part, the id's upper half, op
 *
 * The generation is one bit here, which tells a slot's present use from the one before.
 *
 * Whatever the backend does: a request is completed exactly once, never more than there are; what a response completes is in flight under
 * this very id and for this operation; nothing is read beyond what is outstanding; a reap takes no more than was outstanding at its start; no slot is used twice; after a violation no
 * response is believed and everything ends.
 *
 * Without its range check queue_pending() would read entries that hold no response, but complete nothing wrongly: queue_take()'s look at
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
    assert(in_flight & BIT(n)); /* once, and only what was asked for */
    assert(open > 0);
#ifndef NO_forget
    in_flight = in_flight & ~BIT(n); /* queue_forget() */
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
    :: goto reap /* an event, asked for or not, or a poll */
    :: goto lost /* closed, or the backend's state says that it goes */
    od;

submit: /* as many as there is room for; the rest stays in `waiting` */
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
pending: /* queue_pending(): rsp_prod, read once */
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
#ifdef READ_TWICE /* what was checked and what is used are two reads */
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
        assert(taken <= bound) /* bounded work: the peer cannot keep us here */
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
    :: else -> goto pending /* queue_rearm(), and the last look */
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
lost: /* dev_abort(false): what the backend does not map */
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
    /* gone: dev_abort(true): the rest, whose pages are quarantined */
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
