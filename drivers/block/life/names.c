/* SPDX-License-Identifier: MIT */
/* Names and numbers of virtual disks (Xen's vbd-interface document), and which ones there are. */
#include "names.h"

#include <kernel/device.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define TYPES_BATCH 16 /* asked for before the first answer is waited for */

/* One range of numbers: major << 8 | disk << shift | partition. */
static const struct numbering {
    const char *prefix;
    unsigned base, shift;
    unsigned first_disk, disks;
} numberings[] = {
    {"xvd", 202 << 8, 4, 0, 16}, {"xvd", 1 << 28, 8, 0, 1 << 20}, {"sd", 8 << 8, 4, 0, 16},
    {"hd", 3 << 8, 6, 0, 2},     {"hd", 22 << 8, 6, 2, 2},
};

/* a, b ... z, aa, ab ...: letters are digits without a zero */
static void disk_letters(unsigned disk, char *text, size_t size)
{
    char *p = text + size;

    *--p = '\0';
    for (disk++; disk; disk = (disk - 1) / 26)
        *--p = (char)('a' + (disk - 1) % 26);
    memmove(text, p, (size_t)(text + size - p));
}

char *blkfront_vdev_name(unsigned devid, char *buf, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(numberings); i++) {
        const struct numbering *n = &numberings[i];
        unsigned disk = (devid - n->base) >> n->shift;
        unsigned partition = (devid - n->base) & ((1u << n->shift) - 1);
        char letters[8], digits[8] = "";

        if (devid < n->base || disk >= n->disks)
            continue;
        disk_letters(disk + n->first_disk, letters, sizeof(letters));
        if (partition)
            format(digits, sizeof(digits), "%u", partition);
        format(buf, size, "%s%s%s", n->prefix, letters, digits);
        return buf;
    }
    format(buf, size, "vbd-%u", devid);
    return buf;
}

/* What follows the prefix: letters, then a partition or nothing. */
static int parse_letters(const char *p, const struct numbering *n, unsigned *devid)
{
    unsigned disk = 0, partition = 0;

    if (*p < 'a' || *p > 'z')
        return -EINVAL;
    for (; *p >= 'a' && *p <= 'z'; p++) {
        if (disk > (1u << 20))
            return -EINVAL;
        disk = disk * 26 + (unsigned)(*p - 'a') + 1;
    }
    disk--;
    if (*p && (!device_number(p, &partition) || !partition))
        return -EINVAL;
    if (disk < n->first_disk || disk - n->first_disk >= n->disks || partition >> n->shift)
        return -EINVAL;
    *devid = n->base + ((disk - n->first_disk) << n->shift) + partition;
    return 0;
}

int blkfront_vdev_number(const char *name, unsigned *devid)
{
    if (!name)
        return -EINVAL;
    if (device_number(name, devid))
        return 0;
    if (!strncmp(name, "vbd-", 4) && device_number(name + 4, devid))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(numberings); i++) {
        const struct numbering *n = &numberings[i];
        size_t len = strlen(n->prefix);

        if (!strncmp(name, n->prefix, len) && !parse_letters(name + len, n, devid))
            return 0;
    }
    return -EINVAL;
}

int names_parse(const char *nodename, unsigned *devid)
{
    const size_t len = sizeof(VBD_FOLDER "/") - 1;

    if (!strncmp(nodename, VBD_FOLDER "/", len))
        return device_number(nodename + len, devid) ? 0 : -EINVAL;
    return blkfront_vdev_number(nodename, devid);
}

int names_list(unsigned **numbers, unsigned *count)
{
    return device_list(VBD_FOLDER, MEM_BLOCK, numbers, count);
}

static int read_types(const unsigned *numbers, unsigned count, bool *cdrom)
{
    struct xs_batch_item items[TYPES_BATCH];
    char folder[TYPES_BATCH][sizeof(VBD_FOLDER "/") + VBD_NAME_SIZE];
    int ret;

    for (unsigned i = 0; i < count; i++) {
        format(folder[i], sizeof(folder[i]), VBD_FOLDER "/%u", numbers[i]);
        items[i] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = folder[i], .node = "device-type"};
    }
    ret = xs_batch(XS_NO_TRANSACTION, items, count);
    for (unsigned i = 0; i < count && !ret; i++) {
        ret = items[i].ret == -ENOENT ? 0 : items[i].ret; /* not every toolstack writes it */
        cdrom[i] = !items[i].ret && strcmp(items[i].value, "cdrom") == 0;
    }
    xs_batch_free(items, count);
    return ret;
}

/* Both kinds stay in order of their numbers. */
static int move_cdroms_last(unsigned *numbers, unsigned count)
{
    unsigned *cdroms = heap_zalloc(count, sizeof(*cdroms), MEM_BLOCK);
    unsigned disks_count = 0, cdroms_count = 0;
    int ret = cdroms ? 0 : -ENOMEM;

    for (unsigned first = 0; first < count && !ret; first += TYPES_BATCH) {
        const unsigned some = MIN(count - first, (unsigned)TYPES_BATCH);
        bool cdrom[TYPES_BATCH];

        ret = read_types(&numbers[first], some, cdrom);
        for (unsigned i = 0; i < some && !ret; i++) {
            if (cdrom[i])
                cdroms[cdroms_count++] = numbers[first + i];
            else
                numbers[disks_count++] = numbers[first + i];
        }
    }
    if (!ret)
        memcpy(&numbers[disks_count], cdroms, cdroms_count * sizeof(*cdroms));
    heap_free(cdroms);
    return ret;
}

int blkfront_enumerate(int (*fn)(const char *name, void *arg), void *arg)
{
    unsigned *numbers, count;
    int ret = names_list(&numbers, &count);

    if (!ret && count > 1)
        ret = move_cdroms_last(numbers, count);
    if (ret) {
        heap_free(numbers);
        return ret;
    }
    for (unsigned i = 0; i < count; i++) {
        char name[VBD_NAME_SIZE];

        format(name, sizeof(name), "%u", numbers[i]);
        if (fn(name, arg))
            break;
    }
    heap_free(numbers);
    return (int)count;
}
