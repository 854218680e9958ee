/* SPDX-License-Identifier: MIT */
/* The frontend state machine while its backend is away: whether the device is detached, which
 * backend it has, and errors of XenStore. */
#include "reconnect_test.h"

static unsigned online_reads, backend_reads; /* requests so far */
static const char *online_error[4];          /* the error of the next reads of `online` */
static const char *online_is[2];             /* its value before each; both NULL: unchanged */
static void (*before_last_online)(void);     /* before the second of two */
static unsigned backend_errors;              /* reads of the device's `backend` that still fail */
static unsigned state_errors;                /* the same with its `state` */
static const char *backend_error, *watch_error, *write_error;

static const char *refuse(uint32_t type, const char *body)
{
    if (type == XS_READ && !strcmp(body, BEFORE "/online")) {
        if (online_is[0] || online_is[1])
            set(BEFORE, "online", online_is[online_reads % 2]);
        if (before_last_online && online_reads % 2)
            before_last_online();
        return online_error[online_reads++ % ARRAY_SIZE(online_error)];
    }
    if (type == XS_READ && !strcmp(body, PATH "/state") && state_errors) {
        state_errors--;
        return "ENOMEM";
    }
    if (type == XS_READ && !strcmp(body, PATH "/backend")) {
        backend_reads++;
        if (backend_errors) {
            backend_errors--;
            return backend_error;
        }
    }
    if (type == XS_WATCH && !strcmp(body, "device/vbd"))
        return watch_error;
    if (type == XS_WRITE && !strcmp(body, PATH "/state"))
        return write_error;
    return NULL;
}

static int setup_detach(void **state)
{
    online_reads = backend_reads = backend_errors = state_errors = 0;
    online_is[0] = online_is[1] = NULL;
    before_last_online = NULL;
    memset(online_error, 0, sizeof(online_error));
    watch_error = write_error = NULL;
    if (setup(state))
        return -1;
    fake.refuse = refuse;
    return 0;
}

/* ---- `online` is read on both sides of `state` ---- */

static void online_that_goes_while_it_is_read(void **state)
{
    (void)state;
    start_connected();
    online_is[0] = "1";
    set(BEFORE, "state", "5");
    settle();
    assert_string_equal(calls, "ncaenc");
    ends_with("ncaencld");
}

static void online_that_comes_while_it_is_read(void **state)
{
    (void)state;
    start_connected();
    online_is[1] = "1";
    set(BEFORE, "state", "5");
    settle();
    assert_string_equal(calls, "ncaenc");
    ends_with("ncaencld");
}

/* The toolstack removes the device's directory first. */
static void online_backend_without_a_device(void **state)
{
    (void)state;
    start_connected();
    fake_remove(PATH "/backend");
    set(BEFORE, "state", "5");
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -ENODEV);
    ends_with("ncld");
}

static void remove_device(void)
{
    fake_remove(PATH "/backend");
}

/* The device existed when it was checked, and does not when its next backend is looked up. */
static void device_that_goes_between_two_looks(void **state)
{
    (void)state;
    start_connected();
    before_last_online = remove_device;
    set(BEFORE, "state", "6");
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -ENODEV);
    assert_string_equal(written, "6"); /* no backend would see a Closing */
    ends_with("ncaeld");
}

/* The device has another backend already when the one before is taken away. */
static void detached_is_the_old_backend_only(void **state)
{
    (void)state;
    start_connected();
    device(AFTER, "6");
    present(AFTER);
    set(BEFORE, "online", "0");
    set(BEFORE, "state", "6");
    settle();
    assert_int_equal(fe.state, FE_CONNECTED);
    assert_int_equal(fe.backend_id, 6);
    assert_null(strchr(calls, 'l'));
    frontend_stop(&fe);
}

static void short_memory_is_no_answer(void **state)
{
    (void)state;
    start_connected();
    online_error[0] = online_error[2] = "ENOMEM";
    set(BEFORE, "state", "5");
    thread_sleep(350 * NSEC_PER_MSEC);
    assert_string_equal(calls, "nc");
    assert_in_range(online_reads, 6, 8); /* not all the time */
    online_error[0] = online_error[2] = NULL;
    thread_sleep(200 * NSEC_PER_MSEC);
    assert_string_equal(calls, "ncaenc");
    ends_with("ncaencld");
}

static void short_memory_does_not_hide_the_device(void **state)
{
    (void)state;
    start_connected();
    backend_errors = 1;
    backend_error = "ENOMEM";
    set(BEFORE, "state", "5");
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(backend_errors, 0);
    assert_string_equal(calls, "ncaenc");
    ends_with("ncaencld");
}

/* But some time it has to be decided. */
static void memory_that_stays_short_is_an_end(void **state)
{
    (void)state;
    start_connected();
    online_error[0] = online_error[2] = "ENOMEM";
    set(BEFORE, "state", "5");
    thread_sleep(3 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -ENODEV);
    ends_with("ncld");
}

/* ---- which backend it has ---- */

static void directory_that_cannot_be_watched(void **state)
{
    (void)state;
    start_connected();
    watch_error = "ENOSPC"; /* the domain's quota */
    gone();
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -ENOSPC);
    assert_non_null(strstr(seam_console(), "cannot watch " PATH));
    frontend_stop(&fe);
}

static void change_is_read_when_there_is_memory(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    assert_string_equal(calls, "ncaE");
    backend_errors = 1000;
    backend_error = "ENOMEM";
    backend_reads = 0;
    present(AFTER);
    device(AFTER, "6");
    thread_sleep(NSEC_PER_SEC);
    assert_in_range(backend_reads, 5, 20); /* not all the time */
    assert_string_equal(calls, "ncaE");
    backend_errors = 0;
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_CONNECTED);
    assert_int_equal(fe.backend_id, 6);
    frontend_stop(&fe);
}

