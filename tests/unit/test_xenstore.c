/* SPDX-License-Identifier: MIT */
/* The XenStore client with a small xenstored, and with one that sends nonsense. */
#include "fake_xenstored.h"

#include <kernel/heap.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/format.h>

#include "drivers/xen/xs_private.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

static int setup(void **state)
{
    (void)state;
    return fake_setup();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static struct xs_stats stats(void)
{
    struct xs_stats s;

    xs_get_stats(&s);
    return s;
}

static void check_read(const char *path, const char *want)
{
    size_t len;
    char *value;

    assert_int_equal(xs_read(0, path, NULL, &value, &len), 0);
    assert_int_equal(len, strlen(want));
    assert_string_equal(value, want);
    heap_free(value);
}

/* ---- plain calls ---- */

static void write_read_remove(void **state)
{
    char *value;

    (void)state;
    assert_int_equal(xs_write(0, "data", "a", "hello", 5), 0);
    check_read("data/a", "hello");
    assert_int_equal(xs_printf(0, "data", "a", "%d-%s", 42, "x"), 0);
    check_read("data/a", "42-x");
    assert_int_equal(xs_rm(0, "data", "a"), 0);
    assert_int_equal(xs_read(0, "data", "a", &value, NULL), -ENOENT);
    assert_null(value);
    assert_int_equal(xs_mkdir(0, "data", "d"), 0);
    assert_int_equal(xs_set_permissions(0, "data", "d", "n0 r5"), 0);
    assert_int_equal(xs_get_domain_path(3, &value), 0);
    assert_string_equal(value, "/local/domain/3");
    heap_free(value);
    assert_int_equal(stats().errors, 0);
    assert_int_equal(stats().requests, 9);
    assert_int_equal(stats().replies, 9);
    assert_int_equal(stats().round_trips, 9);
}

static char seen_body[64];
static void note_body(uint32_t type, const char *body)
{
    if (type == XS_SET_PERMS)
        memcpy(seen_body, body, sizeof(seen_body));
}

static void permissions_are_separate_strings_on_the_wire(void **state)
{
    (void)state;
    fake.after = note_body;
    assert_int_equal(xs_set_permissions(0, "data", "d", "n0 r5"), 0);
    assert_memory_equal(seen_body, "data/d\0n0\0r5\0", 13);
}

static void permissions_are_read_with_blanks_between(void **state)
{
    char *perms;

    (void)state;
    assert_int_equal(xs_get_permissions(0, NULL, NULL, &perms), -EINVAL);
    assert_null(perms);
    assert_int_equal(xs_get_permissions(0, "data", "d", &perms), 0);
    assert_string_equal(perms, "n0 r5 b17");
    heap_free(perms);
    fake.error = "EACCES";
    assert_int_equal(xs_get_permissions(0, "data", "d", &perms), -EACCES);
    assert_null(perms);
    fake.error = NULL;
}

static void values_may_hold_nuls(void **state)
{
    size_t len;
    char *value;

    (void)state;
    assert_int_equal(xs_write(0, "k", NULL, "a\0b\0", 4), 0);
    assert_int_equal(xs_read(0, "k", NULL, &value, &len), 0);
    assert_int_equal(len, 4);
    assert_memory_equal(value, "a\0b\0", 5);
    heap_free(value);
    fake_set("empty", "", 0);
    check_read("empty", "");
}

static void messages_of_4096_bytes_are_the_limit(void **state)
{
    static char big[4096], path[2050];
    size_t len;
    char *value;

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 7 + 1);
    assert_int_equal(xs_write(0, "k", NULL, big, 4094), 0);
    assert_int_equal(xs_write(0, "k", NULL, big, 4095), -E2BIG);
    fake_set("full", big, 4096);
    assert_int_equal(xs_read(0, "full", NULL, &value, &len), 0);
    assert_int_equal(len, 4096);
    assert_memory_equal(value, big, 4096);
    assert_int_equal(value[4096], 0);
    heap_free(value);
    assert_int_equal(xs_read(0, "k", NULL, &value, &len), 0);
    assert_int_equal(len, 4094);
    assert_memory_equal(value, big, 4094);
    heap_free(value);
    memset(path, 'p', 2048); /* the longest that XenStore takes */
    path[2048] = '\0';
    assert_int_equal(xs_write(0, path, NULL, big, 2047), 0);
    assert_int_equal(xs_read(0, path, NULL, &value, &len), 0);
    assert_int_equal(len, 2047);
    heap_free(value);
    path[2048] = 'p';
    assert_int_equal(xs_write(0, path, NULL, big, 1), -EINVAL);
    assert_int_equal(xs_printf(0, "k", NULL, "%4094d", 1), 0);
    assert_int_equal(xs_printf(0, "k", NULL, "%4097d", 1), -E2BIG);
}

