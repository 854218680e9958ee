/* SPDX-License-Identifier: MIT */
/* The frontend state machine: its table, whole cycles with a fake backend, and hostile ones. */
#include "frontend_test.h"
#include <kernel/heap.h>

#define BACKEND "/local/domain/0/backend/vbd/3/51712"
#define BSTATE  BACKEND "/state"

/* ---- the table ---- */

static void every_state_and_event_has_its_action(void **state)
{
    /* columns: Unknown Initialising InitWait Initialised Connected Closing Closed Reconfiguring
     * Reconfigured TIMEOUT CLOSE FAIL RESUME DETACH MOVED */
    static const char *const want[FE_STATES] = {
        [FE_FOUND] = "BBBRREBRRFFFXFA",        [FE_RESET] = "BBB--EB--FFFXFA",
        [FE_RESET_WAIT] = "BBB---B--FFFXFA",   [FE_WAIT_INIT] = "--NNNE---FFFXFA",
        [FE_WAIT_CONNECT] = "A---CVA--LLLXLA", [FE_LEAVE] = "A----vA--FLLXLA",
        [FE_LEAVE_WAIT] = "AAA---A--FLLXLA",   [FE_CONNECTED] = "AVVV-VA---LLXL-",
        [FE_CLOSING] = "F----KF--F--F--",      [FE_CLOSE_WAIT] = "FFF---F--F--F--",
        [FE_CLOSED] = "---------------",
    };
    static const char letter[FE_ACTIONS] = {
        [FE_DO_NOTHING] = '-',   [FE_DO_NEGOTIATE] = 'N', [FE_DO_CONNECT] = 'C',
        [FE_DO_RESET] = 'R',     [FE_DO_RESET_END] = 'E', [FE_DO_BEGIN] = 'B',
        [FE_DO_LOSE] = 'L',      [FE_DO_CLOSE] = 'K',     [FE_DO_FINISH] = 'F',
        [FE_DO_RESTART] = 'X',   [FE_DO_LEAVE] = 'V',     [FE_DO_LEAVE_END] = 'v',
        [FE_DO_RECONNECT] = 'A',
    };

    (void)state;
    for (unsigned s = 0; s < FE_STATES; s++) {
        assert_int_equal(strlen(want[s]), FE_EVENTS);
        for (unsigned e = 0; e < FE_EVENTS; e++)
            assert_int_equal(letter[frontend_next((enum frontend_state)s, e)], want[s][e]);
    }
    assert_int_equal(frontend_next(FE_STATES, 0), FE_DO_NOTHING);
    assert_int_equal(frontend_next(FE_CONNECTED, FE_EVENTS), FE_DO_NOTHING);
    assert_int_equal(frontend_next(FE_CONNECTED, ~0U), FE_DO_NOTHING);
    assert_string_equal(xenbus_state_name(2), "InitWait");
    assert_string_equal(xenbus_state_name(8), "Reconfigured");
    assert_string_equal(xenbus_state_name(77), "?");
}

/* ---- a driver that records its calls ---- */

static int negotiate_ret;
static unsigned key_count;
static void (*during_negotiate)(void);

static int negotiate(struct frontend *f, struct frontend_key *keys, unsigned *count)
{
    note('n');
    assert_string_equal(f->backend_path, BACKEND);
    assert_ptr_equal(f->priv, calls);
    if (during_negotiate)
        during_negotiate();
    for (*count = 0; *count < key_count; (*count)++) {
        snprintf(keys[*count].name, sizeof(keys->name), "key-%u", *count);
        snprintf(keys[*count].value, sizeof(keys->value), "%u", *count * 3);
    }
    return negotiate_ret;
}

static void changed(struct frontend *f)
{
    (void)f;
    note('x');
}

static const struct frontend_ops ops = {
    .type = "vbd",
    .negotiate = negotiate,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
    .changed = changed,
};

/* ---- a backend that follows the frontend's state ---- */

