/* SPDX-License-Identifier: MIT */
/* XenStore requests byte by byte, and slightly wrong answers. */
#include "fake_xenstored.h"

#include <kernel/heap.h>

#include "drivers/xen/xs_private.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

static char body[4096]; /* of the last request */
static size_t len;
static uint32_t type, transaction;

static void note(uint32_t t, const char *text)
{
    const struct xsd_sockmsg *hdr = (const void *)fake.in;

    type = t;
    len = hdr->len;
    transaction = hdr->tx_id;
    memcpy(body, text, len);
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup())
        return -1;
    fake.after = note;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

#define EXPECT(t, text)                                    \
    do {                                                   \
        assert_int_equal(type, t);                         \
        assert_int_equal(len, sizeof(text) - 1);           \
        assert_memory_equal(body, text, sizeof(text) - 1); \
    } while (0)

static void requests_on_the_wire(void **state)
{
    struct xs_watch w = {0};
    unsigned count;
    char **names, *value;

    (void)state;
    assert_int_equal(xs_read(5, "no", "thing", &value, NULL), -ENOENT);
    assert_int_equal(xs_write(0, "a", "b", "text", 4), 0);
    EXPECT(XS_WRITE, "a/b\0text");
    assert_int_equal(xs_read(5, "a", "b", &value, NULL), 0);
    EXPECT(XS_READ, "a/b\0");
    assert_int_equal(transaction, 5);
    heap_free(value);
    assert_int_equal(xs_write(0, "a", "b", NULL, 0), 0);
    EXPECT(XS_WRITE, "a/b\0");
    assert_int_equal(xs_rm(7, "a", "b"), 0);
    EXPECT(XS_RM, "a/b\0");
    assert_int_equal(transaction, 7);
    assert_int_equal(xs_mkdir(0, "a", NULL), 0);
    EXPECT(XS_MKDIR, "a\0");
    assert_int_equal(xs_list(0, "a", NULL, &names, &count), 0);
    EXPECT(XS_DIRECTORY, "a\0");
    heap_free(names);
    assert_int_equal(xs_set_permissions(0, "a", "b", "n0 r5"), 0);
    EXPECT(XS_SET_PERMS, "a/b\0n0\0r5\0");
    assert_int_equal(xs_get_permissions(9, "a", "b", &value), 0);
    EXPECT(XS_GET_PERMS, "a/b\0");
    assert_int_equal(transaction, 9);
    heap_free(value);
    assert_int_equal(xs_get_domain_path(32750, &value), 0);
    EXPECT(XS_GET_DOMAIN_PATH, "32750\0");
    assert_string_equal(value, "/local/domain/3");
    heap_free(value);
    assert_int_equal(xs_watch(&w, "a", "b"), 0);
    assert_int_equal(type, XS_WATCH);
    assert_int_equal(len, strlen("a/b") + 1 + strlen(w.token) + 1);
    assert_string_equal(body, "a/b");
    assert_string_equal(body + 4, w.token);
    assert_int_equal(xs_unwatch(&w), 0);
    assert_int_equal(type, XS_UNWATCH);
}

static int nothing(xs_transaction_t t, void *arg)
{
    (void)arg;
    assert_int_equal(t, 4711);
    EXPECT(XS_TRANSACTION_START, "\0");
    return 0;
}

static void transaction_on_the_wire(void **state)
{
    (void)state;
    assert_int_equal(xs_transaction(nothing, NULL), 0);
    EXPECT(XS_TRANSACTION_END, "T\0");
    assert_int_equal(transaction, 4711);
}

static void printf_of_any_length(void **state)
{
    static char text[4000];

    (void)state;
    for (size_t n = 250; n < 262; n++) {
        memset(text, 'x', n);
        text[n] = '\0';
        assert_int_equal(xs_printf(0, "a", "b", "%s%u", text, 7u), 0);
        assert_int_equal(len, 4 + n + 1);
        assert_memory_equal(body + 4, text, n);
        assert_int_equal(body[4 + n], '7');
    }
    mem_fail_nth(1);
    assert_int_equal(xs_printf(0, "a", "b", "%s", text), -ENOMEM);
    mem_fail_nth(0);
    fake.error = "EACCES";
    assert_int_equal(xs_printf(0, "a", "b", "x"), -EACCES);
    assert_int_equal(xs_set_permissions(0, "a", "b", "n0"), -EACCES);
    assert_int_equal(xs_mkdir(0, "a", "b"), -EACCES);
}

