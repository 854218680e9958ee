/* SPDX-License-Identifier: MIT */
/* The rounding mode is a thread's own, and stays its own while others run. */
#include "checks.h"

#define MXCSR_INITIAL 0x1f80
#define CW_INITIAL    0x37f
#define TURNS         40

struct rounding {
    unsigned mode; /* 0 nearest, 1 down, 2 up, 3 to zero: as in both control words */
    double sse;
    long double x87;
    bool ok;
};

static uint32_t get_mxcsr(void)
{
    uint32_t v;

    __asm__ __volatile__("stmxcsr %0" : "=m"(v));
    return v;
}

static uint16_t get_cw(void)
{
    uint16_t v;

    __asm__ __volatile__("fnstcw %0" : "=m"(v));
    return v;
}

static void set_rounding(unsigned mode)
{
    const uint32_t mxcsr = MXCSR_INITIAL | mode << 13;
    const uint16_t cw = (uint16_t)(CW_INITIAL | mode << 10);

    __asm__ __volatile__("ldmxcsr %0; fldcw %1" ::"m"(mxcsr), "m"(cw));
}

/* One third, summed up: the result depends on the rounding of each step. */
static void sum(struct rounding *r, unsigned turns, bool yields)
{
    volatile double one = 1, three = 3;
    volatile long double one_long = 1, three_long = 3;

    for (unsigned i = 0; i < turns; i++) {
        r->sse += one / three;
        r->x87 += one_long / three_long;
        if (yields && i % 3 == 0)
            thread_yield();
        else if (yields && i % 3 == 1)
            thread_sleep(50000);
    }
}

static void run(void *arg)
{
    struct rounding *r = arg, alone = {.mode = r->mode};

    r->ok = (get_mxcsr() & ~0x3fU) == MXCSR_INITIAL && get_cw() == CW_INITIAL;
    set_rounding(r->mode);
    sum(r, TURNS, true);
    r->ok = r->ok && (get_mxcsr() >> 13 & 3) == r->mode && (get_cw() >> 10 & 3) == r->mode;
    sum(&alone, TURNS, false);
    r->ok = r->ok && alone.sse == r->sse && alone.x87 == r->x87;
}

bool float_check(void)
{
    struct rounding r[4] = {{.mode = 0}, {.mode = 1}, {.mode = 2}, {.mode = 3}};
    struct thread *t[4];
    bool ok = check((get_mxcsr() & ~0x3fU) == MXCSR_INITIAL && get_cw() == CW_INITIAL,
                    "control words of the first thread");

    for (unsigned i = 0; i < 4; i++)
        if (thread_create(&t[i], "float", run, &r[i], 0))
            return check(false, "threads");
    for (unsigned i = 0; i < 4; i++) {
        thread_join(t[i]);
        ok = ok && r[i].ok;
    }
    ok = check(ok, "rounding is each thread's own") && ok;
    return check(r[1].sse < r[2].sse && r[1].x87 < r[2].x87 && r[1].sse > 13.3 && r[2].sse < 13.4,
                 "rounding has an effect") &&
           ok;
}