static void backend(uint32_t type, const char *body)
{
    const char *value = body + strlen(body) + 1;

    if (type != XS_WRITE || strcmp(body, PATH "/state") || value[0] < '0' || value[0] > '9')
        return;
    if (reaction[value[0] - '0'])
        fake_set(BSTATE, &reaction[value[0] - '0'], 1);
}

static int setup(void **state)
{
    (void)state;
    if (frontend_setup())
        return -1;
    negotiate_ret = 0;
    key_count = 3;
    during_negotiate = NULL;
    fake.after = backend;
    fake_text(PATH "/backend", BACKEND);
    fake_text(PATH "/backend-id", "0");
    fake_text(PATH "/state", "1");
    fake_text(BSTATE, "2");
    return 0;
}

static void start(void)
{
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
}

static void start_connected(void)
{
    start();
    assert_int_equal(frontend_wait_connected(&fe), 0);
}

static void fails_with(int want)
{
    start();
    assert_int_equal(frontend_wait_connected(&fe), want);
    frontend_stop(&fe);
}

/* Lets the machine settle. */
static void said_once(const char *text)
{
    const char *first = strstr(seam_console(), text);

    assert_non_null(first);
    assert_null(strstr(first + 1, text));
}

/* ---- whole cycles ---- */

static void handshake_and_orderly_close(void **state)
{
    (void)state;
    start_connected();
    assert_string_equal(calls, "nc");
    assert_string_equal(fake_value(PATH "/key-0"), "0");
    assert_string_equal(fake_value(PATH "/key-2"), "6");
    settle();
    assert_string_equal(fake_value(PATH "/state"), "4");
    assert_int_equal(fake.starts, 2);             /* keys and state are in one */
    assert_int_equal(fake.in_transaction, 6 + 3); /* Connected is another one */
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ncld");
    assert_int_equal(lost_reason, -ESHUTDOWN);
    assert_string_equal(fake_value(PATH "/state"), "6");
    assert_int_equal(seam_now - NSEC_PER_SEC, NSEC_PER_MSEC); /* nothing waited for a timeout */
}

static void conflicting_transaction_is_repeated(void **state)
{
    (void)state;
    fake.conflicts = 2;
    start_connected();
    settle();
    assert_int_equal(fake.starts, 4);
    assert_int_equal(frontend_stop(&fe), 0);
}

static void all_keys_fit(void **state)
{
    (void)state;
    key_count = FRONTEND_KEYS_MAX;
    reaction[3] = 0;
    start();
    settle();
    assert_string_equal(fake_value(PATH "/key-319"), "957");
    assert_string_equal(fake_value(PATH "/state"), "3");
    assert_int_equal(frontend_stop(&fe), 0);
}

static void backend_that_is_ahead(void **state)
{
    (void)state;
    fake_text(BSTATE, "4");
    start_connected();
    assert_string_equal(calls, "nc");
    frontend_stop(&fe);
    assert_string_equal(calls, "ncld");
}

static void backend_closed_by_an_earlier_life_is_waited_for(void **state)
{
    (void)state;
    fake_text(PATH "/state", "6");
    fake_text(BSTATE, "6");
    reaction[1] = '2'; /* goes to InitWait when it sees Initialising */
    start_connected();
    assert_int_equal(frontend_stop(&fe), 0);
}

static void device_can_be_opened_again(void **state)
{
    (void)state;
    reaction[1] = '2';
    for (unsigned i = 0; i < 3; i++) {
        memset(&fe, 0, sizeof(fe));
        start_connected();
        assert_int_equal(frontend_stop(&fe), 0);
    }
    assert_string_equal(calls, "ncldncldncld");
}

static void changes_are_told_when_connected(void **state)
{
    (void)state;
    start_connected();
    settle();
    assert_string_equal(calls, "nc");
    fake_text(BSTATE, "4");
    settle();
    assert_string_equal(calls, "ncx");
    fake_text(BSTATE, "7");
    fake_text(BSTATE, "8");
    settle();
    assert_int_equal(fe.state, FE_CONNECTED);
    frontend_stop(&fe);
}

