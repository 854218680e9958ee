/* SPDX-License-Identifier: MIT */
/* The checksums of ext4, in place of libext2fs' crc16.c and crc32c.c, which are under the GPL. */
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <ringlet/checksum.h>

/* libext2fs' crc16.h, which is under the GPL, too, would declare it. */
uint16_t ext2fs_crc16(uint16_t crc, const void *data, unsigned len);

/* CRC-32C without the complement at either end (ext4's documentation, "Checksums"). */
__u32 ext2fs_crc32c_le(__u32 crc, const unsigned char *data, size_t len)
{
    return ~crc32c(~crc, data, len);
}

/* CRC-16 with the polynomial 0x8005, least significant bit first: of the group descriptors of a file
 * system with uninit_bg and without metadata_csum. */
uint16_t ext2fs_crc16(uint16_t crc, const void *data, unsigned len)
{
    const uint8_t *p = data;

    while (len--) {
        crc ^= *p++;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? 0xa001 : 0));
    }
    return crc;
}
