/* SPDX-License-Identifier: MIT */
/* The frontend state machine when the domain is suspended, resumed or not, in every state. */
#include "frontend_test.h"

#include <kernel/grant_table.h>
#include <ringlet/suspend.h>

#define BEFORE "/local/domain/0/backend/vbd/3/51712"
#define AFTER  "/local/domain/1/backend/vbd/4/51712"
#define LAST   "/local/domain/2/backend/vbd/4/51712"

/* ---- a driver that records its calls ---- */

static void restart(struct frontend *f)
{
    (void)f;
    note('r');
}

static const struct frontend_ops ops = {
    .type = "vbd",
    .negotiate = one_key,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
    .restart = restart,
};

static const struct frontend_ops lasting_ops = {
    .type = "vbd",
    .negotiate = one_key,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
    .restart = restart,
    .away = away,
    .ended = ended,
};

/* ---- backends and domains ---- */

static const char *where;                  /* the backend now */
static bool device_is_there, cancel, late; /* late: the new backend is not there yet */
static char early_state[8]; /* the frontend's states that the new domain's XenStore has seen */

static void backend(uint32_t type, const char *body)
{
    const char *value = body + strlen(body) + 1;
    char path[80];

    if (type != XS_WRITE || strcmp(body, PATH "/state") || value[0] < '0' || value[0] > '9')
        return;
    if (where[14] == '1' && strlen(early_state) < sizeof(early_state) - 1)
        early_state[strlen(early_state)] = value[0];
    snprintf(path, sizeof(path), "%s/state", where);
    if (reaction[value[0] - '0'])
        fake_set(path, &reaction[value[0] - '0'], 1);
}

static void toolstack(const char *back, const char *id)
{
    char path[80];

    where = back;
    fake_text(PATH "/backend", back);
    fake_text(PATH "/backend-id", id);
    fake_text(PATH "/state", "1");
    snprintf(path, sizeof(path), "%s/state", back);
    fake_text(path, "2");
}

static int stop(void)
{
    if (cancel)
        return 1;
    memset(shared_info, 0, sizeof(*shared_info));
    memset(boot_info.xenstore, 0, PAGE_SIZE);
    memset(fake.watches, 0, sizeof(fake.watches));
    fake.in_len = fake.out_len = 0;
    for (unsigned i = 0; i < FAKE_NODES; i++)
        fake.nodes[i].used = false;
    if (device_is_there)
        toolstack(AFTER, "1");
    if (late)
        fake_remove(AFTER "/state");
    fake.out_len = 0;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    if (frontend_setup() || gnttab_init())
        return -1;
    seam_suspend = stop;
    device_is_there = true;
    cancel = late = false;
    memset(early_state, 0, sizeof(early_state));
    fake.after = backend;
    toolstack(BEFORE, "0");
    return 0;
}

static void start(void)
{
    assert_int_equal(frontend_start(&fe, PATH, &ops, NULL), 0);
}

/* ---- */

static void connected_one_connects_to_the_new_backend(void **state)
{
    (void)state;
    start();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(domain_suspend(), 0);
        settle();
        assert_int_equal(frontend_wait_connected(&fe), 0);
        assert_string_equal(fe.backend_path, AFTER);
        assert_int_equal(fe.backend_id, 1);
        assert_string_equal(fake_value(PATH "/ring-ref"), "101");
        assert_string_equal(fake_value(PATH "/state"), "4");
    }
    assert_string_equal(calls, "ncrncrnc");
    /* This backend's state counts. */
    fake_text(AFTER "/state", "5");
    seam_raise(boot_info.xenstore_port);
    settle();
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ncrncrncld");
}

static void nothing_happens_when_cancelled(void **state)
{
    (void)state;
    cancel = true;
    start();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(domain_suspend(), 1);
    settle();
    assert_string_equal(calls, "nc");
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ncld");
}

static void one_that_waits_begins_again(void **state)
{
    (void)state;
    reaction[3] = 0; /* the backend does not connect */
    start();
    settle();
    assert_int_equal(fe.state, FE_WAIT_CONNECT);
    thread_sleep(29 * NSEC_PER_SEC);
    reaction[3] = '4';
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    assert_string_equal(calls, "nrnc");
    assert_int_equal(frontend_stop(&fe), 0);
}