/* One backend for devices of all names, Connected when one of them is ready. */
static void common_backend(uint32_t type, const char *body)
{
    unsigned number;

    if (type == XS_WRITE && sscanf(body, "device/vbd/%u/state", &number) == 1 &&
        reaction[fake_value(body)[0] - '0'])
        fake_set(BSTATE, &reaction[fake_value(body)[0] - '0'], 1);
}

static void sixteen_at_once(void **state)
{
    static struct frontend many[16];

    (void)state;
    memset(many, 0, sizeof(many));
    key_count = 0;
    fake.after = common_backend;
    for (unsigned i = 0; i < 16; i++) {
        char path[32], node[48];

        snprintf(path, sizeof(path), "device/vbd/%u", i);
        snprintf(node, sizeof(node), "%s/backend", path);
        fake_text(node, BACKEND);
        snprintf(node, sizeof(node), "%s/backend-id", path);
        fake_text(node, "0");
        snprintf(node, sizeof(node), "%s/state", path);
        fake_text(node, "1");
        assert_int_equal(frontend_start(&many[i], path, &ops, calls), 0);
    }
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(frontend_wait_connected(&many[i]), 0);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(frontend_stop(&many[i]), 0);
}

/* ---- an earlier use that was not closed ---- */

/* The frontend's writes to its state node, in order. */
static char written[32];
static bool backend_is_connected; /* to the rings of that connection */

/* As a real blkback: Connected ends with Closed alone, and new keys are read only then. */
static void stubborn_backend(uint32_t type, const char *body)
{
    const char *value = body + strlen(body) + 1;
    size_t n = strlen(written);

    if (type != XS_WRITE || strcmp(body, PATH "/state") || n + 1 >= sizeof(written))
        return;
    written[n] = value[0];
    written[n + 1] = '\0';
    if (value[0] == '3' && backend_is_connected)
        fail_msg("%s", "keys were published over those of the earlier life");
    if (value[0] == '6')
        backend_is_connected = false;
    if (value[0] != '1' || fake_value(BSTATE)[0] == '6')
        backend(type, body);
}

static void earlier_life(const char *own, const char *back, const char *want)
{
    memset(&fe, 0, sizeof(fe));
    memset(written, 0, sizeof(written));
    ncalls = 0;
    reaction[1] = '2';
    backend_is_connected = strcmp(back, "4") == 0;
    fake_text(PATH "/state", own);
    fake_text(BSTATE, back);
    fake.after = stubborn_backend;
    start_connected();
    settle();
    assert_string_equal(written, want);
    assert_string_equal(calls, "nc");
    assert_int_equal(frontend_stop(&fe), 0);
}

static void earlier_life_is_ended_first(void **state)
{
    (void)state;
    earlier_life("4", "4", "56134");
    earlier_life("3", "4", "56134"); /* it died before it saw Connected */
    earlier_life("3", "3", "56134");
    earlier_life("5", "4", "56134");
    earlier_life("5", "5", "6134");
    earlier_life("4", "5", "6134");
    earlier_life("4", "8", "56134");
    /* these have no rings any more */
    earlier_life("4", "2", "134");
    earlier_life("4", "6", "134");
    earlier_life("6", "6", "134");
}

/* Our Closed of a moment ago is still to be followed. */
static void closing_backend_is_waited_for(void **state)
{
    (void)state;
    reaction[1] = '2';
    fake_text(PATH "/state", "6");
    fake_text(BSTATE, "4");
    start();
    settle();
    assert_int_equal(fe.state, FE_RESET_WAIT);
    assert_string_equal(fake_value(PATH "/state"), "6");
    fake_text(BSTATE, "6");
    assert_int_equal(frontend_wait_connected(&fe), 0);
    assert_int_equal(frontend_stop(&fe), 0);
}

