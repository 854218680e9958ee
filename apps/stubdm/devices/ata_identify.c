/* SPDX-License-Identifier: MIT */
/* What drives say of themselves: 256 words. ATA/ATAPI-6, sections 8.15.8 and 8.16.8. */
#include "ata.h"

#include <ringlet/string.h>

#define CYLINDERS_MAX 16383u
#define HEADS         16u
#define TRACK         63u

#define VALID 0x4000u /* bits 15 and 14 are 01: the word is valid */

/* words 82 and 85, 83 and 86 */
#define POWER          0x0008u
#define PACKET         0x0010u
#define WRITE_CACHE    0x0020u
#define DEVICE_RESET   0x0200u
#define LBA48          0x0400u
#define FLUSH          0x1000u
#define FLUSH_EXT      0x2000u
#define VERSIONS       0x0070u /* ATA/ATAPI-4 to 6 */
#define HARDWARE_RESET 0x600bu /* a cable of 80 wires; passed */

static void set(uint8_t *out, unsigned word, uint32_t value)
{
    put_le(out + 2 * word, 2, value);
}

static void set32(uint8_t *out, unsigned word, uint64_t value)
{
    put_le(out + 2 * word, 4, (uint32_t)value);
}

/* Padded with spaces; the first character of a word is in its high byte. */
static void set_text(uint8_t *out, unsigned word, unsigned words, const char *text)
{
    const size_t len = strnlen(text, 2 * words);

    for (unsigned i = 0; i < 2 * words; i++)
        out[2 * word + (i ^ 1)] = i < len ? (uint8_t)text[i] : ' ';
}

void ata_power_on(struct ata_drive *d)
{
    d->heads = HEADS;
    d->track = TRACK;
    /* Linux uses what is set, and does not set it: blocks that are larger cost fewer interrupts */
    d->multiple = ATA_MULTIPLE_MAX;
}

static unsigned cylinders(const struct ata_drive *d, unsigned heads, unsigned track, unsigned max)
{
    const uint64_t sectors = MIN(d->disk->sectors, (uint64_t)CYLINDERS_MAX * HEADS * TRACK);

    return (unsigned)MIN(sectors / (heads * track), max);
}

static void set_common(const struct ata_drive *d, uint8_t *out)
{
    set_text(out, 10, 10, d->disk->serial);
    set_text(out, 23, 4, "1");
    set(out, 49, 0x0f00); /* DMA, LBA, IORDY, which can be switched off */
    set(out, 50, VALID);
    set(out, 51, 0x0200);
    set(out, 53, 7); /* words 54-58, 64-70, 88 are valid */
    set(out, 63, 7u | (d->mode >> 3 == 4 ? 0x100u << (d->mode & 7) : 0));
    set(out, 64, 3); /* PIO 3 and 4 */
    for (unsigned word = 65; word <= 68; word++)
        set(out, word, 120); /* ns */
    set(out, 80, VERSIONS);
    set(out, 88, 0x3fu | (d->mode >> 3 == 8 ? 0x100u << (d->mode & 7) : 0));
    set(out, 93, HARDWARE_RESET);
}

static void set_checksum(uint8_t *out)
{
    uint8_t sum = 0xa5;

    out[510] = 0xa5;
    for (unsigned i = 0; i < 510; i++)
        sum = (uint8_t)(sum + out[i]);
    out[511] = (uint8_t)-sum;
}

void ata_identify(const struct ata_drive *d, uint8_t *out)
{
    const uint64_t sectors = d->disk->sectors;
    const unsigned now = cylinders(d, d->heads, d->track, 65535);
    const uint32_t features = POWER | (d->disk->write_cache ? WRITE_CACHE : 0);
    unsigned shift = 0;

    memset(out, 0, ATA_SECTOR);
    set(out, 0, 0x0040); /* not removable */
    set(out, 1, cylinders(d, HEADS, TRACK, CYLINDERS_MAX));
    set(out, 3, HEADS);
    set(out, 6, TRACK);
    set_text(out, 27, 20, "Ringlet disk");
    set(out, 47, 0x8000 | ATA_MULTIPLE_MAX);
    set_common(d, out);
    set(out, 54, now);
    set(out, 55, d->heads);
    set(out, 56, d->track);
    set32(out, 57, (uint64_t)now * d->heads * d->track);
    set(out, 59, d->multiple ? 0x100u | d->multiple : 0);
    set32(out, 60, MIN(sectors, ATA_LBA28_MAX));
    set(out, 82, features);
    set(out, 83, VALID | FLUSH_EXT | FLUSH | LBA48);
    set(out, 84, VALID);
    set(out, 85, d->no_cache ? features & ~WRITE_CACHE : features);
    set(out, 86, FLUSH_EXT | FLUSH | LBA48);
    set(out, 87, VALID);
    set32(out, 100, sectors);
    set32(out, 102, sectors >> 32);
    while (shift < 7 && ATA_SECTOR << shift < d->disk->physical_sector)
        shift++;
    if (shift)
        set(out, 106, VALID | 0x2000 | shift);
    set_checksum(out);
}

void ata_identify_packet(const struct ata_drive *d, uint8_t *out)
{
    memset(out, 0, ATA_SECTOR);
    /* a cdrom, removable, DRQ within 50 us of PACKET, packets of 12 bytes */
    set(out, 0, 0x85c0);
    set_text(out, 27, 20, "Ringlet CD-ROM");
    set_common(d, out);
    set(out, 53, 6);
    set(out, 82, POWER | PACKET | DEVICE_RESET);
    set(out, 83, VALID);
    set(out, 84, VALID);
    set(out, 85, POWER | PACKET | DEVICE_RESET);
    set(out, 87, VALID);
    set_checksum(out);
}
