/* SPDX-License-Identifier: MIT */
/* Suspend: the order of steps, and the state of XenStore, events and grants afterwards. */
#include "fake_xenstored.h"

#include <kernel/console.h>
#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/printk.h>
#include <kernel/shutdown.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/suspend.h>
#include <xen/io/console.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

static int result;        /* the result of the next suspend */
static unsigned suspends; /* how often the domain was stopped */
static void (*meanwhile)(void);

/* ---- another domain ---- */

/* All that the old one had is gone; ports are others. */
static void new_domain(void)
{
    memset(shared_info, 0, sizeof(*shared_info));
    memset(boot_info.xenstore, 0, PAGE_SIZE);
    memset(boot_info.console, 0, PAGE_SIZE);
    boot_info.xenstore_port += 10;
    boot_info.console_port += 10;
    memset(fake.watches, 0, sizeof(fake.watches));
    fake.in_len = fake.out_len = 0;
    fake_held_count = 0;
}

static int stop(void)
{
    suspends++;
    if (result == 0)
        new_domain();
    if (meanwhile)
        meanwhile();
    return result;
}

static char order[64];

static void note(char c)
{
    size_t n = strlen(order);

    assert_true(n < sizeof(order) - 1);
    order[n] = c;
    order[n + 1] = '\0';
}

static void a_suspend(void)
{
    note('a');
}

static void a_restart(void)
{
    note('A');
}

static void a_resume(bool cancelled)
{
    note(cancelled ? 'x' : '1');
}

static void b_suspend(void)
{
    char *value;

    note('b');
    assert_int_equal(xs_read(XS_NO_TRANSACTION, "a", NULL, &value, NULL), 0);
    heap_free(value);
}

static void b_restart(void)
{
    note('B');
    assert_true(shared_info->evtchn_mask[0] & 1UL << boot_info.xenstore_port);
}

static void b_resume(bool cancelled)
{
    char *value;

    note(cancelled ? 'y' : '2');
    assert_int_equal(xs_read(XS_NO_TRANSACTION, "a", NULL, &value, NULL), 0);
    heap_free(value);
}

static void hooks(void)
{
    static struct suspend_hook a = {.suspend = a_suspend, .restart = a_restart, .resume = a_resume};
    static struct suspend_hook b = {.suspend = b_suspend, .restart = b_restart, .resume = b_resume};
    static struct suspend_hook none;

    suspend_register(&a);
    suspend_register(&none);
    suspend_register(&b);
    suspend_register(&a);
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup() || gnttab_init())
        return -1;
    seam_suspend = stop;
    result = 0;
    suspends = 0;
    meanwhile = NULL;
    order[0] = '\0';
    fake_text("a", "1");
    hooks();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void reads(const char *path, const char *want)
{
    char *value;

    assert_int_equal(xs_read(XS_NO_TRANSACTION, path, NULL, &value, NULL), 0);
    assert_string_equal(value, want);
    heap_free(value);
}

static void hooks_run_in_order(void **state)
{
    unsigned count = suspend_count();

    (void)state;
    assert_int_equal(domain_suspend(), 0);
    assert_string_equal(order, "baAB12");
    assert_int_equal(suspend_count(), count + 1);
    order[0] = '\0';
    result = 1;
    assert_int_equal(domain_suspend(), 1);
    assert_string_equal(order, "baxy");
    order[0] = '\0';
    result = -EPERM;
    assert_int_equal(domain_suspend(), -EPERM);
    assert_string_equal(order, "baxy");
    assert_int_equal(suspend_count(), count + 1);
    result = 0;
    assert_int_equal(domain_suspend(), 0);
    reads("a", "1");
}

/* ---- event channels ---- */

static unsigned events;

static bool event(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    events++;
    return true;
}

static unsigned polled; /* ports in the last SCHEDOP_poll */

static long count_polled(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll)
        polled = ((const struct sched_poll *)arg[1])->nr_ports;
    return SEAM_DEFAULT;
}

static void old_ports_are_gone(void **state)
{
    struct evtchn_stats stats;
    evtchn_port_t port;

    (void)state;
    seam_hypercall = count_polled;
    events = 0;
    assert_int_equal(evtchn_alloc_unbound(0, event, NULL, &port), 0);
    assert_int_equal(evtchn_unmask(port), 0);
    assert_int_equal(domain_suspend(), 0);
    evtchn_get_stats(&stats);
    assert_int_equal(stats.bound, 2); /* console and XenStore */
    thread_sleep(1000);
    assert_int_equal(polled, 2);
    seam_raise(port);
    thread_yield();
    assert_int_equal(events, 0);
    assert_int_equal(evtchn_close(port), -EINVAL);
    assert_int_equal(evtchn_unmask(port), -EINVAL);
    assert_int_equal(evtchn_bind_existing(port, event, NULL), 0);
    /* Events that Xen raised in the new domain before are not lost. */
    assert_int_equal(evtchn_unmask(port), 0);
    thread_yield();
    assert_int_equal(events, 1);
}

