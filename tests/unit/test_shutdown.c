/* SPDX-License-Identifier: MIT */
/* The toolstack's shutdown orders: the writes to XenStore and the console. */
#include "fake_xenstored.h"

#include <kernel/grant_table.h>
#include <kernel/printk.h>
#include <kernel/shutdown.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/probe.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

static enum shutdown_request asked;
static unsigned times;

static bool on_request(enum shutdown_request request)
{
    asked = request;
    times++;
    return true;
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup())
        return -1;
    asked = SHUTDOWN_NONE;
    times = 0;
    shutdown_on_request(on_request);
    return shutdown_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void settle(void)
{
    thread_sleep(1000);
}

static void words_are_obeyed_and_acknowledged(void **state)
{
    static const struct {
        const char *word;
        enum shutdown_request request;
    } words[] = {
        {"poweroff", SHUTDOWN_POWEROFF}, {"reboot", SHUTDOWN_REBOOT}, {"halt", SHUTDOWN_HALT}};

    (void)state;
    settle();
    assert_string_equal(fake_value("control/feature-poweroff"), "1");
    assert_string_equal(fake_value("control/feature-reboot"), "1");
    assert_string_equal(fake_value("control/feature-suspend"), "1");
    assert_null(fake_find("control"));
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        fake_text("control/shutdown", words[i].word);
        settle();
        assert_int_equal(times, i + 1);
        assert_int_equal(asked, words[i].request);
        assert_int_equal(shutdown_requested(), words[i].request);
        assert_string_equal(fake_value("control/shutdown"), "");
        assert_non_null(fake_find("control/shutdown"));
        assert_int_equal(fake_find("control/shutdown")->len, 0); /* not one NUL */
    }
}

/* No order at the start: one batch of writes and reads, and no transaction. */
static void starting_is_one_wait(void **state)
{
    struct xs_stats stats;

    (void)state;
    settle();
    xs_get_stats(&stats);
    assert_int_equal(stats.waits, 1);
    assert_int_equal(fake.starts, 0);
}

/* The toolstack's last request was acknowledged: the node exists and is empty. */
static void starting_with_an_empty_node_is_one_wait(void **state)
{
    struct heap_stats before, after;
    struct xs_watch same[2] = {0};
    struct xs_stats stats;

    (void)state;
    fake_text("control/shutdown", "");
    settle();
    xs_get_stats(&stats);
    assert_int_equal(stats.waits, 1);
    assert_int_equal(fake.starts, 0);
    /* only its watches remain */
    heap_get_stats(&before);
    assert_int_equal(xs_watch(&same[0], "control", "shutdown"), 0);
    assert_int_equal(xs_watch(&same[1], "control", "sysrq"), 0);
    settle();
    heap_get_stats(&after);
    assert_int_equal(after.in_use[MEM_XENSTORE], 2 * before.in_use[MEM_XENSTORE]);
    assert_int_equal(xs_unwatch(&same[0]) | xs_unwatch(&same[1]), 0);
    fake_text("control/shutdown", "halt");
    settle();
    assert_int_equal(times, 1);
}

static void write_a_word(uint32_t type, const char *body)
{
    if (type != XS_READ || strcmp(body, "control/shutdown"))
        return;
    fake.after = NULL;
    fake_text("control/shutdown", "halt");
}

/* The first read finds nothing, and the watch event for the next value arrives with its answer. */
static void a_word_that_comes_during_the_start_is_obeyed(void **state)
{
    (void)state;
    fake_text("control/shutdown", "");
    fake.after = write_a_word;
    settle();
    assert_int_equal(times, 1);
    assert_int_equal(asked, SHUTDOWN_HALT);
}

static void node_that_is_removed_is_no_order(void **state)
{
    (void)state;
    fake_text("control/shutdown", "");
    settle();
    seam_console_clear();
    fake_text("control/shutdown", ""); /* the toolstack has emptied it */
    settle();
    fake_remove("control/shutdown");
    settle();
    assert_int_equal(times, 0);
    assert_string_equal(seam_console(), "");
    fake_text("control/shutdown", "halt");
    settle();
    assert_int_equal(times, 1);
}

/* A suspend, here a cancelled one, is no end that the toolstack wished for, nor takes that back. */
static void a_suspend_is_no_request(void **state)
{
    (void)state;
    settle();
    fake_text("control/shutdown", "suspend");
    settle();
    assert_int_equal(times, 0);
    assert_int_equal(shutdown_requested(), SHUTDOWN_NONE);
    fake_text("control/shutdown", "halt");
    settle();
    fake_text("control/shutdown", "suspend");
    settle();
    assert_int_equal(times, 1);
    assert_int_equal(shutdown_requested(), SHUTDOWN_HALT);
}

