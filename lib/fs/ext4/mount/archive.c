/* SPDX-License-Identifier: MIT */
/* A tar archive on a disk: its length is where it ends, so its headers are followed first. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#include "lib/fs/ext4/mount/mount.h"
#include "lib/fs/romfs.h"

#define BLOCK    512u
#define SIZE_AT  124u
#define SIZE_LEN 12u
#define PIECE    65536u

/* The size field: octal digits, or a binary number with its first bit set. */
static uint64_t size_of(const uint8_t *header)
{
    const uint8_t *p = header + SIZE_AT;
    uint64_t size = 0;

    if (p[0] & 0x80) {
        for (unsigned i = SIZE_LEN - 8; i < SIZE_LEN; i++)
            size = size << 8 | p[i];
        return size;
    }
    for (unsigned i = 0; i < SIZE_LEN; i++)
        if (p[i] >= '0' && p[i] <= '7')
            size = size * 8 + (p[i] - '0');
    return size;
}

static bool is_zero(const uint8_t *block)
{
    for (unsigned i = 0; i < BLOCK; i++)
        if (block[i])
            return false;
    return true;
}

/* Up to the first block of zeroes where a header would be, or to the end of the disk. What is wrong in
 * between is for the reader of the archive. */
static int find_end(struct ext4_disk *disk, uint64_t *end)
{
    uint8_t *sector = heap_alloc(disk->sector_size, MEM_APP);
    uint64_t at = 0, have = UINT64_MAX;
    int ret = 0;

    if (!sector)
        return -ENOMEM;
    while (at < disk->size && ret == 0) {
        const uint64_t start = at - at % disk->sector_size;
        const uint8_t *header = sector + (at - start);
        uint64_t size;

        if (have != start)
            ret = ext4_disk_transfer(disk, start, sector, disk->sector_size, false);
        have = start;
        if (ret || is_zero(header))
            break;
        size = size_of(header);
        at = size > disk->size ? disk->size : at + BLOCK + ROUND_UP(size, BLOCK);
    }
    *end = MIN(at, disk->size);
    heap_free(sector);
    return ret;
}

static int read_all(struct ext4_disk *disk, char *memory, uint64_t size)
{
    int ret = 0;

    for (uint64_t at = 0; at < size && ret == 0; at += PIECE)
        ret = ext4_disk_transfer(disk, at, memory + at, (size_t)MIN(size - at, (uint64_t)PIECE),
                                 false);
    return ret;
}

int archive_mount(struct ext4_disk *disk, struct mount **out, void **memory)
{
    uint64_t end, size;
    int ret = find_end(disk, &end);

    *memory = NULL;
    if (ret)
        return ret;
    size = ROUND_UP(end, (uint64_t)disk->sector_size);
    *memory = heap_alloc((size_t)size, MEM_APP);
    if (!*memory) {
        pr_err("%s: no memory for an archive of %zu KiB\n", disk->name, (size_t)(size >> 10));
        return -ENOMEM;
    }
    ret = read_all(disk, *memory, size);
    if (ret == 0)
        ret = romfs_create(*memory, (size_t)end, out);
    if (ret) {
        heap_free(*memory);
        *memory = NULL;
    }
    return ret;
}