static void every_byte_may_come_alone(void **state)
{
    (void)state;
    fake.portion = 1;
    write_read_remove(NULL);
    fake.portion = 333;
    messages_of_4096_bytes_are_the_limit(NULL);
}

static void list_names(void **state)
{
    unsigned count;
    char **names;

    (void)state;
    fake_text("device/vbd/51712", "");
    fake_text("device/vbd/768", "");
    fake_text("device/vbd/768/state", "1");
    assert_int_equal(xs_list(0, "device", "vbd", &names, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "51712");
    assert_string_equal(names[1], "768");
    assert_null(names[2]);
    heap_free(names);
    assert_int_equal(xs_list(0, "nothing", NULL, &names, &count), 0);
    assert_int_equal(count, 0);
    heap_free(names);
}

static unsigned parts_seen, changes_left;

/* The directory changes while it is read. */
static void change_directory(uint32_t type, const char *body)
{
    (void)body;
    if (type != XS_DIRECTORY_PART)
        return;
    parts_seen++;
    if (changes_left && parts_seen % 2 == 0) {
        changes_left--;
        fake.generation++;
        fake_text("device/vbd/9999", "");
    }
}

static void check_long_list(unsigned want)
{
    unsigned count;
    char **names;

    assert_int_equal(xs_list(0, "device", "vbd", &names, &count), 0);
    assert_int_equal(count, want);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(strtoul(names[i], NULL, 10), 51712 + 16 * i);
    assert_null(names[want]);
    heap_free(names);
}

static void long_lists_come_in_parts(void **state)
{
    unsigned count;
    char **names;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        char path[32];

        snprintf(path, sizeof(path), "device/vbd/%u", 51712 + 16 * i);
        fake_text(path, "");
    }
    fake.after = change_directory;
    check_long_list(40);
    assert_int_equal(parts_seen, 0);
    for (fake.directory = 16; fake.directory < 240; fake.directory++) {
        parts_seen = 0;
        check_long_list(40);
        assert_true(parts_seen > 1);
    }
    fake.directory = 64;
    changes_left = 5;
    check_long_list(41);
    assert_int_equal(changes_left, 0);
    changes_left = ~0U;
    assert_int_equal(xs_list(0, "device", "vbd", &names, &count), -EAGAIN);
    assert_null(names);
    changes_left = 0;
    fake.directory = 4; /* no name fits: the list never ends */
    assert_int_equal(xs_list(0, "device", "vbd", &names, &count), -EPROTO);
    assert_null(names);
}

static void error_texts_become_numbers(void **state)
{
    static const struct {
        const char *text;
        int number;
    } cases[] = {
        {"EINVAL", -EINVAL},       {"EACCES", -EACCES},   {"EEXIST", -EEXIST}, {"EISDIR", -EISDIR},
        {"ENOENT", -ENOENT},       {"ENOMEM", -ENOMEM},   {"ENOSPC", -ENOSPC}, {"EIO", -EIO},
        {"ENOTEMPTY", -ENOTEMPTY}, {"ENOSYS", -ENOSYS},   {"EROFS", -EROFS},   {"EBUSY", -EBUSY},
        {"EAGAIN", -EAGAIN},       {"EISCONN", -EISCONN}, {"E2BIG", -E2BIG},   {"EPERM", -EPERM},
        {"EQUOTA", -ENOSPC},       {"EWHATEVER", -EIO},   {"", -EIO},          {"EINVA", -EIO},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        fake.error = cases[i].text;
        assert_int_equal(xs_write(0, "k", NULL, "v", 1), cases[i].number);
    }
    assert_int_equal(xs_error_number("ENOENT", 6), -ENOENT); /* without a NUL */
    assert_int_equal(stats().errors, 0);
}

static void callers_mistakes(void **state)
{
    char *value, **names;
    unsigned count;
    struct xs_watch w = {0};

    (void)state;
    assert_int_equal(xs_read(0, NULL, "x", &value, NULL), -EINVAL);
    assert_int_equal(xs_write(0, NULL, "x", "", 0), -EINVAL);
    assert_int_equal(xs_write(0, "x", NULL, NULL, 3), -EINVAL);
    assert_int_equal(xs_rm(0, NULL, NULL), -EINVAL);
    assert_int_equal(xs_list(0, NULL, NULL, &names, &count), -EINVAL);
    assert_int_equal(xs_set_permissions(0, "x", NULL, NULL), -EINVAL);
    assert_int_equal(xs_watch(&w, NULL, NULL), -EINVAL);
    assert_int_equal(xs_unwatch(&w), -EINVAL);
    assert_int_equal(fake.requests, 0);
}

