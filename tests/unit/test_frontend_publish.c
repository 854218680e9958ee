/* SPDX-License-Identifier: MIT */
/* The frontend machine when what it publishes cannot be written. */
#include "reconnect_test.h"

static const char *refused; /* the node */

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

/* The first of what is written, and the last. */
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

/* Nor does a disk that comes back go on with a part of its keys. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_that_cannot_be_written, setup_publish, teardown),
        cmocka_unit_test_setup_teardown(keys_that_cannot_be_written_again, setup_publish, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
