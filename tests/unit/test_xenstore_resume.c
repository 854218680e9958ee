/* SPDX-License-Identifier: MIT */
/* Deadlines that pass while the domain is resumed: their threads go on at once, and what XenStore is
 * then told harms nobody. */
#include "xenstore_test.h"

static unsigned watches(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        n += fake.watches[i].used;
    return n;
}

/* Another domain, where XenStore does not answer yet. */
static void another_domain(void)
{
    memset(boot_info.xenstore, 0, PAGE_SIZE);
    memset(fake.watches, 0, sizeof(fake.watches));
    fake.in_len = fake.out_len = 0;
    fake_held_count = 0;
    fake.silent = true;
    evtchn_resume();
}

static void speaks_in_a_second(void *arg)
{
    (void)arg;
    thread_sleep(NSEC_PER_SEC);
    fake.silent = false;
}

static void resume(void)
{
    assert_int_equal(thread_create(NULL, "speaker", speaks_in_a_second, NULL, 0), 0);
    xs_resume(false);
    thread_sleep(NSEC_PER_MSEC);
}

static int result;

static void leave(void *arg)
{
    struct xs_watch *w = arg;

    thread_set_deadline(thread_current(), clock_deadline(NSEC_PER_SEC / 10));
    result = xs_unwatch(w);
    memset(w, 0xee, sizeof(*w)); /* it is the owner's again */
    heap_free(w);
}

static struct xs_watch *watch(const char *path)
{
    struct xs_watch *w = heap_zalloc(1, sizeof(*w), MEM_XENSTORE);

    assert_non_null(w);
    assert_int_equal(xs_watch(w, path, NULL), 0);
    return w;
}

/* Each time XenStore is asked for the first that is left, and the rest comes after it. */
static void watch_is_left_while_all_are_registered(void **state)
{
    static const unsigned order[] = {0, 2, 1};
    struct xs_watch *w[] = {watch("a"), watch("b"), watch("c"), watch("d")};

    (void)state;
    for (unsigned round = 0; round < ARRAY_SIZE(order); round++) {
        struct thread *t;

        xs_suspend();
        another_domain();
        result = 1;
        assert_int_equal(thread_create(&t, "leaver", leave, w[order[round]], 0), 0);
        resume();
        thread_join(t);
        assert_int_equal(result, -ETIMEDOUT);
        assert_int_equal(xs_write(0, "e", NULL, "1", 1), 0);
        thread_sleep(NSEC_PER_MSEC);
        assert_int_equal(watches(), 3 - round);
    }
    w[3]->seen = w[3]->events;
    fake_text("d", "2");
    assert_int_equal(xs_watch_wait(w[3], clock_deadline(NSEC_PER_SEC)), 0);
    assert_int_equal(xs_unwatch(w[3]), 0);
    heap_free(w[3]);
    assert_int_equal(watches(), 0);
}

/* ---- requests that are sent again ---- */

#define BIG 900 /* two of them do not fit on the ring */

struct writer {
    const char *node;
    uint64_t timeout;
    int ret;
};

static void write_big(void *arg)
{
    struct writer *w = arg;
    char *text = heap_alloc(BIG, MEM_XENSTORE);

    assert_non_null(text);
    memset(text, 'x', BIG);
    thread_set_deadline(thread_current(), clock_deadline(w->timeout));
    w->ret = xs_write(0, w->node, NULL, text, BIG);
    memset(text, 'y', BIG);
    heap_free(text);
}

static void takes_and_says_nothing(void)
{
    if (fake_receive(~0U))
        seam_raise(boot_info.xenstore_port);
    fake.out_len = 0;
}

static void thread_gives_up_what_is_sent_again(void **state)
{
    struct writer w[3] = {
        {"one", 8 * NSEC_PER_SEC, 1}, {"two", 8 * NSEC_PER_SEC, 1}, {"three", 8 * NSEC_PER_SEC, 1}};
    struct thread *t[3];

    (void)state;
    seam_idle = takes_and_says_nothing;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(thread_create(&t[i], "writer", write_big, &w[i], 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    xs_suspend();
    another_domain();
    memset(fake.nodes, 0, sizeof(fake.nodes));
    seam_idle = fake_run;
    for (unsigned i = 0; i < 3; i++)
        thread_set_deadline(t[i], i == 1 ? clock_deadline(NSEC_PER_SEC / 10) : DEADLINE_NEVER);
    resume();
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_int_equal(w[0].ret, 0);
    assert_int_equal(w[1].ret, -ETIMEDOUT);
    assert_int_equal(w[2].ret, 0);
    for (unsigned i = 0; i < 3; i++) {
        const char *text = fake_value(w[i].node);

        assert_int_equal(strlen(text), BIG);
        assert_null(strchr(text, 'y'));
    }
    assert_int_equal(stats().errors, 0);
}

static void without_memory_for_a_copy_a_request_fails(void **state)
{
    struct writer w = {"one", 8 * NSEC_PER_SEC, 1};
    struct thread *t;

    (void)state;
    seam_idle = takes_and_says_nothing;
    assert_int_equal(thread_create(&t, "writer", write_big, &w, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    xs_suspend();
    another_domain();
    seam_idle = fake_run;
    fake.silent = false;
    mem_fail_nth(1);
    xs_resume(false);
    mem_fail_nth(0);
    thread_join(t);
    assert_int_equal(w.ret, -ENOMEM);
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
}

/* One that was given up before its turn came is no answer that XenStore owes. */
static void request_that_was_not_sent_again_is_not_owed(void **state)
{
    struct writer w = {"one", 8 * NSEC_PER_SEC, 1};
    struct xs_watch *first = watch("a");
    struct thread *t;

    (void)state;
    seam_idle = takes_and_says_nothing;
    assert_int_equal(thread_create(&t, "writer", write_big, &w, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    xs_suspend();
    another_domain();
    memset(fake.nodes, 0, sizeof(fake.nodes));
    seam_idle = fake_run;
    thread_set_deadline(t, clock_deadline(NSEC_PER_SEC / 10)); /* the watch is first */
    resume();
    thread_join(t);
    assert_int_equal(w.ret, -ETIMEDOUT);
    assert_null(fake_find("one"));
    seam_console_clear();
    xs_suspend();
    assert_null(strstr(seam_console(), "without an answer"));
    xs_resume(true);
    assert_int_equal(xs_unwatch(first), 0);
    heap_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(watch_is_left_while_all_are_registered),
        TEST(thread_gives_up_what_is_sent_again),
        TEST(without_memory_for_a_copy_a_request_fails),
        TEST(request_that_was_not_sent_again_is_not_owed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