/* ---- numbers ---- */

static void check_number(const char *text, int ret, uint64_t want)
{
    struct xs_batch_item item = {.op = XS_OP_READ, .dir = "d", .node = "n"};
    uint64_t value = 999;

    fake_text("d/n", text);
    seam_console_clear();
    assert_int_equal(xs_read_u64(0, "d", "n", 1, 1000, 7, &value), ret);
    assert_int_equal(value, want);
    assert_int_equal(strstr(seam_console(), "d/n") != NULL, ret != 0);
    assert_int_equal(xs_batch(0, &item, 1), 0);
    value = 999;
    assert_int_equal(xs_item_u64(&item, 1, 1000, 7, &value), ret);
    assert_int_equal(value, want);
    xs_batch_free(&item, 1);
}

static void numbers_have_a_range_and_a_default(void **state)
{
    struct xs_batch_item item = {.op = XS_OP_READ, .dir = "d", .node = "missing"};
    static char longest[4096];
    uint64_t value;

    (void)state;
    check_number("1", 0, 1);
    check_number("1000", 0, 1000);
    check_number("0x10", 0, 16);
    check_number("0", -ERANGE, 7);
    check_number("1001", -ERANGE, 7);
    check_number("18446744073709551616", -ERANGE, 7);
    check_number("", -EINVAL, 7);
    check_number("-1", -EINVAL, 7);
    check_number("12 ", -EINVAL, 7);
    check_number("banana\n", -EINVAL, 7);
    assert_non_null(strstr(seam_console(), "\"banana?\""));
    memset(longest, '1', sizeof(longest));
    fake_set("d/n", longest, sizeof(longest));
    assert_int_equal(xs_read_u64(0, "d", "n", 0, UINT64_MAX, 7, &value), -ERANGE);
    assert_int_equal(value, 7);
    fake_set("d/n",
             "5\0"
             "5",
             3);
    assert_int_equal(xs_read_u64(0, "d", "n", 0, UINT64_MAX, 7, &value), -EINVAL);
    assert_int_equal(xs_read_u64(0, "d", "missing", 0, 9, 7, &value), 0);
    assert_int_equal(value, 7);
    assert_int_equal(xs_batch(0, &item, 1), 0);
    assert_int_equal(xs_item_u64(&item, 0, 9, 3, &value), 0);
    assert_int_equal(value, 3);
    fake.error = "EACCES";
    assert_int_equal(xs_read_u64(0, "d", "n", 0, 9, 7, &value), -EACCES);
    assert_int_equal(value, 7);
    /* another domain's directory: C xenstored does not answer ENOENT below a removed node */
    assert_int_equal(xs_read_u64(0, "/local/domain/0/d", "n", 0, 9, 7, &value), 0);
    assert_int_equal(value, 7);
    fake.error = "EPERM";
    assert_int_equal(xs_read_u64(0, "/local/domain/0/d", "n", 0, 9, 7, &value), -EPERM);
}

/* ---- several at once ---- */

static void batch_waits_once(void **state)
{
    static char text[] = "some text that makes the batch longer than the ring";
    struct xs_batch_item items[30];
    uint64_t before = stats().round_trips;

    (void)state;
    memset(items, 0, sizeof(items));
    for (unsigned i = 0; i < 30; i++)
        items[i] = (struct xs_batch_item){.op = i % 3 == 1   ? XS_OP_READ
                                                : i % 3 == 2 ? XS_OP_RM
                                                             : XS_OP_WRITE,
                                          .dir = "data",
                                          .node = i % 3 ? "b" : "a",
                                          .text = text};
    fake_text("data/b", "bee");
    items[29].dir = NULL;
    assert_int_equal(xs_batch(0, items, 30), 0);
    for (unsigned i = 0; i < 29; i++)
        assert_int_equal(items[i].ret, i < 3 || i % 3 == 0 ? 0 : -ENOENT);
    assert_int_equal(items[29].ret, -EINVAL);
    assert_string_equal(items[1].value, "bee");
    assert_int_equal(items[1].len, 3);
    assert_null(items[4].value);
    xs_batch_free(items, 30);
    assert_true(stats().round_trips - before <= 3); /* the ring holds a part only */
    assert_string_equal(fake_value("data/a"), text);
}

static void batch_on_a_quiet_ring_is_one_round_trip(void **state)
{
    struct xs_batch_item items[] = {{.op = XS_OP_READ, .dir = "a"},
                                    {.op = XS_OP_READ, .dir = "b"},
                                    {.op = XS_OP_READ, .dir = "c"}};

    (void)state;
    assert_int_equal(xs_batch(0, items, 3), 0);
    assert_int_equal(stats().round_trips, 1);
    assert_int_equal(stats().requests, 3);
    assert_int_equal(stats().waits, 1);
}

