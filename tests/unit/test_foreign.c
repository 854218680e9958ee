/* SPDX-License-Identifier: MIT */
/* Another domain's memory: mapped and unmapped, and through the cache. */
#include "host/seam.h"

#include <kernel/foreign.h>
#include <ringlet/foreign_cache.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GUEST 7
#define PAGES 1024

static uint64_t hole_from, hole_to; /* frames that are no memory */

static bool hole(uint64_t gfn)
{
    return gfn >= hole_from && gfn < hole_to;
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    foreign_reset();
    seam_foreign_make(GUEST, PAGES);
    seam_foreign.hole = hole;
    hole_from = hole_to = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static unsigned mapped(void)
{
    struct foreign_stats stats;

    foreign_get_stats(&stats);
    assert_int_equal(stats.mapped, seam_foreign.mapped);
    return stats.mapped;
}

/* ---- mapping ---- */

static void frames_are_accessible_at_consecutive_addresses(void **state)
{
    void *va, *other;

    (void)state;
    seam_foreign.memory[5 * PAGE_SIZE] = 'x';
    assert_int_equal(foreign_map(GUEST, 4, 3, &va), 0);
    assert_int_equal(((char *)va)[PAGE_SIZE], 'x');
    ((char *)va)[2 * PAGE_SIZE + 1] = 'y';
    assert_int_equal(seam_foreign.memory[6 * PAGE_SIZE + 1], 'y');
    assert_int_equal(foreign_map(GUEST, 4, 1, &other), 0);
    assert_true(other != va);
    assert_int_equal(mapped(), 4);
    assert_int_equal(foreign_unmap(va, 3), 0);
    assert_int_equal(foreign_unmap(other, 1), 0);
    assert_int_equal(mapped(), 0);
}

static void a_mapping_that_fails_leaves_nothing(void **state)
{
    struct foreign_stats stats;
    void *va;

    (void)state;
    hole_from = 10, hole_to = 11;
    assert_int_equal(foreign_map(GUEST, 8, 4, &va), -EINVAL);
    assert_null(va);
    assert_int_equal(foreign_map(GUEST, PAGES - 1, 2, &va), -EINVAL);
    assert_int_equal(foreign_map(GUEST, 1ull << 40, 1, &va), -EINVAL);
    assert_int_equal(foreign_map(GUEST, UINT64_MAX, 1, &va), -EINVAL);
    assert_int_equal(foreign_map(GUEST + 1, 1, 1, &va), -ESRCH);
    assert_int_equal(foreign_map(GUEST, 0, 0, &va), -EINVAL);
    assert_int_equal(foreign_map(GUEST, 0, FOREIGN_PAGES + 1, &va), -EINVAL);
    assert_int_equal(mapped(), 0);
    foreign_get_stats(&stats);
    assert_int_equal(stats.maps, 7);
    assert_int_equal(stats.failures, 7);
    seam_foreign.error = -EPERM;
    assert_int_equal(foreign_map(GUEST, 1, 1, &va), -EPERM);
}

static void a_resource_is_mapped_or_its_error_returned(void **state)
{
    void *va;

    (void)state;
    assert_int_equal(foreign_map_resource(GUEST, 0, 1, 1, 1, &va), 0);
    seam_foreign.memory[3] = 'r';
    assert_int_equal(((char *)va)[3], 'r');
    assert_int_equal(foreign_unmap(va, 1), 0);
    assert_int_equal(foreign_map_resource(GUEST, 0, 1, 1, 33, &va), -EINVAL);
    seam_foreign.resource_error = -ENOSYS;
    assert_int_equal(foreign_map_resource(GUEST, 0, 1, 1, 1, &va), -ENOSYS);
    assert_null(va);
    assert_int_equal(mapped(), 0);
}

static void unmapping_what_is_not_mapped_changes_nothing(void **state)
{
    char *va;

    (void)state;
    assert_int_equal(foreign_unmap(&va, 1), -EINVAL); /* before there is an area */
    assert_int_equal(foreign_map(GUEST, 0, 4, (void **)&va), 0);
    assert_int_equal(foreign_unmap(va + 1, 1), -EINVAL);
    assert_int_equal(foreign_unmap(va, 0), -EINVAL);
    assert_int_equal(foreign_unmap(va, 5), -EINVAL);
    assert_int_equal(foreign_unmap(va - PAGE_SIZE, 1), -EINVAL);
    assert_int_equal(foreign_unmap(va, FOREIGN_PAGES + 1), -EINVAL);
    assert_int_equal(mapped(), 4);
    assert_int_equal(foreign_unmap(va, 4), 0);
    assert_int_equal(foreign_unmap(va, 1), -EINVAL);
}

static void addresses_run_out_and_come_back(void **state)
{
    void *va[FOREIGN_PAGES / 256], *one;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(va); i++)
        assert_int_equal(foreign_map(GUEST, 0, 256, &va[i]), 0);
    assert_int_equal(foreign_map(GUEST, 0, 1, &one), -ENOSPC);
    assert_int_equal(foreign_unmap(va[3], 256), 0);
    assert_int_equal(foreign_map(GUEST, 0, 256, &one), 0);
    assert_ptr_equal(one, va[3]);
    assert_int_equal(mapped(), ARRAY_SIZE(va) * 256);
}

