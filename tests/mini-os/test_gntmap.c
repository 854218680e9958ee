/* SPDX-License-Identifier: MIT */
/* Mini-OS' gntmap, on a Xen that counts what is mapped. */
#include "host/seam.h"

#include <kernel/grant_map.h>
#include <mini-os/gntmap.h>
#include <ringlet/string.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PEERS 1000 /* domains that grant a page each */

/* The rest of lib/mini-os, which is not used here. */
unsigned long alloc_pages(int order);
void free_pages(void *pages, int order);
unsigned long virt_to_mfn(const void *va);

unsigned long alloc_pages(int order)
{
    (void)order;
    return 0;
}

void free_pages(void *pages, int order)
{
    (void)pages;
    (void)order;
}

unsigned long virt_to_mfn(const void *va)
{
    return (uintptr_t)va >> PAGE_SHIFT;
}

static unsigned mapped;
static uint64_t address_of[GRANT_MAP_PAGES]; /* by handle */
static unsigned next_handle;
static struct gntmap map;

static long xen(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_grant_table_op ||
        (arg[0] != GNTTABOP_map_grant_ref && arg[0] != GNTTABOP_unmap_grant_ref))
        return SEAM_DEFAULT;
    for (unsigned i = 0; i < arg[2]; i++) {
        if (arg[0] == GNTTABOP_map_grant_ref) {
            struct gnttab_map_grant_ref *op = (struct gnttab_map_grant_ref *)arg[1] + i;

            op->status = op->dom < PEERS ? GNTST_okay : GNTST_bad_domain;
            if (op->status)
                continue;
            do {
                op->handle = next_handle++ % GRANT_MAP_PAGES;
            } while (address_of[op->handle]);
            address_of[op->handle] = op->host_addr;
            mapped++;
        } else {
            struct gnttab_unmap_grant_ref *op = (struct gnttab_unmap_grant_ref *)arg[1] + i;

            assert_int_equal(address_of[op->handle], op->host_addr);
            address_of[op->handle] = 0;
            op->status = GNTST_okay;
            mapped--;
        }
    }
    return 0;
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    grant_map_reset();
    mapped = next_handle = 0;
    memset(address_of, 0, sizeof(address_of));
    seam_hypercall = xen;
    gntmap_init(&map);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gntmap_fini(&map);
    assert_int_equal(mapped, 0);
    seam_hypercall = NULL;
    seam_exit();
    return 0;
}

static void *map_one(uint32_t domid)
{
    uint32_t ref = 1;

    return gntmap_map_grant_refs(&map, 1, &domid, 0, &ref, 1);
}

static int unmap(void *va, int count)
{
    return gntmap_munmap(&map, (unsigned long)va, count);
}

/* xenstored asks for 32752, the number of domains that there could be. */
static void a_maximum_beyond_what_there_is(void **state)
{
    static void *page[PEERS];

    (void)state;
    assert_int_equal(gntmap_set_max_grants(&map, 0x7ff0), 0);
    assert_null(map.entries);
    for (unsigned i = 0; i < PEERS; i++)
        assert_non_null(page[i] = map_one(i));
    assert_int_equal(mapped, PEERS);
    assert_true(map.room < 2 * PEERS);
    for (unsigned i = 0; i < PEERS; i += 2)
        assert_int_equal(unmap(page[i], 1), 0);
    assert_int_equal(unmap(page[0], 1), -EINVAL);
    assert_int_equal(mapped, PEERS / 2);
}

/* Domains come and go: neither the table nor what is mapped grows. */
static void flat(void **state)
{
    void *stays;

    (void)state;
    gntmap_set_max_grants(&map, 0x7ff0);
    stays = map_one(0);
    for (unsigned i = 0; i < 3 * GRANT_MAP_PAGES; i++) {
        void *page = map_one(1 + i % (PEERS - 1));

        assert_non_null(page);
        assert_int_equal(mapped, 2);
        assert_int_equal(unmap(page, 1), 0);
    }
    assert_int_equal(map.room, 2);
    assert_int_equal(unmap(stays, 1), 0);
}

static void the_maximum_holds(void **state)
{
    uint32_t domids[3] = {1, 2, 3}, refs[3] = {1, 1, 1};
    void *pages, *one;

    (void)state;
    assert_int_equal(gntmap_set_max_grants(&map, 0), -EINVAL);
    assert_int_equal(gntmap_set_max_grants(&map, -1), -EINVAL);
    assert_int_equal(gntmap_set_max_grants(&map, 3), 0);
    assert_int_equal(gntmap_set_max_grants(&map, 4), -EBUSY);
    one = map_one(7);
    assert_null(gntmap_map_grant_refs(&map, 3, domids, 1, refs, 1));
    assert_int_equal(errno, ENOSPC);
    pages = gntmap_map_grant_refs(&map, 2, domids, 1, refs, 1);
    assert_non_null(pages);
    assert_null(map_one(7));
    assert_int_equal(unmap(pages, 3), -EINVAL);
    assert_int_equal(mapped, 3);
    assert_int_equal(unmap(pages, 2), 0);
    assert_int_equal(unmap(one, 0), -EINVAL);
    assert_int_equal(unmap(NULL, 1), -EINVAL);
    assert_null(map_one(PEERS));
    assert_int_equal(errno, ESRCH);
    assert_non_null(map_one(7)); /* which has taken no entry */
    assert_non_null(map_one(8));
}

static void without_a_maximum(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 128; i++)
        assert_non_null(map_one(i));
    assert_null(map_one(200));
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(gntmap_set_max_grants(&map, 200), -EBUSY);
    assert_null(gntmap_map_grant_refs(&map, UINT32_MAX, NULL, 1, NULL, 1));
    assert_int_equal(errno, ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(a_maximum_beyond_what_there_is),
        TEST(flat),
        TEST(the_maximum_holds),
        TEST(without_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
