/* SPDX-License-Identifier: MIT */
/* memory/target is followed as far as memory is available. */
#include "fake_memory.h"

#include "lib/core/mem_private.h"

#include <kernel/balloon.h>
#include <ringlet/clock.h>

static size_t memory_pages(void)
{
    return boot_info.memory >> PAGE_SHIFT;
}

static void set_target(size_t pages)
{
    char text[24];

    snprintf(text, sizeof(text), "%zu", pages * (PAGE_SIZE / 1024));
    fake_text("memory/target", text);
}

/* `xl mem-set`, and time for it. */
static void mem_set(size_t pages)
{
    set_target(pages);
    thread_sleep(2 * NSEC_PER_SEC);
}

static struct page_stats stats(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s;
}

/* The allocator's state and Xen's agree. */
static void check_pages(void)
{
    size_t there = 0;

    for (size_t i = 0; i < xen.count; i++)
        there += xen.there[i];
    assert_int_equal(stats().total, there);
    assert_int_equal(stats().away, xen.count - there);
}

static void down_and_up(void **state)
{
    const size_t all = memory_pages();

    (void)state;
    fake_text("memory/target", "");
    /* the toolstack's first value: less than the domain's size, by the toolstack's own pages */
    mem_set(all);
    assert_int_equal(balloon_init(), 0);
    thread_sleep(3 * NSEC_PER_SEC);
    assert_int_equal(xen.calls, 0);
    mem_set(all - 700);
    assert_int_equal(xen.have, all - 700);
    check_pages();
    assert_int_equal(xen.calls, 3); /* in steps */
    mem_set(all);
    mem_set(all - 2 * 256 - 30); /* the last step is a small one */
    assert_int_equal(xen.have, all - 2 * 256 - 30);
    mem_set(all - 300);
    assert_int_equal(xen.have, all - 300);
    check_pages();
    mem_set(all);
    assert_int_equal(xen.have, all);
    check_pages();
    assert_string_equal(seam_console(), "");
    mem_set(all + TOOLSTACK);
    assert_int_equal(stats().away, 0);
    mem_set(all + 500); /* more than the map has */
    assert_non_null(strstr(seam_console(), "there is no room for more"));
}

/* The next owner of a page reads none of our data. */
static void pages_are_cleared(void **state)
{
    uint8_t *page[100];
    unsigned gone = 0;

    (void)state;
    assert_int_equal(balloon_init(), 0);
    for (unsigned i = 0; i < 100; i++) {
        page[i] = page_alloc(1, MEM_APP);
        memset(page[i], 0x5a, PAGE_SIZE);
    }
    for (unsigned i = 0; i < 100; i++)
        page_free(page[i], 1);
    mem_set(512);
    for (unsigned i = 0; i < 100; i++) {
        if (xen.there[((uintptr_t)page[i] >> PAGE_SHIFT) - xen.first])
            continue;
        gone++;
        mem_unpoison(page[i], PAGE_SIZE);
        for (unsigned k = 0; k < PAGE_SIZE; k++)
            assert_int_equal(page[i][k], 0);
    }
    assert_true(gone > 50);
}

