/* SPDX-License-Identifier: MIT */
/* What a network interface leaves behind: keys for the next life, and counts of what was lost. */
#include "fake_vif.h"

/* Of an earlier life with other channels nothing is left: a backend would take the ports of that. */
static void channels_of_an_earlier_life(void **state)
{
    static const char *const keys[] = {"event-channel-tx", "event-channel-rx"};
    struct netfront_config config = {.queues = 2};

    (void)state;
    for (unsigned life = 0; life < 2; life++) {
        struct netfront_dev *dev = vif_open(&config);

        for (unsigned i = 0; i < 4; i++) {
            char path[64];

            snprintf(path, sizeof(path), FRONT "/queue-%u/%s", i / 2, keys[i % 2]);
            assert_int_equal(fake_find(path) == NULL, life);
        }
        assert_int_equal(shutdown_netfront(dev), 0);
        config.split_channels = -1;
        vif_fresh();
    }
}

/* A request about a group that goes with its connection is no frame that was dropped. */
static void a_group_is_no_frame(void **state)
{
    static const uint8_t group[6] = {1, 0, 0x5e, 1, 2, 3};
    const struct netfront_config config = {.multicast = 1};
    struct netfront_dev *dev = vif_open(&config);
    struct netfront_stats s;
    uint8_t data[60] = {0};

    (void)state;
    back.automatic = false;
    assert_int_equal(netfront_multicast(dev, group, true), 0);
    assert_int_equal(vif_send(dev, data, sizeof(data), NULL), 0);
    netfront_flush(dev);
    vif_set(true, "online", "1");
    vif_state(XenbusStateClosing);
    thread_sleep(NSEC_PER_SEC);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_dropped, 1);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(channels_of_an_earlier_life, vif_setup, vif_teardown),
        cmocka_unit_test_setup_teardown(a_group_is_no_frame, vif_setup, vif_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
