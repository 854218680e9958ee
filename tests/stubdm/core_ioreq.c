/* SPDX-License-Identifier: MIT */
/* The ioreq server against a Xen that has its page, and a machine that remembers what was asked of it. */
#include <host/seam.h>
#include <ioreq.h>
#include <kernel/event_channel.h>
#include <kernel/foreign.h>
#include <ringlet/string.h>
#include <xen/hvm/dm_op.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GUEST 7
#define PAGES 64
#define VCPUS 3

/* ---- the machine ---- */

static char did[8192];
static uint32_t reads; /* what the next read gives */

static void remember(const char *text)
{
    assert_true(strlen(did) + strlen(text) < sizeof(did));
    strcat(did, text);
}

void machine_pio(struct machine *m, uint16_t port, unsigned size, bool write, uint32_t *value)
{
    char text[64];

    (void)m;
    if (!write)
        *value = reads++;
    snprintf(text, sizeof(text), "%s%u %x=%x;", write ? "out" : "in", size, port, *value);
    remember(text);
}

int machine_pio_rep(struct machine *m, uint16_t port, unsigned size, bool write, uint64_t gpa,
                    uint32_t count, bool down)
{
    char text[64];

    (void)m;
    snprintf(text, sizeof(text), "rep %s%u %x %llx*%u%s;", write ? "out" : "in", size, port,
             (unsigned long long)gpa, count, down ? "-" : "+");
    remember(text);
    return gpa > PAGES * PAGE_SIZE ? -EFAULT : 0;
}

void machine_pci_config(struct machine *m, uint32_t bdf, uint32_t reg, unsigned size, bool write,
                        uint32_t *value)
{
    char text[64];

    (void)m;
    if (!write)
        *value = reads++;
    snprintf(text, sizeof(text), "pci%c%u %x:%x=%x;", write ? 'w' : 'r', size, bdf, reg, *value);
    remember(text);
}

/* ---- Xen ---- */

static struct ioreq_server server;
static struct wait_queue wake = WAIT_QUEUE_INIT(wake);
static unsigned enabled, destroyed;
static evtchn_port_t bound[VCPUS]; /* the remote ports, in order */
static unsigned bounds;
static long create_ret;

static struct ioreq *slot(unsigned vcpu)
{
    return (struct ioreq *)seam_foreign.memory + vcpu; /* in frame 0 */
}

static long xen(unsigned nr, const unsigned long *arg)
{
    const struct xen_dm_op_buf *bufs = (void *)arg[2];
    struct xen_dm_op *op;

    if (nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_bind_interdomain) {
        assert_int_equal(((struct evtchn_bind_interdomain *)arg[1])->remote_dom, GUEST);
        bound[bounds++] = ((struct evtchn_bind_interdomain *)arg[1])->remote_port;
        return SEAM_DEFAULT;
    }
    if (nr != __HYPERVISOR_dm_op)
        return SEAM_DEFAULT;
    assert_int_equal(arg[0], GUEST);
    memcpy(&op, &bufs[0].h, sizeof(op));
    if (op->op == XEN_DMOP_create_ioreq_server)
        op->u.create_ioreq_server.id = 2;
    else if (op->op == XEN_DMOP_get_ioreq_server_info)
        op->u.get_ioreq_server_info.ioreq_gfn = 0;
    else if (op->op == XEN_DMOP_destroy_ioreq_server)
        destroyed++;
    else if (op->op == XEN_DMOP_set_ioreq_server_state)
        /* the ports are there only now */
        for (unsigned i = 0; i < VCPUS; i++, enabled = 1)
            slot(i)->vp_eport = 40 + i;
    return op->op == XEN_DMOP_create_ioreq_server ? create_ret : 0;
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    if (evtchn_init())
        return -1;
    foreign_reset();
    seam_foreign_make(GUEST, PAGES);
    seam_hypercall = xen;
    enabled = destroyed = bounds = reads = 0;
    create_ret = 0;
    did[0] = '\0';
    server = (struct ioreq_server){.domid = GUEST, .vcpus = VCPUS, .wake = &wake};
    return foreign_cache_create(GUEST, 64, &server.memory);
}