/* A value read after the watch cannot have changed without an event after the first. */
static void batch_with_a_watch(void **state)
{
    struct xs_watch w = {0}, refused = {0};
    struct xs_batch_item items[] = {
        {.op = XS_OP_READ, .dir = "data", .node = "a"},
        {.op = XS_OP_WATCH, .dir = "data", .node = "a", .watch = &w},
        {.op = XS_OP_READ, .dir = "data", .node = "a"},
        {.op = XS_OP_WATCH, .dir = "data"},
    };

    (void)state;
    fake_text("data/a", "1");
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    assert_int_equal(items[1].ret, 0);
    assert_string_equal(items[2].value, "1");
    assert_int_equal(items[3].ret, -EINVAL);
    assert_int_equal(stats().waits, 1);
    assert_int_equal(w.events, 1);
    assert_string_equal(w.path, "data/a");
    w.seen = w.events;
    fake_text("data/a", "2");
    assert_int_equal(xs_watch_wait(&w, clock_deadline(NSEC_PER_SEC)), 0);
    assert_int_equal(w.events, 2);
    xs_batch_free(items, ARRAY_SIZE(items));
    assert_int_equal(xs_unwatch(&w), 0);

    fake.error = "EACCES";
    items[1].watch = &refused;
    assert_int_equal(xs_batch(0, &items[1], 1), 0);
    assert_int_equal(items[1].ret, -EACCES);
    assert_null(refused.token);
}

/* A daemon that is notified of each message separately wakes up for each. */
static void batch_is_announced_once(void **state)
{
    struct xs_batch_item items[8];
    uint64_t before;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(items); i++)
        items[i] = (struct xs_batch_item){.op = XS_OP_READ, .dir = "a"};
    before = seam_sends;
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    assert_int_equal(seam_sends - before, 1);
    /* also when the last of them is none */
    items[7].dir = NULL;
    before = seam_sends;
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    assert_int_equal(seam_sends - before, 1);
}

/* A daemon that reads the ring only when it is notified. */
static uint64_t told;

static void deaf_daemon(void)
{
    if (seam_sends == told)
        return;
    told = seam_sends;
    fake_run();
}

static void long_batch(void *arg)
{
    struct xs_batch_item items[60];

    for (unsigned i = 0; i < ARRAY_SIZE(items); i++)
        items[i] = (struct xs_batch_item){.op = XS_OP_RM, .dir = "a directory with a long name"};
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(items); i++)
        assert_int_equal(items[i].ret, -ENOENT);
    *(bool *)arg = true;
}

/* No message of a batch is left unannounced in the ring when another request comes between. */
static void batch_is_announced_when_it_is_interrupted(void **state)
{
    bool ended = false;
    uint64_t begun;

    (void)state;
    told = seam_sends;
    seam_idle = deaf_daemon;
    long_batch(&ended);
    assert_int_equal(thread_create(NULL, "batch", long_batch, &ended, 0), 0);
    ended = false;
    thread_yield();
    begun = clock_now();
    xs_suspend();
    assert_false(ended);
    xs_resume(true);
    while (!ended)
        thread_sleep(NSEC_PER_MSEC);
    assert_true(clock_now() - begun < NSEC_PER_SEC);
}

/* ---- counters ---- */

static void slow_daemon(void)
{
    seam_now += NSEC_PER_MSEC;
    fake_run();
}

static void two_reads(void *arg)
{
    char *value;

    xs_read(0, "a", NULL, &value, NULL);
    xs_read(0, "b", NULL, &value, NULL);
    (*(unsigned *)arg)++;
}

/* Waits at the same time are one link of the chain, and one stretch of time. */
static void only_waits_that_follow_each_other_are_counted(void **state)
{
    struct xs_batch_item items[40];
    unsigned ended = 0;

    (void)state;
    seam_idle = slow_daemon;
    two_reads(&ended);
    assert_int_equal(stats().waits, 2);
    assert_int_equal(stats().wait_ns, 2 * NSEC_PER_MSEC);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(thread_create(NULL, "reader", two_reads, &ended, 0), 0);
    while (ended < 4)
        thread_sleep(100 * NSEC_PER_MSEC);
    assert_int_equal(stats().requests, 8);
    assert_int_equal(stats().waits, 4);
    assert_int_equal(stats().wait_ns, 4 * NSEC_PER_MSEC);
    /* one batch, though it waits for space, too */
    for (unsigned i = 0; i < ARRAY_SIZE(items); i++)
        items[i] = (struct xs_batch_item){.op = XS_OP_RM, .dir = "a directory with a long name"};
    assert_int_equal(xs_batch(0, items, ARRAY_SIZE(items)), 0);
    assert_int_equal(stats().waits, 5);
    assert_true(stats().wait_ns > 5 * NSEC_PER_MSEC);
}

