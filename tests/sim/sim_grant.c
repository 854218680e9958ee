/* SPDX-License-Identifier: MIT */
/*
 * The grant table as Xen enforces it for the other domain: a reference gives access to exactly the
 * page that a valid entry names, for exactly that domain, and an entry in use is marked. The
 * guest's forbidden changes of an entry in use are checked here, too.
 */
#include "sim.h"

#include "lib/core/mem_private.h"

#include <ringlet/page.h>
#include <stdlib.h>

#define REFS (256 * 512)

static struct {
    uint32_t frame; /* while it is mapped */
    uint16_t readers, writers;
} maps[REFS];
static unsigned mappings;
/* Per page of the guest: the domain that maps it, and whether that holds it although the guest
 * wants it back. */
static struct {
    uint16_t count, writers;
    domid_t who;
    bool held;
} * frames;
static xen_pfn_t first_frame;
static bool shared_reading;

void grant_init(void)
{
    first_frame = boot_info.ram[0].start >> PAGE_SHIFT;
    frames = calloc(boot_info.memory >> PAGE_SHIFT, sizeof(*frames));
    if (!frames)
        abort();
    mappings = 0;
}

void grant_share_reading(void)
{
    shared_reading = true;
}

void grant_hold(grant_ref_t ref)
{
    frames[maps[ref].frame - first_frame].held = true;
}

static bool freed(const uint8_t *page)
{
#ifdef MEM_ASAN
    return __asan_address_is_poisoned(page);
#else
    (void)page;
    return false;
#endif
}

uint8_t *sim_grant_map(domid_t who, grant_ref_t ref, bool write)
{
    volatile grant_entry_v1_t *e;
    uint16_t flags;
    xen_pfn_t f;
    bool reads;

    if (ref >= MIN(REFS, seam_grant_max_frames * 512))
        return NULL;
    e = &seam_grants[ref];
    flags = e->flags;
    if ((flags & GTF_type_mask) != GTF_permit_access || e->domid != who ||
        (write && (flags & GTF_readonly)))
        return NULL;
    f = e->frame - first_frame;
    CHECK(f < boot_info.memory >> PAGE_SHIFT, "grant %u opens frame %#x", ref, e->frame);
    CHECK(!freed(seam_page(e->frame)), "grant %u opens a page that nobody owns", ref);
    reads = shared_reading && !write && !frames[f].writers;
    CHECK(!frames[f].count || frames[f].who == who || reads,
          "a page that domain %u still maps was granted to domain %u", frames[f].who, who);
    CHECK(!frames[f].held || maps[ref].readers + maps[ref].writers || reads,
          "a page that is held by the peer was granted anew (grant %u)", ref);
    frames[f].count++;
    frames[f].writers = (uint16_t)(frames[f].writers + write);
    frames[f].who = who;
    if (maps[ref].readers + maps[ref].writers == 0)
        maps[ref].frame = e->frame;
    CHECK(maps[ref].frame == e->frame, "grant %u was changed while the peer uses it", ref);
    if (write)
        maps[ref].writers++;
    else
        maps[ref].readers++;
    mappings++;
    e->flags = (uint16_t)(flags | GTF_reading | (write ? GTF_writing : 0));
    return seam_page(e->frame);
}

void sim_grant_unmap(grant_ref_t ref, bool write)
{
    volatile grant_entry_v1_t *e = &seam_grants[ref];
    uint16_t *count = write ? &maps[ref].writers : &maps[ref].readers;

    CHECK(*count, "simulation: grant %u is not mapped", ref);
    CHECK(maps[ref].frame == e->frame && (e->flags & GTF_permit_access),
          "grant %u was changed while the peer uses it", ref);
    --*count;
    mappings--;
    frames[e->frame - first_frame].writers =
        (uint16_t)(frames[e->frame - first_frame].writers - write);
    if (!--frames[e->frame - first_frame].count)
        frames[e->frame - first_frame].held = false;
    if (!maps[ref].writers)
        e->flags &= (uint16_t)~GTF_writing;
    if (!maps[ref].writers && !maps[ref].readers)
        e->flags &= (uint16_t)~GTF_reading;
}

uint8_t *grant_mapped_page(grant_ref_t ref)
{
    return maps[ref].writers ? seam_page(maps[ref].frame) : NULL;
}

unsigned grant_mappings(void)
{
    return mappings;
}

bool grant_page_mapped(const void *page)
{
    return frames[arch_frame(page) - first_frame].count;
}

void grant_check_mapped(void)
{
    for (xen_pfn_t f = 0; f < boot_info.memory >> PAGE_SHIFT; f++) {
        const uint8_t *page = seam_page(first_frame + f);

        CHECK(!frames[f].count || !freed(page) || page_is_pinned(page),
              "a page that domain %u maps was freed and may be handed out", frames[f].who);
    }
}
