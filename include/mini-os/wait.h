/* SPDX-License-Identifier: MIT */
/*
 * Wait queues. A handler or a thread makes the condition true, then calls wake_up(), which wakes
 * all that wait. No wake-up is lost: nothing runs between the test of a condition and the wait.
 */
#ifndef MINI_OS_WAIT_H
#define MINI_OS_WAIT_H

#include <mini-os/os.h>
#include <mini-os/sched.h>
#include <mini-os/waittypes.h>

void init_waitqueue_head(struct wait_queue_head *head);
/* Any context. */
void wake_up(struct wait_queue_head *head);

/* add_waiter(w, queue): from now on the queue's wake_up() ends the next schedule() of the thread of
 * DEFINE_WAIT(w), which must call remove_waiter(w, queue) afterwards. */
void add_wait_queue(struct wait_queue_head *head, struct wait_queue *w);
void remove_wait_queue(struct wait_queue_head *head, struct wait_queue *w);
#define add_waiter(w, wq)            \
    do {                             \
        add_wait_queue(&(wq), &(w)); \
        block(get_current());        \
    } while (0)
#define remove_waiter(w, wq) remove_wait_queue(&(wq), &(w))

/* Waits until the queue is woken, or until the time (0: never): what wait_event does in between. */
void minios_wait(struct wait_queue_head *head, s_time_t deadline);

/* Waits until the condition is true, or until NOW() is `deadline`; 0: no deadline. */
#define wait_event_deadline(wq, condition, deadline)           \
    do {                                                       \
        const s_time_t minios_deadline_ = (deadline);          \
        while (!(condition)) {                                 \
            if (minios_deadline_ && NOW() >= minios_deadline_) \
                break;                                         \
            minios_wait(&(wq), minios_deadline_);              \
        }                                                      \
    } while (0)
#define wait_event(wq, condition) wait_event_deadline(wq, condition, 0)

#endif