static unsigned times_said(const char *text)
{
    unsigned n = 0;

    for (const char *at = seam_console(); (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* Targets out of reach, always new ones: the messages are limited. */
static void many_targets(void **state)
{
    void *used = page_alloc(1024, MEM_APP);

    (void)state;
    assert_int_equal(balloon_init(), 0);
    for (size_t i = 0; i < 200; i++) {
        set_target(512 - i);
        thread_sleep(100 * NSEC_PER_MSEC);
    }
    assert_in_range(times_said("the rest is in use"), 1, 30);
    thread_sleep(10 * NSEC_PER_SEC);
    assert_true(times_said("warning: memory: ") > times_said("warning: memory: the domain has"));
    page_free(used, 1024);
}

/* Pages in use stay, and some free pages; this is reported once; the rest follows when it is
 * free. */
static void what_is_in_use_stays(void **state)
{
    void *used = page_alloc(1024, MEM_APP);
    const size_t wanted = 512;

    (void)state;
    memset(used, 0x77, 1024 * PAGE_SIZE);
    assert_int_equal(balloon_init(), 0);
    mem_set(wanted);
    assert_int_equal(stats().free, BALLOON_KEEP);
    assert_true(xen.have > 1024 + BALLOON_KEEP);
    assert_int_equal(times_said("the rest is in use"), 1);
    thread_sleep(200 * NSEC_PER_SEC);
    assert_int_equal(stats().free, BALLOON_KEEP);
    assert_int_equal(times_said("the rest is in use"), 1);
    check_pages();
    for (size_t i = 0; i < 1024 * PAGE_SIZE; i += 512)
        assert_int_equal(((uint8_t *)used)[i], 0x77);
    mem_set(wanted); /* the same one again is not reported again, and one that is gone stays */
    fake_remove("memory/target");
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(times_said("the rest is in use"), 1);
    page_free(used, 1024);
    thread_sleep(BALLOON_RETRY_MAX + NSEC_PER_SEC);
    assert_int_equal(xen.have, wanted);
    check_pages();
}

/* Xen has none: requests become less frequent, and the pages that it gives are used. */
static void xen_has_none(void **state)
{
    unsigned calls;

    (void)state;
    assert_int_equal(balloon_init(), 0);
    mem_set(memory_pages() - 600);
    xen.spare = 100;
    mem_set(memory_pages());
    assert_int_equal(xen.have, memory_pages() - 500);
    assert_int_equal(xen.spare, 0);
    assert_int_equal(times_said("Xen has no more"), 1);
    thread_sleep(100 * NSEC_PER_SEC);
    calls = xen.calls;
    thread_sleep(320 * NSEC_PER_SEC);
    assert_in_range(xen.calls - calls, 9, 11);
    assert_int_equal(times_said("Xen has no more"), 1);
    /* a few pages more: worth asking again soon */
    xen.spare = 10;
    while (xen.spare)
        thread_sleep(NSEC_PER_SEC / 4);
    calls = xen.calls;
    thread_sleep(4 * NSEC_PER_SEC);
    assert_in_range(xen.calls - calls, 2, 4);
    xen.spare = 5000;
    thread_sleep(BALLOON_RETRY_MAX + NSEC_PER_SEC);
    assert_int_equal(xen.have, memory_pages());
    check_pages();
    /* the next target is not delayed by the last one */
    mem_set(memory_pages() - 600);
    xen.spare = 0;
    mem_set(memory_pages());
    assert_int_equal(times_said("Xen has no more"), 2);
    xen.spare = 5000;
    thread_sleep(4 * NSEC_PER_SEC);
    assert_int_equal(xen.have, memory_pages());
}

/* How long the last target was tried in vain does not delay the next one. */
static void next_target_is_tried_soon(void **state)
{
    (void)state;
    assert_int_equal(balloon_init(), 0);
    mem_set(memory_pages() - 600);
    xen.spare = 0;
    mem_set(memory_pages());
    thread_sleep(100 * NSEC_PER_SEC);
    mem_set(memory_pages() - 100);
    xen.spare = 5000;
    thread_sleep(2 * NSEC_PER_SEC);
    assert_int_equal(xen.have, memory_pages() - 100);
}

/* Half of a call's pages are refused: those are the guest's as before. */
static void a_call_that_is_done_in_part(void **state)
{
    (void)state;
    assert_int_equal(balloon_init(), 0);
    xen.fail = 2;
    mem_set(memory_pages() - 600);
    assert_int_equal(xen.have, memory_pages() - 600);
    check_pages();
    xen.fail = 2;
    mem_set(memory_pages());
    assert_int_equal(xen.have, memory_pages());
    check_pages();
}

/* Memory operations that fail change nothing. */
static void a_call_that_fails(void **state)
{
    const size_t before = xen.have;

    (void)state;
    assert_int_equal(balloon_init(), 0);
    xen.refuse = true;
    mem_set(memory_pages() - 600);
    assert_int_equal(xen.have, before);
    check_pages();
    xen.refuse = false;
    thread_sleep(BALLOON_RETRY_MAX);
    assert_int_equal(xen.have, memory_pages() - 600);
    xen.refuse = true;
    mem_set(memory_pages());
    assert_int_equal(xen.have, memory_pages() - 600);
    check_pages();
}

static void thread_ends_with_xenstore(void **state)
{
    const size_t stacks = stats().in_use[MEM_THREAD];

    (void)state;
    assert_int_equal(balloon_init(), 0);
    mem_set(memory_pages());
    assert_true(stats().in_use[MEM_THREAD] > stacks);
    boot_info.xenstore->rsp_prod += XENSTORE_RING_SIZE + 1;
    seam_raise(boot_info.xenstore_port);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(stats().in_use[MEM_THREAD], stacks);
}

/* A target that is none changes nothing; neither does one that is taken away. */
static void targets_that_are_none(void **state)
{
    static const char *const words[] = {"",      "banana", "-1", "0", "99999999999999999999999",
                                        "12 KiB"};

    (void)state;
    assert_int_equal(balloon_init(), 0);
    mem_set(memory_pages() - 600);
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        fake_text("memory/target", words[i]);
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(xen.have, memory_pages() - 600);
    }
    fake_remove("memory/target");
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(xen.have, memory_pages() - 600);
    mem_set(memory_pages());
    assert_int_equal(xen.have, memory_pages());
}

/* Another target while one is being followed: between two steps it turns round. */
static void target_changes_meanwhile(void **state)
{
    (void)state;
    assert_int_equal(balloon_init(), 0);
    mem_set(memory_pages() - 10);
    xen.calls = 0;
    xen.turn_at = 2;
    mem_set(512);
    assert_int_equal(xen.have, memory_pages());
    assert_int_equal(xen.calls, 4); /* twice 256 pages less, then the missing ones again */
    check_pages();
}

/* A guest that has no target, or may not read it, or has no Xen that knows memory operations. */
static void nothing_to_follow(void **state)
{
    const size_t stacks = stats().in_use[MEM_THREAD];

    (void)state;
    fake.error = "EACCES";
    assert_int_equal(balloon_init(), 0);
    thread_sleep(3 * NSEC_PER_SEC);
    assert_int_equal(stats().in_use[MEM_THREAD], stacks); /* the thread has ended */
    fake.error = NULL;
    assert_int_equal(balloon_init(), 0);
    thread_sleep(3 * NSEC_PER_SEC);
    xen.none = true;
    mem_set(100);
    assert_int_equal(xen.calls, 0);
    assert_int_equal(times_said("the domain has"), 0);
    assert_int_equal(stats().away, 0);
}

/* A guest that ends in less than a second makes no XenStore request for it. */
static void first_look_is_late(void **state)
{
    unsigned before = fake.requests;

    (void)state;
    assert_int_equal(balloon_init(), 0);
    thread_sleep(NSEC_PER_SEC / 2);
    assert_int_equal(fake.requests, before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(down_and_up),
        TEST(pages_are_cleared),
        TEST(what_is_in_use_stays),
        TEST(many_targets),
        TEST(xen_has_none),
        TEST(a_call_that_is_done_in_part),
        TEST(a_call_that_fails),
        TEST(thread_ends_with_xenstore),
        TEST(targets_that_are_none),
        TEST(target_changes_meanwhile),
        TEST(nothing_to_follow),
        TEST(first_look_is_late),
        TEST(next_target_is_tried_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
