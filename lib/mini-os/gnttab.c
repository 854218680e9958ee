/* SPDX-License-Identifier: MIT */
/* Grants: to other domains, and mapping theirs. */
#include "kernel.h"

#include <errno.h>
#include <mini-os/gntmap.h>
#include <mini-os/gnttab.h>
#include <mini-os/mm.h>
#include <mini-os/sched.h>
#include <stdlib.h>

struct waiter {
    struct gnttab_waiter kernel;
    struct kernel_wait_queue wq;
};

static void available(struct gnttab_waiter *w)
{
    wake_all(&container_of(w, struct waiter, kernel)->wq);
}

static void wait_for_one(void)
{
    struct waiter w = {.kernel = {.need = 1, .fn = available}};

    list_init(&w.kernel.link);
    wait_queue_init(&w.wq);
    gnttab_wait(&w.kernel);
    wait_on(&w.wq, DEADLINE_NEVER);
    gnttab_wait_cancel(&w.kernel);
}

grant_ref_t gnttab_grant_access(domid_t domid, unsigned long frame, int readonly)
{
    int ref = gnttab_grant_frame(domid, frame, readonly);

    while (ref == -ENOSPC && !in_handler()) {
        wait_for_one();
        ref = gnttab_grant_frame(domid, frame, readonly);
    }
    return ref < 0 ? 0 : (grant_ref_t)ref;
}

grant_ref_t gnttab_alloc_and_grant(void **map)
{
    grant_ref_t ref;

    *map = (void *)alloc_page();
    if (!*map)
        return 0;
    ref = gnttab_grant_access(0, virt_to_mfn(*map), 0);
    if (!ref) {
        free_page(*map);
        *map = NULL;
    }
    return ref;
}

int gnttab_end_access(grant_ref_t ref)
{
    return gnttab_end(ref) == 0;
}

const char *gnttabop_error(int16_t status)
{
    static const char *const texts[] = GNTTABOP_error_msgs;
    const int i = -status;

    return i < 0 || i >= (int)(sizeof(texts) / sizeof(texts[0])) ? "unknown status" : texts[i];
}

/* ---- mapping ---- */

#define MAX_GRANTS 128 /* unless gntmap_set_max_grants says otherwise */

/* A table of the pages that are mapped, which grows: a program may set a maximum that it never needs. */
struct gntmap_entry {
    unsigned long address; /* 0: free */
};

void gntmap_init(struct gntmap *map)
{
    *map = (struct gntmap){0};
}

void gntmap_fini(struct gntmap *map)
{
    for (int i = 0; i < map->room; i++)
        if (map->entries[i].address)
            grant_unmap((void *)map->entries[i].address, 1);
    free(map->entries);
    gntmap_init(map);
}

int gntmap_set_max_grants(struct gntmap *map, int count)
{
    if (map->nentries)
        return -EBUSY;
    if (count <= 0)
        return -EINVAL;
    map->nentries = MIN(count, (int)GRANT_MAP_PAGES);
    return 0;
}

static struct gntmap_entry *find(struct gntmap *map, unsigned long address)
{
    for (int i = 0; i < map->room; i++)
        if (map->entries[i].address == address)
            return &map->entries[i];
    return NULL;
}

/* Has at least count entries free. */
static int reserve(struct gntmap *map, uint32_t count)
{
    struct gntmap_entry *bigger;
    int needed, room;

    if (count > (uint32_t)(map->nentries - map->mapped))
        return -ENOSPC;
    needed = map->mapped + (int)count;
    if (needed <= map->room)
        return 0;
    room = MIN(MAX(needed, 2 * map->room), map->nentries);
    bigger = realloc(map->entries, (size_t)room * sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    for (int i = map->room; i < room; i++)
        bigger[i].address = 0;
    map->entries = bigger;
    map->room = room;
    return 0;
}

static int map_refs(struct gntmap *map, uint32_t count, const uint32_t *domids, int stride,
                    const uint32_t *refs, bool readonly, void **va)
{
    struct grant_map_ref *kernel;
    int ret;

    if (!map->nentries)
        gntmap_set_max_grants(map, MAX_GRANTS);
    ret = reserve(map, count);
    if (ret)
        return ret;
    kernel = calloc(count ? count : 1, sizeof(*kernel));
    if (!kernel)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        kernel[i] = (struct grant_map_ref){
            .domid = (domid_t)domids[i * (uint32_t)stride],
            .ref = refs[i],
        };
    ret = grant_map(kernel, count, readonly, va);
    free(kernel);
    if (ret)
        return ret;
    for (uint32_t i = 0; i < count; i++)
        find(map, 0)->address = (unsigned long)*va + i * PAGE_SIZE;
    map->mapped += (int)count;
    return 0;
}

void *gntmap_map_grant_refs(struct gntmap *map, uint32_t count, uint32_t *domids, int domids_stride,
                            uint32_t *refs, int writable)
{
    void *va = NULL;
    int ret = map_refs(map, count, domids, domids_stride, refs, !writable, &va);

    if (ret)
        errno = -ret;
    return ret ? NULL : va;
}

int gntmap_munmap(struct gntmap *map, unsigned long start_address, int count)
{
    int ret;

    if (count <= 0 || !start_address)
        return -EINVAL;
    for (int i = 0; i < count; i++)
        if (!find(map, start_address + (unsigned long)i * PAGE_SIZE))
            return -EINVAL;
    ret = grant_unmap((void *)start_address, (unsigned)count);
    for (int i = 0; i < count; i++)
        find(map, start_address + (unsigned long)i * PAGE_SIZE)->address = 0;
    map->mapped -= count;
    return ret;
}
