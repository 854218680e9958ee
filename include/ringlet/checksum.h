/* SPDX-License-Identifier: MIT */
/* Checksums for data verification. Any context. */
#ifndef RINGLET_CHECKSUM_H
#define RINGLET_CHECKSUM_H

#include <ringlet/compiler.h>

/* CRC-32C (Castagnoli, RFC 3720 B.4) of len bytes, continuing crc (0 to start). Uses the CPU's
 * instruction where there is one. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* SHA-256 (FIPS 180-4). */
struct sha256 {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, uint8_t digest[32]);
/* The digest as 64 lower-case hex digits and a NUL. */
void sha256_final_hex(struct sha256 *s, char hex[65]);

#endif