static void an_address_that_xen_does_not_unmap_is_not_used_again(void **state)
{
    struct foreign_stats stats;
    void *va, *next;

    (void)state;
    assert_int_equal(foreign_map(GUEST, 0, 1, &va), 0);
    seam_foreign.unmap_error = -EINVAL;
    assert_int_equal(foreign_unmap(va, 1), -EIO);
    assert_non_null(strstr(seam_console(), "cannot be unmapped"));
    seam_foreign.unmap_error = 0;
    for (unsigned i = 0; i < FOREIGN_PAGES + 1; i++) {
        assert_int_equal(foreign_map(GUEST, 0, 1, &next), 0);
        assert_true(next != va);
        assert_int_equal(foreign_unmap(next, 1), 0);
    }
    assert_int_equal(foreign_unmap(va, 1), -EINVAL);
    foreign_get_stats(&stats);
    assert_int_equal(stats.lost, 1);
}

static void page_tables_that_cannot_be_made_are_an_error(void **state)
{
    void *va;

    (void)state;
    seam_foreign.area_error = -ENOMEM;
    assert_int_equal(foreign_map(GUEST, 0, 1, &va), -ENOMEM);
    seam_foreign.area_error = 0;
    assert_int_equal(foreign_map(GUEST, 0, 1, &va), 0);
}

/* ---- the cache ---- */

static struct foreign_cache *cache;

static struct foreign_cache_stats cache_stats(void)
{
    struct foreign_cache_stats stats;

    foreign_cache_get_stats(cache, &stats);
    assert_int_equal(stats.mapped, mapped());
    return stats;
}

static void fill(void)
{
    for (unsigned i = 0; i < PAGES * PAGE_SIZE; i++)
        seam_foreign.memory[i] = (char)(i * 7 + (i >> 12));
}

static void copies_cross_pages_and_groups(void **state)
{
    static char buf[40 * PAGE_SIZE];
    const uint64_t at = 13 * PAGE_SIZE + 4090;

    (void)state;
    fill();
    assert_int_equal(foreign_cache_create(GUEST, 64, &cache), 0);
    assert_int_equal(foreign_read(cache, at, buf, sizeof(buf)), 0);
    assert_memory_equal(buf, seam_foreign.memory + at, sizeof(buf));
    memset(buf, 0x5a, sizeof(buf));
    assert_int_equal(foreign_write(cache, at + 3, buf, 5000), 0);
    assert_memory_equal(seam_foreign.memory + at + 3, buf, 5000);
    assert_int_not_equal(seam_foreign.memory[at + 2], 0x5a);
    assert_int_not_equal(seam_foreign.memory[at + 5003], 0x5a);
    foreign_cache_destroy(cache);
    assert_int_equal(mapped(), 0);
}

static void what_was_used_is_found_again_without_a_hypercall(void **state)
{
    unsigned calls;
    char c;

    (void)state;
    assert_int_equal(foreign_cache_create(GUEST, 4 * FOREIGN_CACHE_GROUP, &cache), 0);
    assert_int_equal(foreign_read(cache, 0, &c, 1), 0);
    calls = seam_foreign.calls;
    for (unsigned i = 0; i < FOREIGN_CACHE_GROUP; i++)
        assert_int_equal(foreign_read(cache, i * PAGE_SIZE, &c, 1), 0);
    assert_int_equal(seam_foreign.calls, calls);
    assert_int_equal(cache_stats().hits, FOREIGN_CACHE_GROUP);
    assert_int_equal(cache_stats().misses, 1);
    foreign_cache_destroy(cache);
}