static void ports_stay_when_cancelled(void **state)
{
    evtchn_port_t port;

    (void)state;
    events = 0;
    result = 1;
    assert_int_equal(evtchn_alloc_unbound(0, event, NULL, &port), 0);
    assert_int_equal(evtchn_unmask(port), 0);
    assert_int_equal(domain_suspend(), 1);
    seam_raise(port);
    thread_yield();
    assert_int_equal(events, 1);
    assert_int_equal(evtchn_close(port), 0);
}

/* The toolstack has cleared the page (PVH), and dom0 reads from its beginning. */
static void console_goes_on_in_a_new_ring(void **state)
{
    struct xencons_interface *ring = boot_info.console;

    (void)state;
    console_init_early();
    console_write("before", 6);
    assert_int_equal(ring->out_prod, 6);
    ring->out_cons = 6;
    assert_int_equal(domain_suspend(), 0);
    console_write("after", 5);
    assert_int_equal(ring->out_prod, 5);
    assert_memory_equal(ring->out, "after", 5);
    assert_int_equal(seam_last_send, boot_info.console_port);
}

static unsigned drained, drained_when_stopped;

static void keep(const char *text, size_t len)
{
    (void)text;
    (void)len;
}

static void drain(void)
{
    drained++;
}

static void look_at_the_console(void)
{
    drained_when_stopped = drained;
}

/* All printed text has reached the old domain's console before it is stopped. */
static void console_is_read_out_before(void **state)
{
    (void)state;
    console_init_early();
    printk_set_sink(keep, drain);
    drained = drained_when_stopped = 0;
    meanwhile = look_at_the_console;
    result = 1;
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(drained_when_stopped, 1);
    printk_set_sink(NULL, NULL);
}

/* ---- grants ---- */

static unsigned woken;

static void wake(struct gnttab_waiter *w)
{
    (void)w;
    woken++;
}

static void all_references_are_void(void **state)
{
    struct gnttab_waiter waiter = {.need = 600, .fn = wake};
    struct gnttab_stats stats;
    struct page_stats pages;
    char *page = page_alloc(2, MEM_APP);
    int ref, kept, i;

    (void)state;
    seam_grant_max_frames = 1;
    assert_int_equal(gnttab_init(), 0);
    ref = gnttab_grant(0, page, false);
    kept = gnttab_grant(0, page + PAGE_SIZE, false);
    assert_true(ref > 0 && kept > ref);
    assert_int_equal(gnttab_end((grant_ref_t)gnttab_grant(0, page, true)), 0);
    seam_grants[kept].flags |= GTF_writing;
    assert_false(gnttab_end_or_quarantine((grant_ref_t)kept, page + PAGE_SIZE));
    woken = 0;
    gnttab_wait(&waiter);
    thread_yield();
    assert_int_equal(woken, 0);
    seam_grant_max_frames = 2;
    assert_int_equal(domain_suspend(), 0);
    gnttab_get_stats(&stats);
    assert_int_equal(stats.in_use, 0);
    assert_int_equal(stats.made, stats.ended);
    assert_int_equal(stats.quarantined, 0);
    assert_int_equal(stats.max_frames, 2);
    page_get_stats(&pages);
    assert_int_equal(pages.pinned + pages.quarantined, 0);
    assert_int_equal(gnttab_end((grant_ref_t)ref), -EINVAL);
    assert_false(gnttab_busy((grant_ref_t)kept));
    thread_sleep(1000);
    assert_int_equal(woken, 1);
    /* ... and all of the table can be had */
    for (i = 0; gnttab_grant(0, page, true) > 0; i++)
        ;
    assert_int_equal(i, 2 * 512 - GNTTAB_NR_RESERVED_ENTRIES);
    page_free(page, 2);
}

/* No frame can be mapped: grants fail, and work when they can be had. */
static void grant_table_that_is_late(void **state)
{
    char *page = page_alloc(1, MEM_APP);

    (void)state;
    seam_grant_max_frames = 0;
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(gnttab_grant(0, page, true), -ENOSPC);
    seam_grant_max_frames = 32;
    assert_true(gnttab_grant(0, page, true) >= GNTTAB_NR_RESERVED_ENTRIES);
    page_free(page, 1);
}

/* ---- XenStore ---- */

