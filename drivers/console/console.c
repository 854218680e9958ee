/* SPDX-License-Identifier: MIT */
/*
 * The PV console: two rings in one page. Writing never gives up the CPU, so that a message may be
 * printed anywhere; where the ring is full the vCPU itself sleeps until the console's port has an
 * event. The other side's indexes are read once each and only ever reduce what is done.
 */
#include <ringlet/console.h>

#include <ringlet/arch.h>
#include <ringlet/clock.h>
#include <ringlet/event_channel.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <xen/io/console.h>

#define STALL_TIMEOUT (2 * NSEC_PER_SEC)
#define OUT_SIZE      sizeof(((struct xencons_interface *)0)->out)
#define IN_SIZE       sizeof(((struct xencons_interface *)0)->in)

_Static_assert(IN_SIZE == 1024 && OUT_SIZE == 2048, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, in_cons) == 3072, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, in_prod) == 3076, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, out_cons) == 3080, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, out_prod) == 3084, "console ring ABI");

static struct {
    struct xencons_interface *ring; /* NULL: Xen's own console, if it takes text */
    evtchn_port_t port;
    /* our indexes, never read back */
    uint32_t out_prod, in_cons;
    bool full; /* console_init was successful */
    bool stalled;
    uint32_t stalled_at; /* out_cons then */
    uint64_t dropped;
    struct wait_queue input;
} con;

/* Bytes the other side has not taken yet; a nonsensical index counts as a full ring. */
static uint32_t out_used(void)
{
    uint32_t used = con.out_prod - READ_ONCE(con.ring->out_cons);

    mb(); /* the other side is done with what lies before its index */
    return MIN(used, (uint32_t)OUT_SIZE);
}

static uint32_t in_available(void)
{
    uint32_t available;

    if (!con.ring) /* a resume has taken it from a reader that waits */
        return 0;
    available = READ_ONCE(con.ring->in_prod) - con.in_cons;

    if (available > IN_SIZE) {
        /* no index of an honest peer: nothing of it is input */
        con.in_cons += available;
        WRITE_ONCE(con.ring->in_cons, con.in_cons);
        return 0;
    }
    rmb(); /* the index before the bytes */
    return available;
}

/*
 * Waits until at most `used` bytes are in the ring; for STALL_TIMEOUT without any progress at
 * most, and not beyond deadline. The port's event is consumed before each look, so none is slept
 * through.
 */
static bool wait_used(uint32_t used, uint64_t deadline)
{
    uint32_t last = out_used();
    uint64_t stall = clock_deadline(STALL_TIMEOUT);

    for (;;) {
        uint32_t now;

        evtchn_consume(con.port);
        now = out_used();
        if (now <= used)
            return true;
        if (now != last)
            stall = clock_deadline(STALL_TIMEOUT);
        last = now;
        if (clock_now() >= MIN(stall, deadline))
            return false;
        evtchn_wait_port(con.port, MIN(stall, deadline));
    }
}

static bool wait_space(void)
{
    bool ok;

    if (con.stalled && READ_ONCE(con.ring->out_cons) == con.stalled_at)
        return false;
    con.stalled = false;
    evtchn_notify(con.port);
    ok = wait_used(OUT_SIZE - 1, DEADLINE_NEVER);
    /* The events just consumed may have been for input. */
    if (con.full && in_available())
        wake_all(&con.input);
    if (!ok) {
        con.stalled = true;
        con.stalled_at = READ_ONCE(con.ring->out_cons);
    }
    return ok;
}

static uint32_t put(const char *text, uint32_t len)
{
    uint32_t space = (uint32_t)OUT_SIZE - out_used();
    uint32_t at = MASK_XENCONS_IDX(con.out_prod, con.ring->out);
    uint32_t first;

    len = MIN(len, space);
    first = MIN(len, (uint32_t)OUT_SIZE - at);
    memcpy(con.ring->out + at, text, first);
    memcpy(con.ring->out, text + first, len - first);
    wmb(); /* the bytes before the index */
    con.out_prod += len;
    WRITE_ONCE(con.ring->out_prod, con.out_prod);
    return len;
}

/* Text without a newline, or "\r\n". */
static void put_all(const char *text, size_t len)
{
    while (len) {
        uint32_t n = put(text, (uint32_t)MIN(len, OUT_SIZE));

        text += n;
        len -= n;
        if (len && n == 0 && !wait_space()) {
            con.dropped += len;
            return;
        }
    }
}

void console_write(const char *text, size_t len)
{
    if (!con.ring) {
        if (len && hypercall_console_io(CONSOLEIO_write, (int)MIN(len, (size_t)INT32_MAX), text))
            con.dropped += len;
        return;
    }
    while (len) {
        const char *newline = memchr(text, '\n', len);
        size_t line = newline ? (size_t)(newline - text) : len;

        put_all(text, line);
        if (newline) {
            put_all("\r\n", 2);
            line++;
        }
        text += line;
        len -= line;
    }
    evtchn_notify(con.port);
}

int console_drain(uint64_t timeout_ns)
{
    bool ok;

    if (!con.ring || out_used() == 0)
        return 0;
    evtchn_notify(con.port);
    ok = wait_used(0, clock_deadline(timeout_ns));
    if (con.full && in_available())
        wake_all(&con.input);
    return ok ? 0 : -ETIMEDOUT;
}

static void drain(void)
{
    console_drain(STALL_TIMEOUT);
}

static bool console_event(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    if (in_available())
        wake_all(&con.input);
    return true; /* also says that output was taken, which nobody waits for in a handler */
}

int console_read(char *buf, size_t size, uint64_t deadline)
{
    uint32_t at, available, len, first;

    if (!con.full)
        return -ENODEV;
    if (in_handler())
        return -EDEADLK;
    if (size == 0)
        return 0;
    /* looked at once: a second look might find an index that makes no sense, and nothing */
    if (!wait_event(&con.input, (available = in_available()) > 0, deadline))
        return 0;
    len = MIN(available, (uint32_t)MIN(size, IN_SIZE));
    at = MASK_XENCONS_IDX(con.in_cons, con.ring->in);
    first = MIN(len, (uint32_t)IN_SIZE - at);
    memcpy(buf, con.ring->in + at, first);
    memcpy(buf + first, con.ring->in, len - first);
    mb(); /* the copy before the index that gives the space back */
    con.in_cons += len;
    WRITE_ONCE(con.ring->in_cons, con.in_cons);
    evtchn_notify(con.port);
    return (int)len;
}

uint64_t console_dropped(void)
{
    return con.dropped;
}

static void take_ring(void)
{
    con.ring = boot_info.console;
    if (con.ring) {
        con.out_prod = READ_ONCE(con.ring->out_prod);
        con.in_cons = READ_ONCE(con.ring->in_cons);
    }
}

void console_init_early(void)
{
    memset(&con, 0, sizeof(con));
    wait_queue_init(&con.input);
    take_ring();
    con.port = boot_info.console_port;
    printk_set_sink(console_write, drain);
}

int console_init(void)
{
    int ret;

    if (!con.ring)
        return -ENODEV;
    ret = evtchn_bind_existing(con.port, console_event, NULL);
    if (ret)
        return ret;
    con.full = true;
    return evtchn_unmask(con.port);
}

int console_resume(void)
{
    /* The toolstack clears a PVH domain's page: our own indexes are not those of the ring. */
    take_ring();
    con.port = boot_info.console_port;
    con.full = con.stalled = false;
    wake_all(&con.input); /* a reader finds the new ring, or none */
    return console_init();
}