/* A service that waits for a watch that may never fire does not count as a wait. */
static void a_wait_for_a_watch_is_not_counted(void **state)
{
    struct xs_watch w = {0};
    struct xs_stats before;

    (void)state;
    seam_idle = slow_daemon;
    assert_int_equal(xs_watch(&w, "data", NULL), 0);
    assert_int_equal(xs_watch_wait(&w, DEADLINE_NEVER), 0);
    before = stats();
    assert_int_equal(xs_watch_wait(&w, clock_deadline(NSEC_PER_SEC)), -ETIMEDOUT);
    assert_int_equal(stats().waits, before.waits);
    assert_int_equal(stats().wait_ns, before.wait_ns);
    assert_int_equal(xs_unwatch(&w), 0);
}

#define THREADS 12
static unsigned finished;

static void busy_thread(void *arg)
{
    char path[32], text[300];

    snprintf(path, sizeof(path), "t/%u", (unsigned)(uintptr_t)arg);
    for (unsigned i = 0; i < 20; i++) {
        memset(text, 'a' + (int)i, sizeof(text));
        snprintf(text, sizeof(text) - 10, "%s-%u", path, i);
        assert_int_equal(xs_write(0, path, NULL, text, sizeof(text)), 0);

        size_t len;
        char *value;

        assert_int_equal(xs_read(0, path, NULL, &value, &len), 0);
        assert_int_equal(len, sizeof(text));
        assert_memory_equal(value, text, sizeof(text));
        heap_free(value);
    }
    finished++;
}

static void many_threads(void)
{
    struct thread *t[THREADS];

    finished = 0;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(thread_create(&t[i], "x", busy_thread, (void *)(uintptr_t)i, 65536), 0);
    for (unsigned i = 0; i < THREADS; i++)
        thread_join(t[i]);
    assert_int_equal(finished, THREADS);
    assert_int_equal(stats().errors, 0);
}

static void threads_share_the_ring(void **state)
{
    (void)state;
    many_threads();
}

static void long_message_thread(void *arg)
{
    char path[8] = {'t', '/', (char)('a' + (uintptr_t)arg), '\0'}, text[3000];

    memset(text, path[2], sizeof(text));
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(xs_write(0, path, NULL, text, sizeof(text)), 0);
}

static void messages_longer_than_the_ring_do_not_mix(void **state)
{
    struct thread *t[4];

    (void)state;
    fake.portion = 700;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(
            thread_create(&t[i], "x", long_message_thread, (void *)(uintptr_t)i, 65536), 0);
    for (unsigned i = 0; i < 4; i++)
        thread_join(t[i]);
    assert_int_equal(fake.requests, 20);
    assert_int_equal(strspn(fake_value("t/a"), "a"), 3000);
    assert_int_equal(strspn(fake_value("t/d"), "d"), 3000);
    assert_int_equal(stats().errors, 0);
}

static void answers_in_reverse_order_find_their_request(void **state)
{
    (void)state;
    fake.reverse = true;
    many_threads();
    batch_waits_once(NULL);
}

/* ---- transactions ---- */

static unsigned attempts;

static int in_transaction(xs_transaction_t t, void *arg)
{
    assert_int_equal(t, 4711);
    attempts++;
    return arg ? *(int *)arg : xs_write(t, "k", NULL, "v", 1);
}

static void transactions(void **state)
{
    int error = -ENODEV;

    (void)state;
    attempts = 0;
    fake.conflicts = 3;
    assert_int_equal(xs_transaction(in_transaction, NULL), 0);
    assert_int_equal(attempts, 4);
    assert_int_equal(fake.starts, 4);
    assert_int_equal(fake.aborted, 0);
    assert_int_equal(fake.in_transaction, 8);

    attempts = 0;
    assert_int_equal(xs_transaction(in_transaction, &error), -ENODEV);
    assert_int_equal(attempts, 1);
    assert_int_equal(fake.aborted, 1);

    attempts = 0;
    fake.conflicts = 1000;
    assert_int_equal(xs_transaction(in_transaction, NULL), -EAGAIN);
    assert_int_equal(attempts, 64);
}

