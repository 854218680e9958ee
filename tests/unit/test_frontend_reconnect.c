/* SPDX-License-Identifier: MIT */
/* The frontend state machine when its backend goes and the device stays: it ends the connection
 * as far as it can, searches for a backend, and connects again; or finds that the device was
 * detached. */
#include "reconnect_test.h"
#include <kernel/heap.h>

/* ---- it comes back ---- */

static void closing_backend_is_followed_and_comes_back(void **state)
{
    (void)state;
    start_connected();
    set(BEFORE, "state", "5");
    settle();
    assert_string_equal(calls, "ncaenc");
    assert_string_equal(written, "56134");
    assert_int_equal(fe.state, FE_CONNECTED);
    thread_sleep(2 * NSEC_PER_SEC);
    set(BEFORE, "state", "6"); /* again, and it is Closed before it is read */
    settle();
    assert_string_equal(calls, "ncaencaenc");
    assert_string_equal(written, "56134134");
    assert_false(fe.directory.token);
    ends_with("ncaencaencld");
}

/* It may connect to the old rings at any moment; so it has to see our Closing. */
static void restarted_backend_is_taken_through_its_end(void **state)
{
    (void)state;
    start_connected();
    reaction[5] = 0;
    set(BEFORE, "state", "2");
    settle();
    assert_string_equal(calls, "nca");
    assert_int_equal(fe.state, FE_LEAVE);
    set(BEFORE, "state", "4");
    settle();
    assert_string_equal(calls, "nca");
    set(BEFORE, "state", "5");
    settle();
    assert_string_equal(calls, "ncaEnc");
    assert_string_equal(written, "56134");
    ends_with("ncaEncld");
}

static void backend_that_is_gone_is_waited_for(void **state)
{
    (void)state;
    start_connected();
    gone();
    thread_sleep(10 * NSEC_PER_SEC);
    assert_string_equal(calls, "ncaE");
    assert_string_equal(written, "1");
    present(BEFORE);
    settle();
    assert_string_equal(calls, "ncaEnc");
    ends_with("ncaEncld");
}

/* With the answers of C xenstored (see the one before) and of oxenstored. */
static void backend_that_is_gone_for_oxenstored(void **state)
{
    fake.ocaml = true;
    backend_that_is_gone_is_waited_for(state);
}

/* Its directory is there, but the guest may not read it for a while. */
static void permission_that_goes_and_comes(void **state)
{
    (void)state;
    start_connected();
    fake.hidden = BEFORE;
    fake_fire(BEFORE "/state"); /* the watch fires for new permissions */
    thread_sleep(10 * NSEC_PER_SEC);
    assert_string_equal(calls, "ncaE");
    fake.hidden = NULL;
    set(BEFORE, "state", "2");
    settle();
    assert_string_equal(calls, "ncaEnc");
    ends_with("ncaEncld");
}

/* The backend has been Connected to the old rings all the time: it has to be taken through its end. */
static void permission_that_comes_back_for_a_connected_backend(void **state)
{
    (void)state;
    start_connected();
    reaction[1] = 0; /* Connected, it takes no notice of Initialising */
    fake.hidden = BEFORE;
    fake_fire(BEFORE "/state");
    thread_sleep(NSEC_PER_SEC);
    assert_string_equal(calls, "ncaE");
    memset(written, 0, sizeof(written));
    fake.hidden = NULL;
    fake_fire(BEFORE "/state");
    settle();
    assert_string_equal(calls, "ncaE"); /* its being Connected is about something else */
    assert_string_equal(written, "561");
    set(BEFORE, "state", "2");
    settle();
    assert_string_equal(calls, "ncaEnc");
    ends_with("ncaEncld");
}

static void permission_that_does_not_come_back(void **state)
{
    (void)state;
    start_connected();
    fake.hidden = BEFORE;
    fake_fire(BEFORE "/state");
    thread_sleep(19 * NSEC_PER_SEC);
    assert_string_equal(calls, "ncaE");
    thread_sleep(2 * NSEC_PER_SEC);
    assert_string_equal(calls, "ncaEld");
    assert_int_equal(lost_reason, -ETIMEDOUT);
    ends_with("ncaEld");
}

static unsigned goes_at; /* the driver's n-th read of the keys fails, as they have just gone */