static void one_that_waits_for_an_offer_gets_more_time(void **state)
{
    (void)state;
    fake_text(BEFORE "/state", "1");
    start();
    thread_sleep(29 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_WAIT_INIT);
    device_is_there = true;
    assert_int_equal(domain_suspend(), 0);
    fake_text(AFTER "/state", "1");
    thread_sleep(29 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_WAIT_INIT);
    fake_text(AFTER "/state", "2");
    seam_raise(boot_info.xenstore_port);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    assert_int_equal(frontend_stop(&fe), 0);
}

static void closer(void *arg)
{
    (void)arg;
    assert_int_equal(frontend_stop(&fe), 0);
    note('z');
}

/* In FE_CLOSING and FE_CLOSE_WAIT: there is nothing left to close. */
static void closing_one_has_closed(void **state)
{
    (void)state;
    for (unsigned closed = 0; closed < 2; closed++) {
        struct thread *t;

        memset(&fe, 0, sizeof(fe));
        ncalls = 0;
        toolstack(BEFORE, "0");
        reaction[5] = closed ? '5' : 0;
        reaction[6] = 0;
        start();
        assert_int_equal(frontend_wait_connected(&fe), 0);
        settle();
        assert_int_equal(thread_create(&t, "closer", closer, NULL, 0), 0);
        settle();
        assert_int_equal(fe.state, closed ? FE_CLOSE_WAIT : FE_CLOSING);
        assert_string_equal(calls, "ncl");
        assert_int_equal(domain_suspend(), 0);
        settle();
        assert_string_equal(calls, "nclrdz");
        thread_join(t);
    }
}

static void suspender(void *turns)
{
    for (uintptr_t i = 0; i < (uintptr_t)turns; i++) {
        fake_run();
        thread_yield();
    }
    assert_int_equal(domain_suspend(), 0);
    note('!');
}

/* The present step is finished for the old backend; the new one sees Initialising first. */
static void suspended_at_any_step(void **state)
{
    (void)state;
    fake.portion = 40; /* so that each step takes many turns */
    for (uintptr_t turns = 0; turns < 120; turns++) {
        struct thread *t;

        memset(&fe, 0, sizeof(fe));
        memset(early_state, 0, sizeof(early_state));
        ncalls = 0;
        toolstack(BEFORE, "0");
        assert_int_equal(thread_create(&t, "toolstack", suspender, (void *)turns, 0), 0);
        start();
        assert_int_equal(frontend_wait_connected(&fe), 0);
        thread_join(t);
        settle();
        assert_int_equal(frontend_wait_connected(&fe), 0);
        settle();
        assert_string_equal(fe.backend_path, AFTER);
        assert_int_equal(early_state[0], early_state[1] ? '3' : 0);
        assert_int_equal(frontend_stop(&fe), 0);
    }
}

static void (*before_counting)(uint32_t type, const char *body);
static unsigned backend_watches;

static void count_backend_watches(uint32_t type, const char *body)
{
    backend_watches += type == XS_WATCH && !strncmp(body, "/local/domain/", 14);
    if (before_counting)
        before_counting(type, body);
}

static void device_that_is_not_there_any_more(void **state)
{
    (void)state;
    start();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    device_is_there = false;
    before_counting = fake.after;
    fake.after = count_backend_watches;
    backend_watches = 0;
    assert_int_equal(domain_suspend(), 0);
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(fe.error, -ENOENT);
    assert_string_equal(calls, "ncrld");
    assert_int_equal(backend_watches,
                     1); /* by the resume itself; the old backend is not watched anew */
    assert_int_equal(frontend_stop(&fe), 0);
    assert_null(fake_find(PATH "/state"));
}