static void backend_that_keeps_an_earlier_life(void **state)
{
    (void)state;
    memset(reaction, 0, sizeof(reaction));
    fake_text(PATH "/state", "4");
    fake_text(BSTATE, "4");
    fe.connect_timeout_ns = 2 * NSEC_PER_SEC;
    start();
    assert_int_equal(frontend_wait_connected(&fe), -ETIMEDOUT);
    said_once("did not connect within 2 s: it is in state Connected");
    frontend_stop(&fe);
    assert_string_equal(calls, "ld");
    assert_string_equal(fake_value(PATH "/key-0"), "");
}

/* ---- a device that is removed at the wrong moment ---- */

static void remove_device(void)
{
    fake_remove(PATH "/backend");
    fake_remove(PATH "/backend-id");
    fake_remove(PATH "/state");
}

static void removed_after(uint32_t type, const char *body)
{
    const char *value = body + strlen(body) + 1;

    backend(type, body);
    if (type == XS_WRITE && strcmp(body, PATH "/state") == 0 && value[0] == '3')
        key_count = 77; /* the transaction is about to end */
    if (type == XS_TRANSACTION_END && key_count == 77)
        remove_device();
}

static void connected_does_not_bring_a_removed_device_back(void **state)
{
    (void)state;
    fake.after = removed_after;
    start();
    frontend_wait_connected(&fe);
    settle();
    assert_null(fake_find(PATH "/state"));
    assert_int_equal(lost_reason, -ENODEV);
    frontend_stop(&fe);
    assert_null(fake_find(PATH "/state"));
}

static void replace_device(void)
{
    remove_device();
    fake_text(PATH "/backend", "/local/domain/0/backend/vbd/4/51712");
}

static void keys_are_for_the_device_that_was_negotiated_with(void **state)
{
    static void (*const meanwhile[])(void) = {remove_device, replace_device};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(meanwhile); i++) {
        memset(&fe, 0, sizeof(fe));
        fake_text(PATH "/backend", BACKEND);
        fake_text(PATH "/backend-id", "0");
        fake_text(PATH "/state", "1");
        during_negotiate = meanwhile[i];
        fails_with(-ENODEV);
        assert_null(fake_find(PATH "/state"));
        assert_null(fake_find(PATH "/key-0"));
    }
}

/* ---- requests that are sent together ---- */

static unsigned two_reads(struct frontend *f, struct xs_batch_item *items)
{
    for (unsigned i = 0; i < 2; i++)
        items[i] = (struct xs_batch_item){.op = XS_OP_READ,
                                          .dir = f->backend_path,
                                          .node = f->state == FE_WAIT_INIT ? "offer" : "size"};
    return 2;
}

static int negotiate_reads(struct frontend *f, struct frontend_key *keys, unsigned *count)
{
    assert_string_equal(f->read[1].node, "offer");
    assert_string_equal(f->read[1].value, fake_value(BACKEND "/offer"));
    return negotiate(f, keys, count);
}

static int connected_reads(struct frontend *f)
{
    assert_string_equal(f->read[0].node, "size");
    assert_string_equal(f->read[0].value, "9");
    return connected(f);
}

static const struct frontend_ops reading_ops = {
    .type = "vbd",
    .negotiate = negotiate_reads,
    .reads = two_reads,
    .connected = connected_reads,
    .lost = lost,
    .disconnected = disconnected,
    .changed = changed,
};