static void the_group_that_was_not_used_for_longest_goes(void **state)
{
    const uint64_t group = FOREIGN_CACHE_GROUP * PAGE_SIZE;
    uint64_t misses;
    char c;

    (void)state;
    assert_int_equal(foreign_cache_create(GUEST, 3 * FOREIGN_CACHE_GROUP, &cache), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(foreign_read(cache, i * group, &c, 1), 0);
    assert_int_equal(foreign_read(cache, 0, &c, 1), 0);         /* 1 is the oldest now */
    assert_int_equal(foreign_read(cache, 3 * group, &c, 1), 0); /* and goes */
    assert_int_equal(cache_stats().mapped, 3 * FOREIGN_CACHE_GROUP);
    misses = cache_stats().misses;
    assert_int_equal(foreign_read(cache, 0, &c, 1), 0);
    assert_int_equal(foreign_read(cache, 2 * group, &c, 1), 0);
    assert_int_equal(cache_stats().misses, misses);
    assert_int_equal(foreign_read(cache, 1 * group, &c, 1), 0);
    assert_int_equal(cache_stats().misses, misses + 1);
    foreign_cache_destroy(cache);
}

static void beside_a_hole_pages_are_mapped_alone(void **state)
{
    char buf[3 * PAGE_SIZE];

    (void)state;
    fill();
    hole_from = 18, hole_to = 19;
    assert_int_equal(foreign_cache_create(GUEST, 64, &cache), 0);
    assert_int_equal(foreign_read(cache, 16 * PAGE_SIZE, buf, 2 * PAGE_SIZE), 0);
    assert_memory_equal(buf, seam_foreign.memory + 16 * PAGE_SIZE, 2 * PAGE_SIZE);
    assert_int_equal(cache_stats().mapped, 2);
    /* up to the hole, and not beyond */
    memset(buf, 1, sizeof(buf));
    assert_int_equal(foreign_write(cache, 17 * PAGE_SIZE, buf, sizeof(buf)), -EINVAL);
    assert_int_equal(seam_foreign.memory[18 * PAGE_SIZE - 1], 1);
    assert_int_not_equal(seam_foreign.memory[19 * PAGE_SIZE + 5], 1);
    assert_int_equal(cache_stats().failures, 1);
    foreign_cache_destroy(cache);
}

static void an_invalidation_gives_all_pages_back(void **state)
{
    char c;

    (void)state;
    assert_int_equal(foreign_cache_create(GUEST, 64, &cache), 0);
    assert_int_equal(foreign_read(cache, 0, &c, 1), 0);
    assert_int_equal(foreign_read(cache, 100 * PAGE_SIZE, &c, 1), 0);
    foreign_cache_invalidate(cache);
    assert_int_equal(cache_stats().mapped, 0);
    seam_foreign.memory[0] = 'z';
    seam_foreign.memory[100 * PAGE_SIZE] = 'y';
    assert_int_equal(foreign_read(cache, 100 * PAGE_SIZE, &c, 1), 0); /* the last one before */
    assert_int_equal(c, 'y');
    assert_int_equal(foreign_read(cache, 0, &c, 1), 0);
    assert_int_equal(c, 'z');
    foreign_cache_destroy(cache);
}

static void addresses_that_wrap_are_refused(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(foreign_cache_create(GUEST, 64, &cache), 0);
    assert_int_equal(foreign_read(cache, UINT64_MAX - 3, buf, sizeof(buf)), -EINVAL);
    assert_int_equal(foreign_write(cache, UINT64_MAX - 3, buf, sizeof(buf)), -EINVAL);
    assert_int_equal(seam_foreign.calls, 0);
    assert_int_equal(foreign_read(cache, UINT64_MAX, buf, 0), 0);
    foreign_cache_destroy(cache);
    foreign_cache_destroy(NULL);
    assert_int_equal(foreign_cache_create(GUEST, FOREIGN_CACHE_GROUP - 1, &cache), -EINVAL);
    assert_int_equal(foreign_cache_create(GUEST, FOREIGN_PAGES + 1, &cache), -EINVAL);
}

/* The page tables of a domain that is saved hold only its own memory. */
static void a_suspend_unmaps_and_the_cache_goes_on(void **state)
{
    void *va;
    char c;

    (void)state;
    assert_int_equal(foreign_map(GUEST, 0, 2, &va), 0);
    assert_int_equal(foreign_cache_create(GUEST, 64, &cache), 0);
    fill();
    assert_int_equal(foreign_read(cache, 5 * PAGE_SIZE, &c, 1), 0);
    assert_int_equal(foreign_read(cache, 100 * PAGE_SIZE, &c, 1), 0);
    assert_int_equal(domain_suspend(), 1); /* cancelled */
    assert_int_equal(mapped(), 0);
    assert_int_equal(foreign_unmap(va, 2), 0);
    /* first the group that was used last */
    assert_int_equal(foreign_read(cache, 100 * PAGE_SIZE, &c, 1), 0);
    assert_int_equal(c, seam_foreign.memory[100 * PAGE_SIZE]);
    assert_int_equal(foreign_read(cache, 5 * PAGE_SIZE, &c, 1), 0);
    assert_int_equal(c, seam_foreign.memory[5 * PAGE_SIZE]);
    assert_int_equal(cache_stats().mapped, 2 * FOREIGN_CACHE_GROUP);
    foreign_cache_destroy(cache);
    assert_int_equal(mapped(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(frames_are_accessible_at_consecutive_addresses),
        T(a_mapping_that_fails_leaves_nothing),
        T(a_resource_is_mapped_or_its_error_returned),
        T(unmapping_what_is_not_mapped_changes_nothing),
        T(addresses_run_out_and_come_back),
        T(an_address_that_xen_does_not_unmap_is_not_used_again),
        T(page_tables_that_cannot_be_made_are_an_error),
        T(copies_cross_pages_and_groups),
        T(what_was_used_is_found_again_without_a_hypercall),
        T(the_group_that_was_not_used_for_longest_goes),
        T(beside_a_hole_pages_are_mapped_alone),
        T(an_invalidation_gives_all_pages_back),
        T(addresses_that_wrap_are_refused),
        T(a_suspend_unmaps_and_the_cache_goes_on),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