static void watches_fire_once(void **state)
{
    struct xs_watch w = {0}, gone = {0};

    (void)state;
    assert_int_equal(xs_watch(&w, "a", NULL), 0);
    assert_int_equal(xs_watch(&gone, "b", NULL), 0);
    assert_int_equal(xs_watch_wait(&w, clock_now()), 0);
    assert_int_equal(xs_unwatch(&gone), 0);
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(xs_watch_wait(&w, clock_deadline(NSEC_PER_SEC)), 0);
    assert_int_equal(xs_watch_wait(&w, clock_deadline(NSEC_PER_SEC)), -ETIMEDOUT);
    fake_text("a", "2");
    seam_raise(boot_info.xenstore_port);
    assert_int_equal(xs_watch_wait(&w, clock_deadline(NSEC_PER_SEC)), 0);
    result = 1;
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(xs_watch_wait(&w, clock_deadline(NSEC_PER_SEC)), -ETIMEDOUT);
    assert_int_equal(xs_unwatch(&w), 0);
    assert_false(fake.watches[0].used);
}

static int read_result;

static void reader(void *path)
{
    char *value;

    read_result = xs_read(XS_NO_TRANSACTION, path, NULL, &value, NULL);
    heap_free(value);
}

static void speak(void)
{
    fake.silent = false;
}

/* The daemon did not answer before the save: the request is sent to the new one. */
static void unanswered_requests_are_asked_again(void **state)
{
    struct thread *t;

    (void)state;
    fake.silent = true;
    read_result = 1;
    assert_int_equal(thread_create(&t, "reader", reader, (void *)(uintptr_t) "a", 0), 0);
    thread_yield();
    meanwhile = speak;
    xs_suspend();
    assert_int_equal(arch_suspend(), 0);
    evtchn_resume();
    xs_resume(false);
    thread_join(t);
    assert_int_equal(read_result, 0);
    assert_int_equal(suspends, 1);
}

static void calls_wait_while_suspended(void **state)
{
    struct thread *t;
    struct xs_stats stats;

    (void)state;
    fake.portion = 10; /* the answer takes its time */
    assert_int_equal(thread_create(&t, "reader", reader, (void *)(uintptr_t) "a", 0), 0);
    thread_yield();
    xs_suspend();
    xs_get_stats(&stats);
    assert_int_equal(stats.replies, stats.requests);
    thread_join(t);
    read_result = 1;
    assert_int_equal(thread_create(&t, "reader", reader, (void *)(uintptr_t) "a", 0), 0);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(read_result, 1);
    xs_resume(true);
    thread_join(t);
    assert_int_equal(read_result, 0);
}

static unsigned attempts;
static bool swallow;

static int writes_around_a_suspend(xs_transaction_t t, void *arg)
{
    int ret;

    (void)arg;
    ret = xs_write(t, "b", NULL, "1", 1);
    if (!ret && attempts++ == 0) {
        assert_int_equal(domain_suspend(), result);
        ret = xs_write(t, "c", NULL, "1", 1);
        if (result == 0)
            assert_int_equal(ret, -EAGAIN);
        if (swallow)
            ret = 0;
    }
    return ret;
}

static void transactions_start_over(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        result = i == 2;
        swallow = i == 1;
        attempts = 0;
        fake.starts = fake.ends = 0;
        assert_int_equal(xs_transaction(writes_around_a_suspend, NULL), 0);
        assert_int_equal(attempts, result ? 1 : 2);
        assert_int_equal(fake.starts, result ? 1 : 2);
        assert_int_equal(fake.ends, 1);
        reads("b", "1");
    }
}

static void beginner(void *arg)
{
    (void)arg;
    attempts = 1;
    read_result = xs_transaction(writes_around_a_suspend, NULL);
}

static void fall_silent(uint32_t type, const char *body)
{
    (void)body;
    fake.silent = type == XS_TRANSACTION_START;
}

static void what_was_under_way_in_a_transaction(void **state)
{
    struct thread *t;

    (void)state;
    read_result = 1;
    fake.after = fall_silent;
    assert_int_equal(thread_create(&t, "beginner", beginner, NULL, 0), 0);
    thread_sleep(1000);
    assert_true(fake.silent);
    fake.after = NULL;
    meanwhile = speak;
    xs_suspend();
    assert_int_equal(arch_suspend(), 0);
    evtchn_resume();
    xs_resume(false);
    thread_join(t);
    assert_int_equal(read_result, 0);
    assert_int_equal(fake.starts, 2);
}

static struct xs_watch leaving;
static int unwatch_result;

static void leave(void *arg)
{
    (void)arg;
    unwatch_result = xs_unwatch(&leaving);
}

static void a_watch_that_is_being_left_stays_away(void **state)
{
    struct thread *t;

    (void)state;
    assert_int_equal(xs_watch(&leaving, "a", NULL), 0);
    thread_sleep(1000);
    fake.silent = true;
    unwatch_result = 1;
    assert_int_equal(thread_create(&t, "leaver", leave, NULL, 0), 0);
    thread_yield();
    meanwhile = speak;
    xs_suspend();
    assert_int_equal(arch_suspend(), 0);
    evtchn_resume();
    xs_resume(false);
    thread_join(t);
    assert_int_equal(unwatch_result, 0);
    assert_false(fake.watches[0].used);
    reads("a", "1");
}

