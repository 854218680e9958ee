/* SPDX-License-Identifier: MIT */
/* An operator's orders to a running guest: letters in control/sysrq, and NMIs. */
#include "fake_xenstored.h"

#include <kernel/console.h>
#include <kernel/grant_table.h>
#include <kernel/nmi.h>
#include <kernel/shutdown.h>
#include <kernel/thread.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>

#include <setjmp.h>
#include <stddef.h>
#include <xen/io/console.h>

#include <cmocka.h>

static int setup(void **state)
{
    (void)state;
    return fake_setup() || gnttab_init() || shutdown_init();
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

static unsigned count(const char *text)
{
    unsigned n = 0;

    for (const char *at = seam_console(); (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

static void ask(const char *letter)
{
    seam_console_clear();
    fake_text("control/sysrq", letter);
    settle();
}

static void waiter(void *arg)
{
    wait_on(arg, DEADLINE_NEVER);
}

static void spinner(void *arg)
{
    for (unsigned i = 0; i < 3; i++)
        thread_yield();
    (void)arg;
}

static void t_prints_each_thread(void **state)
{
    struct wait_queue wq = WAIT_QUEUE_INIT(wq);
    struct thread *waits, *ready, *over;

    (void)state;
    settle();
    assert_int_equal(thread_create(&waits, "one that waits", waiter, &wq, 65536), 0);
    assert_int_equal(thread_create(&over, "over", spinner, NULL, 65536), 0);
    settle();
    assert_int_equal(thread_create(&ready, "unborn", spinner, NULL, 65536), 0);
    ask("t");
    assert_int_equal(count("sysrq t: each thread"), 1);
    assert_int_equal(count("thread main waits\n"), 1);
    assert_int_equal(count("thread one that waits waits\n  (its own context)\n"), 1);
    assert_int_equal(count("thread over ended\n"), 1);
    assert_int_equal(count("thread shutdown waits\n"), 1);
    assert_int_equal(count("thread sysrq runs\n  (callers)\n"), 1);
    assert_string_equal(fake_value("control/sysrq"), "");
    wake_all(&wq);
    thread_join(waits);
    thread_join(ready);
    thread_join(over);
    /* it takes no order that was removed, and leaves none */
    ask("t");
    assert_int_equal(count("one that waits") + count("unborn") + count("over"), 0);
    assert_int_equal(count("thread sysrq"), 1);
    seam_console_clear();
    thread_print_all(0, 0);
    assert_int_equal(count("thread sysrq"), 0);
    assert_int_equal(count("thread main runs\n  (callers)\n"), 1);
}

static void many_threads_are_counted(void **state)
{
    struct wait_queue wq = WAIT_QUEUE_INIT(wq);
    struct thread *thread[40];

    (void)state;
    settle();
    for (unsigned i = 0; i < ARRAY_SIZE(thread); i++)
        assert_int_equal(thread_create(&thread[i], "crowd", waiter, &wq, 16384), 0);
    settle();
    seam_console_clear();
    thread_print_all(0, 0);
    assert_int_equal(count("thread "), 32);
    assert_int_equal(count("and 10 more threads\n"), 1); /* main, shutdown and 40 */
    wake_all(&wq);
    for (unsigned i = 0; i < ARRAY_SIZE(thread); i++)
        thread_join(thread[i]);
}

static void m_prints_memory(void **state)
{
    (void)state;
    settle();
    ask("m");
    assert_int_equal(count("pages are free"), 1);
    assert_int_equal(count("\n  kernel "), 1);
    assert_int_equal(count("grant table: 1 of 32 frames"), 1);
    assert_int_equal(fake_find("control/sysrq")->len, 0);
}

/* The figures of each class that has blocks or pages, and no line for one that has neither. */
static void m_prints_each_class(void **state)
{
    struct page_stats pages;
    struct heap_stats heap;
    char line[100];
    void *block, *page;

    (void)state;
    settle();
    ask("m");
    assert_int_equal(count("  app  "), 0);
    assert_int_equal(count("  block  "), 0);
    block = heap_alloc(600, MEM_APP);
    page = page_alloc(3, MEM_BLOCK);
    page_pin(page);
    ask("m");
    page_get_stats(&pages);
    heap_get_stats(&heap);
    snprintf(line, sizeof(line), " of %zu pages are free, 1 pinned, 0 quarantined\n", pages.total);
    assert_int_equal(count(line), 1);
    snprintf(line, sizeof(line), "  %-10s 0 B in blocks, 3 pages\n", mem_class_name[MEM_BLOCK]);
    assert_int_equal(count(line), 1);
    snprintf(line, sizeof(line), "  %-10s %zu B in blocks, 0 pages\n", mem_class_name[MEM_APP],
             heap.in_use[MEM_APP]);
    assert_int_equal(count(line), 1);
    page_unpin(page);
    page_free(page, 3);
    heap_free(block);
}

static void others_get_the_list(void **state)
{
    static const char *const texts[] = {"h", "z", "tt", "\x1b[2J"};

    (void)state;
    settle();
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        ask(texts[i]);
        assert_int_equal(count("  h  this list\n"), 1);
        assert_int_equal(count("  m  memory\n"), 1);
        assert_int_equal(count("  t  each thread, its state and its callers\n"), 1);
        assert_null(strchr(seam_console(), '\x1b'));
        assert_string_equal(fake_value("control/sysrq"), "");
    }
}

static void write_another(uint32_t type, const char *body)
{
    if (type == XS_WRITE && !strcmp(body, "control/sysrq")) {
        fake.after = NULL;
        fake_text("control/sysrq", "m");
    }
}

static void conflicts_leave_nothing(void **state)
{
    struct heap_stats before, after;

    (void)state;
    settle();
    heap_get_stats(&before);
    fake.conflicts = 2;
    ask("h");
    heap_get_stats(&after);
    assert_int_equal(count("sysrq h: "), 1);
    assert_int_equal(after.in_use[MEM_XENSTORE], before.in_use[MEM_XENSTORE]);
}

/* A letter that comes while the one before is being answered. */
static void the_next_letter_is_answered(void **state)
{
    (void)state;
    settle();
    fake.after = write_another;
    ask("h");
    assert_int_equal(count("sysrq h: "), 1);
    assert_int_equal(count("sysrq m: memory\n"), 1);
    assert_string_equal(fake_value("control/sysrq"), "");
}

/* No order: no thread is made, no transaction, no line. */
static void nothing_is_nothing(void **state)
{
    struct heap_stats before, after;

    (void)state;
    settle();
    assert_int_equal(fake.starts, 0);
    heap_get_stats(&before);
    ask("");
    assert_string_equal(seam_console(), "");
    fake_remove("control/sysrq");
    settle();
    heap_get_stats(&after);
    assert_int_equal(after.blocks, before.blocks);
    assert_string_equal(seam_console(), "");
    fake.error = "EACCES";
    ask("t");
    assert_string_equal(seam_console(), "");
}

/* ---- NMIs ---- */

static void nmi_says_where_it_was(void **state)
{
    (void)state;
    settle();
    seam_console_clear();
    nmi_handle(0x1234, 0x5678);
    assert_int_equal(count("\nNMI:\nthread main runs\n  (from 0x1234, frame 0x5678)\n"), 1);
    assert_int_equal(count("thread shutdown waits\n  (its own context)\n"), 1);
    assert_false(in_nmi());
    nmi_handle(0x1234, 0x5678);
    assert_int_equal(count("NMI:"), 2);
}

static void nmi_waits_while_it_is_held(void **state)
{
    (void)state;
    seam_console_clear();
    nmi_hold();
    nmi_hold();
    nmi_handle(1, 2);
    nmi_handle(1, 2);
    nmi_release();
    assert_string_equal(seam_console(), "");
    nmi_release();
    assert_int_equal(count("NMI:\nthread main runs\n  (callers)\n"), 1); /* for both */
    assert_int_equal(count("NMI:"), 1);
}

static void strikes(void)
{
    nmi_handle(1, 2);
}

/* A thread without a context yet has no callers that could be printed. */
static void nmi_while_a_thread_is_made(void **state)
{
    struct thread *t;

    (void)state;
    settle();
    seam_console_clear();
    seam_guard = strikes;
    assert_int_equal(thread_create(&t, "unborn", spinner, NULL, 65536), 0);
    assert_int_equal(count("NMI:"), 1);
    assert_int_equal(count("unborn"), 0);
    thread_join(t); /* its guard page goes, too */
    assert_int_equal(count("NMI:"), 2);
    assert_int_equal(count("unborn"), 0);
}

/* ---- NMIs and the console ---- */

static unsigned takes; /* bytes at each yield */
static bool strike;    /* at the next notification */

static long console_peer(unsigned nr, const unsigned long *arg)
{
    struct xencons_interface *con = boot_info.console;

    if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_yield)
        con->out_cons += MIN(takes, con->out_prod - con->out_cons);
    if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll)
        con->out_cons = con->out_prod;
    if (nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_send && strike) {
        strike = false;
        nmi_handle(1, 2);
    }
    return SEAM_DEFAULT;
}

static void console_setup(void)
{
    console_init_early();
    assert_int_equal(console_init(), 0);
    seam_hypercall = console_peer;
    seam_idle = NULL;
}

/* An NMI does not sleep, read the clock, or wake any thread, and its wait is bounded. */
static void nmi_prints_to_a_full_console(void **state)
{
    static char text[2048];
    uint64_t polls, clock_reads, yields;

    (void)state;
    settle();
    console_setup();
    for (unsigned round = 0; round < 2; round++) {
        memset(text, 'x', sizeof(text));
        boot_info.console->out_cons = boot_info.console->out_prod;
        console_write(text, sizeof(text));
        polls = seam_polls;
        clock_reads = seam_clock_reads;
        yields = seam_yields;
        takes = round ? 0 : 100;
        nmi_handle(1, 2);
        assert_int_equal(seam_polls, polls);
        assert_int_equal(seam_clock_reads, clock_reads);
        assert_in_range(seam_yields - yields, 1, 20000);
        assert_int_equal(console_dropped() != 0, round);
    }
}

/* One that comes in the middle of a write is reported after it. */
static void nmi_in_a_write_comes_behind_it(void **state)
{
    struct xencons_interface *con = boot_info.console;
    static char text[3000];
    static const char report[] = "\r\nNMI:\r\nthread main runs\r\n";

    (void)state;
    settle();
    console_setup();
    memset(text, 'x', sizeof(text));
    strike = true; /* when the ring is full */
    console_write(text, sizeof(text));
    assert_false(strike);
    assert_true(con->out_prod > 3000);
    for (unsigned i = 0; i < sizeof(report) - 1; i++)
        assert_int_equal(con->out[MASK_XENCONS_IDX(3000 + i, con->out)], report[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(t_prints_each_thread),
        TEST(many_threads_are_counted),
        TEST(m_prints_memory),
        TEST(m_prints_each_class),
        TEST(conflicts_leave_nothing),
        TEST(the_next_letter_is_answered),
        TEST(others_get_the_list),
        TEST(nothing_is_nothing),
        TEST(nmi_says_where_it_was),
        TEST(nmi_waits_while_it_is_held),
        TEST(nmi_while_a_thread_is_made),
        TEST(nmi_prints_to_a_full_console),
        TEST(nmi_in_a_write_comes_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
