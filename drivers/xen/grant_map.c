/* SPDX-License-Identifier: MIT */
/*
 * Grants of other domains, mapped at addresses that are not memory. A page of them is free, in use,
 * or lost; what is not known to be unmapped is not used for another grant. The table of handles is
 * made when the first grant is mapped.
 */
#include <kernel/arch.h>
#include <kernel/grant_map.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>

#define BATCH 16 /* grants in one hypercall */

/* Values of handles[] that are no handle. Xen's are smaller than the number of its maptrack
 * entries, which has fewer than 32 bits. */
#define FREE     UINT32_MAX
#define RESERVED (UINT32_MAX - 1) /* being mapped */
#define GONE     (UINT32_MAX - 2) /* a suspend has unmapped it; the owner has not yet */
#define LOST     (UINT32_MAX - 3)

_Static_assert(sizeof(struct gnttab_map_grant_ref) == 32, "gnttab_map_grant_ref");
_Static_assert(offsetof(struct gnttab_map_grant_ref, handle) == 20, "gnttab_map_grant_ref");
_Static_assert(sizeof(struct gnttab_unmap_grant_ref) == 24, "gnttab_unmap_grant_ref");
_Static_assert(offsetof(struct gnttab_unmap_grant_ref, status) == 20, "gnttab_unmap_grant_ref");

static char *area;
static grant_handle_t *handles; /* of each page of the area */
static unsigned next;           /* where the search for free pages begins */
static struct grant_map_stats stats;

static bool is_handle(grant_handle_t handle)
{
    return handle < LOST;
}

static char *page(unsigned i)
{
    return area + i * PAGE_SIZE;
}

static int status_error(int16_t status)
{
    switch (status) {
    case GNTST_okay:
        return 0;
    case GNTST_bad_domain:
        return -ESRCH;
    case GNTST_bad_gntref:
        return -EINVAL;
    case GNTST_permission_denied:
        return -EACCES;
    case GNTST_no_device_space:
        return -ENOSPC;
    case GNTST_eagain:
        return -EAGAIN;
    default:
        return -EIO;
    }
}

/* ---- unmapping ---- */

/* Unmaps up to BATCH pages, each of which then has the value `after`, or is lost. 0 or -EIO. */
static int unmap_batch(unsigned first, unsigned count, grant_handle_t after)
{
    struct gnttab_unmap_grant_ref ops[BATCH];
    unsigned at[BATCH], n = 0;
    int ret = 0;

    for (unsigned i = first; i < first + count; i++) {
        if (!is_handle(handles[i])) {
            handles[i] = handles[i] == LOST ? LOST : after;
            continue;
        }
        arch_grant_area_set(page(i), false, false);
        ops[n] = (struct gnttab_unmap_grant_ref){
            .host_addr = (uintptr_t)page(i),
            .handle = handles[i],
            .status = GNTST_general_error, /* if Xen does not get that far */
        };
        at[n++] = i;
    }
    if (n)
        hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, ops, n);
    for (unsigned i = 0; i < n; i++) {
        const bool done = ops[i].status == GNTST_okay;

        stats.mapped--;
        handles[at[i]] = done ? after : LOST;
        if (done)
            continue;
        ret = -EIO;
        if (!stats.lost++)
            pr_err("a page granted by another domain cannot be unmapped: Xen's status %d\n",
                   ops[i].status);
    }
    return ret;
}

static int unmap(unsigned first, unsigned count, grant_handle_t after)
{
    int ret = 0;

    for (unsigned done = 0; done < count; done += BATCH) {
        int error = unmap_batch(first + done, MIN(count - done, BATCH), after);

        ret = ret ? ret : error;
    }
    return ret;
}

/* Before a suspend: the page tables of a domain that is saved hold only its own memory, and another
 * domain's grants mean nothing where it is restored. */
static void before_suspend(void)
{
    for (unsigned i = 0; i < GRANT_MAP_PAGES; i++)
        if (is_handle(handles[i]))
            unmap_batch(i, 1, GONE);
}

/* ---- mapping ---- */