static int no_suspend(void)
{
    return -EPERM;
}

static void suspend_that_fails_is_reported(void **state)
{
    (void)state;
    settle();
    seam_suspend = no_suspend;
    fake_text("control/shutdown", "suspend");
    settle();
    assert_non_null(strstr(seam_console(), "cannot suspend: EPERM"));
    assert_null(strstr(seam_console(), "cancelled"));
}

static const char *cannot_say(uint32_t type, const char *body)
{
    return type == XS_WRITE && strstr(body, "feature-") && !strstr(body, "reboot") ? "EACCES"
                                                                                   : NULL;
}

static void features_that_cannot_be_written_are_named(void **state)
{
    (void)state;
    fake.refuse = cannot_say;
    settle();
    assert_non_null(strstr(seam_console(), "control/feature-poweroff cannot be written"));
    assert_non_null(strstr(seam_console(), "control/feature-suspend cannot be written"));
    assert_null(strstr(seam_console(), "control/feature-reboot"));
    assert_null(strstr(seam_console(), "control/shutdown"));
}

static const char *cannot_read(uint32_t type, const char *body)
{
    return type == XS_READ && strcmp(body, "control/shutdown") == 0 ? "EACCES" : NULL;
}

static const char *cannot_watch(uint32_t type, const char *body)
{
    (void)body;
    return type == XS_WATCH ? "EACCES" : NULL;
}

static void node_that_cannot_be_read_is_reported(void **state)
{
    (void)state;
    fake.refuse = cannot_read;
    settle();
    assert_non_null(strstr(seam_console(), "control/shutdown cannot be read: EACCES"));
    fake.refuse = NULL;
    fake_text("control/shutdown", "halt");
    settle();
    assert_int_equal(times, 1);
}

static void node_that_cannot_be_watched_is_reported(void **state)
{
    (void)state;
    fake.refuse = cannot_watch;
    settle();
    assert_non_null(strstr(seam_console(), "control/shutdown cannot be watched: EACCES"));
    fake_text("control/shutdown", "halt");
    settle();
    assert_int_equal(times, 0);
}

static void a_word_that_was_there_is_obeyed(void **state)
{
    (void)state;
    fake_text("control/shutdown", "reboot");
    settle();
    assert_int_equal(times, 1);
    assert_int_equal(asked, SHUTDOWN_REBOOT);
    assert_string_equal(fake_value("control/shutdown"), "");
}

static void what_is_not_supported_is_not_acknowledged(void **state)
{
    static const char *const words[] = {"sus", "fly", "poweroffx", "x"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        seam_console_clear();
        fake_text("control/shutdown", words[i]);
        settle();
        assert_int_equal(times, 0);
        assert_string_equal(fake_value("control/shutdown"), words[i]);
        assert_non_null(strstr(seam_console(), words[i]));
    }
    fake_text("control/shutdown", "poweroff");
    settle();
    assert_int_equal(times, 1);
}

/* A word is one line of the console at most, however it is written. */
static void word_is_no_line_of_the_console(void **state)
{
    (void)state;
    settle();
    seam_console_clear();
    fake_text("control/shutdown", "x\nTest result: SUCCESS\n\033[2J and a long tail");
    settle();
    assert_non_null(strstr(seam_console(), "asks for \"x?Test result: SUCCESS??[2J and \", "));
    assert_null(strstr(seam_console(), "\nTest result"));
}

static void order_is_taken_once_in_spite_of_conflicts(void **state)
{
    struct heap_stats before, after;

    (void)state;
    settle();
    heap_get_stats(&before);
    fake.conflicts = 3;
    fake_text("control/shutdown", "poweroff");
    settle();
    assert_int_equal(times, 1);
    heap_get_stats(&after);
    assert_int_equal(after.in_use[MEM_XENSTORE], before.in_use[MEM_XENSTORE]);
}

static void without_xenstore_nobody_can_ask(void **state)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;

    (void)state;
    boot_info.xenstore = NULL;
    assert_int_equal(shutdown_init(), -ENOTCONN);
    boot_info.xenstore = x;
}

/* ---- the end ---- */

static jmp_buf gone;
static char order[20];
static unsigned ran;
static int reason;

