/* SPDX-License-Identifier: MIT */
/*
 * The superblock. It fills two sectors, of which the second one has its checksum: if only one of them
 * reached the disk, the file system could not even be opened to be recovered. So the second sector never
 * changes: a word of the first one that no system uses (s_snapshot_id) is chosen so that the checksum of
 * the new content is the old one. A CRC is linear: each bit of the word changes it by a constant.
 */
#include "lib/fs/ext4/store/private.h"

#define SUPER_AT    1024u
#define SUPER_BYTES 1024u
#define SPARE       offsetof(struct ext2_super_block, s_snapshot_id)
#define CHECKSUM    offsetof(struct ext2_super_block, s_checksum)

_Static_assert(sizeof(struct ext2_super_block) == SUPER_BYTES, "ext4: the superblock");
_Static_assert(SPARE == 0x184 && CHECKSUM == 0x3fc, "ext4: the superblock");

static uint32_t checksum_of(const uint8_t *super)
{
    return ext2fs_crc32c_le(~0u, super, CHECKSUM);
}

static void set_spare(uint8_t *super, uint32_t value)
{
    memcpy(super + SPARE, &value, sizeof(value));
}

void super_init(struct store *s)
{
    uint8_t super[SUPER_BYTES] = {0};
    uint32_t zero = checksum_of(super);

    for (unsigned bit = 0; bit < 32; bit++) {
        set_spare(super, 1u << bit);
        s->super_columns[bit] = checksum_of(super) ^ zero;
    }
    s->super_checksum = s->fs->super->s_checksum;
}

/* The word that changes the checksum by `difference`: Gaussian elimination over the 32 columns. */
static uint32_t solve(const uint32_t columns[32], uint32_t difference)
{
    uint32_t basis[32] = {0}, made_of[32] = {0}, word = 0;

    for (unsigned i = 0; i < 32; i++) {
        uint32_t column = columns[i], from = 1u << i;

        for (unsigned bit = 32; bit-- && column;) {
            if (!(column >> bit & 1))
                continue;
            if (!basis[bit]) {
                basis[bit] = column;
                made_of[bit] = from;
                break;
            }
            column ^= basis[bit];
            from ^= made_of[bit];
        }
    }
    for (unsigned bit = 32; bit--;)
        if (difference >> bit & 1) {
            difference ^= basis[bit];
            word ^= made_of[bit];
        }
    return word;
}

static void make(struct store *s, uint8_t super[SUPER_BYTES])
{
    struct ext2_super_block *sb = s->fs->super;

    if (ext2fs_has_feature_metadata_csum(sb)) {
        sb->s_snapshot_id = 0;
        sb->s_checksum = s->super_checksum;
        memcpy(super, sb, SUPER_BYTES);
        sb->s_snapshot_id = solve(s->super_columns, checksum_of(super) ^ s->super_checksum);
    }
    memcpy(super, sb, SUPER_BYTES);
}

int super_flush(struct store *s)
{
    uint8_t super[SUPER_BYTES];
    int ret;

    if (!(s->fs->flags & EXT2_FLAG_DIRTY))
        return 0;
    make(s, super);
    ret = transaction_write(s, SUPER_AT / s->block_size, SUPER_AT % s->block_size, super,
                            SUPER_BYTES);
    if (ret == 0)
        s->fs->flags &=
            ~(EXT2_FLAG_DIRTY | EXT2_FLAG_BB_DIRTY | EXT2_FLAG_IB_DIRTY | EXT2_FLAG_CHANGED);
    return ret;
}

int super_write(struct store *s)
{
    uint8_t super[SUPER_BYTES];
    unsigned sector = s->disk->sector_size, in = SUPER_AT % sector;
    unsigned len = MIN(sector, SUPER_BYTES);
    struct buf *b = cache_find(s, SUPER_AT / s->block_size);
    uint8_t *buf = heap_alloc(sector, MEM_APP);
    int ret;

    if (!buf)
        return -ENOMEM;
    make(s, super);
    ret = ext4_disk_transfer(s->disk, SUPER_AT - in, buf, sector, false);
    if (ret == 0) {
        memcpy(buf + in, super, len);
        ret = ext4_disk_transfer(s->disk, SUPER_AT - in, buf, sector, true);
    }
    if (ret == 0 && b && b->valid)
        memcpy(b->data + SUPER_AT % s->block_size, super, SUPER_BYTES);
    heap_free(buf);
    return ret;
}