static int teardown(void **state)
{
    (void)state;
    foreign_cache_destroy(server.memory);
    seam_hypercall = NULL;
    seam_exit();
    return 0;
}

static void start(void)
{
    assert_int_equal(ioreq_create(&server), 0);
    assert_int_equal(ioreq_enable(&server), 0);
    assert_int_equal(enabled, 1);
}

static void did_this(const char *text)
{
    assert_string_equal(did, text);
    did[0] = '\0';
}

static struct ioreq handle(struct ioreq r)
{
    ioreq_handle(&server, &r);
    return r;
}

#define IN(port, bytes) \
    ((struct ioreq){    \
        .type = IOREQ_TYPE_PIO, .dir = IOREQ_READ, .addr = (port), .size = (bytes), .count = 1})
#define OUT(port, bytes, value)             \
    ((struct ioreq){.type = IOREQ_TYPE_PIO, \
                    .dir = IOREQ_WRITE,     \
                    .addr = (port),         \
                    .size = (bytes),        \
                    .count = 1,             \
                    .data = (value)})

/* ---- the slots ---- */

static void a_request_is_answered_and_notified(void **state)
{
    (void)state;
    start();
    assert_int_equal(bounds, VCPUS);
    assert_int_equal(bound[2], 42);
    assert_true(server.found); /* what came before */
    assert_int_equal(ioreq_serve(&server), 0);
    assert_false(server.found);
    reads = 0x55;
    *slot(1) = IN(0x1f7, 1);
    slot(1)->vp_eport = 41;
    slot(1)->state = STATE_IOREQ_READY;
    seam_raise(server.port[1]);
    thread_yield();
    assert_true(server.found);
    assert_int_equal(ioreq_serve(&server), 1);
    did_this("in1 1f7=55;");
    assert_int_equal(slot(1)->state, STATE_IORESP_READY);
    assert_int_equal(slot(1)->data, 0x55);
    assert_int_equal(slot(1)->addr, 0x1f7);
    assert_int_equal(slot(1)->dir, IOREQ_READ);
    assert_int_equal(seam_last_send, server.port[1]);
    assert_int_equal(ioreq_serve(&server), 0); /* once */
    ioreq_destroy(&server);
    assert_int_equal(destroyed, 1);
    assert_int_equal(seam_foreign.mapped, 0);
}

static void other_states_are_not_requests(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < 16; i++) {
        *slot(0) = OUT(0x3f8, 1, 'x');
        slot(0)->state = (uint8_t)(i & 15);
        assert_int_equal(ioreq_serve(&server), i == STATE_IOREQ_READY);
        if (i != STATE_IOREQ_READY)
            assert_int_equal(slot(0)->state, i);
    }
    did_this("out1 3f8=78;");
    ioreq_destroy(&server);
}

static void each_vcpu_has_a_slot(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < VCPUS; i++) {
        *slot(i) = OUT(0x100 + i, 2, i);
        slot(i)->state = STATE_IOREQ_READY;
    }
    *slot(VCPUS) = OUT(0xdead, 1, 0); /* of no vCPU */
    slot(VCPUS)->state = STATE_IOREQ_READY;
    assert_int_equal(ioreq_serve(&server), VCPUS);
    did_this("out2 100=0;out2 101=1;out2 102=2;");
    assert_int_equal(server.stats.requests, VCPUS);
    ioreq_destroy(&server);
}

static void without_resources_the_page_is_found_by_its_frame(void **state)
{
    const int errors[] = {-ENOSYS, -EOPNOTSUPP, -EPERM, -EACCES};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
        seam_foreign.resource_error = errors[i];
        assert_int_equal(ioreq_create(&server), 0);
        assert_non_null(server.page);
        ioreq_destroy(&server);
    }
    seam_foreign.resource_error = -EINVAL; /* something is wrong: no guess */
    assert_int_equal(ioreq_create(&server), -EINVAL);
    assert_non_null(strstr(seam_console(), "cannot map the page of requests: EINVAL"));
    ioreq_destroy(&server);
}

