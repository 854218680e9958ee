/* SPDX-License-Identifier: MIT */
/* A Xen that tracks for each page whether the domain has it; above fake_xenstored.h. */
#ifndef RINGLET_TESTS_FAKE_MEMORY_H
#define RINGLET_TESTS_FAKE_MEMORY_H

#include "fake_xenstored.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define TOOLSTACK 10 /* pages of the domain that are not in its memory map */
#define LIST_MAX  4096

static struct {
    size_t first, count; /* the memory map, in frames */
    bool *there;
    size_t have;   /* all that the domain has */
    size_t spare;  /* pages that Xen still has */
    unsigned fail; /* memory operations of which each second extent fails */
    unsigned calls, superpages;
    unsigned turn_at;         /* the call during which the toolstack sets a target without it */
    bool refuse;              /* memory operations fail */
    bool no_superpages, none; /* ... or no memory operation at all */
} xen;

static inline struct xen_memory_reservation *arg_of(const unsigned long *arg)
{
    return (struct xen_memory_reservation *)arg[1];
}

static inline xen_pfn_t *list_of(const struct xen_memory_reservation *r)
{
    xen_pfn_t *list;

    memcpy(&list, &r->extent_start, sizeof(list));
    return list;
}

/* Like Xen: one extent after the other, until one cannot be done; how many were. */
static inline long operation(bool give, const struct xen_memory_reservation *r)
{
    const size_t size = 1UL << r->extent_order;
    const xen_pfn_t *list = list_of(r);
    unsigned long n;

    assert_int_equal(r->domid, DOMID_SELF);
    assert_true(r->extent_order == 0 || r->extent_order == 9);
    assert_true(r->nr_extents <= LIST_MAX);
    if (++xen.calls == xen.turn_at) {
        fake_text("memory/target", "8192");
        fake_run();
    }
    if (xen.refuse)
        return -EPERM;
    if (r->extent_order && xen.no_superpages)
        return 0;
    xen.superpages += r->extent_order ? (unsigned)r->nr_extents : 0;
    for (n = 0; n < r->nr_extents; n++) {
        assert_true(list[n] >= xen.first && list[n] + size <= xen.first + xen.count);
        assert_int_equal(list[n] % size, 0);
        if (xen.fail && n == r->nr_extents / 2) {
            xen.fail--;
            break;
        }
        if (!give && xen.spare < size)
            break;
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(xen.there[list[n] - xen.first + i], give);
            xen.there[list[n] - xen.first + i] = !give;
        }
        xen.have -= give ? size : 0;
        xen.have += give ? 0 : size;
        xen.spare += give ? size : 0;
        xen.spare -= give ? 0 : size;
    }
    return (long)n;
}

static inline long hypercalls(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_memory_op)
        return SEAM_DEFAULT;
    if (xen.none)
        return -ENOSYS;
    switch (arg[0]) {
    case XENMEM_current_reservation:
        assert_int_equal(*(domid_t *)arg[1], DOMID_SELF);
        return (long)xen.have;
    case XENMEM_decrease_reservation:
        return operation(true, arg_of(arg));
    case XENMEM_populate_physmap:
        return operation(false, arg_of(arg));
    default:
        fail();
        return -ENOSYS;
    }
}

static inline void xen_begin(size_t first, size_t count, size_t have)
{
    free(xen.there);
    memset(&xen, 0, sizeof(xen));
    xen.first = first;
    xen.count = count;
    xen.there = malloc(count);
    memset(xen.there, true, count);
    xen.have = have;
    seam_hypercall = hypercalls;
}

/* A running guest of 8 MiB, as configured. */
static inline int setup(void **state)
{
    (void)state;
    if (fake_setup())
        return -1;
    xen_begin(boot_info.ram[0].start >> PAGE_SHIFT, boot_info.memory >> PAGE_SHIFT,
              (boot_info.memory >> PAGE_SHIFT) + TOOLSTACK);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    seam_exit();
    free(xen.there);
    xen.there = NULL;
    return 0;
}

#endif