/* Other threads have all that the domain may have; they end soon, or never. */
static void transactions_wait_for_the_quota(void **state)
{
    uint64_t before = clock_now();

    (void)state;
    attempts = 0;
    fake.full = 5;
    assert_int_equal(xs_transaction(in_transaction, NULL), 0);
    assert_int_equal(attempts, 1);
    assert_int_equal(fake.starts, 1);
    assert_in_range(clock_now() - before, 50 * NSEC_PER_MSEC, 60 * NSEC_PER_MSEC);

    fake.full = 1000;
    before = clock_now();
    assert_int_equal(xs_transaction(in_transaction, NULL), -ENOSPC);
    assert_int_equal(attempts, 1);
    assert_in_range(clock_now() - before, NSEC_PER_SEC, 3 * NSEC_PER_SEC);
    fake.full = 0;
}

/* One that was begun in a batch is the first attempt, and ends in any case. */
static void transactions_begun_before(void **state)
{
    struct xs_batch_item item = {.op = XS_OP_BEGIN};
    int error = -ENODEV;

    (void)state;
    for (unsigned conflicts = 0; conflicts < 2; conflicts++) {
        attempts = fake.starts = fake.ends = 0;
        fake.conflicts = conflicts;
        assert_int_equal(xs_batch(0, &item, 1), 0);
        assert_int_equal(item.ret, 0);
        assert_int_equal(item.t, 4711);
        assert_int_equal(xs_transaction_from(item.t, in_transaction, NULL), 0);
        assert_int_equal(attempts, 1 + conflicts);
        assert_int_equal(fake.starts, 1 + conflicts);
        assert_int_equal(fake.ends, fake.starts);
    }
    assert_int_equal(xs_batch(0, &item, 1), 0);
    assert_int_equal(xs_transaction_from(item.t, in_transaction, &error), -ENODEV);
    assert_int_equal(fake.aborted, 1);
    assert_int_equal(xs_batch(0, &item, 1), 0);
    xs_transaction_drop(item.t);
    assert_int_equal(fake.aborted, 2);
    assert_int_equal(fake.ends, fake.starts);
    xs_transaction_drop(XS_NO_TRANSACTION);
    assert_int_equal(fake.aborted, 2);

    fake.error = "ENOSPC";
    assert_int_equal(xs_batch(0, &item, 1), 0);
    assert_int_equal(item.ret, -ENOSPC);
    assert_int_equal(item.t, XS_NO_TRANSACTION);
}

/* ---- watches ---- */

static unsigned fired;
static char fired_at[64];

static void on_watch(struct xs_watch *w)
{
    assert_true(in_handler());
    format(fired_at, sizeof(fired_at), "%s", xs_watch_path());
    assert_ptr_equal(w->arg, &fired);
    assert_int_equal(xs_rm(0, "x", NULL), -EDEADLK); /* no calls from here */
    fired++;
}

static void watches_fire(void **state)
{
    struct xs_watch w = {.fn = on_watch, .arg = &fired}, other = {0};

    (void)state;
    fired = 0;
    assert_int_equal(xs_watch(&w, "control", "shutdown"), 0);
    assert_int_equal(xs_watch(&other, "data", NULL), 0);
    assert_string_equal(w.path, "control/shutdown");
    assert_int_equal(xs_watch_wait(&w, DEADLINE_NEVER), 0);
    assert_int_equal(xs_watch_wait(&w, clock_deadline(1000)), -ETIMEDOUT);
    fake_text("control/shutdown", "poweroff");
    fake_text("control/shutdown", "halt");
    assert_int_equal(xs_watch_wait(&w, DEADLINE_NEVER), 0);
    assert_int_equal(xs_watch_wait(&w, clock_deadline(1000)), -ETIMEDOUT); /* merged */
    assert_int_equal(fired, 3);
    assert_string_equal(fired_at, "control/shutdown");
    fake_text("control/shutdown/below", "x");
    assert_int_equal(xs_watch_wait(&w, DEADLINE_NEVER), 0);
    assert_string_equal(fired_at, "control/shutdown/below");
    assert_null(xs_watch_path());
    assert_int_equal(other.events, 1);
    assert_int_equal(xs_unwatch(&w), 0);
    fake_text("control/shutdown", "reboot");
    thread_sleep(1000);
    assert_int_equal(fired, 4);
    assert_int_equal(xs_unwatch(&other), 0);
    assert_int_equal(stats().watch_events, 5);
    assert_int_equal(stats().errors, 0);
}

static void refused_watch_is_forgotten(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    fake.error = "ENOSPC";
    assert_int_equal(xs_watch(&w, "a", NULL), -ENOSPC);
    fake.error = NULL;
    assert_null(w.token);
    fake_message(XS_WATCH_EVENT, 0, 0, "a\0w0\0", 5);
    fake_text("k", "");
    check_read("k", "");
}

