/* SPDX-License-Identifier: MIT */
/* Watches that share one of XenStore's: the ones that an event concerns, and the requests sent. */
#include "fake_xenstored.h"

#include <kernel/heap.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>

#include <setjmp.h>

#include <cmocka.h>

#define ROOT "device/vbd"
#define N    64

static int setup(void **state)
{
    (void)state;
    return fake_setup();
}

static int teardown(void **state)
{
    struct heap_stats heap;

    (void)state;
    heap_get_stats(&heap);
    assert_int_equal(heap.in_use[MEM_XENSTORE], 0);
    seam_exit();
    return 0;
}

static unsigned registered(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        n += fake.watches[i].used;
    return n;
}

/* Was there an event for w since the last question? */
static bool fired(struct xs_watch *w)
{
    const bool yes = w->events != w->seen;

    w->seen = w->events;
    return yes;
}

static void change(const char *path)
{
    fake_text(path, "x");
    thread_sleep(NSEC_PER_MSEC);
}

static void one_is_asked_for(void **state)
{
    static struct xs_watch w[N];
    char dir[40];

    (void)state;
    for (unsigned i = 0; i < N; i++) {
        snprintf(dir, sizeof(dir), ROOT "/%u", i);
        assert_int_equal(xs_watch_shared(&w[i], ROOT, dir, "backend"), 0);
        assert_int_equal(xs_watch_wait(&w[i], DEADLINE_NEVER), 0); /* at first, as any watch */
        assert_false(fired(&w[i]));
    }
    assert_int_equal(registered(), 1);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(registered(), 1);
        assert_int_equal(xs_unwatch(&w[i]), 0);
        assert_null(w[i].token);
    }
    assert_int_equal(registered(), 0);
}

static void paths_choose(void **state)
{
    static const struct {
        const char *path;
        bool seven, seventy, all; /* 7/backend, 70/backend, the root */
    } cases[] = {
        {ROOT "/7/backend", true, false, true},
        {ROOT "/7/backend/below", true, false, true},
        {ROOT "/7", true, false, true},
        {ROOT "/70", false, true, true},
        {ROOT "/7/back", false, false, true},
        {ROOT "/7/backend-id", false, false, true},
        {ROOT "/70/backend", false, true, true},
        {ROOT "/8/backend", false, false, true},
        {ROOT, true, true, true},
        {"device", false, false, false}, /* another's */
    };
    struct xs_watch seven = {0}, seventy = {0}, all = {0};
    char body[80];
    size_t len;

    (void)state;
    assert_int_equal(xs_watch_shared(&seven, ROOT, ROOT "/7", "backend"), 0);
    assert_int_equal(xs_watch_shared(&seventy, ROOT, ROOT "/70", "backend"), 0);
    assert_int_equal(xs_watch_shared(&all, ROOT, ROOT, NULL), 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_true(fired(&seven) && fired(&seventy) && fired(&all));
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        change(cases[i].path);
        assert_int_equal(fired(&seven), cases[i].seven);
        assert_int_equal(fired(&seventy), cases[i].seventy);
        assert_int_equal(fired(&all), cases[i].all);
    }
    /* an invalid path from XenStore: all watches fire */
    len = (size_t)snprintf(body, sizeof(body), "else%c%s", 0, fake.watches[0].token) + 1;
    fake_message(XS_WATCH_EVENT, 0, 0, body, len);
    thread_sleep(NSEC_PER_MSEC);
    assert_true(fired(&seven) && fired(&seventy) && fired(&all));
    assert_int_equal(xs_unwatch(&seven), 0);
    change(ROOT "/70/backend");
    assert_true(fired(&seventy));
    assert_int_equal(xs_unwatch(&seventy), 0);
    assert_int_equal(xs_unwatch(&all), 0);
    assert_int_equal(registered(), 0);
}

static void roots_are_apart(void **state)
{
    struct xs_watch disk = {0}, net = {0};

    (void)state;
    assert_int_equal(xs_watch_shared(&disk, ROOT, ROOT "/0", "backend"), 0);
    assert_int_equal(xs_watch_shared(&net, "device/vif", "device/vif/0", "backend"), 0);
    assert_int_equal(registered(), 2);
    thread_sleep(NSEC_PER_MSEC);
    assert_true(fired(&disk) && fired(&net));
    change("device/vif/0/backend");
    assert_true(!fired(&disk) && fired(&net));
    assert_int_equal(xs_unwatch(&disk), 0);
    assert_int_equal(registered(), 1);
    assert_int_equal(xs_unwatch(&net), 0);
}

