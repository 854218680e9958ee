/* SPDX-License-Identifier: MIT */
/*
 * The console's rings: the guest writes, reads and drains while the other side reads, types, or
 * sets its indexes to any value. Nothing hangs, input lies within the buffer, and with honest
 * indexes the text arrives whole and in order.
 */
#include "fuzz.h"

#include <kernel/console.h>
#include <kernel/event_channel.h>
#include <ringlet/clock.h>
#include <ringlet/thread.h>
#include <xen/io/console.h>

#define OUT_SIZE 2048
#define IN_SIZE  1024

static struct input in;
static struct xencons_interface *ring;
static uint32_t out_cons, in_prod; /* an honest other side's own */
static uint64_t taken, sent, typed, got;
static bool honest, awake;

/* The text does not repeat soon, and has a newline only where the test wants one. */
static char letter(uint64_t i)
{
    return (char)('A' + i % 53);
}

static void take(uint32_t limit)
{
    for (; honest && out_cons != ring->out_prod && limit; limit--) {
        must(ring->out_prod - out_cons <= OUT_SIZE);
        must(ring->out[out_cons % OUT_SIZE] == letter(taken));
        out_cons++;
        taken++;
    }
    if (honest)
        ring->out_cons = out_cons;
    seam_raise(boot_info.console_port);
}

static void type(uint32_t n)
{
    for (; honest && n && in_prod - ring->in_cons < IN_SIZE; n--)
        ring->in[in_prod++ % IN_SIZE] = letter(typed++);
    if (honest)
        ring->in_prod = in_prod;
    seam_raise(boot_info.console_port);
}

static void idle(void)
{
    uint8_t what = input_u8(&in);

    seam_now += 10 * NSEC_PER_MSEC;
    if (!input_left(&in)) {
        if (awake)
            take(OUT_SIZE);
        return;
    }
    if (what & 1)
        take(what);
    if (what & 2)
        type(what >> 2);
    if (what & 4 && !honest)
        ring->out_cons = input_u32(&in);
}

static void write_text(size_t n)
{
    static char text[3 * OUT_SIZE];
    uint64_t before = console_dropped();

    for (size_t i = 0; i < n; i++)
        text[i] = letter(sent + i);
    console_write(text, n);
    must(console_dropped() - before <= n);
    if (console_dropped() != before)
        honest = false; /* from here on the other side sees a text with holes */
    sent += n;
}

static void read_text(size_t n)
{
    char text[IN_SIZE + 64];
    uint64_t deadline = clock_deadline(input_u8(&in) * NSEC_PER_MSEC);
    int ret;

    memset(text, 0, sizeof(text));
    ret = console_read(text, n, deadline);
    must(ret >= 0 && (size_t)ret <= n);
    for (size_t i = (size_t)ret; i < sizeof(text); i++)
        must(!text[i]);
    for (int i = 0; i < ret && honest; i++)
        must(text[i] == letter(got++));
}

static void damage(void)
{
    uint8_t what = input_u8(&in);

    honest = false;
    if (what & 1)
        ring->in_prod = what & 8 ? ring->in_cons + input_u16(&in) : input_u32(&in);
    if (what & 2)
        ring->out_cons = what & 8 ? ring->out_prod - input_u16(&in) : input_u32(&in);
    if (what & 4)
        ring->in_cons = ring->out_prod = input_u32(&in);
    seam_raise(boot_info.console_port);
}

static void step(void)
{
    switch (input_u8(&in) % 8) {
    case 0:
    case 1:
        write_text(input_u16(&in) % (3 * OUT_SIZE));
        break;
    case 2:
        read_text(input_u16(&in) % IN_SIZE + 1);
        break;
    case 3:
        take(input_u16(&in));
        break;
    case 4:
        type(input_u16(&in) % IN_SIZE);
        break;
    case 5:
        must(console_drain(input_u8(&in) * NSEC_PER_MSEC) <= 0);
        break;
    case 6:
        thread_yield();
        break;
    default:
        damage();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t began;
    uint8_t how;

    in = (struct input){data, data + size};
    how = input_u8(&in);
    seam_init(1 << 20);
    seam_idle = idle;
    ring = boot_info.console;
    out_cons = in_prod = how & 1 ? 0xfffffe00 : 0;
    ring->out_prod = ring->out_cons = ring->in_prod = ring->in_cons = out_cons;
    taken = sent = typed = got = 0;
    honest = true;
    awake = how & 2;
    console_init_early();
    must(evtchn_init() == 0 && console_init() == 0);
    while (input_left(&in)) {
        began = seam_now;
        step();
        /* one deadline of 2 s, and the time of the vCPU's last sleep */
        must(seam_now - began <= 3 * NSEC_PER_SEC);
    }
    if (honest && awake) {
        must(console_drain(NSEC_PER_SEC) == 0);
        must(taken == sent);
    }
    seam_exit();
    return 0;
}