static void connect_reading(void)
{
    fake_text(BACKEND "/offer", "1");
    fake_text(BACKEND "/size", "9");
    assert_int_equal(frontend_start(&fe, PATH, &reading_ops, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
}

/* The backend's path; its offers; our keys; their commit; its properties. (And one for the
 * backend itself, which here has followed at once.) */
static void five_waits_to_connect(void **state)
{
    struct xs_stats stats;

    (void)state;
    connect_reading();
    xs_get_stats(&stats);
    assert_int_equal(stats.waits, 5);
    assert_int_equal(fake.starts, 1);
    frontend_stop(&fe);
    assert_string_equal(calls, "ncld");
    assert_int_equal(fake.starts, fake.ends);
}

/* Values read in another state are read again, and no transaction stays open for them. */
static void a_backend_that_is_late(void **state)
{
    (void)state;
    fake_text(BSTATE, "1");
    fake_text(BACKEND "/offer", "0");
    assert_int_equal(frontend_start(&fe, PATH, &reading_ops, calls), 0);
    settle();
    assert_int_equal(fake.starts, 1);
    assert_int_equal(fake.ends, 1);
    fake_text(BACKEND "/offer", "2");
    fake_text(BACKEND "/size", "9");
    fake_text(BSTATE, "2");
    assert_int_equal(frontend_wait_connected(&fe), 0);
    frontend_stop(&fe);
    assert_int_equal(fake.starts, fake.ends);
}

/* The backend changes its state as soon as it was read for the first time. */
static void advance_after_the_first_look(uint32_t type, const char *body)
{
    if (type == XS_READ && !strcmp(body, BSTATE)) {
        fake.after = backend;
        fake_text(BSTATE, "2");
    } else {
        backend(type, body);
    }
}

static void no_change_is_missed_beside_the_first_event(void **state)
{
    (void)state;
    fake_text(BSTATE, "1");
    fake.after = advance_after_the_first_look;
    connect_reading();
    frontend_stop(&fe);
}

/* ---- failures to start ---- */

static void unusable_devices(void **state)
{
    static char long_path[4000];
    static const char *const bad_paths[] = {
        "", "/", "local/domain/0/backend", "/a//b", "/a/", "/a b", "/a\n/b", long_path, "/a\"b"};
    static const char *const bad_ids[] = {"", "-1", "32752", "65535", "4294967296", "x"};

    (void)state;
    memset(long_path, '/', 1);
    memset(long_path + 1, 'a', sizeof(long_path) - 2);
    assert_int_equal(frontend_start(&fe, "device/vbd/1", &ops, NULL), -ENOENT);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_paths); i++) {
        fake_text(PATH "/backend", bad_paths[i]);
        seam_console_clear();
        assert_int_equal(frontend_start(&fe, PATH, &ops, NULL), -EINVAL);
        assert_non_null(strstr(seam_console(), PATH "/backend"));
    }
    fake_text(PATH "/backend", BACKEND);
    for (unsigned i = 0; i < ARRAY_SIZE(bad_ids); i++) {
        fake_text(PATH "/backend-id", bad_ids[i]);
        seam_console_clear();
        assert_int_equal(frontend_start(&fe, PATH, &ops, NULL), -EINVAL);
        assert_non_null(strstr(seam_console(), PATH "/backend-id"));
    }
    fake_remove(PATH "/backend-id");
    assert_int_equal(frontend_start(&fe, PATH, &ops, NULL), -EINVAL);
    fake_text(PATH "/backend-id", "32751");
    start_connected();
    assert_int_equal(fe.backend_id, 32751);
    frontend_stop(&fe);
    assert_int_equal(frontend_stop(&fe), 0); /* harmless */
}

static void silent_backend_times_out_by_name(void **state)
{
    (void)state;
    reaction[3] = 0;
    fe.connect_timeout_ns = 3 * NSEC_PER_SEC;
    fails_with(-ETIMEDOUT);
    said_once("xvda: backend " BACKEND " did not connect within 3 s: it is in state InitWait\n");
    assert_string_equal(calls, "nld");
    assert_int_equal(lost_reason, -ETIMEDOUT);
}

static void missing_backend_times_out(void **state)
{
    (void)state;
    fake_remove(BSTATE);
    fe.name = NULL;
    fe.connect_timeout_ns = 1500 * NSEC_PER_MSEC;
    fails_with(-ETIMEDOUT);
    said_once(PATH ": backend " BACKEND " did not connect within 1500 ms: it is in state Unknown");
    assert_string_equal(calls, "ld");
    assert_string_equal(fake_value(PATH "/state"), "6");
}

