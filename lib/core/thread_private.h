/* SPDX-License-Identifier: MIT */
/* A thread, and what thread.c (its life) and schedule.c (who runs) need of each other. */
#ifndef RINGLET_THREAD_PRIVATE_H
#define RINGLET_THREAD_PRIVATE_H

#include <kernel/arch.h>
#include <kernel/clock.h>
#include <kernel/thread.h>

struct thread {
    void *data;                 /* first: thread_data() reads it */
    struct wait_entry self;     /* in ready, or in the wait queue of wait_on */
    struct wait_entry *entries; /* of wait_on_any, while it waits there */
    unsigned entry_count;
    struct list all_link;
    struct arch_context ctx;
    char name[32];
    void (*fn)(void *arg);
    void *arg;
    void *stack; /* the guard page is its first page; NULL: the boot stack */
    unsigned stack_pages;
    bool joinable, ended, waiting;
    bool joined;        /* a thread waits for its end, or has */
    bool waits_own;     /* in a wait queue, with a deadline of its own */
    bool interruptible; /* in wait_on_any */
    int result;         /* of the wait */
    uint64_t deadline;
    struct timer timer;
    struct wait_queue joiners;
};

_Static_assert(offsetof(struct thread, data) == 0, "thread_data");

/* Forgets all threads but the first, which runs, and the source of events. */
void schedule_reset(struct thread *first);
/* A new thread will run. */
void schedule_ready(struct thread *t);
/* The first thing that a new thread does. */
void schedule_entered(void);
/* The running thread has ended. It is freed after the switch if it is not joinable. */
void schedule_end(void) RINGLET_NORETURN;
/* Whether t has ended and its stack is still in use: by a handler, before the switch. */
bool schedule_on_stack(const struct thread *t);
/* The function of each thread's timer. */
void schedule_timeout(struct timer *t);

/* Frees a thread that has ended, and its stack. */
void thread_destroy(struct thread *t);

#endif
