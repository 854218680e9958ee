/* SPDX-License-Identifier: MIT */
/* What is on a disk. */
#include <ringlet/string.h>

#include "lib/fs/ext4/mount/mount.h"

static bool has(const uint8_t *start, size_t at, const char *bytes, size_t len)
{
    return !memcmp(start + at, bytes, len);
}

enum disk_content disk_probe(const uint8_t start[PROBE_BYTES], const char **why)
{
    size_t i = 0;

    if (has(start, 1024 + 56, "\x53\xef", 2)) /* s_magic of the superblock */
        return CONTENT_EXT;
    if (has(start, 257, "ustar", 5))
        return CONTENT_TAR;
    while (i < PROBE_BYTES && !start[i])
        i++;
    *why = "nothing that is known";
    if (i == PROBE_BYTES)
        *why = "nothing";
    else if (has(start, 0, "\x1f\x8b", 2) ||
             has(start, 0,
                 "\xfd"
                 "7zXZ",
                 5) ||
             has(start, 0, "\x28\xb5\x2f\xfd", 4))
        *why = "something compressed, which must be unpacked first";
    else if (has(start, 0, "XFSB", 4))
        *why = "XFS";
    else if (has(start, 54, "FAT", 3) || has(start, 82, "FAT", 3))
        *why = "FAT";
    else if (has(start, 0, "hsqs", 4))
        *why = "SquashFS";
    else if (has(start, 512, "EFI PART", 8) || has(start, 510, "\x55\xaa", 2))
        *why = "a table of partitions, one of which dom0 can give as a disk";
    return i == PROBE_BYTES ? CONTENT_EMPTY : CONTENT_OTHER;
}
