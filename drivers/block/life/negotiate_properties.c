/* SPDX-License-Identifier: MIT */
/* Negotiation (negotiate.h): the disk's properties, which are valid once the backend is Connected.
 */
#include "negotiate.h"

#include <kernel/ratelimit.h>
#include <ringlet/string.h>

#define SECTOR_SIZE_MIN 512
#define SECTOR_SIZE_MAX 4096 /* a page: a sector that is read, merged and written fits one */
#define SHOWN           40   /* characters of a value in a message */
/* Offsets are signed 64-bit bytes. */
#define SECTORS_MAX ((uint64_t)INT64_MAX >> WIRE_SECTOR_SHIFT)

static const char *const property_keys[PROPERTY_ITEMS] = {
    [PROPERTY_SECTORS] = "sectors",
    [PROPERTY_SECTOR_SIZE] = "sector-size",
    [PROPERTY_PHYSICAL] = "physical-sector-size",
    [PROPERTY_INFO] = "info",
    [PROPERTY_MODE] = "mode",
    [PROPERTY_FLUSH] = "feature-flush-cache",
    [PROPERTY_BARRIER] = "feature-barrier",
    [PROPERTY_DISCARD] = "feature-discard",
    [PROPERTY_DISCARD_GRANULARITY] = "discard-granularity",
    [PROPERTY_DISCARD_ALIGNMENT] = "discard-alignment",
    [PROPERTY_DISCARD_SECURE] = "discard-secure",
    [PROPERTY_PERSISTENT] = "feature-persistent",
    [PROPERTY_INDIRECT] = "feature-max-indirect-segments",
};

void negotiate_property_items(struct xs_batch_item items[PROPERTY_ITEMS], const char *backend)
{
    for (unsigned i = 0; i < PROPERTY_ITEMS; i++)
        items[i] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = backend, .node = property_keys[i]};
}

static bool is_power_of_two(uint64_t n)
{
    return n && !(n & (n - 1));
}

/* The backend's text, cut to what is worth reading. */
static const char *shown(const struct xs_batch_item *item, char buf[SHOWN + 1])
{
    return xs_printable(item->value, item->value ? item->len : 0, buf, SHOWN + 1);
}

/* Says why the disk cannot be used. */
static int refuse(const struct blkfront_limits *limits, const struct xs_batch_item *item,
                  const char *why)
{
    char text[SHOWN + 1];

    pr_err_limited(item->limit, "%s: %s=\"%s\": %s\n", limits->name, item->node, shown(item, text),
                   why);
    return -EINVAL;
}

int negotiate_sector_size(const struct xs_batch_item *size, struct blkfront_limits *limits)
{
    uint64_t value;

    if (xs_item_u64(size, SECTOR_SIZE_MIN, SECTOR_SIZE_MAX, SECTOR_SIZE_MIN, &value) ||
        !is_power_of_two(value))
        return refuse(limits, size, "512, 1024, 2048 or 4096 is supported");
    limits->sector_size = (unsigned)value;

    /* QEMU up to 9.x (7.2 seen) multiplies the ring's sector numbers by sector-size: every access
     * would go to the wrong place, and nothing tells a version that does from one that does not. */
    if (limits->sector_size != SECTOR_SIZE_MIN && !strcmp(limits->backend, "qdisk"))
        return refuse(limits, size, "qdisk counts such sectors differently; use 512");
    return 0;
}

/* Fewer than 12 indirect segments are no gain over the 11 that a ring entry has anyway. */
void negotiate_segments(const struct xs_batch_item *item, const struct blkfront_config *config,
                        struct blkfront_limits *limits)
{
    uint64_t offered;

    /* what is malformed was reported and is then 0 */
    xs_item_u64(item, 0, UINT16_MAX, 0, &offered);
    limits->indirect_offered = (unsigned)offered;
    limits->max_segments =
        MIN((unsigned)MAX(offered, (uint64_t)WIRE_SEGMENTS), config->max_segments);
    if (offered > WIRE_SEGMENTS_MAX)
        pr_info_limited(item->limit, "%s: %s=%u, of which %u can be described\n", limits->name,
                        item->node, limits->indirect_offered, (unsigned)WIRE_SEGMENTS_MAX);
}

