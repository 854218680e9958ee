/* SPDX-License-Identifier: MIT */
/*
 * The PV console: two rings in one page. A write never lets another thread run, so that a message
 * can be printed in any context; when the ring is full the vCPU itself sleeps until the console's
 * port has an event. The peer's indexes are read once each and can only reduce the work done.
 *
 * The peer cannot block the vCPU: a write sleeps for at most WRITE_TIMEOUT, and only continues when
 * half of the ring is free. So less than half a ring per WRITE_TIMEOUT counts as a stall, during
 * which text is dropped at once until half of the ring is free.
 */
#include <kernel/console.h>

#include <kernel/arch.h>
#include <kernel/event_channel.h>
#include <kernel/nmi.h>
#include <kernel/printk.h>
#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <xen/io/console.h>

#define WRITE_TIMEOUT (2 * NSEC_PER_SEC)
#define DRAIN_TIMEOUT (2 * NSEC_PER_SEC)
#define NMI_TURNS     20000 /* times that an NMI yields until it gives up: a second or so */
#define OUT_SIZE      sizeof(((struct xencons_interface *)0)->out)
#define OUT_HALF      (OUT_SIZE / 2)
#define IN_SIZE       sizeof(((struct xencons_interface *)0)->in)

_Static_assert(IN_SIZE == 1024 && OUT_SIZE == 2048, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, in_cons) == 3072, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, in_prod) == 3076, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, out_cons) == 3080, "console ring ABI");
_Static_assert(offsetof(struct xencons_interface, out_prod) == 3084, "console ring ABI");

static struct {
    struct xencons_interface *ring; /* NULL: Xen's own console, if Xen accepts text */
    evtchn_port_t port;
    uint32_t out_prod, in_cons; /* the guest's own indexes, never read back from the ring */
    bool full;                  /* console_init was successful */
    bool stalled;               /* text is dropped until half of the ring is free */
    uint64_t dropped;           /* bytes, in all */
    uint64_t reported;          /* ... of which the count was printed */
    struct wait_queue input;
    void (*on_event)(void);
} con = {.input = WAIT_QUEUE_INIT(con.input)};

/* Number of bytes that the peer has not taken yet. An index that is out of range counts as a
 * full ring. */
static uint32_t out_used(void)
{
    uint32_t used = con.out_prod - READ_ONCE(con.ring->out_cons);

    mb(); /* the index before writing to the space that it gives back */
    return MIN(used, (uint32_t)OUT_SIZE);
}

static uint32_t in_available(void)
{
    uint32_t available;

    if (!con.ring) /* after a resume, for which a reader may have waited, there may be none */
        return 0;
    available = READ_ONCE(con.ring->in_prod) - con.in_cons;

    if (available > IN_SIZE) {
        /* the index is out of range: there is no input */
        con.in_cons += available;
        WRITE_ONCE(con.ring->in_cons, con.in_cons);
        return 0;
    }
    rmb(); /* the index before the bytes */
    return available;
}

/* Waits until at most `used` bytes are in the ring, or the deadline passes. The port's event is
 * consumed before each check, so that no event is missed. */
static bool wait_used(uint32_t used, uint64_t deadline)
{
    for (;;) {
        evtchn_consume(con.port);
        if (out_used() <= used)
            return true;
        if (clock_now() >= deadline)
            return false;
        evtchn_wait_port(con.port, deadline);
    }
}

