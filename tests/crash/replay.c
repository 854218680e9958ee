/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include "lib/fs/ext4/store/store.h"

static struct random *chance;
static struct sectors *result;
static bool open, crashed;

/* Each event of the open is the one with the same chance. */
static void event(struct model_disk *d)
{
    if (open || random_below(chance, d->events))
        return;
    crashed = true;
    result->count = 0;
    for (size_t i = 0; i < d->stable->count; i++)
        sectors_add(result, d->stable->at[i], d->stable->data + i * 512);
    model_disk_crash(d, random_below(chance, CRASH_MODES), chance, result);
}

bool replay_crash(uint8_t *image, uint64_t size, struct random *r, struct sectors *left)
{
    static const struct store_config config = {.commit_ms = ~0u, .cache = 1u << 20};
    static struct sectors before, stable;
    struct model_disk disk;
    struct store *s;

    stable.count = 0;
    model_disk_init_on(&disk, image, size, 1, &before, &stable);
    disk.event = event;
    chance = r;
    result = left;
    open = crashed = false;
    if (store_open(&disk.disk, &config, &s) == 0) {
        open = true;
        store_close(s);
    }
    model_disk_exit(&disk);
    sectors_undo(&before, image);
    return crashed;
}