static void closed_backend_times_out(void **state)
{
    (void)state;
    fake_text(BSTATE, "6");
    fails_with(-ETIMEDOUT);
    said_once("within 60 s: it is in state Closed");
    assert_true(seam_now >= 31 * NSEC_PER_SEC);
}

static void driver_errors_end_the_attempt(void **state)
{
    (void)state;
    negotiate_ret = -EINVAL;
    fails_with(-EINVAL);
    assert_string_equal(calls, "nld");
    assert_string_equal(fake_value(PATH "/key-0"), "");
    memset(&fe, 0, sizeof(fe));
    fake_text(BSTATE, "2");
    ncalls = 0;
    negotiate_ret = 0;
    connected_ret = -ENOMEM;
    fails_with(-ENOMEM);
    assert_string_equal(calls, "ncld");
    assert_int_equal(lost_reason, -ENOMEM);
}

static void quota(uint32_t type, const char *body)
{
    (void)body;
    fake.error = type == XS_TRANSACTION_START ? "EQUOTA" : fake.error;
    if (type == XS_TRANSACTION_END)
        fake.error = NULL;
}

static void keys_that_cannot_be_written(void **state)
{
    (void)state;
    fake.after = quota;
    start();
    assert_int_equal(frontend_wait_connected(&fe), -ENOSPC);
    said_once("cannot write its keys");
    fake.after = NULL;
    fake.error = NULL;
    frontend_stop(&fe); /* it has requested fewer keys from the driver, twice */
    assert_string_equal(calls, "nnnld");
}

/* ---- the end, from either side ---- */

static void backend_closes(void **state)
{
    (void)state;
    start_connected();
    fake_text(BSTATE, "5");
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_string_equal(calls, "ncld");
    assert_int_equal(lost_reason, -ENODEV);
    assert_int_equal(frontend_wait_connected(&fe), -ENODEV);
    assert_string_equal(fake_value(PATH "/state"), "6");
    assert_string_equal(fake_value(BSTATE), "6");
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ncld");
}

static void rings_stay_until_the_backend_is_closed(void **state)
{
    (void)state;
    reaction[6] = 0; /* it takes its time to unmap */
    start_connected();
    fake_text(BSTATE, "5");
    settle();
    assert_int_equal(fe.state, FE_CLOSE_WAIT);
    assert_string_equal(calls, "ncl");
    fake_text(BSTATE, "6");
    settle();
    assert_string_equal(calls, "ncld");
    assert_int_equal(frontend_stop(&fe), 0);
}

static void backend_vanishes(void **state)
{
    (void)state;
    start_connected();
    settle();
    fake_remove(PATH "/state"); /* the toolstack removes both sides */
    fake_remove(BSTATE);
    settle();
    assert_string_equal(calls, "ncld");
    assert_int_equal(frontend_wait_connected(&fe), -ENODEV);
    assert_null(fake_find(PATH "/state")); /* and it is not brought back */
    frontend_stop(&fe);
}

static void backend_that_does_not_follow(void **state)
{
    (void)state;
    reaction[5] = reaction[6] = 0;
    fe.close_timeout_ns = 2 * NSEC_PER_SEC;
    start_connected();
    settle();
    assert_int_equal(frontend_stop(&fe), -ETIMEDOUT);
    assert_true(seam_now <= 3 * NSEC_PER_SEC + 2 * NSEC_PER_MSEC);
    said_once("did not close within 2 s: it is in state Connected");
    assert_string_equal(calls, "ncld");
    assert_string_equal(fake_value(PATH "/state"), "6");
}

