/* SPDX-License-Identifier: MIT */
/* JBD2 on the disk: the kernel's documentation, filesystems/ext4/journal.rst. All numbers are big endian. */
#ifndef RINGLET_EXT4_JOURNAL_FORMAT_H
#define RINGLET_EXT4_JOURNAL_FORMAT_H

#include <ringlet/compiler.h>
#include <string.h>

#define JBD2_MAGIC 0xc03b3998u

/* h_blocktype */
#define JBD2_DESCRIPTOR 1u
#define JBD2_COMMIT     2u
#define JBD2_SUPER_V1   3u
#define JBD2_SUPER_V2   4u
#define JBD2_REVOKE     5u

/* Offsets in each block of the journal's own. */
#define JBD2_H_MAGIC    0u
#define JBD2_H_TYPE     4u
#define JBD2_H_SEQUENCE 8u
#define JBD2_HEADER     12u

/* in the superblock */
#define JBD2_S_BLOCKSIZE 0x0cu
#define JBD2_S_MAXLEN    0x10u
#define JBD2_S_FIRST     0x14u
#define JBD2_S_SEQUENCE  0x18u
#define JBD2_S_START     0x1cu
#define JBD2_S_ERRNO     0x20u
#define JBD2_S_COMPAT    0x24u
#define JBD2_S_INCOMPAT  0x28u
#define JBD2_S_RO_COMPAT 0x2cu
#define JBD2_S_UUID      0x30u
#define JBD2_S_CSUM_TYPE 0x50u /* a byte */
#define JBD2_S_CHECKSUM  0xfcu
#define JBD2_SUPER_BYTES 1024u
#define JBD2_CSUM_CRC32C 4u
#define JBD2_UUID_BYTES  16u

#define JBD2_COMPAT_CHECKSUM  1u /* of version 1: over all blocks, in the commit block */
#define JBD2_INCOMPAT_REVOKE  1u
#define JBD2_INCOMPAT_64BIT   2u
#define JBD2_INCOMPAT_ASYNC   4u
#define JBD2_INCOMPAT_CSUM_V2 8u
#define JBD2_INCOMPAT_CSUM_V3 0x10u

/* in a descriptor, for each block */
#define JBD2_TAG_ESCAPED   1u /* the block began with JBD2_MAGIC, and has 0 there */
#define JBD2_TAG_SAME_UUID 2u /* no UUID follows */
#define JBD2_TAG_DELETED   4u
#define JBD2_TAG_LAST      8u
/* version 3: block, flags, high half of the block, checksum; else: block, checksum (16 bits), flags (16
 * bits), and the high half if there is one */
#define JBD2_TAG_BYTES_V3 16u
#define JBD2_TAG_BYTES    8u

/* in a revoke block: the bytes in use, then the blocks, of 4 or 8 bytes */
#define JBD2_R_COUNT 12u
#define JBD2_R_FIRST 16u

/* in a commit block */
#define JBD2_C_CHECKSUM 0x10u
#define JBD2_C_SECONDS  0x30u

static inline uint32_t be32_at(const void *block, unsigned offset)
{
    uint32_t v;

    memcpy(&v, (const uint8_t *)block + offset, sizeof(v));
    return __builtin_bswap32(v);
}

static inline uint64_t be64_at(const void *block, unsigned offset)
{
    return (uint64_t)be32_at(block, offset) << 32 | be32_at(block, offset + 4);
}

static inline void set_be32(void *block, unsigned offset, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy((uint8_t *)block + offset, &v, sizeof(v));
}

static inline void set_be64(void *block, unsigned offset, uint64_t v)
{
    set_be32(block, offset, (uint32_t)(v >> 32));
    set_be32(block, offset + 4, (uint32_t)v);
}

#endif