/* Out parameters are set in all cases. */
static void nothing_comes_of_errors(void **state)
{
    char **names = (char **)1, *value = (char *)1;
    unsigned count = 77;
    uint64_t n = 77;

    (void)state;
    assert_int_equal(xs_list(0, NULL, NULL, &names, &count), -EINVAL);
    assert_null(names);
    assert_int_equal(count, 0);
    assert_int_equal(xs_read(0, NULL, NULL, &value, NULL), -EINVAL);
    assert_null(value);
    fake.error = "EACCES";
    names = (char **)1;
    value = (char *)1;
    count = 77;
    assert_int_equal(xs_list(0, "a", NULL, &names, &count), -EACCES);
    assert_null(names);
    assert_int_equal(count, 0);
    assert_int_equal(xs_read(0, "a", NULL, &value, NULL), -EACCES);
    assert_null(value);
    assert_int_equal(xs_get_domain_path(1, &value), -EACCES);
    assert_null(value);
    assert_int_equal(xs_read_u64(0, "a", NULL, 0, 9, 5, &n), -EACCES);
    assert_int_equal(n, 5);
}

/* An operation that was not done is not reported as done. */
static void permissions_when_memory_is_short(void **state)
{
    unsigned before = fake.requests;

    (void)state;
    mem_fail_nth(1);
    assert_int_equal(xs_set_permissions(0, "a", NULL, "r0 b3"), -ENOMEM);
    mem_fail_nth(0);
    assert_int_equal(fake.requests, before);
}

/* The answer to the next request is exactly this. */
static const char *raw;
static size_t raw_len;

static void answer_raw(uint32_t t, const char *text)
{
    const struct xsd_sockmsg *hdr = (const void *)fake.in;

    (void)text;
    fake.out_len = 0;
    fake_message(t, hdr->req_id, hdr->tx_id, raw, raw_len);
}

static int list_of(const char *text, size_t n, char ***names, unsigned *count)
{
    fake.after = answer_raw;
    raw = text;
    raw_len = n;
    return xs_list(0, "a", NULL, names, count);
}

static void lists_that_are_none(void **state)
{
    unsigned count;
    char **names;

    (void)state;
    assert_int_equal(list_of("a\0b", 3, &names, &count), -EPROTO); /* no NUL at the end */
    assert_null(names);
    assert_int_equal(list_of("a", 1, &names, &count), -EPROTO);
    assert_int_equal(list_of("", 1, &names, &count), 0); /* one name without characters */
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "");
    assert_null(names[1]);
    heap_free(names);
    assert_int_equal(list_of("ab\0\0c\0", 6, &names, &count), 0);
    assert_int_equal(count, 3);
    assert_string_equal(names[0], "ab");
    assert_string_equal(names[1], "");
    assert_string_equal(names[2], "c");
    assert_null(names[3]);
    heap_free(names);
    mem_fail_nth(2); /* the answer has arrived, the array is missing */
    assert_int_equal(list_of("ab\0", 3, &names, &count), -ENOMEM);
    mem_fail_nth(0);
    assert_null(names);
}

static void transactions_that_are_none(void **state)
{
    static const char *const ids[] = {"0", "4294967296", "x", "-1", ""};

    (void)state;
    fake.after = answer_raw;
    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
        raw = ids[i];
        raw_len = strlen(ids[i]) + 1;
        assert_int_equal(xs_transaction(nothing, NULL), -EPROTO);
    }
}

static void tokens_of_events(void **state)
{
    static const char exact[] = {'p', 0, 't', 0};

    (void)state;
    for (size_t n = 0; n <= 4; n++) {
        char *copy = malloc(n + !n); /* nothing may be read behind it */

        memcpy(copy, exact, n);
        if (n == 4)
            assert_string_equal(xs_event_token(copy, n), "t");
        else
            assert_null(xs_event_token(copy, n)); /* no NUL behind the token; no token */
        free(copy);
    }
    assert_string_equal(xs_event_token("path\0a token\0", 13), "a token");
    assert_string_equal(xs_event_token("\0\0", 2), "");
    assert_string_equal(xs_event_token("\0x\0y\0", 5), "x"); /* more is not read */
}

