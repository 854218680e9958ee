/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fs/ext4/store/store.h"

static struct random *chance;
static uint8_t *left;
static bool open;

/* Each event of the open is the one with the same chance. */
static void event(struct model_disk *d)
{
    struct undo undo = {.count = 0};

    if (open || random_below(chance, d->events))
        return;
    if (!left)
        left = malloc(d->disk.size);
    if (!left)
        exit(2);
    model_disk_crash(d, random_below(chance, CRASH_MODES), chance, &undo);
    memcpy(left, d->media, d->disk.size);
    undo_all(&undo, d->media);
    free(undo.sector);
    free(undo.old);
}

uint8_t *replay_crash(const uint8_t *image, uint64_t size, struct random *r)
{
    static const struct store_config config = {.commit_ms = ~0u, .cache = 1u << 20};
    struct model_disk disk;
    struct store *s;

    model_disk_init(&disk, image, size, 1);
    disk.event = event;
    chance = r;
    left = NULL;
    open = false;
    if (store_open(&disk.disk, &config, &s) == 0) {
        open = true;
        store_close(s);
    }
    model_disk_exit(&disk);
    return left;
}