static void state_is_read_when_there_is_memory(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    state_errors = 1;
    fake_text(PATH "/backend", BEFORE);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(state_errors, 0);
    assert_string_equal(calls, "ncaE"); /* it belongs to the guest as before */
    frontend_stop(&fe);
}

static void change_that_cannot_be_read_is_none(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    backend_errors = 1;
    backend_error = "EACCES";
    backend_reads = 0;
    fake_text(PATH "/backend", AFTER);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(backend_reads, 1);
    assert_int_equal(fe.state, FE_WAIT_INIT);
    assert_string_equal(calls, "ncaE");
    fake_text(PATH "/backend", BEFORE);
    present(BEFORE);
    settle();
    assert_string_equal(calls, "ncaEnc");
    frontend_stop(&fe);
}

static bool moved;

static void moves_behind_us(uint32_t type, const char *body)
{
    backend(type, body);
    if (type != XS_READ || strcmp(body, PATH "/state") || moved)
        return;
    moved = true;
    present(AFTER);
    device(AFTER, "6");
}

/* The event for the second change comes while the first is being read. */
static void change_during_a_look_is_not_missed(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    moved = false;
    fake.after = moves_behind_us;
    fake_text(PATH "/backend", BEFORE);
    settle();
    assert_true(moved);
    assert_int_equal(fe.state, FE_CONNECTED);
    assert_int_equal(fe.backend_id, 6);
    frontend_stop(&fe);
}

static bool says_connected;

static void touches_the_device_at_the_end(uint32_t type, const char *body)
{
    backend(type, body);
    if (type == XS_WRITE && !strcmp(body, PATH "/state"))
        says_connected = body[strlen(body) + 1] == '4';
    if (type == XS_TRANSACTION_END && says_connected) {
        says_connected = false;
        backend_reads = 0;
        fake_text(PATH "/backend", BEFORE);
    }
}

/* A connected device does not search for another backend, whatever happened before. */
static void connected_device_is_not_looked_for(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    fake.after = touches_the_device_at_the_end;
    fake.portion = 20; /* the event comes after the answer */
    says_connected = false;
    backend_reads = 99;
    present(BEFORE);
    thread_sleep(NSEC_PER_SEC);
    assert_string_equal(calls, "ncaEnc");
    assert_int_equal(backend_reads, 0);
    assert_int_equal(fe.directory.seen, fe.directory.events);
    assert_null(fe.directory.token);
    frontend_stop(&fe);
}

/* ---- a device whose frontend state is missing ---- */

static void missing_state_is_written(void **state)
{
    (void)state;
    fake_remove(PATH "/state");
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    assert_string_equal(written, "134");
    frontend_stop(&fe);
}

static void state_that_cannot_be_written(void **state)
{
    (void)state;
    fake_remove(PATH "/state");
    write_error = "EACCES";
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), -EACCES);
    assert_non_null(strstr(seam_console(), "xvda: cannot start: EACCES"));
    ends_with("ld");
}

/* A toolstack that removed the state may be creating the device again; the state written then is
 * the frontend's. */
static void state_that_is_removed_while_away(void **state)
{
    (void)state;
    start_connected();
    gone();
    settle();
    assert_string_equal(calls, "ncaE");
    fake_remove(PATH "/state");
    fake_text(PATH "/backend", BEFORE);
    settle();
    assert_string_equal(calls, "ncaEE");
    assert_string_equal(fake_value(PATH "/state"), "1");
    fake_text(PATH "/backend", BEFORE);
    settle();
    assert_string_equal(calls, "ncaEE"); /* nothing has changed */
    present(BEFORE);
    settle();
    assert_string_equal(calls, "ncaEEnc");
    frontend_stop(&fe);
}

/* ---- how long a connection has to last ---- */

static void connection_that_lasts_just_long_enough(void **state)
{
    (void)state;
    start_connected();
    set(BEFORE, "state", "6");
    settle();
    assert_string_equal(calls, "ncaenc");
    assert_true(fe.settled > seam_now);
    thread_sleep(fe.settled - seam_now);
    assert_int_equal(seam_now, fe.settled);
    gone();
    settle();
    assert_string_equal(calls, "ncaencaE"); /* at once, and with all of the time */
    assert_int_equal(fe.reconnect_deadline, fe.settled + fe.reconnect_timeout_ns);
    assert_int_equal(fe.deadline, fe.reconnect_deadline);
    frontend_stop(&fe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_detach, teardown)
        TEST(online_that_goes_while_it_is_read),
        TEST(online_that_comes_while_it_is_read),
        TEST(online_backend_without_a_device),
        TEST(device_that_goes_between_two_looks),
        TEST(detached_is_the_old_backend_only),
        TEST(short_memory_is_no_answer),
        TEST(short_memory_does_not_hide_the_device),
        TEST(memory_that_stays_short_is_an_end),
        TEST(directory_that_cannot_be_watched),
        TEST(change_is_read_when_there_is_memory),
        TEST(state_is_read_when_there_is_memory),
        TEST(change_that_cannot_be_read_is_none),
        TEST(change_during_a_look_is_not_missed),
        TEST(connected_device_is_not_looked_for),
        TEST(missing_state_is_written),
        TEST(state_that_cannot_be_written),
        TEST(state_that_is_removed_while_away),
        TEST(connection_that_lasts_just_long_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