static int prepare(void)
{
    /* Statics of one name share a section in the kernel's library, and would keep this file in
     * images that do not use it. */
    static struct suspend_hook grant_map_hook = {.suspend = before_suspend};
    void *addresses;
    int ret;

    if (handles)
        return 0;
    ret = arch_grant_area(&addresses);
    if (ret)
        return ret;
    handles = heap_alloc(GRANT_MAP_PAGES * sizeof(*handles), MEM_GRANT);
    if (!handles)
        return -ENOMEM;
    memset(handles, 0xff, GRANT_MAP_PAGES * sizeof(*handles)); /* FREE */
    area = addresses;
    suspend_register(&grant_map_hook);
    return 0;
}

static bool find_free(unsigned from, unsigned to, unsigned count, unsigned *first)
{
    for (unsigned i = from, run = 0; i < to; i++) {
        run = handles[i] == FREE ? run + 1 : 0;
        if (run == count) {
            *first = i + 1 - count;
            return true;
        }
    }
    return false;
}

/* Addresses are used in turn, so that an access to pages that were unmapped faults for long. */
static bool take(unsigned count, unsigned *first)
{
    if (!find_free(next, GRANT_MAP_PAGES, count, first) &&
        !find_free(0, MIN(next + count - 1, GRANT_MAP_PAGES), count, first))
        return false;
    next = (*first + count) % GRANT_MAP_PAGES;
    for (unsigned i = 0; i < count; i++)
        handles[*first + i] = RESERVED;
    return true;
}

/* Sets each status. */
static void map_batch(struct grant_map_ref *refs, unsigned first, unsigned count, bool readonly)
{
    struct gnttab_map_grant_ref ops[BATCH];

    for (unsigned i = 0; i < count; i++)
        ops[i] = (struct gnttab_map_grant_ref){
            .host_addr = (uintptr_t)page(first + i),
            .flags = GNTMAP_host_map | (readonly ? GNTMAP_readonly : 0),
            .ref = refs[i].ref,
            .dom = refs[i].domid,
            .status = GNTST_general_error, /* if Xen does not get that far */
        };
    hypercall_grant_table_op(GNTTABOP_map_grant_ref, ops, count);
    for (unsigned i = 0; i < count; i++) {
        refs[i].status = status_error(ops[i].status);
        if (refs[i].status)
            continue;
        handles[first + i] = ops[i].handle;
        stats.mapped++;
        arch_grant_area_set(page(first + i), true, readonly);
    }
}

static int fail_all(struct grant_map_ref *refs, unsigned count, int error)
{
    for (unsigned i = 0; i < count; i++)
        refs[i].status = error;
    return error;
}

int grant_map(struct grant_map_ref *refs, unsigned count, bool readonly, void **va)
{
    unsigned first;
    int ret;

    *va = NULL;
    if (!count || count > GRANT_MAP_PAGES)
        return -EINVAL;
    ret = prepare();
    if (!ret && !take(count, &first))
        ret = -ENOSPC;
    if (ret)
        return fail_all(refs, count, ret);
    for (unsigned done = 0; done < count; done += BATCH)
        map_batch(refs + done, first + done, MIN(count - done, BATCH), readonly);
    for (unsigned i = 0; i < count && !ret; i++)
        ret = refs[i].status;
    if (ret) {
        unmap(first, count, FREE);
        return ret;
    }
    *va = page(first);
    return 0;
}

int grant_unmap(void *va, unsigned count)
{
    const size_t offset = (uintptr_t)va - (uintptr_t)area;
    const unsigned first = (unsigned)(offset >> PAGE_SHIFT);

    if (!handles || (offset & PAGE_MASK) || !count || offset >= GRANT_MAP_PAGES * PAGE_SIZE ||
        count > GRANT_MAP_PAGES - first)
        return -EINVAL;
    for (unsigned i = first; i < first + count; i++)
        if (!is_handle(handles[i]) && handles[i] != GONE)
            return -EINVAL;
    return unmap(first, count, FREE);
}

void grant_map_get_stats(struct grant_map_stats *out)
{
    *out = stats;
}

void grant_map_reset(void)
{
    handles = NULL;
    next = 0;
    stats = (struct grant_map_stats){0};
}
