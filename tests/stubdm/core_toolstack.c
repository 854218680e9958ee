/* SPDX-License-Identifier: MIT */
/* What the toolstack writes into XenStore for a device model, and what it is told there. */
#include <kernel/grant_table.h>
#include <ringlet/suspend.h>
#include <toolstack.h>
#include <unit/fake_xenstored.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define VM "/vm/0d55a0a6-0000-4000-8000-000000000001"

static struct arguments got;

static int setup(void **state)
{
    (void)state;
    if (fake_setup() || gnttab_init())
        return -1;
    fake_text("target", "7");
    fake_text("/local/domain/7/vm", VM);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void put(unsigned number, const char *word)
{
    char path[96];

    snprintf(path, sizeof(path), VM "/image/dm-argv/%03u", number);
    fake_text(path, word);
}

static void the_target(void **state)
{
    static const char *const wrong[] = {"", "x", "0", "32752", "-1", "7 ", "99999999999999999999"};
    domid_t domid;

    (void)state;
    assert_int_equal(toolstack_target(&domid), 0);
    assert_int_equal(domid, 7);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        fake_text("target", wrong[i]);
        assert_int_equal(toolstack_target(&domid), -EINVAL);
    }
    fake_remove("target");
    assert_int_equal(toolstack_target(&domid), -ENOENT);
    assert_non_null(strstr(seam_console(), "this domain has no target"));
}

static void arguments_of_any_number(void **state)
{
    (void)state;
    for (unsigned count = 4; count <= 40; count++) {
        put(1, "-xen-domid");
        put(2, "7");
        put(3, "-m");
        put(4, "64");
        for (unsigned i = 5; i <= count; i++)
            put(i, i == count ? "-frobnicate" : "-S");
        seam_console_clear();
        assert_int_equal(toolstack_arguments(7, &got), 0);
        assert_int_equal(got.memory, 64 << 20);
        assert_int_equal(strstr(seam_console(), "-frobnicate") != NULL, count > 4);
    }
}

static void too_many_or_none_are_refused(void **state)
{
    char word[ARGUMENT_LENGTH_MAX + 2];

    (void)state;
    assert_int_equal(toolstack_arguments(7, &got), -ENOENT);
    assert_non_null(strstr(seam_console(), "cannot read the arguments"));
    for (unsigned i = 1; i <= ARGUMENTS_MAX + 1; i++)
        put(i, "-S");
    assert_int_equal(toolstack_arguments(7, &got), -E2BIG);
    fake_remove(VM "/image/dm-argv/003");
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    put(2, word);
    assert_int_equal(toolstack_arguments(7, &got), -E2BIG);
    fake_remove("/local/domain/7/vm");
    assert_true(toolstack_arguments(7, &got) < 0);
}

static void arguments_that_are_refused_are_named(void **state)
{
    (void)state;
    put(1, "-m");
    put(2, "64");
    put(3, "-kernel");
    put(4, "/boot/\033x");
    assert_int_equal(toolstack_arguments(7, &got), -EOPNOTSUPP);
    assert_non_null(strstr(seam_console(), "argument refused: -kernel /boot/?x"));
    put(3, "-xen-domid");
    put(4, "8");
    assert_int_equal(toolstack_arguments(7, &got), -EINVAL);
    assert_non_null(strstr(seam_console(), "for domain 8, the target is 7"));
}

static unsigned runs;

static void run(void *arg, bool on)
{
    (void)arg;
    runs += on ? 1 : 100;
}

/* The page of xen/io/libxenvchan.h. */
struct page {
    uint32_t left_cons, left_prod, right_cons, right_prod;
    uint16_t left_order, right_order;
    uint8_t cli_live, srv_live, cli_notify, srv_notify;
};

static const char *heard(struct page *page)
{
    static char text[4096];
    size_t n = 0;

    thread_yield();
    while (page->right_cons != page->right_prod)
        text[n++] = ((char *)page)[2048 + (page->right_cons++ & 2047)];
    text[n] = '\0';
    return text;
}

