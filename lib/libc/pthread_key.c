/* SPDX-License-Identifier: MIT */
/* Thread-specific data: a table of keys, and an array of values for each thread that has set one. */
#include "thread_end.h"

#include <ringlet/heap.h>

#include <errno.h>
#include <limits.h>

static struct {
    bool used;
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++)
        if (!keys[i].used) {
            keys[i].used = true;
            keys[i].destructor = destructor;
            *key = i;
            return 0;
        }
    return EAGAIN;
}

static bool valid(pthread_key_t key)
{
    return key < PTHREAD_KEYS_MAX && keys[key].used;
}

/* No destructor is called; and a later key of this number begins with NULL in each thread. */
int pthread_key_delete(pthread_key_t key)
{
    if (!valid(key))
        return EINVAL;
    keys[key].used = false;
    list_for_each (pos, &libc_threads) {
        struct thread_state *t = list_entry(pos, struct thread_state, link);

        if (t->values)
            t->values[key] = NULL;
    }
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    const struct thread_state *self = thread_data();

    return self && self->values && key < PTHREAD_KEYS_MAX ? self->values[key] : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    struct thread_state *self = libc_self();

    if (!valid(key))
        return EINVAL;
    if (!self)
        return ENOMEM;
    if (!self->values) {
        self->values = heap_zalloc(PTHREAD_KEYS_MAX, sizeof(*self->values), MEM_APP);
        if (!self->values)
            return ENOMEM;
    }
    self->values[key] = (void *)value;
    return 0;
}

/* Whether one was called; it may have set values again. */
static bool run_all(struct thread_state *self)
{
    bool any = false;

    for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; key++) {
        void *value = self->values[key];

        self->values[key] = NULL;
        if (!value || !valid(key) || !keys[key].destructor)
            continue;
        any = true;
        keys[key].destructor(value);
    }
    return any;
}

void libc_run_destructors(struct thread_state *self)
{
    if (!self->values)
        return;
    for (unsigned i = 0; i < PTHREAD_DESTRUCTOR_ITERATIONS && run_all(self); i++)
        ;
}
