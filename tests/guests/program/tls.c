/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <ringlet/string.h>

#define THREADS 3
#define TURNS   50

static __thread uint32_t number = 0x12345678;
static __thread uint32_t zero;
static __thread char text[12] = "each its own";
static __thread struct {
    uint64_t a[3];
} aligned __attribute__((aligned(256)));
static __thread char many[5000];

static unsigned wrong;

static bool is_new(void)
{
    for (unsigned i = 0; i < sizeof(many); i++)
        if (many[i])
            return false;
    return number == 0x12345678 && !zero && !memcmp(text, "each its own", 12) && !aligned.a[2] &&
           (uintptr_t)&aligned % 256 == 0;
}

static void set(uint32_t to)
{
    number = zero = to;
    aligned.a[2] = to;
    many[4999] = (char)to;
}

static bool has(uint32_t to)
{
    return number == to && zero == to && aligned.a[2] == to && many[4999] == (char)to;
}

static void run(void *arg)
{
    const uint32_t base = (uint32_t)(uintptr_t)arg;

    wrong += !is_new();
    for (uint32_t i = 0; i < TURNS; i++) {
        set(base + i);
        if (i % 2)
            thread_yield();
        else
            thread_sleep(100000);
        wrong += !has(base + i);
    }
}

bool tls_kept(void)
{
    return has(7);
}

bool tls_check(void)
{
    struct thread *t[THREADS];
    bool ok = check(is_new(), "variables of the first thread");

    set(7);
    for (unsigned round = 0; round < 2; round++) { /* the second reuses memory */
        for (unsigned i = 0; i < THREADS; i++)
            if (thread_create(&t[i], "tls", run, (void *)(uintptr_t)((i + 1) * 1000), 0))
                return check(false, "threads");
        for (unsigned i = 0; i < THREADS; i++)
            thread_join(t[i]);
    }
    return check(!wrong && tls_kept(), "variables of each thread") && ok;
}