/* In the new domain: its driver domain restarts before the connection, and is another one then. */
static void backend_that_goes_after_a_resume(void **state)
{
    (void)state;
    fe.reconnect_timeout_ns = 20 * NSEC_PER_SEC;
    assert_int_equal(frontend_start(&fe, PATH, &lasting_ops, NULL), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    late = true;
    assert_int_equal(domain_suspend(), 0);
    settle();
    assert_string_equal(calls, "ncr");
    assert_int_equal(fe.state, FE_WAIT_INIT);
    fake_text(PATH "/backend-id", "2");
    fake_text(LAST "/state", "2");
    where = LAST;
    fake_text(PATH "/backend", LAST);
    settle();
    assert_string_equal(calls, "ncraEnc");
    assert_int_equal(fe.backend_id, 2);
    assert_int_equal(frontend_stop(&fe), 0);
}

/* A driver that does not reconnect waits for the backend that the new domain came with. */
static void one_that_does_not_reconnect_looks_for_nobody(void **state)
{
    (void)state;
    fe.reconnect_timeout_ns = 20 * NSEC_PER_SEC;
    start();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    late = true;
    assert_int_equal(domain_suspend(), 0);
    settle();
    fake_text(PATH "/backend", LAST);
    seam_raise(boot_info.xenstore_port);
    settle();
    assert_int_equal(fe.state, FE_WAIT_INIT);
    assert_string_equal(fe.backend_path, AFTER);
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ncrld");
}

/* The remaining reconnect time belongs to the old domain. */
static void one_that_is_away_has_all_of_the_time_again(void **state)
{
    (void)state;
    fe.reconnect_timeout_ns = 20 * NSEC_PER_SEC;
    assert_int_equal(frontend_start(&fe, PATH, &lasting_ops, NULL), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    fake_remove(BEFORE "/state");
    thread_sleep(15 * NSEC_PER_SEC);
    assert_string_equal(calls, "ncaE");
    assert_int_equal(domain_suspend(), 0);
    settle();
    assert_string_equal(calls, "ncaErnc");
    assert_true(seam_now < fe.settled);
    fake_remove(AFTER "/state"); /* it does not stay */
    seam_raise(boot_info.xenstore_port);
    thread_sleep(15 * NSEC_PER_SEC);
    assert_string_equal(calls, "ncaErncaE");
    assert_int_equal(frontend_stop(&fe), 0);
}

static bool in_a_step, stopped_in_a_step;

static int slow_negotiate(struct frontend *f, struct frontend_key *keys, unsigned *count)
{
    in_a_step = true;
    thread_sleep(3 * NSEC_PER_MSEC);
    in_a_step = false;
    return one_key(f, keys, count);
}

static int stop_and_look(void)
{
    stopped_in_a_step |= in_a_step;
    return stop();
}

/* Each suspend of a device waits for the present step, not only the first. */
static void each_suspend_waits_for_the_step(void **state)
{
    static const struct frontend_ops slow_ops = {
        .type = "vbd",
        .negotiate = slow_negotiate,
        .connected = connected,
        .lost = lost,
        .disconnected = disconnected,
        .restart = restart,
    };

    (void)state;
    seam_suspend = stop_and_look;
    in_a_step = stopped_in_a_step = false;
    assert_int_equal(frontend_start(&fe, PATH, &slow_ops, NULL), 0);
    for (unsigned i = 0; i < 4; i++) {
        settle();
        settle();
        assert_true(in_a_step);
        assert_int_equal(domain_suspend(), 0);
        assert_false(stopped_in_a_step);
    }
    assert_int_equal(frontend_wait_connected(&fe), 0);
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "nrnrnrnrncld");
}

/* The driver has complained before; the complaint holds. */
static void one_that_has_failed_stays_failed(void **state)
{
    (void)state;
    start();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    frontend_fail(&fe, -EPROTO);
    assert_int_equal(domain_suspend(), 0);
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(fe.error, -EPROTO);
    assert_int_equal(frontend_stop(&fe), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(connected_one_connects_to_the_new_backend),
        TEST(nothing_happens_when_cancelled),
        TEST(one_that_waits_begins_again),
        TEST(one_that_waits_for_an_offer_gets_more_time),
        TEST(closing_one_has_closed),
        TEST(suspended_at_any_step),
        TEST(device_that_is_not_there_any_more),
        TEST(backend_that_goes_after_a_resume),
        TEST(one_that_does_not_reconnect_looks_for_nobody),
        TEST(one_that_is_away_has_all_of_the_time_again),
        TEST(one_that_has_failed_stays_failed),
        TEST(each_suspend_waits_for_the_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