/* ---- on the toolstack's order ---- */

static void settle(void)
{
    thread_sleep(NSEC_PER_MSEC);
}

static void words_in_control_shutdown(void **state)
{
    (void)state;
    assert_int_equal(shutdown_init(), 0);
    settle();
    assert_string_equal(fake_value("control/feature-suspend"), "1");
    for (unsigned i = 0; i < 4; i++) {
        result = i & 1;
        fake_text("control/feature-suspend", "");
        fake_text("control/shutdown", "suspend");
        seam_raise(boot_info.xenstore_port);
        settle();
        assert_int_equal(suspends, i + 1);
        assert_string_equal(fake_value("control/shutdown"), "");
        /* the keys that the new domain's XenStore does not have yet are written again */
        assert_string_equal(fake_value("control/feature-suspend"), result ? "" : "1");
        assert_int_equal(shutdown_requested(), SHUTDOWN_NONE);
    }
    assert_non_null(strstr(seam_console(), "cancelled"));
}

static int nested;

static void again(void)
{
    nested = domain_suspend();
}

static void one_at_a_time(void **state)
{
    (void)state;
    meanwhile = again;
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(nested, -EBUSY);
}

static void forbidden_until_it_is_permitted_as_often(void **state)
{
    (void)state;
    suspend_forbid();
    suspend_forbid();
    assert_int_equal(domain_suspend(), -EBUSY);
    suspend_permit();
    assert_int_equal(domain_suspend(), -EBUSY);
    assert_int_equal(suspends, 0);
    suspend_permit();
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(suspends, 1);
}

/* ---- suspended while a batch that does not fit into the ring is on its way ---- */

#define BATCH 40

static struct xs_watch batch_watch;
static struct xs_batch_item batch[BATCH];

static void count_anew(void)
{
    fake.starts = fake.ends = 0;
}

static void asks_for_much(void *arg)
{
    (void)arg;
    batch[0] = (struct xs_batch_item){
        .op = XS_OP_WATCH, .dir = "a", .node = "watched", .watch = &batch_watch};
    for (unsigned i = 1; i < BATCH - 1; i++)
        batch[i] = (struct xs_batch_item){
            .op = XS_OP_WRITE, .dir = "a", .node = "other-node-with-a-long-name", .text = "1"};
    batch[BATCH - 1] = (struct xs_batch_item){.op = XS_OP_BEGIN};
    assert_int_equal(xs_batch(XS_NO_TRANSACTION, batch, BATCH), 0);
    assert_int_equal(batch[0].ret, 0);
    assert_int_equal(batch[BATCH - 1].ret, 0);
}

static void interrupt_a_batch_after(unsigned turns)
{
    struct thread *t;
    uint64_t before;

    meanwhile = count_anew;
    fake.portion = 40;
    memset(&batch_watch, 0, sizeof(batch_watch));
    assert_int_equal(thread_create(&t, "batch", asks_for_much, NULL, 0), 0);
    for (unsigned i = 0; i < turns; i++) {
        fake_run();
        thread_yield();
    }
    assert_int_equal(domain_suspend(), 0);
    thread_join(t);
    /* begun in either domain: of this one's none stays open */
    xs_transaction_drop(batch[BATCH - 1].t);
    assert_int_equal(fake.starts, fake.ends);
    thread_sleep(NSEC_PER_MSEC);
    before = batch_watch.events;
    fake_text("a/watched", "1");
    seam_raise(boot_info.xenstore_port);
    thread_sleep(NSEC_PER_MSEC);
    assert_true(batch_watch.events > before);
    assert_int_equal(xs_unwatch(&batch_watch), 0);
}

static void a_batch_may_be_interrupted(void **state)
{
    for (unsigned turns = 0; turns < 100; turns += 3) {
        interrupt_a_batch_after(turns);
        seam_exit();
        assert_int_equal(setup(state), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(hooks_run_in_order),
        TEST(old_ports_are_gone),
        TEST(ports_stay_when_cancelled),
        TEST(console_goes_on_in_a_new_ring),
        TEST(console_is_read_out_before),
        TEST(all_references_are_void),
        TEST(grant_table_that_is_late),
        TEST(watches_fire_once),
        TEST(unanswered_requests_are_asked_again),
        TEST(calls_wait_while_suspended),
        TEST(transactions_start_over),
        TEST(what_was_under_way_in_a_transaction),
        TEST(a_watch_that_is_being_left_stays_away),
        TEST(words_in_control_shutdown),
        TEST(one_at_a_time),
        TEST(forbidden_until_it_is_permitted_as_often),
        TEST(a_batch_may_be_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