static long end_hook(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_shutdown) {
        reason = (int)((struct sched_shutdown *)arg[1])->reason;
        longjmp(gone, 1);
    }
    return SEAM_DEFAULT;
}

static void first(void)
{
    order[ran++] = '1';
}

static void second(void)
{
    order[ran++] = '2';
}

static void end(enum shutdown_reason why)
{
    reason = -1;
    if (!setjmp(gone))
        domain_shutdown(why);
    assert_int_equal(reason, why);
}

static unsigned drained;
static size_t printed; /* bytes since then */

static void print(const char *text, size_t len)
{
    (void)text;
    printed += len;
}

static void drain(void)
{
    drained++;
    printed = 0;
}

static void last_words(void)
{
    print_raw("closed\n");
}

static void console_is_read_out_before_the_end(void **state)
{
    (void)state;
    seam_hypercall = end_hook;
    printk_set_sink(print, drain);
    assert_int_equal(shutdown_register(last_words), 0);
    drained = 0;
    printed = 1;
    end(SHUTDOWN_REASON_CRASH);
    assert_int_equal(drained, 1);
    end(SHUTDOWN_REASON_POWEROFF);
    assert_int_equal(drained, 2);
    assert_int_equal(printed, 0);
    printk_set_sink(NULL, NULL);
}

static void functions_run_newest_first_and_not_for_a_crash(void **state)
{
    (void)state;
    seam_hypercall = end_hook;
    assert_int_equal(shutdown_register(first), 0);
    assert_int_equal(shutdown_register(second), 0);
    end(SHUTDOWN_REASON_CRASH);
    assert_int_equal(ran, 0);
    end(SHUTDOWN_REASON_REBOOT);
    assert_string_equal(order, "21");
    end(SHUTDOWN_REASON_POWEROFF);
    assert_int_equal(ran, 2); /* once */
    assert_int_equal(shutdown_register(first), -ESHUTDOWN);
}

static void exit_with(int status)
{
    reason = -1;
    if (!setjmp(gone))
        domain_exit(status);
}

/* A service that fails ends as crashed, for its supervisor; its devices are closed nevertheless. */
static void exit_status_decides(void **state)
{
    (void)state;
    seam_hypercall = end_hook;
    ran = 0;
    assert_int_equal(shutdown_register(first), 0);
    exit_with(-7);
    assert_int_equal(reason, SHUTDOWN_REASON_CRASH);
    assert_int_equal(ran, 1);
    assert_string_equal(seam_console(), "exit status -7: the domain ends as crashed\n");
    seam_console_clear();
    exit_with(0);
    assert_int_equal(reason, SHUTDOWN_REASON_POWEROFF);
    assert_string_equal(seam_console(), "");
}

#define FUNCTION(n)               \
    static void function##n(void) \
    {                             \
        ran++;                    \
    }
FUNCTION(1)
FUNCTION(2)
FUNCTION(3)
FUNCTION(4)
FUNCTION(5)
FUNCTION(6)
FUNCTION(7)
FUNCTION(8)
FUNCTION(9)
FUNCTION(10)
FUNCTION(11)
FUNCTION(12)
FUNCTION(13)
FUNCTION(14)
FUNCTION(15)
FUNCTION(16)
FUNCTION(17)

static void sixteen_functions(void **state)
{
    static void (*const many[])(void) = {function1,  function2,  function3,  function4,  function5,
                                         function6,  function7,  function8,  function9,  function10,
                                         function11, function12, function13, function14, function15,
                                         function16, function17};

    (void)state;
    seam_hypercall = end_hook;
    ran = 0;
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(shutdown_register(many[i]), 0);
    assert_int_equal(shutdown_register(many[16]), -ENOSPC);
    assert_int_equal(shutdown_register(many[3]), 0); /* exists already */
    assert_int_equal(shutdown_register(many[0]), 0);
    end(SHUTDOWN_REASON_POWEROFF);
    assert_int_equal(ran, 16);
}

static void slow(void)
{
    thread_sleep(5 * NSEC_PER_SEC);
    ran++;
}

static void toolstack(void *arg)
{
    (void)arg;
    domain_shutdown(SHUTDOWN_REASON_REBOOT);
}

/* main() returns while the toolstack's request is closing devices. */
static void second_shutdown_waits_for_the_first(void **state)
{
    jmp_buf last;

    (void)state;
    ran = 0;
    assert_int_equal(shutdown_register(slow), 0);
    seam_shutdown_jmp = &last;
    if (!setjmp(last)) {
        assert_int_equal(thread_create(NULL, "toolstack", toolstack, NULL, 0), 0);
        thread_sleep(NSEC_PER_SEC);
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    }
    assert_int_equal(ran, 1);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_REBOOT);
}