static void numbers_name_what_is_wrong(void **state)
{
    struct xs_batch_item item = {.dir = "d", .node = "n"};
    uint64_t n;

    (void)state;
    fake.after = NULL;
    fake_text("d/n", "99999999999999999999");
    assert_int_equal(xs_read_u64(0, "d", "n", 1, 9, 5, &n), -ERANGE);
    assert_int_equal(n, 5);
    assert_non_null(
        strstr(seam_console(), "XenStore: d/n is \"99999999999999999999\": over 64 bits"));
    fake_text("d/n", "1~ }");
    assert_int_equal(xs_read_u64(0, "d", "n", 1, 9, 5, &n), -EINVAL);
    assert_non_null(strstr(seam_console(), "XenStore: d/n is \"1~ }\": not a number"));
    fake_text("d/n", "10");
    assert_int_equal(xs_read_u64(0, "d/n", NULL, 1, 9, 5, &n), -ERANGE);
    assert_non_null(strstr(seam_console(), "XenStore: d/n is \"10\": not in 1..9"));
    fake_text("d/n", "123456789 123456789 123456789 123456789 123456789 123456789");
    assert_int_equal(xs_read_u64(0, "d", "n", 1, 9, 5, &n), -EINVAL);
    assert_non_null(strstr(
        seam_console(), "\"123456789 123456789 123456789 123456789 12345678\"...: not a number"));
    item.ret = 0; /* no value: never read */
    assert_int_equal(xs_item_u64(&item, 0, 9, 5, &n), -EINVAL);
    assert_int_equal(n, 5);
    item.ret = -EACCES;
    assert_int_equal(xs_item_u64(&item, 0, 9, 5, &n), -EACCES);
    item.ret = -ENOENT;
    assert_int_equal(xs_item_u64(&item, 0, 9, 6, &n), 0);
    assert_int_equal(n, 6);
}

/* Items are refused one by one; those that can be sent are. */
static void batch_of_good_and_bad(void **state)
{
    struct xs_batch_item items[] = {
        {.op = XS_OP_READ, .dir = NULL, .value = (char *)1, .len = 5},
        {.op = (enum xs_op)7, .dir = "a", .value = (char *)1, .len = 5},
        {.op = XS_OP_WRITE, .dir = "a", .text = NULL, .value = (char *)1, .len = 5},
        {.op = XS_OP_WRITE, .dir = "a", .node = "b", .text = "c", .value = (char *)1, .len = 5},
        {.op = (enum xs_op)3, .dir = "a", .value = (char *)1, .len = 5},
        {.op = XS_OP_READ, .dir = "a", .node = "none", .value = (char *)1, .len = 5},
        {.op = (enum xs_op)(XS_OP_BEGIN + 1), .dir = "a", .value = (char *)1, .len = 5},
    };

    (void)state;
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(items); i++) {
        assert_null(items[i].value);
        assert_int_equal(items[i].len, 0);
        assert_int_equal(items[i].ret, i == 3 ? 0 : i == 5 ? -ENOENT : -EINVAL);
    }
    EXPECT(XS_WRITE, "a/b\0c");
    xs_batch_free(items, ARRAY_SIZE(items));
}

/* A watch that is too long to be sent is none, and those beside it are. */
static void batch_with_a_watch_that_cannot_be_sent(void **state)
{
    static char long_path[4090];
    struct xs_watch bad = {0}, good = {0};
    struct xs_batch_item items[] = {
        {.op = XS_OP_WATCH, .dir = long_path, .node = "state", .watch = &bad},
        {.op = XS_OP_WATCH, .dir = "a", .watch = &good},
        {.op = XS_OP_READ, .dir = "a"},
    };
    struct heap_stats heap;

    (void)state;
    memset(long_path, 'p', sizeof(long_path) - 1);
    fake.after = NULL;
    fake_text("a", "1");
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    assert_int_equal(items[0].ret, -E2BIG);
    assert_null(bad.token);
    assert_null(bad.path);
    assert_int_equal(items[1].ret, 0);
    assert_string_equal(items[2].value, "1");
    xs_batch_free(items, ARRAY_SIZE(items));
    assert_null(items[2].value);
    xs_batch_free(items, ARRAY_SIZE(items)); /* nothing is left to be freed */
    assert_null(strstr(seam_console(), "heap"));
    assert_int_equal(xs_unwatch(&bad), -EINVAL);
    assert_int_equal(xs_unwatch(&good), 0);
    heap_get_stats(&heap);
    assert_int_equal(heap.in_use[MEM_XENSTORE], 0);
}

/* An answer that is none is one item's misfortune while the connection holds. */
static void batch_with_an_answer_that_is_none(void **state)
{
    struct xs_batch_item items[] = {{.op = XS_OP_READ, .dir = "a"},
                                    {.op = XS_OP_READ, .dir = "none"}};

    (void)state;
    fake.after = NULL;
    fake_text("a", "1");
    fake.mangle_type = true;
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    assert_int_equal(items[0].ret, -EPROTO);
    assert_int_equal(items[1].ret, -ENOENT);
}

static struct evtchn_stats events(void)
{
    struct evtchn_stats s;

    evtchn_get_stats(&s);
    return s;
}

/* Events that bring something are not spurious, others are. */
static void spurious_events_are_told_apart(void **state)
{
    uint64_t before;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(xs_write(0, "a", "b", "c", 1), 0);
    before = events().events;
    assert_true(before >= 20);
    assert_int_equal(events().spurious, 0);
    seam_raise(boot_info.xenstore_port);
    thread_poll_events();
    assert_int_equal(events().events, before + 1);
    assert_int_equal(events().spurious, 1);
}

