/* SPDX-License-Identifier: MIT */
/*
 * Threads. They are cooperative: another runs only when one waits, sleeps or calls schedule().
 */
#ifndef MINI_OS_SCHED_H
#define MINI_OS_SCHED_H

#include <mini-os/time.h>
#include <mini-os/types.h>

#define RUNNABLE_FLAG 0x1

struct thread {
    char *name;
    u32 flags;
    s_time_t wakeup_time; /* NOW()'s time at which a thread that is blocked is woken; 0: never */
    struct minios_thread *priv;
};

#define is_runnable(t)    ((t)->flags & RUNNABLE_FLAG)
#define set_runnable(t)   ((t)->flags |= RUNNABLE_FLAG)
#define clear_runnable(t) ((t)->flags &= ~RUNNABLE_FLAG)

/* The thread that runs constructors and main() or app_main(). */
extern struct thread *main_thread;

/* Never NULL. Also of threads that create_thread has not made. */
struct thread *get_current(void);
#define current get_current()

/* A thread that runs function(data) on a stack of 64 KiB and ends when it returns. name is copied.
 * NULL: no memory. */
struct thread *create_thread(char *name, void (*function)(void *), void *data);
void exit_thread(void) __attribute__((noreturn));

/*
 * Lets others run. A thread that is not runnable returns when it was woken, or at its wakeup_time;
 * another one when it is its turn again. (When no other is ready, a runnable one returns at once.)
 */
void schedule(void);
/* Makes the thread not runnable: its next schedule() waits. */
void block(struct thread *thread);
/* Makes it runnable. Also in handlers. */
void wake(struct thread *thread);
void msleep(u32 millisecs);

#endif
