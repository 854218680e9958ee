/* SPDX-License-Identifier: MIT */
/* Names and numbers of virtual disks (Xen's vbd-interface document), and which ones there are. */
#include "names.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

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

static bool is_number(const char *text, unsigned *number)
{
    uint64_t value;
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    if (len > 1 && text[0] == '0')
        return false; /* another number's folder could carry it */
    if (parse_u64(text, len, &value) || value > UINT32_MAX)
        return false;
    *number = (unsigned)value;
    return true;
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
    if (*p && (!is_number(p, &partition) || !partition))
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
    if (is_number(name, devid))
        return 0;
    if (!strncmp(name, "vbd-", 4) && is_number(name + 4, devid))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(numberings); i++) {
        const struct numbering *n = &numberings[i];
        size_t len = strlen(n->prefix);

        if (!strncmp(name, n->prefix, len) && !parse_letters(name + len, n, devid))
            return 0;
    }
    return -EINVAL;
}

int parse_nodename(const char *nodename, unsigned *devid)
{
    const size_t len = sizeof(VBD_FOLDER "/") - 1;

    if (!strncmp(nodename, VBD_FOLDER "/", len))
        return is_number(nodename + len, devid) ? 0 : -EINVAL;
    return blkfront_vdev_number(nodename, devid);
}

int disk_numbers(unsigned **numbers, unsigned *count)
{
    char **names;
    unsigned n, *list;
    int ret = xs_list(XS_NO_TRANSACTION, VBD_FOLDER, NULL, &names, &n);

    *numbers = NULL;
    *count = 0;
    if (ret)
        return ret == -ENOENT ? 0 : ret;
    list = heap_zalloc(n, sizeof(*list), MEM_BLOCK);
    for (unsigned i = 0; list && i < n; i++) {
        unsigned number, at;

        if (!is_number(names[i], &number))
            continue;
        for (at = *count; at && list[at - 1] >= number; at--)
            ;
        if (at < *count && list[at] == number)
            continue; /* said twice */
        memmove(&list[at + 1], &list[at], ((*count)++ - at) * sizeof(*list));
        list[at] = number;
    }
    heap_free(names);
    *numbers = list;
    return list ? 0 : -ENOMEM;
}

int blkfront_enumerate(int (*fn)(const char *name, void *arg), void *arg)
{
    unsigned *numbers, count;
    int ret = disk_numbers(&numbers, &count);

    if (ret)
        return ret;
    for (unsigned i = 0; i < count; i++) {
        char name[VBD_NAME_SIZE];

        format(name, sizeof(name), "%u", numbers[i]);
        if (fn(name, arg))
            break;
    }
    heap_free(numbers);
    return (int)count;
}