static int connected_or_gone(struct frontend *f)
{
    note('c');
    if (!goes_at || --goes_at)
        return 0;
    gone();
    return f->own_state == XenbusStateInitialised ? -EINVAL : 0;
}

static int negotiate_or_gone(struct frontend *f, struct frontend_key *keys, unsigned *count)
{
    int ret = one_key(f, keys, count);

    if (!goes_at || --goes_at)
        return ret;
    gone();
    return -EINVAL;
}

/* The keys are absent because the backend went while they were read. */
static void backend_that_goes_while_it_is_looked_at(void **state)
{
    struct frontend_ops own = ops;

    (void)state;
    for (unsigned at = 0; at < 2; at++) {
        own = ops;
        clear();
        device(BEFORE, "5");
        present(BEFORE);
        goes_at = 0;
        if (at)
            own.connected = connected_or_gone;
        else
            own.negotiate = negotiate_or_gone;
        assert_int_equal(frontend_start(&fe, PATH, &own, calls), 0);
        assert_int_equal(frontend_wait_connected(&fe), 0);
        settle();
        goes_at = 1;
        set(BEFORE, "state", "6");
        thread_sleep(NSEC_PER_SEC);
        assert_string_equal(calls, at ? "ncaencE" : "ncaenE");
        present(BEFORE);
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(fe.state, FE_CONNECTED);
        frontend_stop(&fe);
    }
}

static void backend_of_another_domain(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    present(AFTER);
    settle();
    assert_string_equal(calls, "ncaE");
    device(AFTER, "6");
    settle();
    assert_string_equal(calls, "ncaEEnc");
    assert_int_equal(fe.backend_id, 6);
    assert_string_equal(fake_value(PATH "/ring-ref"), "106");
    set(BEFORE, "state", "5"); /* of no device any more */
    settle();
    ends_with("ncaEEncld");
}

/* The toolstack makes the device anew with the same backend while the old one does not close. */
static void device_that_was_made_anew(void **state)
{
    (void)state;
    start_connected();
    reaction[5] = 0;
    set(BEFORE, "state", "2");
    settle();
    assert_int_equal(fe.state, FE_LEAVE);
    device(BEFORE, "5");
    settle();
    assert_string_equal(calls, "ncaEnc");
    ends_with("ncaEncld");
}

static void backend_that_goes_again_meanwhile(void **state)
{
    static const char *const to[] = {"5", "6", NULL};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(to); i++) {
        clear();
        device(BEFORE, "5");
        present(BEFORE);
        start_connected();
        reaction[3] = 0;
        set(BEFORE, "state", "6");
        settle();
        assert_int_equal(fe.state, FE_WAIT_CONNECT);
        if (to[i])
            set(BEFORE, "state", to[i]);
        else
            gone();
        thread_sleep(NSEC_PER_SEC);
        if (!to[i])
            present(BEFORE);
        reaction[3] = '4';
        set(BEFORE, "state", "4");
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(fe.state, FE_CONNECTED);
        assert_true(strncmp(calls, "ncaen", 5) == 0 && calls[ncalls - 1] == 'c');
        assert_null(strchr(calls + 3, 'a')); /* it has been away all the time */
        frontend_stop(&fe);
        assert_int_equal(calls[ncalls - 1], 'd');
    }
}

/* ---- it does not ---- */

static void detached(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t begun;

        clear();
        device(BEFORE, "5");
        present(BEFORE);
        start_connected();
        begun = seam_now;
        set(BEFORE, "online", i == 0 ? "0" : i == 1 ? "" : NULL);
        set(BEFORE, "state", "5");
        settle();
        assert_string_equal(calls, "ncld");
        assert_int_equal(lost_reason, -ENODEV);
        assert_int_equal(fe.state, FE_CLOSED);
        assert_int_equal(seam_now - begun, NSEC_PER_MSEC);
        assert_int_equal(frontend_stop(&fe), 0);
    }
}