static void a_domain_that_is_not_its_guest_is_refused(void **state)
{
    (void)state;
    create_ret = -EPERM;
    assert_int_equal(ioreq_create(&server), -EPERM);
    assert_non_null(strstr(seam_console(), "cannot create an ioreq server: EPERM"));
    ioreq_destroy(&server);
    assert_int_equal(destroyed, 0);
}

/* ---- what they do ---- */

static void ports(void **state)
{
    struct ioreq r = IN(0x1f0, 2);

    (void)state;
    reads = 0xdeadbeef;
    assert_int_equal(handle(r).data, 0xbeef); /* no more than was asked for */
    did_this("in2 1f0=deadbeef;");
    handle(OUT(0xcf8, 4, 0x80000000ffull));
    did_this("out4 cf8=ff;");
    assert_int_equal(handle(OUT(0x80, 1, 7)).data, 7);
    did_this("out1 80=7;");
    /* beyond the ports, and of a size that a port does not have */
    assert_int_equal(handle(IN(0x10000, 1)).data, 0xff);
    assert_int_equal(handle(IN(0x1f0, 8)).data, UINT64_MAX);
    did_this("");
}

static void strings(void **state)
{
    struct ioreq r = IN(0x1f0, 2);

    (void)state;
    r.data_is_ptr = 1;
    r.count = 256;
    r.data = 0x1ffe;
    assert_int_equal(handle(r).data, 0x1ffe);
    r.dir = IOREQ_WRITE;
    r.df = 1;
    handle(r);
    did_this("rep in2 1f0 1ffe*256+;rep out2 1f0 1ffe*256-;");
    assert_int_equal(server.stats.faults, 0);
    r.data = 1ull << 40;
    handle(r);
    assert_int_equal(server.stats.faults, 1);
    did[0] = '\0';
    r.count = 4097;
    handle(r);
    did_this("");
    assert_int_equal(server.stats.invalid, 1);
}

static void configuration_space(void **state)
{
    (void)state;
    reads = 0x71108086;
    assert_int_equal(handle((struct ioreq){.type = IOREQ_TYPE_PCI_CONFIG,
                                           .dir = IOREQ_READ,
                                           .size = 4,
                                           .count = 1,
                                           .addr = 0xbull << 32 | 0x0})
                         .data,
                     0x71108086);
    handle((struct ioreq){.type = IOREQ_TYPE_PCI_CONFIG,
                          .dir = IOREQ_WRITE,
                          .size = 1,
                          .count = 1,
                          .addr = 8ull << 32 | 0x60,
                          .data = 5});
    did_this("pcir4 b:0=71108086;pciw1 8:60=5;");
    /* of another segment: nobody's */
    assert_int_equal(handle((struct ioreq){.type = IOREQ_TYPE_PCI_CONFIG,
                                           .dir = IOREQ_READ,
                                           .size = 2,
                                           .count = 1,
                                           .addr = 1ull << 48})
                         .data,
                     0xffff);
    did_this("");
}

static void configuration_space_into_memory_goes_by_elements(void **state)
{
    (void)state;
    reads = 0x10;
    handle((struct ioreq){.type = IOREQ_TYPE_PCI_CONFIG,
                          .dir = IOREQ_READ,
                          .size = 2,
                          .count = 3,
                          .addr = 8ull << 32,
                          .data_is_ptr = 1,
                          .df = 1,
                          .data = 0x2000});
    did_this("pcir2 8:0=10;pcir2 8:0=11;pcir2 8:0=12;");
    assert_memory_equal(seam_foreign.memory + 0x1ffc, "\x12\x00\x11\x00\x10\x00", 6);
    memcpy(seam_foreign.memory + 0x3fff, "\x34\x12", 2);
    handle((struct ioreq){.type = IOREQ_TYPE_PCI_CONFIG,
                          .dir = IOREQ_WRITE,
                          .size = 2,
                          .count = 1,
                          .addr = 8ull << 32,
                          .data_is_ptr = 1,
                          .data = 0x3fff});
    did_this("pciw2 8:0=1234;");
}

