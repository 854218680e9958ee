/* SPDX-License-Identifier: MIT */
/* Operations of a hostile backend that are the same for each kind of device: on grants and on its
 * state. */
#include "hostile.h"

void hostile_extra_map(struct peer *p, grant_ref_t ref, bool write)
{
    struct hostile *h = p->hostile;

    if (h->extra_count == EXTRA_MAPS || !sim_grant_map(p->domid, ref, write))
        return;
    h->extra[h->extra_count].ref = ref;
    h->extra[h->extra_count++].write = write;
}

void hostile_hold_extra(struct peer *p)
{
    for (unsigned i = 0; i < p->hostile->extra_count; i++)
        grant_hold(p->hostile->extra[i].ref);
}

/* All references, its own or another's: a page that can be mapped is held, and written to if
 * possible. */
void hostile_map_everything(struct peer *p)
{
    for (grant_ref_t ref = 0; ref < 4096; ref++)
        hostile_extra_map(p, ref, one_in(2));
    hostile_extra_map(p, 0xffffffff, false);
    hostile_extra_map(p, 1u << 20, true);
}

/* Writes to all pages that it may write to: only pages granted for data to the guest and the ring
 * may change by it. */
void hostile_write_everywhere(struct peer *p)
{
    for (grant_ref_t ref = 0; ref < 4096; ref++) {
        uint8_t *page = sim_grant_map(p->domid, ref, true);

        if (!page)
            continue;
        peer_fill(page, (uint8_t)below(256), PAGE_SIZE);
        sim_grant_unmap(ref, true);
    }
    p->hostile->scribbled = p->hostile->silent = true;
    p->ops->raise(p);
}

void hostile_state_random(struct peer *p)
{
    p->hostile->state_taken = true;
    hostile_random_state(p);
}

void hostile_state_flapping(struct peer *p)
{
    p->hostile->flaps = 30;
}

void hostile_directory_removed(struct peer *p)
{
    p->hostile->state_taken = true;
    store_remove(p->directory, NULL);
}

void hostile_no_events(struct peer *p)
{
    p->mute = true;
}

void hostile_event_storm(struct peer *p)
{
    p->hostile->storm = 2000;
}

void hostile_never(struct peer *p)
{
    p->hostile->silent = true;
}
