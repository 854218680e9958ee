/* SPDX-License-Identifier: MIT */
/* The frontend state machine when single XenStore requests are refused or answered with
 * nonsense. */
#include "reconnect_test.h"

#include <kernel/heap.h>
#include <xen/io/xs_wire.h>

static uint32_t refused_type;
static const char *refused_node, *refused_with;
static unsigned refusals; /* remaining; ~0U: without end */

static const char *refuse(uint32_t type, const char *body)
{
    if (!refusals || type != refused_type || !refused_node || strcmp(body, refused_node))
        return NULL;
    refusals -= refusals != ~0U;
    return refused_with;
}

static void refuse_next(uint32_t type, const char *node, const char *with, unsigned times)
{
    refused_type = type;
    refused_node = node;
    refused_with = with;
    refusals = times;
}

static int setup_faults(void **state)
{
    if (setup(state))
        return -1;
    refuse_next(0, NULL, NULL, 0);
    fake.refuse = refuse;
    return 0;
}

static void begin(void)
{
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
}

static void anew(const char *own, const char *back)
{
    refusals = 0;
    clear();
    device(BEFORE, "5");
    present(BEFORE);
    set(PATH, "state", own);
    set(BEFORE, "state", back);
    memset(written, 0, sizeof(written));
}

/* ---- reads ---- */

/* It counts as no state: before a connection the frontend waits, and a connection ends. */
static void state_that_is_none(void **state)
{
    static const char *const texts[] = {"x", "9", "", "-1"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
        anew("1", texts[i]);
        begin();
        settle();
        assert_int_equal(fe.state, FE_WAIT_INIT);
        assert_int_equal(fe.backend_state, XenbusStateUnknown);
        set(BEFORE, "state", "1");
        settle();
        set(BEFORE, "state", texts[i]);
        settle();
        assert_int_equal(fe.state, FE_WAIT_INIT);
        assert_string_equal(calls, "");
        set(BEFORE, "state", "2");
        assert_int_equal(frontend_wait_connected(&fe), 0);
        settle();
        set(BEFORE, "online", "0");
        set(BEFORE, "state", texts[i]);
        settle();
        assert_int_equal(fe.state, FE_CLOSED);
        assert_int_equal(lost_reason, -ENODEV);
        ends_with("ncld");
    }
}

/* A frontend that cannot determine whether there was an earlier use does not start another one. */
static void own_state_that_cannot_be_read(void **state)
{
    (void)state;
    refuse_next(XS_READ, PATH "/state", "EACCES", 1);
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), -EACCES);
    refuse_next(XS_READ, PATH "/state", "ENOMEM", 1);
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), -ENOMEM);
    assert_null(fe.thread);
    assert_string_equal(written, "");
    anew("x", "2"); /* but a value that is no state counts as none */
    begin();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    assert_string_equal(written, "134");
    ends_with("ncld");
}

/* The change is read when there is memory again; until then no transaction stays open, of which
 * all devices together may have few. */
static void first_look_when_memory_is_short(void **state)
{
    (void)state;
    refuse_next(XS_READ, BEFORE "/state", "ENOMEM", 3);
    begin();
    for (unsigned i = 0; i < 5; i++) {
        thread_sleep(50 * NSEC_PER_MSEC);
        if (refusals)
            assert_int_equal(fe.state, FE_WAIT_INIT);
        assert_int_equal(fake.starts, fake.ends);
    }
    assert_int_equal(frontend_wait_connected(&fe), 0);
    assert_int_equal(refusals, 0);
    ends_with("ncld");
}

/* One that cannot be watched is not waited for. */
static void state_that_cannot_be_watched(void **state)
{
    (void)state;
    refuse_next(XS_WATCH, BEFORE "/state", "E2BIG", 1);
    begin();
    assert_int_equal(frontend_wait_connected(&fe), -ENOSPC);
    assert_int_equal(fake.starts, fake.ends);
    ends_with("ld");
}

/* Half of what XenStore allows, so that keys can be added. */
static void longest_path_of_a_backend(void **state)
{
    static char path[XENSTORE_ABS_PATH_MAX / 2 + 2];

    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    fake_text(PATH "/backend", path);
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), -EINVAL);
    path[sizeof(path) - 2] = '\0';
    fake_text(PATH "/backend", path);
    path[0] = '\0';
    begin();
    assert_int_equal(strlen(fe.backend_path), XENSTORE_ABS_PATH_MAX / 2);
    fake.error = "EACCES"; /* it is not there */
    ends_with("ld");
}

/* ---- writes ---- */

