/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C: by the CPU's instruction where it has one, else eight bytes a step from tables that are
 * made at first use (in bss: the image carries no table).
 */
#include <kernel/checksum.h>

#include <arch/crc32c.h>

#define POLYNOMIAL 0x82f63b78U /* Castagnoli's, bit-reversed */

/* table[n][b]: the CRC of byte b followed by n zero bytes. */
static uint32_t table[8][256];

static void make_table(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint32_t crc = b;

        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
        table[0][b] = crc;
    }
    for (unsigned n = 1; n < 8; n++)
        for (unsigned b = 0; b < 256; b++)
            table[n][b] = (table[n - 1][b] >> 8) ^ table[0][table[n - 1][b] & 0xff];
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t word;

    __builtin_memcpy(&word, p, sizeof(word));
    return word;
}

uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    if (!table[0][1])
        make_table();
    crc = ~crc;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; len >= 8; len -= 8, p += 8) {
        uint64_t word = load64(p) ^ crc;

        crc = table[7][word & 0xff] ^ table[6][word >> 8 & 0xff] ^ table[5][word >> 16 & 0xff] ^
              table[4][word >> 24 & 0xff] ^ table[3][word >> 32 & 0xff] ^
              table[2][word >> 40 & 0xff] ^ table[1][word >> 48 & 0xff] ^ table[0][word >> 56];
    }
#endif
    for (; len; len--, p++)
        crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

#ifdef ARCH_HAS_CRC32C
uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    static enum { UNKNOWN, ABSENT, PRESENT } instruction;

    if (instruction == UNKNOWN)
        instruction = arch_crc32c_present() ? PRESENT : ABSENT;
    return instruction == PRESENT ? arch_crc32c(crc, data, len) : crc32c_portable(crc, data, len);
}
#else
uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    return crc32c_portable(crc, data, len);
}
#endif