/* The same in an NMI, where neither clock nor events may be touched. */
static bool wait_used_nmi(uint32_t used)
{
    for (unsigned i = 0; i < NMI_TURNS; i++) {
        if (out_used() <= used)
            return true;
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    return false;
}

static void tell(void)
{
    if (con.on_event && !in_nmi())
        con.on_event();
}

/* Events that wait_used() has consumed may have been for input. */
static void wake_readers(void)
{
    if (!con.full)
        return;
    if (in_available())
        wake_all(&con.input);
    tell();
}

/* Waits until half of the ring is free. *deadline is the write's, 0 before its first wait. */
static void wait_space(uint64_t *deadline)
{
    evtchn_notify(con.port);
    if (in_nmi()) {
        con.stalled = !wait_used_nmi(OUT_HALF);
        return;
    }
    if (!*deadline)
        *deadline = clock_deadline(WRITE_TIMEOUT);
    con.stalled = !wait_used(OUT_HALF, *deadline);
    wake_readers();
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
static void put_all(const char *text, size_t len, uint64_t *deadline)
{
    bool waited = false;

    while (len && !con.stalled) {
        uint32_t n = put(text, (uint32_t)MIN(len, OUT_SIZE));

        text += n;
        len -= n;
        if (n == 0 && waited)
            /* the peer has moved its index back, which it could do without end */
            con.stalled = true;
        else if (len)
            wait_space(deadline);
        waited = true;
    }
    con.dropped += len;
}

/* Ends a stall when half of the ring is free, and then prints the number of dropped bytes. */
static void check_stall(void)
{
    char text[64];

    if (con.stalled && out_used() > OUT_HALF)
        return;
    con.stalled = false;
    if (con.dropped == con.reported)
        return;
    put(text, (uint32_t)format(text, sizeof(text), "\r\n[%llu bytes of output were dropped]\r\n",
                               (unsigned long long)(con.dropped - con.reported)));
    con.reported = con.dropped;
}

static void write_ring(const char *text, size_t len)
{
    uint64_t deadline = 0;

    check_stall();
    while (len) {
        const char *newline = memchr(text, '\n', len);
        size_t line = newline ? (size_t)(newline - text) : len;

        put_all(text, line, &deadline);
        if (newline) {
            put_all("\r\n", 2, &deadline);
            line++;
        }
        text += line;
        len -= line;
    }
    evtchn_notify(con.port);
}

void console_write(const char *text, size_t len)
{
    nmi_hold(); /* the report would be in the middle */
    if (con.ring)
        write_ring(text, len);
    else if (len && hypercall_console_io(CONSOLEIO_write, (int)MIN(len, (size_t)INT32_MAX), text))
        con.dropped += len;
    nmi_release();
}

int console_drain(uint64_t timeout_ns)
{
    bool ok;

    if (!con.ring || out_used() == 0)
        return 0;
    evtchn_notify(con.port);
    ok = wait_used(0, clock_deadline(timeout_ns));
    wake_readers();
    return ok ? 0 : -ETIMEDOUT;
}

static void drain(void)
{
    console_drain(DRAIN_TIMEOUT);
}

static bool console_event(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    if (in_available())
        wake_all(&con.input);
    tell();
    return true; /* it may also be for output */
}

/* Takes up to size of the `available` bytes. */
static int take(char *buf, size_t size, uint32_t available)
{
    uint32_t len = MIN(available, (uint32_t)MIN(size, IN_SIZE));
    uint32_t at = MASK_XENCONS_IDX(con.in_cons, con.ring->in);
    uint32_t first = MIN(len, (uint32_t)IN_SIZE - at);

    memcpy(buf, con.ring->in + at, first);
    memcpy(buf + first, con.ring->in, len - first);
    mb(); /* copy before the index that gives the space back */
    con.in_cons += len;
    WRITE_ONCE(con.ring->in_cons, con.in_cons);
    evtchn_notify(con.port);
    return (int)len;
}

int console_take(char *buf, size_t size)
{
    uint32_t available;

    if (!con.full)
        return -ENODEV;
    available = in_available();
    return available && size ? take(buf, size, available) : 0;
}

size_t console_room(void)
{
    uint32_t used;

    if (!con.full)
        return SIZE_MAX;
    used = out_used();
    return con.stalled && used > OUT_HALF ? 0 : OUT_SIZE - used;
}

void console_on_event(void (*fn)(void))
{
    con.on_event = fn;
}

int console_read(char *buf, size_t size, uint64_t deadline)
{
    uint32_t available;

    if (!con.full)
        return -ENODEV;
    if (in_handler())
        return -EDEADLK;
    if (size == 0)
        return 0;
    /* in_available() once: at a second read the index may be out of range, and nothing available */
    if (!wait_event(&con.input, (available = in_available()) > 0, deadline))
        return 0;
    return take(buf, size, available);
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
    int ret;

    /* The toolstack clears a PVH domain's page: the old indexes do not belong to this ring. */
    nmi_hold();
    take_ring();
    con.port = boot_info.console_port;
    con.full = con.stalled = false;
    nmi_release();
    wake_all(&con.input); /* readers check the new ring, or find none */
    ret = console_init();
    tell();
    return ret;
}