static int read_geometry(const struct xs_batch_item *items, struct blkfront_limits *limits)
{
    const struct xs_batch_item *sectors = &items[PROPERTY_SECTORS];
    const struct xs_batch_item *size = &items[PROPERTY_SECTOR_SIZE];
    const struct xs_batch_item *physical = &items[PROPERTY_PHYSICAL];
    uint64_t value;

    if (negotiate_sector_size(size, limits))
        return -EINVAL;
    /* 0: a drive without a medium, or an export that is not connected yet; it may grow */
    if (xs_item_u64(sectors, 0, SECTORS_MAX, UINT64_MAX, &value) || value == UINT64_MAX)
        return refuse(limits, sectors, "no size that a disk can have");
    if (value & ((limits->sector_size >> WIRE_SECTOR_SHIFT) - 1))
        return refuse(limits, sectors, "not a multiple of sector-size");
    limits->sectors = value;

    /* a hint only, so nothing is refused for it */
    limits->physical_sector_size = limits->sector_size;
    if (!xs_item_u64(physical, SECTOR_SIZE_MIN, 1u << 30, limits->sector_size, &value)) {
        if (is_power_of_two(value) && value >= limits->sector_size)
            limits->physical_sector_size = (unsigned)value;
        else
            pr_warn_limited(
                physical->limit, "%s: %s=%llu: not a multiple of sector-size %u, ignored\n",
                limits->name, physical->node, (unsigned long long)value, limits->sector_size);
    }
    return 0;
}

static void read_mode(const struct xs_batch_item *items, struct blkfront_limits *limits)
{
    const struct xs_batch_item *mode = &items[PROPERTY_MODE];
    uint64_t info;
    char text[SHOWN + 1];

    xs_item_u64(&items[PROPERTY_INFO], 0, UINT32_MAX, 0, &info);
    limits->cdrom = info & VDISK_CDROM;
    limits->removable = info & VDISK_REMOVABLE;
    limits->readonly = info & VDISK_READONLY;

    if (mode->ret || !mode->value)
        return; /* not every toolstack writes it; info stands */
    if (mode->value[0] == 'r') {
        limits->readonly = true;
    } else if (mode->value[0] != 'w') {
        pr_warn_limited(mode->limit, "%s: %s=\"%s\": neither r nor w, taken as read-only\n",
                        limits->name, mode->node, shown(mode, text));
        limits->readonly = true;
    }
}

/* A feature key: 0 or 1, absent or malformed means not offered. */
static bool offered(const struct xs_batch_item *item)
{
    uint64_t value;

    xs_item_u64(item, 0, 1, 0, &value);
    return value;
}

/* A number of bytes that must be whole sectors, from min to max; def for anything else. */
static uint64_t read_extent(const struct xs_batch_item *item, uint64_t min, uint64_t max,
                            uint64_t def, const struct blkfront_limits *limits)
{
    uint64_t value;

    xs_item_u64(item, min, max, def, &value);
    if (!(value & (limits->sector_size - 1)))
        return value;
    pr_warn_limited(item->limit, "%s: %s=%llu: not a multiple of sector-size %u, %llu is used\n",
                    limits->name, item->node, (unsigned long long)value, limits->sector_size,
                    (unsigned long long)def);
    return def;
}

/* The defaults are blkif.h's. A granule that is none is a matter of efficiency only: what a disk
 * cannot discard it leaves alone. */
static void read_discard(const struct xs_batch_item *items, struct blkfront_limits *limits)
{
    limits->discard_offered = limits->discard = offered(&items[PROPERTY_DISCARD]);
    limits->discard_granularity =
        read_extent(&items[PROPERTY_DISCARD_GRANULARITY], limits->sector_size, UINT32_MAX,
                    limits->sector_size, limits);
    limits->discard_alignment = read_extent(&items[PROPERTY_DISCARD_ALIGNMENT], 0,
                                            limits->discard_granularity - 1, 0, limits);
    limits->discard_secure = offered(&items[PROPERTY_DISCARD_SECURE]) && limits->discard;
}

int negotiate_properties(const struct xs_batch_item items[PROPERTY_ITEMS],
                         const struct blkfront_config *config, struct blkfront_limits *limits)
{
    int ret = read_geometry(items, limits);

    if (ret)
        return ret;
    read_mode(items, limits);
    limits->flush = offered(&items[PROPERTY_FLUSH]);
    limits->barrier = offered(&items[PROPERTY_BARRIER]);
    read_discard(items, limits);
    limits->persistent_offered |= offered(&items[PROPERTY_PERSISTENT]);
    limits->persistent = limits->persistent && limits->persistent_offered;
    negotiate_segments(&items[PROPERTY_INDIRECT], config, limits);
    return 0;
}
