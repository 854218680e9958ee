/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_WAITTYPES_H
#define MINI_OS_WAITTYPES_H

struct thread;

/* A thread that waits, of DEFINE_WAIT. */
struct wait_queue {
    int waiting; /* it is in a queue */
    struct thread *thread;
    struct wait_queue *next;
};

struct wait_queue_head {
    struct wait_queue *first; /* threads of add_waiter */
    struct {
        void *next, *prev;
    } kernel; /* the kernel's queue: threads of wait_event, and of poll() */
};

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) \
    {                                       \
        (struct wait_queue *)0,             \
        {                                   \
            &(name).kernel, &(name).kernel  \
        }                                   \
    }
#define DECLARE_WAIT_QUEUE_HEAD(name) \
    struct wait_queue_head name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DEFINE_WAIT(name) struct wait_queue name = {0, get_current(), (struct wait_queue *)0}

#endif
