/* SPDX-License-Identifier: MIT */
/* A further console: connected by the frontends' machine, bytes in both directions, a backend that goes. */
#include "fake_xenstored.h"

#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/clock.h>
#include <ringlet/console_port.h>
#include <xen/io/console.h>
#include <xen/io/xenbus.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define FRONT "device/console/3"
#define BACK  "/local/domain/0/backend/console/5/3"

static struct console_port *port;
static struct xencons_interface *ring;
static evtchn_port_t event_port;
static unsigned events;
static bool connects;

/* QEMU: InitWait at first, Connected when the frontend has published its keys. */
static void backend(uint32_t type, const char *body)
{
    const char *state = fake_value(FRONT "/state");

    if (type != XS_WRITE || strncmp(body, FRONT "/state", sizeof(FRONT "/state") - 1))
        return;
    if (strcmp(state, "1") == 0)
        fake_text(BACK "/state", "2");
    else if (strcmp(state, "3") == 0 && connects)
        fake_text(BACK "/state", "4");
    else if (strcmp(state, "5") == 0 || strcmp(state, "6") == 0)
        fake_text(BACK "/state", state);
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup() || gnttab_init())
        return -1;
    fake_text(FRONT "/backend", BACK);
    fake_text(FRONT "/backend-id", "0");
    fake_text(FRONT "/state", "1");
    fake_text(BACK "/state", "2");
    fake_text(BACK "/online", "1");
    fake.after = backend;
    connects = true;
    events = 0;
    return 0;
}

static int teardown(void **state)
{
    struct heap_stats heap;

    (void)state;
    heap_get_stats(&heap);
    seam_exit();
    return heap.in_use[MEM_XENSTORE] != 0 || heap.in_use[MEM_THREAD] != 0;
}

static void on_event(void *arg)
{
    assert_ptr_equal(arg, &events);
    events++;
}

static void find_ring(void)
{
    const grant_entry_v1_t *grant = &seam_grants[strtoul(fake_value(FRONT "/ring-ref"), NULL, 10)];

    assert_int_equal(grant->domid, 0);
    assert_int_equal(grant->flags & (GTF_permit_access | GTF_readonly), GTF_permit_access);
    ring = seam_page(grant->frame);
    event_port = (evtchn_port_t)strtoul(fake_value(FRONT "/port"), NULL, 10);
}

static void opened(void)
{
    assert_int_equal(console_port_open(3, 0, on_event, &events, &port), 0);
    thread_sleep(NSEC_PER_MSEC); /* the frontend's thread writes its state */
    assert_string_equal(fake_value(FRONT "/state"), "4");
    find_ring();
    assert_true(events > 0);
}

static void type_in(const char *text)
{
    for (; *text; text++)
        ring->in[MASK_XENCONS_IDX(ring->in_prod++, ring->in)] = *text;
    seam_raise(event_port);
    thread_yield();
}

static void bytes_go_both_ways(void **state)
{
    char text[16];
    unsigned before;
    uint64_t sends;

    (void)state;
    opened();
    sends = seam_sends;
    assert_int_equal(console_port_write(port, "a\nb", 3), 3); /* nothing is added */
    assert_int_equal(seam_sends, sends + 1);
    assert_int_equal(seam_last_send, event_port);
    assert_int_equal(ring->out_prod, 3);
    assert_memory_equal(ring->out, "a\nb", 3);
    before = events;
    type_in("keys");
    assert_int_equal(events, before + 1);
    assert_int_equal(console_port_read(port, text, 3), 3);
    assert_memory_equal(text, "key", 3);
    assert_int_equal(console_port_read(port, text, sizeof(text)), 1);
    assert_int_equal(ring->in_cons, 4);
    assert_int_equal(console_port_read(port, text, sizeof(text)), 0);
    assert_int_equal(console_port_close(port), 0);
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void a_full_ring_takes_what_fits(void **state)
{
    static char text[4096];

    (void)state;
    opened();
    memset(text, 'a', sizeof(text));
    assert_int_equal(console_port_write(port, text, sizeof(text)), sizeof(ring->out));
    assert_int_equal(console_port_write(port, text, 1), 0);
    ring->out_cons += 10;
    memset(text, 'b', sizeof(text));
    assert_int_equal(console_port_write(port, text, sizeof(text)), 10);
    assert_int_equal(ring->out[9], 'b');
    assert_int_equal(ring->out[10], 'a');
    assert_int_equal(console_port_close(port), 0);
}

static void wrong_indexes_are_a_full_and_an_empty_ring(void **state)
{
    char text[16];

    (void)state;
    opened();
    ring->out_cons = 5000; /* more than was written */
    assert_int_equal(console_port_write(port, "x", 1), 0);
    ring->in_prod = 5000;
    assert_int_equal(console_port_read(port, text, sizeof(text)), 0);
    ring->out_cons = 0;
    assert_int_equal(console_port_write(port, "x", 1), 1);
    type_in("y"); /* from there on */
    assert_int_equal(console_port_read(port, text, sizeof(text)), 1);
    assert_int_equal(text[0], 'y');
    assert_int_equal(console_port_close(port), 0);
}

static void a_backend_that_goes_comes_back(void **state)
{
    unsigned before;
    char c;

    (void)state;
    opened();
    assert_int_equal(console_port_write(port, "lost", 4), 4);
    before = events;
    fake_text(BACK "/state", "5");
    thread_sleep(NSEC_PER_SEC);
    find_ring();
    assert_string_equal(fake_value(FRONT "/state"), "4");
    assert_true(events > before);
    assert_int_equal(ring->out_prod, 0); /* another ring */
    assert_int_equal(console_port_write(port, "new", 3), 3);
    fake.after = NULL; /* it does not follow any more */
    fake_text(BACK "/state", "5");
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(console_port_write(port, "x", 1), 0);
    assert_int_equal(console_port_read(port, &c, 1), 0);
    fake.after = backend;
    console_port_close(port);
}

static void consoles_that_are_not_there(void **state)
{
    struct heap_stats before, after;

    (void)state;
    heap_get_stats(&before);
    assert_int_equal(console_port_open(4, 0, NULL, NULL, &port), -ENOENT);
    assert_null(port);
    assert_int_equal(console_port_open(0, 0, NULL, NULL, &port), -EINVAL);
    connects = false;
    assert_int_equal(console_port_open(3, NSEC_PER_SEC, NULL, NULL, &port), -ETIMEDOUT);
    assert_null(port);
    assert_int_equal(console_port_close(NULL), 0);
    heap_get_stats(&after);
    assert_int_equal(after.in_use[MEM_KERNEL], before.in_use[MEM_KERNEL]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(bytes_go_both_ways),
        T(a_full_ring_takes_what_fits),
        T(wrong_indexes_are_a_full_and_an_empty_ring),
        T(a_backend_that_goes_comes_back),
        T(consoles_that_are_not_there),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
