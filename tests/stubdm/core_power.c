/* SPDX-License-Identifier: MIT */
/* The guest's end, by a Xen that takes it at once, or later. */
#include <host/seam.h>
#include <kernel/event_channel.h>
#include <power.h>
#include <ringlet/clock.h>
#include <ringlet/thread.h>
#include <xen/hvm/dm_op.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define GUEST 7

static unsigned asked, befores, reason;
static long xen_ret;

static long xen(unsigned nr, const unsigned long *arg)
{
    const struct xen_dm_op_buf *bufs = (void *)arg[2];
    const struct xen_dm_op *op;

    if (nr != __HYPERVISOR_dm_op)
        return SEAM_DEFAULT;
    memcpy(&op, &bufs[0].h, sizeof(op));
    assert_int_equal(arg[0], GUEST);
    assert_int_equal(op->op, XEN_DMOP_remote_shutdown);
    asked++;
    reason = op->u.remote_shutdown.reason;
    return xen_ret;
}

static void before(void)
{
    assert_int_equal(asked, 0);
    befores++;
}

/* The one guest of this program: it resets, Xen does not take it at first, and it powers off meanwhile. */
static void it_is_told_until_xen_takes_it(void **state)
{
    (void)state;
    seam_init(2 << 20);
    assert_int_equal(evtchn_init(), 0);
    seam_hypercall = xen;
    xen_ret = -EINVAL;
    power_end(GUEST, MACHINE_RESET, before);
    assert_int_equal(asked, 1);
    assert_int_equal(reason, SHUTDOWN_reboot);
    assert_non_null(strstr(seam_console(), "the guest resets"));
    assert_non_null(strstr(seam_console(), "Xen does not end the guest: EINVAL"));
    seam_console_clear();
    thread_sleep(900 * 1000000ull);
    assert_int_equal(asked, 1);
    for (unsigned i = 0; i < 1000; i++) /* as often as it likes */
        power_end(GUEST, MACHINE_POWER_OFF, before);
    assert_int_equal(asked, 1);
    thread_sleep(200 * 1000000ull);
    assert_int_equal(asked, 2);
    assert_int_equal(reason, SHUTDOWN_reboot);
    assert_string_equal(seam_console(), "");
    xen_ret = 0;
    thread_sleep(10000 * 1000000ull);
    assert_int_equal(asked, 3);
    assert_int_equal(befores, 1);
    seam_hypercall = NULL;
    seam_exit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_until_xen_takes_it),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
