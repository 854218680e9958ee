/* SPDX-License-Identifier: MIT */
/* Mapping grants of other domains, on a Xen that remembers what is mapped where. */
#include "host/seam.h"

#include <kernel/grant_map.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PEER     5
#define READONLY 77   /* a reference that is granted for reading only */
#define NOT_OURS 1000 /* this and greater ones are not granted */
#define HANDLES  (2 * GRANT_MAP_PAGES)

static struct {
    uint64_t host_addr; /* 0: not mapped */
    bool readonly;
} mapped[HANDLES];

static unsigned maptrack;     /* entries that Xen has */
static unsigned fail_unmaps;  /* the next so many fail */
static int16_t map_status;    /* of all, if not GNTST_okay */
static bool hypercall_fails;  /* without reaching any entry */
static unsigned maps, unmaps; /* entries, successful */
static unsigned largest_batch;

static int16_t map_one(struct gnttab_map_grant_ref *op)
{
    unsigned handle = 0;

    if (map_status)
        return map_status;
    if (op->dom != PEER)
        return GNTST_bad_domain;
    if (op->ref >= NOT_OURS)
        return GNTST_bad_gntref;
    if (op->ref == READONLY && !(op->flags & GNTMAP_readonly))
        return GNTST_permission_denied;
    assert_true(op->flags & GNTMAP_host_map);
    while (handle < maptrack && mapped[handle].host_addr)
        handle++;
    if (handle == maptrack)
        return GNTST_no_device_space;
    for (unsigned i = 0; i < maptrack; i++)
        assert_true(mapped[i].host_addr != op->host_addr); /* the address is in use */
    mapped[handle].host_addr = op->host_addr;
    mapped[handle].readonly = op->flags & GNTMAP_readonly;
    op->handle = handle;
    maps++;
    return GNTST_okay;
}

static int16_t unmap_one(const struct gnttab_unmap_grant_ref *op)
{
    if (fail_unmaps) {
        fail_unmaps--;
        return GNTST_general_error;
    }
    if (op->handle >= maptrack || mapped[op->handle].host_addr != op->host_addr)
        return GNTST_bad_handle;
    mapped[op->handle].host_addr = 0;
    unmaps++;
    return GNTST_okay;
}

static long xen(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_grant_table_op ||
        (arg[0] != GNTTABOP_map_grant_ref && arg[0] != GNTTABOP_unmap_grant_ref))
        return SEAM_DEFAULT;
    if (hypercall_fails)
        return -ENOSYS;
    largest_batch = MAX(largest_batch, (unsigned)arg[2]);
    for (unsigned i = 0; i < arg[2]; i++)
        if (arg[0] == GNTTABOP_map_grant_ref) {
            struct gnttab_map_grant_ref *op = (struct gnttab_map_grant_ref *)arg[1] + i;

            op->status = map_one(op);
        } else {
            struct gnttab_unmap_grant_ref *op = (struct gnttab_unmap_grant_ref *)arg[1] + i;

            op->status = unmap_one(op);
        }
    return 0;
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    grant_map_reset();
    memset(mapped, 0, sizeof(mapped));
    maptrack = HANDLES;
    fail_unmaps = maps = unmaps = largest_batch = 0;
    map_status = GNTST_okay;
    hypercall_fails = false;
    seam_hypercall = xen;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_hypercall = NULL;
    seam_exit();
    return 0;
}

static struct grant_map_ref refs[GRANT_MAP_PAGES];

static int map(unsigned count, void **va)
{
    for (unsigned i = 0; i < count; i++)
        refs[i] = (struct grant_map_ref){.domid = PEER, .ref = 8, .status = -1};
    return grant_map(refs, count, false, va);
}

static unsigned mapped_now(void)
{
    unsigned n = 0;
    struct grant_map_stats stats;

    for (unsigned i = 0; i < HANDLES; i++)
        n += mapped[i].host_addr != 0;
    grant_map_get_stats(&stats);
    assert_int_equal(stats.mapped, n);
    return n;
}

