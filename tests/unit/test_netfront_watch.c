/* SPDX-License-Identifier: MIT */
/* Interfaces that come and go, and statistics for who asks in XenStore. */
#include "fake_vif.h"

#define REQUEST FRONT "/stats-request"

static char seen[200];

static void note(const char *name, enum netfront_change change, void *arg)
{
    const size_t len = strlen(seen);

    assert_ptr_equal(arg, seen);
    snprintf(seen + len, sizeof(seen) - len, "%s%s ", change == NETFRONT_ARRIVED ? "+" : "-", name);
}

static void other(bool there)
{
    if (there) {
        fake_text("device/vif/3", "");
        fake_text("device/vif/3/backend", "/local/domain/0/backend/vif/3/3");
    } else {
        fake_remove("device/vif/3/backend");
        fake_remove("device/vif/3");
    }
    thread_sleep(NSEC_PER_SEC);
}

static void interfaces_come_and_go(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    seen[0] = '\0';
    assert_int_equal(netfront_unwatch(), -ENOENT);
    assert_int_equal(netfront_watch(NULL, seen), -EINVAL);
    assert_int_equal(netfront_watch(note, seen), 0);
    assert_int_equal(netfront_watch(note, seen), -EBUSY);
    thread_sleep(NSEC_PER_SEC);
    assert_string_equal(seen, "+0 ");
    other(true);
    assert_string_equal(seen, "+0 +3 ");
    dev = vif_open(NULL); /* its keys are no change */
    other(false);
    assert_string_equal(seen, "+0 +3 -3 ");
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(netfront_unwatch(), 0);
    other(true);
    assert_string_equal(seen, "+0 +3 -3 ");
}

static int list_one(const char *name, void *arg)
{
    (void)arg;
    strcat(seen, name);
    strcat(seen, " ");
    return 0;
}

static void interfaces_are_listed(void **state)
{
    (void)state;
    seen[0] = '\0';
    fake_text("device/vif/10", "");
    fake_text("device/vif/2", "");
    fake_text("device/vif/02", "");
    fake_text("device/vif/x", "");
    assert_int_equal(netfront_enumerate(list_one, NULL), 3);
    assert_string_equal(seen, "0 2 10 ");
}

static void statistics_are_served(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    char text[2048], small[40];
    int len;

    (void)state;
    back_send("12345678901234", 14, 0, 0, 0);
    vif_poll(dev);
    thread_sleep(NSEC_PER_SEC);
    fake_text(REQUEST, "");
    thread_sleep(NSEC_PER_SEC);
    assert_non_null(strstr(fake_value(FRONT "/stats"), "{\"dev\":\"vif0\",\"state\":\"ready\","));
    assert_non_null(strstr(fake_value(FRONT "/stats"), "\"rx_frames\":1,\"rx_bytes\":14,"));
    len = netfront_stats_json(dev, text, sizeof(text));
    assert_int_equal(len, strlen(text));
    assert_int_equal(netfront_stats_json(dev, small, sizeof(small)), -ENOSPC);
    assert_true(strlen(text) < 1500);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_null(fake_find(FRONT "/stats"));
    netfront_get_stats(NULL, &(struct netfront_stats){0});
    netfront_get_limits(NULL, &(struct netfront_limits){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(interfaces_come_and_go),
        TEST(interfaces_are_listed),
        TEST(statistics_are_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