static void stop_in_every_state(void **state)
{
    (void)state;
    start(); /* its thread has not even run */
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ld");

    memset(&fe, 0, sizeof(fe));
    ncalls = 0;
    fake_text(BSTATE, "1");
    start();
    settle();
    assert_int_equal(fe.state, FE_WAIT_INIT);
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ld");

    memset(&fe, 0, sizeof(fe));
    ncalls = 0;
    reaction[3] = 0;
    fake_text(BSTATE, "2");
    start();
    settle();
    assert_int_equal(fe.state, FE_WAIT_CONNECT);
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "nld");

    memset(&fe, 0, sizeof(fe));
    ncalls = 0;
    reaction[3] = '4';
    reaction[6] = 0;
    fake_text(BSTATE, "2");
    start_connected();
    fake_text(BSTATE, "5");
    settle();
    assert_int_equal(fe.state, FE_CLOSE_WAIT);
    assert_int_equal(frontend_stop(&fe), -ETIMEDOUT);
    assert_string_equal(calls, "ncld");
}

static void driver_finds_the_backend_hostile(void **state)
{
    (void)state;
    start_connected();
    frontend_fail(&fe, -EPROTO);
    frontend_fail(&fe, -EIO);         /* the first reason counts */
    assert_string_equal(calls, "nc"); /* called in the frontend's thread */
    settle();
    assert_string_equal(calls, "ncld");
    assert_int_equal(lost_reason, -EPROTO);
    frontend_fail(&fe, -EIO);
    assert_int_equal(frontend_wait_connected(&fe), -EPROTO);
    assert_int_equal(frontend_stop(&fe), 0);
    assert_string_equal(calls, "ncld");
}

/* ---- a XenStore that fails ---- */

static void broken_xenstore(bool when_connected, const char *want)
{
    fe.connect_timeout_ns = 3 * NSEC_PER_SEC;
    if (when_connected) {
        start_connected();
    } else {
        fake_text(BSTATE, "1");
        start();
    }
    settle();
    boot_info.xenstore->rsp_prod += 5000;
    fake.silent = true;
    seam_raise(boot_info.xenstore_port);
    settle();
    assert_int_equal(fe.state, when_connected ? FE_CONNECTED : FE_CLOSED);
    assert_int_equal(frontend_wait_connected(&fe), when_connected ? 0 : -ENOTCONN);
    frontend_stop(&fe);
    assert_string_equal(calls, want);
    assert_true(seam_now < 2 * NSEC_PER_SEC);
}

static void io_goes_on_without_xenstore(void **state)
{
    (void)state;
    broken_xenstore(true, "ncld");
}

static void connecting_needs_xenstore(void **state)
{
    (void)state;
    broken_xenstore(false, "ld");
}

/* ---- hostile ---- */

static uint32_t rnd;

static uint32_t next_random(void)
{
    rnd = rnd * 1664525 + 1013904223;
    return rnd >> 8;
}

static unsigned flips;
static void hostile_backend(uint32_t type, const char *body)
{
    static const char *const texts[] = {"0", "1", "2", "3", "4", "5", "6",  "7",
                                        "8", "2", "4", "9", "",  "x", "-4", "99999999999999999999"};
    static bool nested;

    (void)type;
    (void)body;
    if (nested || flips == 0)
        return;
    nested = true;
    for (unsigned n = next_random() % 3; n && flips; n--, flips--) {
        if (next_random() % 12 == 0)
            fake_remove(BSTATE);
        else
            fake_text(BSTATE, texts[next_random() % ARRAY_SIZE(texts)]);
    }
    nested = false;
}

static void random_states_lead_to_one_orderly_end(void **state)
{
    (void)state;
    fake.after = hostile_backend;
    for (unsigned seed = 0; seed < 500; seed++) {
        unsigned n = 0, c = 0, l = 0, d = 0;
        uint64_t begun;

        rnd = seed * 2654435761U;
        flips = 200;
        ncalls = 0;
        calls[0] = '\0';
        memset(&fe, 0, sizeof(fe));
        fe.connect_timeout_ns = fe.close_timeout_ns = NSEC_PER_SEC;
        fake_text(PATH "/state", "1");
        fake_text(BSTATE, "2");
        begun = seam_now;
        start();
        frontend_wait_connected(&fe);
        thread_sleep(next_random() % 3 * NSEC_PER_MSEC);
        frontend_stop(&fe);
        assert_true(seam_now - begun <= 3 * NSEC_PER_SEC);
        for (unsigned i = 0; i < ncalls; i++) {
            n += calls[i] == 'n';
            c += calls[i] == 'c';
            l += calls[i] == 'l';
            d += calls[i] == 'd';
        }
        assert_true(n <= 1 && c <= n && l == 1 && d == 1);
        assert_int_equal(calls[ncalls - 1], 'd');
        assert_true(strchr(calls, 'l') < strchr(calls, 'd'));
        assert_true(!strchr(strchr(calls, 'l'), 'c') && !strchr(strchr(calls, 'l'), 'n'));
    }
}