static void consecutive_pages_are_accessible_until_they_are_unmapped(void **state)
{
    void *va, *other;

    (void)state;
    assert_int_equal(map(40, &va), 0);
    assert_int_equal((uintptr_t)va & PAGE_MASK, 0);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(refs[i].status, 0);
        assert_int_equal(mapped[i].host_addr, (uintptr_t)va + i * PAGE_SIZE);
    }
    memset(va, 0x55, 40 * PAGE_SIZE);
    assert_int_equal(map(1, &other), 0);
    assert_true(other != va);
    assert_int_equal(mapped_now(), 41);
    assert_in_range(largest_batch, 2, 40);
    assert_int_equal(grant_unmap(va, 40), 0);
    assert_int_equal(mapped_now(), 1);
    assert_int_equal(grant_unmap(other, 1), 0);
    assert_int_equal(mapped_now(), 0);
}

static void part_of_a_mapping_can_be_unmapped(void **state)
{
    void *va;

    (void)state;
    assert_int_equal(map(20, &va), 0);
    assert_int_equal(grant_unmap((char *)va + 3 * PAGE_SIZE, 1), 0);
    assert_int_equal(mapped_now(), 19);
    assert_int_equal(grant_unmap(va, 20), -EINVAL); /* not all of them are mapped */
    assert_int_equal(mapped_now(), 19);
    assert_int_equal(grant_unmap((char *)va + 4 * PAGE_SIZE, 16), 0);
    assert_int_equal(grant_unmap(va, 3), 0);
    assert_int_equal(mapped_now(), 0);
}

static void all_or_nothing_with_a_status_for_each(void **state)
{
    static const struct {
        domid_t domid;
        grant_ref_t ref;
        int status;
    } bad[] = {{6, 8, -ESRCH}, {PEER, NOT_OURS, -EINVAL}, {PEER, READONLY, -EACCES}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        struct grant_map_ref r[20];
        void *va = r;

        for (unsigned j = 0; j < 20; j++)
            r[j] = (struct grant_map_ref){.domid = PEER, .ref = 8};
        r[17].domid = bad[i].domid;
        r[17].ref = bad[i].ref;
        assert_int_equal(grant_map(r, 20, false, &va), bad[i].status);
        assert_null(va);
        for (unsigned j = 0; j < 20; j++)
            assert_int_equal(r[j].status, j == 17 ? bad[i].status : 0);
        assert_int_equal(mapped_now(), 0);
    }
    assert_int_equal(maps, unmaps);
}

static void a_readonly_grant_is_mapped_readonly(void **state)
{
    struct grant_map_ref r = {.domid = PEER, .ref = READONLY};
    void *va;

    (void)state;
    assert_int_equal(grant_map(&r, 1, true, &va), 0);
    assert_true(mapped[0].readonly);
    assert_int_equal(grant_unmap(va, 1), 0);
}

static void xens_errors_are_told_apart(void **state)
{
    void *va;

    (void)state;
    map_status = GNTST_eagain;
    assert_int_equal(map(1, &va), -EAGAIN);
    map_status = GNTST_bad_page;
    assert_int_equal(map(1, &va), -EIO);
    map_status = GNTST_okay;
    maptrack = 10;
    assert_int_equal(map(11, &va), -ENOSPC);
    assert_int_equal(mapped_now(), 0);
    hypercall_fails = true;
    assert_int_equal(map(3, &va), -EIO);
    hypercall_fails = false;
    seam_console_clear();
    assert_int_equal(map(10, &va), 0);
    assert_int_equal(grant_unmap(va, 10), 0);
}

static void what_is_not_mapped_is_refused(void **state)
{
    void *va;

    (void)state;
    assert_int_equal(grant_unmap(NULL, 1), -EINVAL); /* before the first grant */
    assert_int_equal(grant_map(refs, 0, false, &va), -EINVAL);
    assert_int_equal(grant_map(refs, GRANT_MAP_PAGES + 1, false, &va), -EINVAL);
    assert_int_equal(map(2, &va), 0);
    assert_int_equal(grant_unmap(va, 0), -EINVAL);
    assert_int_equal(grant_unmap(va, 3), -EINVAL);
    assert_int_equal(grant_unmap(va, UINT32_MAX), -EINVAL);
    assert_int_equal(grant_unmap((char *)va + 1, 1), -EINVAL);
    assert_int_equal(grant_unmap((char *)va - PAGE_SIZE, 1), -EINVAL);
    assert_int_equal(grant_unmap((char *)va + GRANT_MAP_PAGES * PAGE_SIZE, 1), -EINVAL);
    assert_int_equal(mapped_now(), 2);
    assert_int_equal(grant_unmap(va, 2), 0);
    assert_int_equal(grant_unmap(va, 2), -EINVAL);
}