/* An event that ends the connection is not spurious, and is the last one that is handled. */
static void end_of_the_connection_is_an_event(void **state)
{
    const struct xsd_sockmsg hdr = {.type = XS_READ, .len = XENSTORE_PAYLOAD_MAX + 1};
    uint64_t before;

    for (unsigned i = 0; i < 2; i++) {
        fake.silent = true;
        before = events().events;
        if (i) {
            memcpy(boot_info.xenstore->rsp, &hdr, sizeof(hdr));
            boot_info.xenstore->rsp_prod += sizeof(hdr);
        } else {
            boot_info.xenstore->rsp_prod += XENSTORE_RING_SIZE + 1;
        }
        for (unsigned times = 0; times < 2; times++) {
            seam_raise(boot_info.xenstore_port);
            thread_poll_events();
        }
        assert_int_equal(events().events, before + 1);
        assert_int_equal(events().spurious, 0);
        seam_exit();
        assert_int_equal(setup(state), 0);
    }
}

static uint64_t told; /* notifications when the daemon looked last */

static void deaf_daemon(void)
{
    if (seam_sends == told)
        return;
    told = seam_sends;
    fake_run();
}

static void each_call_is_announced(void **state)
{
    char *value;

    (void)state;
    told = seam_sends;
    seam_idle = deaf_daemon;
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
    assert_int_equal(xs_read(0, "a", NULL, &value, NULL), 0);
    heap_free(value);
    assert_int_equal(xs_transaction(nothing, NULL), 0);
}

static unsigned refills;

/* Answers without a request, as many as fit, as often as the reader makes room. */
static void flood(void)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    const struct xsd_sockmsg hdr = {.type = XS_READ, .req_id = 0x7fffffff};

    for (unsigned i = 0; i < XENSTORE_RING_SIZE; i++)
        x->rsp[MASK_XENSTORE_IDX(x->rsp_prod + i)] = ((const char *)&hdr)[i % sizeof(hdr)];
    x->rsp_prod += XENSTORE_RING_SIZE;
    refills++;
}

static long refill(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_send && refills < 20)
        flood();
    return SEAM_DEFAULT;
}

/* A peer that writes faster than we read: bounded work for each event, and none of it spurious. */
static void flood_is_taken_in_turns(void **state)
{
    (void)state;
    refills = 0;
    seam_hypercall = refill;
    flood();
    seam_raise(boot_info.xenstore_port);
    thread_poll_events();
    assert_int_equal(refills, 9); /* eight reads, each with room for more after it */
    assert_int_equal(events().spurious, 0);
    seam_raise(boot_info.xenstore_port);
    thread_poll_events();
    assert_int_equal(refills, 17);
    seam_raise(boot_info.xenstore_port);
    thread_poll_events();
    assert_int_equal(refills, 20);
    assert_int_equal(events().spurious, 0);
}

/* Remains of an earlier user of the page are dropped on both sides. */
static void ring_begins_empty(void **state)
{
    static struct xenstore_domain_interface page;
    struct xs_ring ring;
    bool notify;

    (void)state;
    page.req_prod = page.req_cons = 70;
    page.rsp_prod = 100;
    page.rsp_cons = 50;
    xs_ring_init(&ring, &page);
    assert_int_equal(page.rsp_cons, 100);
    assert_int_equal(ring.rsp_cons, 100);
    assert_int_equal(ring.req_prod, 70);
    assert_int_equal(page.req_prod, 70);
    page.rsp_prod = 100 + XENSTORE_RING_SIZE + 1; /* more than fits */
    assert_int_equal(xs_ring_read(&ring, body, sizeof(body), &notify), -EPROTO);
    page.req_cons = 71; /* more than was written */
    assert_int_equal(xs_ring_write(&ring, body, 1), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_on_the_wire, setup, teardown),
        cmocka_unit_test_setup_teardown(transaction_on_the_wire, setup, teardown),
        cmocka_unit_test_setup_teardown(printf_of_any_length, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_comes_of_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(permissions_when_memory_is_short, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(transactions_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(tokens_of_events, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_name_what_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(batch_of_good_and_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(batch_with_a_watch_that_cannot_be_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(batch_with_an_answer_that_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(end_of_the_connection_is_an_event, setup, teardown),
        cmocka_unit_test_setup_teardown(each_call_is_announced, setup, teardown),
        cmocka_unit_test_setup_teardown(spurious_events_are_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(flood_is_taken_in_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(ring_begins_empty, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