static void say(struct page *page, evtchn_port_t port, const char *text)
{
    for (; *text; text++)
        ((char *)page)[1024 + (page->left_prod++ & 1023)] = *text;
    seam_raise(port);
}

static void qmp_and_ready(void **state)
{
    struct page *page;
    evtchn_port_t port;

    (void)state;
    assert_int_equal(toolstack_serve_qmp(7, run, NULL), 0);
    page = seam_page(
        seam_grants[strtoul(fake_value("device-model/7/qmp-vchan/ring-ref"), NULL, 10)].frame);
    port = (evtchn_port_t)strtoul(fake_value("device-model/7/qmp-vchan/event-channel"), NULL, 10);
    for (unsigned turn = 1; turn <= 3; turn++) {
        page->cli_live = 1;
        page->srv_notify = 1;
        seam_raise(port);
        assert_int_equal(strncmp(heard(page), "{\"QMP\"", 6), 0);
        say(page, port, "{\"execute\":\"qmp_capabilities\",\"id\":1}\r\n");
        assert_string_equal(heard(page), "{\"return\": {}, \"id\": 1}\r\n");
        say(page, port, "{\"execute\":\"cont\",\"id\":2}\r\n");
        assert_string_equal(heard(page), "{\"return\": {}, \"id\": 2}\r\n");
        assert_int_equal(runs, turn);
        page->cli_live = 0;
        seam_raise(port);
        if (turn == 1) /* the second goes, and the third comes, before this domain runs */
            thread_yield();
    }
    assert_int_equal(toolstack_ready(7), 0);
    assert_string_equal(fake_value("device-model/7/state"), "running");
}

static unsigned stops;

static int stop(void)
{
    stops++;
    return 1;
}

/* Also while requests of disks are in flight, which end with an access to the guest's memory. */
static void a_suspend_is_refused(void **state)
{
    (void)state;
    seam_suspend = stop;
    fake_text("control/feature-suspend", "1");
    toolstack_refuse_suspend();
    assert_string_equal(fake_value("control/feature-suspend"), "0");
    assert_int_equal(domain_suspend(), -EBUSY);
    assert_int_equal(stops, 0);
    suspend_permit();
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(stops, 1);
}

static struct page *flood_page;
static unsigned floods;

/* A client on another CPU, which takes all answers and always has the next command there. */
static void run_flood(void *arg, bool on)
{
    static const char next[] = "{\"execute\":\"cont\"}";

    (void)arg;
    (void)on;
    flood_page->right_cons = flood_page->right_prod;
    if (++floods < 1000)
        for (const char *c = next; *c; c++)
            ((char *)flood_page)[1024 + (flood_page->left_prod++ & 1023)] = *c;
}

static void a_client_that_never_pauses_holds_up_nobody(void **state)
{
    evtchn_port_t port;
    unsigned turns = 0;

    (void)state;
    assert_int_equal(toolstack_serve_qmp(7, run_flood, NULL), 0);
    flood_page = seam_page(
        seam_grants[strtoul(fake_value("device-model/7/qmp-vchan/ring-ref"), NULL, 10)].frame);
    port = (evtchn_port_t)strtoul(fake_value("device-model/7/qmp-vchan/event-channel"), NULL, 10);
    flood_page->cli_live = 1;
    floods = 0;
    seam_raise(port);
    heard(flood_page);
    say(flood_page, port, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"cont\"}");
    for (; floods < 1000; turns++) {
        const unsigned before = floods;

        thread_yield();
        assert_true(floods > before); /* it goes on without an event */
    }
    assert_true(turns > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(the_target),
        T(arguments_of_any_number),
        T(too_many_or_none_are_refused),
        T(arguments_that_are_refused_are_named),
        T(qmp_and_ready),
        T(a_suspend_is_refused),
        T(a_client_that_never_pauses_holds_up_nobody),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