/* Without a message to the backend of an earlier use it would be awaited in vain. */
static void earlier_life_that_cannot_be_ended(void **state)
{
    static const struct {
        const char *own, *back, *step;
    } lives[] = {{"4", "4", "Closing"}, {"5", "5", "Closed"}, {"6", "6", "Initialising"}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(lives); i++) {
        uint64_t begun = seam_now;
        char want[80];

        anew(lives[i].own, lives[i].back);
        reaction[5] = reaction[6] = 0;
        refuse_next(XS_WRITE, PATH "/state", "EACCES", ~0U);
        begin();
        assert_int_equal(frontend_wait_connected(&fe), -EACCES);
        assert_true(seam_now - begun < NSEC_PER_SEC);
        snprintf(want, sizeof(want), "cannot write %s to " PATH "/state: EACCES", lives[i].step);
        assert_non_null(strstr(seam_console(), want));
        frontend_stop(&fe);
        assert_string_equal(calls, "ld");
    }
}

static void state_is_written_when_there_is_memory(void **state)
{
    uint64_t begun;

    (void)state;
    begin();
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    begun = seam_now;
    refuse_next(XS_WRITE, PATH "/state", "ENOMEM", 4);
    assert_int_equal(frontend_stop(&fe), 0);
    assert_int_equal(refusals, 0);
    assert_in_range(seam_now - begun, 350 * NSEC_PER_MSEC, 450 * NSEC_PER_MSEC);
    assert_string_equal(fake_value(PATH "/state"), "6");
    assert_string_equal(calls, "ncld");
}

static bool watched_when_told;

static void look_when_told(uint32_t type, const char *body)
{
    backend(type, body);
    if (type != XS_WRITE || strcmp(body, PATH "/state") || body[strlen(body) + 1] != '4')
        return;
    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        watched_when_told |= fake.watches[i].used && !strcmp(fake.watches[i].path, "device/vbd");
}

/* A backend is informed at once; the removal of the watch on its device may be delayed. */
static void connected_is_the_first_thing_to_say(void **state)
{
    (void)state;
    start_connected();
    watched_when_told = false;
    fake.after = look_when_told;
    set(BEFORE, "state", "6");
    settle();
    assert_int_equal(fe.state, FE_CONNECTED);
    assert_true(watched_when_told);
    assert_null(fe.directory.token);
    ends_with("ncaencld");
}

/* ---- other faults ---- */

static void connected_one_waits_for_nothing(void **state)
{
    (void)state;
    start_connected();
    assert_int_equal(fe.deadline, DEADLINE_NEVER);
    set(BEFORE, "state", "6");
    settle();
    assert_string_equal(calls, "ncaenc");
    assert_int_equal(fe.deadline, DEADLINE_NEVER);
    ends_with("ncaencld");
}

static void stopped_one_keeps_nothing(void **state)
{
    (void)state;
    start_connected();
    assert_int_equal(frontend_stop(&fe), 0);
    assert_null(fe.path);
    assert_null(fe.backend_path);
    for (unsigned nth = 1; nth < 40; nth++) { /* nor does one that cannot start */
        anew("1", "2");
        mem_fail_nth(nth);
        if (frontend_start(&fe, PATH, &ops, calls)) {
            assert_null(fe.path);
            assert_null(fe.backend_path);
        } else {
            assert_non_null(fe.path);
            assert_string_equal(fe.backend_path, BEFORE);
            mem_fail_nth(0);
            frontend_stop(&fe);
        }
        mem_fail_nth(0);
    }
}

static void says_how_the_backend_went(void **state)
{
    (void)state;
    fe.reconnect_timeout_ns = 0;
    start_connected();
    set(BEFORE, "state", "5");
    settle();
    assert_non_null(
        strstr(seam_console(), "xvda: backend " BEFORE " closes: it went to state Closing\n"));
    assert_null(strstr(seam_console(), "is gone"));
    ends_with("ncld");
    anew("1", "2");
    fe.reconnect_timeout_ns = 0;
    start_connected();
    seam_console_clear();
    gone();
    settle();
    assert_non_null(strstr(seam_console(), "xvda: backend " BEFORE " is gone\n"));
    assert_null(strstr(seam_console(), "closes"));
    ends_with("ncld");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_faults, teardown)
        TEST(state_that_is_none),
        TEST(own_state_that_cannot_be_read),
        TEST(first_look_when_memory_is_short),
        TEST(state_that_cannot_be_watched),
        TEST(longest_path_of_a_backend),
        TEST(earlier_life_that_cannot_be_ended),
        TEST(state_is_written_when_there_is_memory),
        TEST(connected_is_the_first_thing_to_say),
        TEST(connected_one_waits_for_nothing),
        TEST(stopped_one_keeps_nothing),
        TEST(says_how_the_backend_went),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