static void detached_while_away(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        clear();
        device(BEFORE, "5");
        present(BEFORE);
        start_connected();
        if (i == 2) {
            reaction[5] = 0;
            set(BEFORE, "state", "2"); /* waits for its Closing */
        } else {
            gone();
        }
        settle();
        if (i) {
            where = BEFORE;
            reaction[5] = '5';
            set(BEFORE, "online", "0");
            set(BEFORE, "state", "5");
        } else {
            fake_remove(PATH "/state");
            fake_remove(PATH "/backend");
        }
        settle();
        assert_int_equal(fe.state, FE_CLOSED);
        assert_int_equal(lost_reason, -ENODEV);
        ends_with(i == 2 ? "ncald" : "ncaEld");
    }
}

static void both_directories_are_gone(void **state)
{
    (void)state;
    start_connected();
    fake_remove(PATH "/state");
    fake_remove(PATH "/backend");
    gone();
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_null(fake_find(PATH "/state"));
    ends_with("ncld");
}

/* The new backend saw a Closing meant for its predecessor, and closes while the frontend starts
 * again. */
static void backend_that_follows_an_older_closing(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    memset(written, 0, sizeof(written));
    reaction[1] = 0;
    where = BEFORE;
    set(BEFORE, "online", "1");
    set(BEFORE, "state", "5");
    settle();
    assert_string_equal(written, "61");
    set(BEFORE, "state", "2");
    settle();
    assert_int_equal(fe.state, FE_CONNECTED);
    ends_with("ncaEncld");
}

static void time_is_over(void **state)
{
    uint64_t begun;

    (void)state;
    start_connected();
    begun = seam_now;
    gone();
    thread_sleep(19 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_WAIT_INIT);
    thread_sleep(2 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(seam_now - begun, 21 * NSEC_PER_SEC);
    assert_int_equal(lost_reason, -ETIMEDOUT);
    assert_non_null(
        strstr(seam_console(), "did not come back within 20 s: it is in state Unknown"));
    ends_with("ncaEld");
}

/* A backend that never stays: reconnects are not immediate, and not without end. */
static void backend_that_always_refuses(void **state)
{
    (void)state;
    start_connected();
    reaction[3] = '5';
    set(BEFORE, "state", "6");
    thread_sleep(21 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -ETIMEDOUT);
    frontend_stop(&fe);
    assert_true(ncalls > 20 && ncalls < 500);
}

static void backend_that_does_not_stay(void **state)
{
    (void)state;
    start_connected();
    for (unsigned i = 0; i < 30; i++) {
        set(BEFORE, "state", "6");
        thread_sleep(900 * NSEC_PER_MSEC);
    }
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -ETIMEDOUT);
    frontend_stop(&fe);
    /* but one that goes every two seconds is reconnected */
    clear();
    device(BEFORE, "5");
    present(BEFORE);
    start_connected();
    for (unsigned i = 0; i < 30; i++) {
        set(BEFORE, "state", "6");
        thread_sleep(2 * NSEC_PER_SEC);
        assert_int_equal(fe.state, FE_CONNECTED);
    }
    frontend_stop(&fe);
}

static void policy_is_never(void **state)
{
    (void)state;
    fe.reconnect_timeout_ns = 0;
    start_connected();
    set(BEFORE, "state", "5");
    settle();
    assert_int_equal(lost_reason, -ENODEV);
    ends_with("ncld");
}

static void failed_one_does_not_reconnect(void **state)
{
    (void)state;
    start_connected();
    set(BEFORE, "state", "2");
    frontend_fail(&fe, -EPROTO);
    settle();
    assert_int_equal(lost_reason, -EPROTO);
    assert_int_equal(fe.state, FE_CLOSED);
    ends_with("ncld");
}

static void stopped_at_any_step(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        for (unsigned steps = 0; steps < 60; steps++) {
            uint64_t begun;

            clear();
            fe.close_timeout_ns = NSEC_PER_SEC;
            reaction[5] = '5';
            device(BEFORE, "5");
            present(BEFORE);
            start_connected();
            if (how == 0)
                set(BEFORE, "state", "5");
            else if (how == 1)
                gone();
            else
                set(BEFORE, "state", "2");
            for (unsigned i = 0; i < steps; i++) {
                thread_yield();
                fake_run();
            }
            begun = seam_now;
            frontend_stop(&fe);
            assert_true(seam_now - begun <= NSEC_PER_SEC);
            assert_int_equal(calls[ncalls - 1], 'd');
            assert_int_equal(calls[ncalls - 2], 'l');
        }
    }
}

/* ---- hostile ---- */

static uint32_t rnd;
static unsigned flips;