static void addresses_are_used_in_turn_and_all_of_them(void **state)
{
    void *first, *second, *va;

    (void)state;
    assert_int_equal(map(1, &first), 0);
    assert_int_equal(grant_unmap(first, 1), 0);
    assert_int_equal(map(1, &second), 0);
    assert_true(second != first);
    assert_int_equal(map(GRANT_MAP_PAGES, &va), -ENOSPC);
    assert_int_equal(refs[GRANT_MAP_PAGES - 1].status, -ENOSPC);
    assert_int_equal(grant_unmap(second, 1), 0);
    assert_int_equal(map(GRANT_MAP_PAGES, &va), 0);
    assert_int_equal(map(1, &second), -ENOSPC);
    assert_int_equal(grant_unmap((char *)va + 5 * PAGE_SIZE, 1), 0);
    assert_int_equal(map(1, &second), 0);
    assert_ptr_equal(second, (char *)va + 5 * PAGE_SIZE);
    assert_int_equal(grant_unmap(va, GRANT_MAP_PAGES), 0);
}

/* A page that the peer may still see must not show it another one. */
static void an_address_that_xen_did_not_unmap_is_never_used_again(void **state)
{
    void *va, *lost;
    struct grant_map_stats stats;

    (void)state;
    assert_int_equal(map(3, &va), 0);
    fail_unmaps = 1;
    assert_int_equal(grant_unmap(va, 3), -EIO);
    lost = va;
    grant_map_get_stats(&stats);
    assert_int_equal(stats.lost, 1);
    assert_int_equal(stats.mapped, 0);
    assert_non_null(strstr(seam_console(), "cannot be unmapped"));
    assert_int_equal(grant_unmap(lost, 1), -EINVAL);
    assert_int_equal(map(GRANT_MAP_PAGES, &va), -ENOSPC);
    for (unsigned i = 0; i < GRANT_MAP_PAGES - 1; i++) {
        assert_int_equal(map(1, &va), 0);
        assert_true(va != lost);
    }
    assert_int_equal(map(1, &va), -ENOSPC);
    seam_console_clear();
}

static void no_memory_is_an_error_and_passes(void **state)
{
    void *va;

    (void)state;
    seam_grant_area_error = -ENOMEM;
    assert_int_equal(map(2, &va), -ENOMEM);
    assert_int_equal(refs[1].status, -ENOMEM);
    seam_grant_area_error = 0;
    assert_int_equal(map(2, &va), 0);
    assert_int_equal(grant_unmap(va, 2), 0);
}

static int resumed(void)
{
    assert_int_equal(mapped_now(), 0); /* page tables hold only the domain's own memory */
    return 1;
}

static void a_suspend_ends_mappings_which_stay_their_owners(void **state)
{
    void *va, *other;

    (void)state;
    assert_int_equal(map(20, &va), 0);
    seam_suspend = resumed;
    assert_int_equal(domain_suspend(), 1);
    assert_int_equal(unmaps, 20);
    assert_int_equal(map(GRANT_MAP_PAGES - 19, &other), -ENOSPC); /* the addresses are taken */
    assert_int_equal(grant_unmap(va, 20), 0);
    assert_int_equal(unmaps, 20);
    assert_int_equal(map(GRANT_MAP_PAGES, &other), 0);
    seam_suspend = NULL;
    assert_int_equal(grant_unmap(other, GRANT_MAP_PAGES), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(consecutive_pages_are_accessible_until_they_are_unmapped),
        TEST(part_of_a_mapping_can_be_unmapped),
        TEST(all_or_nothing_with_a_status_for_each),
        TEST(a_readonly_grant_is_mapped_readonly),
        TEST(xens_errors_are_told_apart),
        TEST(what_is_not_mapped_is_refused),
        TEST(addresses_are_used_in_turn_and_all_of_them),
        TEST(an_address_that_xen_did_not_unmap_is_never_used_again),
        TEST(no_memory_is_an_error_and_passes),
        TEST(a_suspend_ends_mappings_which_stay_their_owners),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