static void malformed_watch_events_are_dropped(void **state)
{
    static const struct {
        const char *body;
        size_t len;
    } bad[] = {{"", 0},
               {"path", 4},
               {"path\0", 5},
               {"path\0w1", 7},
               {"path\0nobody\0", 12},
               {"path\0w1\0x", 9},
               {"\0\0", 2}};
    struct xs_watch w = {.fn = on_watch, .arg = &fired};

    (void)state;
    fired = 0;
    assert_int_equal(xs_watch(&w, "a", NULL), 0);
    thread_sleep(1000);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        fake_message(XS_WATCH_EVENT, 0, 0, bad[i].body, bad[i].len);
    thread_sleep(1000);
    assert_int_equal(fired, 1);
    assert_int_equal(stats().errors, ARRAY_SIZE(bad));
    xs_unwatch(&w);
}

/* ---- a XenStore out of its mind ---- */

static void answers_nobody_asked_for_are_counted(void **state)
{
    (void)state;
    fake_message(XS_READ, 12345, 0, "x", 1);
    fake_message(99, 12345, 0, "", 0);
    fake_text("k", "v");
    check_read("k", "v");
    assert_int_equal(stats().errors, 2);
}

static void answer_of_the_wrong_type_is_a_protocol_error(void **state)
{
    (void)state;
    fake.mangle_type = true;
    assert_int_equal(xs_write(0, "k", NULL, "v", 1), -EPROTO);
    fake.mangle_type = false;
    assert_int_equal(xs_write(0, "k", NULL, "v", 1), 0);
    assert_int_equal(stats().errors, 1);
}

static int waiting_ret, watching_ret, queued_ret;

static void waiting_thread(void *arg)
{
    char *value;

    (void)arg;
    waiting_ret = xs_read(0, "k", NULL, &value, NULL);
}

static void watching_thread(void *arg)
{
    watching_ret = xs_watch_wait(arg, DEADLINE_NEVER);
}

/* Longer than the ring: waits for space. */
static void queued_thread(void *arg)
{
    static char big[3000];

    (void)arg;
    queued_ret = xs_write(0, "k", NULL, big, sizeof(big));
}

static void check_broken(void (*harm)(void), const char *why)
{
    struct xs_watch w = {0};
    struct thread *t[3];
    const char *line;

    assert_int_equal(xs_watch(&w, "w", NULL), 0);
    assert_int_equal(xs_watch_wait(&w, DEADLINE_NEVER), 0);
    fake.silent = true;
    waiting_ret = watching_ret = queued_ret = 1;
    thread_create(&t[0], "waits", waiting_thread, NULL, 65536);
    thread_create(&t[1], "watches", watching_thread, &w, 65536);
    thread_create(&t[2], "queued", queued_thread, NULL, 65536);
    thread_sleep(1000);
    assert_int_equal(waiting_ret + watching_ret + queued_ret, 3);
    harm();
    seam_raise(boot_info.xenstore_port);
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_int_equal(waiting_ret, -EPROTO);
    assert_int_equal(queued_ret, -EPROTO);
    assert_int_equal(watching_ret, -ENOTCONN);
    assert_int_equal(xs_write(0, "k", NULL, "v", 1), -ENOTCONN);
    assert_int_equal(xs_unwatch(&w), -ENOTCONN);
    assert_null(w.token);
    line = strstr(seam_console(), "XenStore: ");
    assert_non_null(line);
    assert_non_null(strstr(line, why));
    assert_null(strstr(line + 1, "XenStore: ")); /* reported once */
    assert_int_equal(stats().errors, 1);
}

static void harm_rsp_prod(void)
{
    boot_info.xenstore->rsp_prod += 1025;
}

static void harm_req_cons(void)
{
    boot_info.xenstore->req_cons = boot_info.xenstore->req_prod + 1;
}

static void harm_length(void)
{
    fake_message(XS_READ, 1, 0, "", 0);
    ((struct xsd_sockmsg *)(void *)fake.out)->len = 4097;
    fake_transmit(~0U);
}

static void broken_answer_index_ends_the_connection(void **state)
{
    (void)state;
    check_broken(harm_rsp_prod, "indexes");
}

static void broken_request_index_ends_the_connection(void **state)
{
    (void)state;
    check_broken(harm_req_cons, "indexes");
}

static void oversized_message_ends_the_connection(void **state)
{
    (void)state;
    check_broken(harm_length, "4096");
}

static void batch_is_told_of_a_broken_connection(void **state)
{
    struct xs_batch_item items[2] = {{.op = XS_OP_READ, .dir = "a"},
                                     {.op = XS_OP_READ, .dir = "b"}};

    (void)state;
    harm_rsp_prod();
    seam_raise(boot_info.xenstore_port);
    fake.silent = true;
    assert_int_equal(xs_batch(0, items, 2), -EPROTO);
    assert_int_equal(xs_batch(0, items, 2), -ENOTCONN);
    assert_int_equal(xs_transaction(in_transaction, NULL), -ENOTCONN);
}