/* An order to end is no failure of the guest, either. */
static void exit_while_the_toolstack_ends_it(void **state)
{
    jmp_buf last;

    (void)state;
    ran = 0;
    assert_int_equal(shutdown_register(slow), 0);
    seam_shutdown_jmp = &last;
    if (!setjmp(last)) {
        assert_int_equal(thread_create(NULL, "toolstack", toolstack, NULL, 0), 0);
        thread_sleep(NSEC_PER_SEC);
        domain_exit(1);
    }
    assert_int_equal(ran, 1);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_REBOOT);
    assert_null(strstr(seam_console(), "exit status"));
}

/* ---- the probe table ---- */

static long xen(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_set_timer_op || nr == __HYPERVISOR_multicall)
        return 0;
    if (nr == __HYPERVISOR_physdev_op)
        return -EINVAL; /* there, although it refuses */
    if (nr != __HYPERVISOR_xen_version)
        return SEAM_DEFAULT;
    switch (arg[0]) {
    case XENVER_version:
        return 4 << 16 | 17;
    case XENVER_extraversion:
        memcpy((char *)arg[1], ".7-pre", 7);
        return 0;
    case XENVER_capabilities:
        memcpy((char *)arg[1], "xen-3.0-x86_64 \"hvm\"", 21);
        return 0;
    case XENVER_get_features:
        ((struct xen_feature_info *)arg[1])->submap = 1U << XENFEAT_hvm_callback_vector | 1U << 30;
        return 0;
    default:
        return -ENOSYS;
    }
}

static void probe_says_what_was_found(void **state)
{
    const char *json;

    (void)state;
    seam_hypercall = xen;
    assert_int_equal(gnttab_init(), 0);
    probe_print();
    assert_non_null(strstr(seam_console(), "Xen 4.17.7-pre, PVH guest, 8 MiB\n"));
    json = strstr(seam_console(), "RESULT {\"type\":\"probe\",");
    assert_non_null(json);
    assert_non_null(strstr(json, "\"guest\":\"pvh\""));
    assert_non_null(strstr(json, "\"xen\":\"4.17.7-pre\""));
    assert_non_null(strstr(json, "\"features\":[\"hvm_callback_vector\",\"bit30\"]"));
    assert_non_null(strstr(json, "\"multicall\":true"));
    assert_non_null(strstr(json, "\"physdev_op\":true"));
    assert_non_null(strstr(json, "\"argo_op\":false"));
    assert_non_null(strstr(json, "\"grant_max_frames\":32"));
    for (const char *line = seam_console(); line < json; line = strchr(line, '\n') + 1)
        assert_in_range(strcspn(line, "\n"), 1, 100);
}

static void probe_of_a_xen_that_knows_nothing(void **state)
{
    (void)state;
    assert_int_equal(gnttab_init(), 0);
    probe_print();
    assert_non_null(strstr(seam_console(), "Xen ?, PVH guest"));
    assert_non_null(strstr(seam_console(), "\"xen_version\":false"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(starting_is_one_wait),
        TEST(starting_with_an_empty_node_is_one_wait),
        TEST(a_word_that_comes_during_the_start_is_obeyed),
        TEST(node_that_is_removed_is_no_order),
        TEST(a_suspend_is_no_request),
        TEST(suspend_that_fails_is_reported),
        TEST(features_that_cannot_be_written_are_named),
        TEST(node_that_cannot_be_read_is_reported),
        TEST(node_that_cannot_be_watched_is_reported),
        TEST(a_word_that_was_there_is_obeyed),
        TEST(words_are_obeyed_and_acknowledged),
        TEST(what_is_not_supported_is_not_acknowledged),
        TEST(word_is_no_line_of_the_console),
        TEST(order_is_taken_once_in_spite_of_conflicts),
        TEST(without_xenstore_nobody_can_ask),
        TEST(console_is_read_out_before_the_end),
        TEST(functions_run_newest_first_and_not_for_a_crash),
        TEST(sixteen_functions),
        TEST(second_shutdown_waits_for_the_first),
        TEST(exit_status_decides),
        TEST(exit_while_the_toolstack_ends_it),
        TEST(probe_says_what_was_found),
        TEST(probe_of_a_xen_that_knows_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