static uint32_t next_random(void)
{
    rnd = rnd * 1664525 + 1013904223;
    return rnd >> 8;
}

static void hostile_backend(uint32_t type, const char *body)
{
    static const char *const texts[] = {"0", "1", "2", "3", "4", "5", "6",
                                        "7", "8", "2", "4", "",  "x", "6"};
    static bool nested;

    (void)type;
    (void)body;
    if (nested || !flips)
        return;
    nested = true;
    for (unsigned n = next_random() % 3; n && flips; n--, flips--) {
        unsigned what = next_random() % 16;

        if (what == 0)
            set(BEFORE, "state", NULL);
        else if (what == 1)
            set(BEFORE, "online", next_random() % 4 ? "1" : "0");
        else if (what == 2)
            device(next_random() % 2 ? BEFORE : AFTER, "5");
        else
            set(BEFORE, "state", texts[next_random() % ARRAY_SIZE(texts)]);
    }
    nested = false;
}

/* In all cases the driver's calls are consistent: nothing is sent before negotiating, no
 * connection begins before the last one's end, there is one loss and one end. */
static void random_states_make_sense(void **state)
{
    (void)state;
    fake.after = hostile_backend;
    for (unsigned seed = 0; seed < 400; seed++) {
        bool online = false, rings = false, is_away = false, is_lost = false;
        uint64_t begun;

        rnd = seed * 2654435761U;
        clear();
        fe.connect_timeout_ns = fe.close_timeout_ns = fe.reconnect_timeout_ns = NSEC_PER_SEC;
        device(BEFORE, "5");
        present(BEFORE);
        flips = 300;
        begun = seam_now;
        assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
        for (unsigned i = 0; i < 20; i++)
            thread_sleep(next_random() % 3 * NSEC_PER_MSEC);
        frontend_stop(&fe);
        assert_true(seam_now - begun <= 4 * NSEC_PER_SEC);
        for (unsigned i = 0; i < ncalls; i++) {
            switch (calls[i]) {
            case 'n':
                assert_true(!rings && !is_lost);
                rings = true;
                break;
            case 'c':
                assert_true(rings && !online && !is_lost);
                online = true;
                is_away = false;
                break;
            case 'a':
                assert_true(online && !is_lost);
                online = false;
                is_away = true;
                break;
            case 'e':
            case 'E':
                assert_true(is_away && !is_lost);
                rings = false;
                break;
            case 'l':
                assert_false(is_lost);
                is_lost = true;
                break;
            default:
                assert_true(is_lost && i == ncalls - 1);
            }
        }
        assert_int_equal(calls[ncalls - 1], 'd');
    }
}

static void short_memory_never_hangs(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 60; nth++) {
        clear();
        fe.close_timeout_ns = NSEC_PER_SEC;
        device(BEFORE, "5");
        present(BEFORE);
        start_connected();
        mem_fail_nth(nth);
        set(BEFORE, "state", nth % 2 ? "5" : "2");
        thread_sleep(NSEC_PER_SEC);
        mem_fail_nth(0);
        assert_true(fe.state == FE_CONNECTED || fe.state == FE_CLOSED);
        frontend_stop(&fe);
        assert_int_equal(calls[ncalls - 1], 'd');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(closing_backend_is_followed_and_comes_back),
        TEST(restarted_backend_is_taken_through_its_end),
        TEST(backend_that_is_gone_is_waited_for),
        TEST(backend_that_is_gone_for_oxenstored),
        TEST(permission_that_goes_and_comes),
        TEST(permission_that_comes_back_for_a_connected_backend),
        TEST(permission_that_does_not_come_back),
        TEST(backend_that_goes_while_it_is_looked_at),
        TEST(backend_of_another_domain),
        TEST(device_that_was_made_anew),
        TEST(backend_that_goes_again_meanwhile),
        TEST(detached),
        TEST(detached_while_away),
        TEST(both_directories_are_gone),
        TEST(backend_that_follows_an_older_closing),
        TEST(time_is_over),
        TEST(backend_that_always_refuses),
        TEST(backend_that_does_not_stay),
        TEST(policy_is_never),
        TEST(failed_one_does_not_reconnect),
        TEST(stopped_at_any_step),
        TEST(random_states_make_sense),
        TEST(short_memory_never_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
