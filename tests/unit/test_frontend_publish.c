/* SPDX-License-Identifier: MIT */
/* The frontend state machine when its keys cannot be written. */
#include "reconnect_test.h"

static const char *refused; /* the node */
static unsigned written_connected;

static const char *refuse(uint32_t type, const char *body)
{
    return type == XS_WRITE && refused && !strcmp(body, refused) ? "EACCES" : NULL;
}

static int setup_publish(void **state)
{
    if (setup(state))
        return -1;
    fake.refuse = refuse;
    return 0;
}

/* The first key that is written, and the last. */
static void keys_that_cannot_be_written(void **state)
{
    static const char *const nodes[] = {PATH "/ring-ref", PATH "/state"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
        clear();
        device(BEFORE, "5");
        present(BEFORE);
        refused = nodes[i];
        seam_console_clear();
        assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
        assert_int_equal(frontend_wait_connected(&fe), -EACCES);
        assert_int_equal(lost_reason, -EACCES);
        assert_non_null(strstr(seam_console(), "cannot write its keys to " PATH ": EACCES"));
        ends_with("nld");
    }
}

/* A disk that reconnects does not continue with only some of its keys either. */
static void keys_that_cannot_be_written_again(void **state)
{
    (void)state;
    refused = NULL;
    start_connected();
    refused = PATH "/ring-ref";
    set(BEFORE, "state", "6");
    settle();
    assert_int_equal(fe.state, FE_CLOSED);
    assert_int_equal(lost_reason, -EACCES);
    ends_with("ncaenld");
}

static const char *wrote_connected(uint32_t type, const char *body)
{
    static const char state[] = PATH "/state";

    if (type == XS_WRITE && !strcmp(body, state) && body[sizeof(state)] == '4')
        written_connected++;
    return NULL;
}

/* For a backend that waits for Connected the keys come with that state, which is written once. */
static void keys_with_connected(void **state)
{
    static struct frontend_ops net;

    (void)state;
    net = ops;
    net.published = XenbusStateConnected;
    fake.refuse = wrote_connected;
    reaction[3] = '0';
    reaction[4] = '4';
    clear();
    device(BEFORE, "1");
    present(BEFORE);
    assert_int_equal(frontend_start(&fe, PATH, &net, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    assert_int_equal(fe.own_state, XenbusStateConnected);
    assert_int_equal(written_connected, 1);
    assert_int_equal(frontend_stop(&fe), 0);
    ends_with("ncld");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_that_cannot_be_written, setup_publish, teardown),
        cmocka_unit_test_setup_teardown(keys_that_cannot_be_written_again, setup_publish, teardown),
        cmocka_unit_test_setup_teardown(keys_with_connected, setup_publish, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
