/* SPDX-License-Identifier: MIT */
/*
 * An application without Ringlet's headers: it uses names of its own that the kernel has, too,
 * exported or not.
 */
#include "own.h"

#define OWN(name, value) \
    int name(void);      \
    int name(void)       \
    {                    \
        return value;    \
    }

/* exported by the kernel under names of its own (include/ringlet/symbols.h) */
OWN(panic, 1)
OWN(format, 2)
OWN(printk, 3)
OWN(sha256_init, 4)
OWN(json_begin, 5)
OWN(thread_create, 6)
OWN(mutex_lock, 7)
OWN(timer_start, 8)
OWN(page_alloc, 9)
OWN(heap_alloc, 10)
OWN(heap_free, 11)
OWN(xs_read, 12)
OWN(console_write, 13)
OWN(wait_on, 14)
OWN(clock_now, 15)
OWN(hypercall, 16)
OWN(evtchn_notify, 17)
/* not exported at all */
OWN(kernel_main, 18)
OWN(pool_get, 19)
OWN(xs_init, 20)
OWN(frontend_start, 21)
OWN(symbol_count, 22)

unsigned own_memcpy_calls;

void *memcpy(void *restrict dst, const void *restrict src, size_t n);

/* Nothing here may become a call of memcpy itself. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    volatile unsigned char *d = dst;
    const unsigned char *s = src;

    own_memcpy_calls++;
    while (n--)
        *d++ = *s++;
    return dst;
}

unsigned own_names_wrong(void)
{
    int (*const volatile own[])(void) = {
        panic,         format,      printk,         sha256_init,  json_begin,    thread_create,
        mutex_lock,    timer_start, page_alloc,     heap_alloc,   heap_free,     xs_read,
        console_write, wait_on,     clock_now,      hypercall,    evtchn_notify, kernel_main,
        pool_get,      xs_init,     frontend_start, symbol_count,
    };
    unsigned wrong = 0;

    for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        wrong += own[i]() != (int)i + 1;
    return wrong;
}