static void endless_stream_does_not_starve_threads(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4000; i++)
        fake_message(XS_WATCH_EVENT, 0, 0, "path\0nobody\0", 12);
    fake_text("k", "v");
    check_read("k", "v");
    assert_int_equal(stats().errors, 4000);
}

static void leftovers_of_an_earlier_user_are_dropped(void **state)
{
    (void)state;
    boot_info.xenstore->rsp_prod += 5;
    assert_int_equal(evtchn_close(boot_info.xenstore_port), 0);
    assert_int_equal(xs_init(), 0);
    write_read_remove(NULL);
}

static void no_xenstore_is_an_error(void **state)
{
    char *value;

    (void)state;
    boot_info.xenstore = NULL;
    seam_idle = NULL;
    assert_int_equal(xs_init(), -ENOTCONN);
    assert_int_equal(xs_read(0, "k", NULL, &value, NULL), -ENOTCONN);
}

static void short_memory_is_an_error_and_nothing_else(void **state)
{
    (void)state;
    fake_text("a/b", "text");
    for (unsigned nth = 1;; nth++) {
        unsigned count = 0;
        char **names = NULL;
        struct xs_batch_item item = {.op = XS_OP_READ, .dir = "a", .node = "b"};
        struct xs_watch w = {0};
        int ret[4];

        mem_fail_nth(nth);
        ret[0] = xs_list(0, "a", NULL, &names, &count);
        ret[1] = xs_batch(0, &item, 1);
        if (!ret[1])
            ret[1] = item.ret;
        ret[2] = xs_set_permissions(0, "a", NULL, "n0");
        ret[3] = xs_watch(&w, "a", NULL);
        mem_fail_nth(0);
        heap_free(names);
        xs_batch_free(&item, 1);
        if (!ret[3])
            assert_int_equal(xs_unwatch(&w), 0);
        for (unsigned i = 0; i < 4; i++)
            assert_true(ret[i] == 0 || ret[i] == -ENOMEM);
        if (!ret[0] && !ret[1] && !ret[2] && !ret[3])
            break;
    }
    check_read("a/b", "text");

    struct heap_stats heap;

    heap_get_stats(&heap);
    assert_int_equal(heap.in_use[MEM_XENSTORE], 0);
}

static int nothing(xs_transaction_t t, void *arg)
{
    (void)t;
    (void)arg;
    return 0;
}

/* With any allocation failing: a transaction that XenStore has begun is ended. */
static void no_transaction_is_left_without_memory(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 12; nth++) {
        mem_fail_nth(nth);
        xs_transaction(nothing, NULL);
        mem_fail_nth(0);
        thread_sleep(NSEC_PER_MSEC);
        assert_int_equal(fake.starts, fake.ends);
    }
    assert_true(fake.starts > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(write_read_remove),
        TEST(permissions_are_separate_strings_on_the_wire),
        TEST(permissions_are_read_with_blanks_between),
        TEST(values_may_hold_nuls),
        TEST(messages_of_4096_bytes_are_the_limit),
        TEST(every_byte_may_come_alone),
        TEST(list_names),
        TEST(long_lists_come_in_parts),
        TEST(error_texts_become_numbers),
        TEST(callers_mistakes),
        TEST(numbers_have_a_range_and_a_default),
        TEST(batch_waits_once),
        TEST(batch_on_a_quiet_ring_is_one_round_trip),
        TEST(only_waits_that_follow_each_other_are_counted),
        TEST(a_wait_for_a_watch_is_not_counted),
        TEST(threads_share_the_ring),
        TEST(messages_longer_than_the_ring_do_not_mix),
        TEST(answers_in_reverse_order_find_their_request),
        TEST(transactions),
        TEST(transactions_wait_for_the_quota),
        TEST(transactions_begun_before),
        TEST(batch_with_a_watch),
        TEST(batch_is_announced_once),
        TEST(batch_is_announced_when_it_is_interrupted),
        TEST(watches_fire),
        TEST(refused_watch_is_forgotten),
        TEST(malformed_watch_events_are_dropped),
        TEST(answers_nobody_asked_for_are_counted),
        TEST(answer_of_the_wrong_type_is_a_protocol_error),
        TEST(broken_answer_index_ends_the_connection),
        TEST(broken_request_index_ends_the_connection),
        TEST(oversized_message_ends_the_connection),
        TEST(batch_is_told_of_a_broken_connection),
        TEST(endless_stream_does_not_starve_threads),
        TEST(leftovers_of_an_earlier_user_are_dropped),
        TEST(no_xenstore_is_an_error),
        TEST(short_memory_is_an_error_and_nothing_else),
        TEST(no_transaction_is_left_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