static void what_is_refused_leaves_nothing(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    assert_int_equal(xs_watch_shared(&w, ROOT, "device/vif/0", "backend"), -EINVAL);
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "s/0", "backend"), -EINVAL);
    fake.error = "E2BIG"; /* xenstored's error for the domain's quota of watches */
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "/0", "backend"), -ENOSPC);
    fake.error = NULL;
    assert_null(w.token);
    assert_int_equal(registered(), 0);
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "/0", "backend"), 0);
    assert_int_equal(xs_unwatch(&w), 0);
}

/* While the first waits for XenStore, others wait for the same watch. */
static struct xs_watch at_once[3];
static int result[3];

static void watch_one(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg;

    result[i] = xs_watch_shared(&at_once[i], ROOT, ROOT "/0", i ? "backend" : "state");
}

static void several_at_once(void **state)
{
    struct thread *t[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(thread_create(&t[i], "watch", watch_one, (void *)(uintptr_t)i, 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        thread_join(t[i]);
        assert_int_equal(result[i], 0);
    }
    assert_int_equal(registered(), 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(xs_unwatch(&at_once[i]), 0);
    assert_int_equal(registered(), 0);
}

static unsigned called;
static int from_handler[2];

static void try_from_handler(struct xs_watch *w)
{
    struct xs_watch another = {0};

    called++;
    from_handler[0] = xs_watch_shared(&another, ROOT, ROOT "/1", "state");
    from_handler[1] = xs_unwatch(w);
}

static void handlers_cannot_wait(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "/0", "state"), 0);
    w.fn = try_from_handler; /* not for the first event, which comes in this thread */
    called = 0;
    change(ROOT "/0/state");
    assert_int_equal(called, 1);
    assert_int_equal(from_handler[0], -EDEADLK);
    assert_int_equal(from_handler[1], -EDEADLK);
    change(ROOT "/0/state");
    assert_int_equal(called, 2); /* it is still watched */
    assert_int_equal(xs_unwatch(&w), 0);
}

static void refused_watch_has_no_event(void **state)
{
    struct xs_watch w = {.fn = try_from_handler};

    (void)state;
    called = 0;
    fake.error = "EACCES";
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "/0", "state"), -EACCES);
    assert_int_equal(called, 0);
    assert_int_equal(w.events, 0);
}

static struct xs_watch elsewhere;

static void watch_another_root(void *arg)
{
    (void)arg;
    result[0] = xs_watch_shared(&elsewhere, "device/vif", "device/vif/0", "state");
}

/* While another thread waits for XenStore, the time to leave a watch runs out: it is the caller's
 * again, and XenStore's watch goes with the next user of the root. */
static void leaves_when_time_is_up(void **state)
{
    struct xs_watch w = {0};
    struct thread *t;

    (void)state;
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "/0", "state"), 0);
    fake.silent = true;
    assert_int_equal(thread_create(&t, "watch", watch_another_root, NULL, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    thread_set_deadline(thread_current(), clock_deadline(NSEC_PER_SEC));
    assert_int_equal(xs_unwatch(&w), -ETIMEDOUT);
    assert_null(w.token);
    thread_set_deadline(thread_current(), DEADLINE_NEVER);
    fake.silent = false;
    thread_join(t);
    assert_int_equal(result[0], 0);
    assert_int_equal(xs_unwatch(&elsewhere), 0);
    assert_int_equal(registered(), 1);
    assert_int_equal(xs_watch_shared(&w, ROOT, ROOT "/0", "state"), 0);
    assert_int_equal(registered(), 1);
    assert_int_equal(xs_unwatch(&w), 0);
    assert_int_equal(registered(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(one_is_asked_for),
        TEST(paths_choose),
        TEST(roots_are_apart),
        TEST(what_is_refused_leaves_nothing),
        TEST(several_at_once),
        TEST(handlers_cannot_wait),
        TEST(refused_watch_has_no_event),
        TEST(leaves_when_time_is_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