static void state_storm(void)
{
    static unsigned turn;

    fake_run();
    if (!fake.out_len)
        fake_text(BSTATE, ++turn % 2 ? "1" : "5");
    seam_now += NSEC_PER_MSEC;
}

static void storm_does_not_put_off_the_timeout(void **state)
{
    (void)state;
    fake_text(BSTATE, "1");
    seam_idle = state_storm;
    fe.connect_timeout_ns = NSEC_PER_SEC;
    start();
    assert_int_equal(frontend_wait_connected(&fe), -ETIMEDOUT);
    assert_true(seam_now <= 3 * NSEC_PER_SEC);
    seam_idle = fake_run;
    frontend_stop(&fe);
}

static void short_memory_never_hangs(void **state)
{
    bool ok = false;

    (void)state;
    reaction[1] = '2';
    for (unsigned nth = 1; !ok; nth++) {
        int ret;

        memset(&fe, 0, sizeof(fe));
        fe.connect_timeout_ns = fe.close_timeout_ns = NSEC_PER_SEC;
        ncalls = 0;
        calls[0] = '\0';
        fake_text(PATH "/state", "1");
        fake_text(BSTATE, "2");
        mem_fail_nth(nth);
        ret = frontend_start(&fe, PATH, &ops, calls);
        if (!ret) {
            ret = frontend_wait_connected(&fe);
            frontend_stop(&fe);
            assert_int_equal(calls[ncalls - 1], 'd');
            ok = mem_allocations() && ret == 0 && nth > 60;
        } else {
            assert_int_equal(ret, -ENOMEM);
        }
        mem_fail_nth(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        cmocka_unit_test(every_state_and_event_has_its_action),
        TEST(handshake_and_orderly_close),
        TEST(conflicting_transaction_is_repeated),
        TEST(all_keys_fit),
        TEST(backend_that_is_ahead),
        TEST(backend_closed_by_an_earlier_life_is_waited_for),
        TEST(device_can_be_opened_again),
        TEST(changes_are_told_when_connected),
        TEST(sixteen_at_once),
        TEST(earlier_life_is_ended_first),
        TEST(closing_backend_is_waited_for),
        TEST(backend_that_keeps_an_earlier_life),
        TEST(connected_does_not_bring_a_removed_device_back),
        TEST(keys_are_for_the_device_that_was_negotiated_with),
        TEST(five_waits_to_connect),
        TEST(a_backend_that_is_late),
        TEST(no_change_is_missed_beside_the_first_event),
        TEST(unusable_devices),
        TEST(silent_backend_times_out_by_name),
        TEST(missing_backend_times_out),
        TEST(closed_backend_times_out),
        TEST(driver_errors_end_the_attempt),
        TEST(keys_that_cannot_be_written),
        TEST(backend_closes),
        TEST(rings_stay_until_the_backend_is_closed),
        TEST(backend_vanishes),
        TEST(backend_that_does_not_follow),
        TEST(stop_in_every_state),
        TEST(driver_finds_the_backend_hostile),
        TEST(io_goes_on_without_xenstore),
        TEST(connecting_needs_xenstore),
        TEST(random_states_lead_to_one_orderly_end),
        TEST(storm_does_not_put_off_the_timeout),
        TEST(short_memory_never_hangs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