static void memory_that_nobody_has(void **state)
{
    (void)state;
    assert_int_equal(
        handle(
            (struct ioreq){
                .type = IOREQ_TYPE_COPY, .dir = IOREQ_READ, .size = 4, .count = 1, .addr = 0xa0000})
            .data,
        0xffffffff);
    assert_int_equal(
        handle((struct ioreq){.type = IOREQ_TYPE_COPY, .dir = IOREQ_READ, .size = 8, .count = 1})
            .data,
        UINT64_MAX);
    handle((struct ioreq){.type = IOREQ_TYPE_COPY,
                          .dir = IOREQ_READ,
                          .size = 4,
                          .count = 2,
                          .data_is_ptr = 1,
                          .data = 0x1ffe});
    assert_memory_equal(seam_foreign.memory + 0x1ffd, "\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 10);
    handle((struct ioreq){.type = IOREQ_TYPE_COPY,
                          .dir = IOREQ_WRITE,
                          .size = 4,
                          .count = 2,
                          .data_is_ptr = 1,
                          .data = 0x1ffe});
    did_this("");
    assert_int_equal(server.stats.faults, 0);
    handle((struct ioreq){.type = IOREQ_TYPE_COPY,
                          .dir = IOREQ_READ,
                          .size = 4,
                          .count = 2,
                          .data_is_ptr = 1,
                          .data = PAGES * PAGE_SIZE - 4});
    assert_int_equal(server.stats.faults, 1);
}

static void an_invalidation_gives_the_guests_pages_back(void **state)
{
    char c;

    (void)state;
    assert_int_equal(foreign_read(server.memory, 0, &c, 1), 0);
    assert_true(seam_foreign.mapped > 0);
    handle((struct ioreq){.type = IOREQ_TYPE_INVALIDATE, .dir = IOREQ_WRITE, .data = UINT64_MAX});
    assert_int_equal(seam_foreign.mapped, 0);
    assert_int_equal(server.stats.invalidate, 1);
    handle((struct ioreq){.type = IOREQ_TYPE_TIMEOFFSET, .dir = IOREQ_WRITE, .data = 5});
    assert_int_equal(server.stats.time_offset, 1);
    did_this("");
}

static void what_is_not_known_is_counted_named_and_answered(void **state)
{
    struct ioreq r = {.type = 5, .dir = IOREQ_READ, .size = 4, .count = 1, .addr = 0x1f0};

    (void)state;
    assert_int_equal(handle(r).data, UINT64_MAX);
    handle(r);
    assert_int_equal(server.stats.unknown, 2);
    assert_non_null(strstr(seam_console(), "a request of type 5, which is not known"));
    for (uint32_t size = 0; size < 20; size++) {
        r = IN(0x1f0, size);
        r.size = size;
        handle(r);
    }
    assert_int_equal(server.stats.invalid, 16);
    assert_non_null(strstr(seam_console(), "a request of type 0 with 1 elements of 0 bytes"));
    r.data_is_ptr = 1;
    r.data = 0x1000;
    assert_int_equal(handle(r).data, 0x1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(a_request_is_answered_and_notified),
        T(other_states_are_not_requests),
        T(each_vcpu_has_a_slot),
        T(without_resources_the_page_is_found_by_its_frame),
        T(a_domain_that_is_not_its_guest_is_refused),
        T(ports),
        T(strings),
        T(configuration_space),
        T(configuration_space_into_memory_goes_by_elements),
        T(memory_that_nobody_has),
        T(an_invalidation_gives_the_guests_pages_back),
        T(what_is_not_known_is_counted_named_and_answered),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
