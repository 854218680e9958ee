/* SPDX-License-Identifier: MIT */
/* What a cdrom says of itself and of its medium: one track of data. SPC-3, MMC-3. */
#include "ata.h"

#include <ringlet/string.h>

#define LEAD_OUT 0xaa
#define DATA     0x14 /* ADR 1, and a track of data */

#define FRAMES     75u
#define MSF_OFFSET 150u /* frames of the first pregap */

uint32_t atapi_blocks(const struct ata_drive *d)
{
    return d->open ? 0 : (uint32_t)MIN(d->disk->sectors / ATAPI_BLOCK_SECTORS, UINT32_MAX);
}

uint32_t atapi_inquiry(const struct ata_drive *d, const uint8_t *packet, uint8_t *out)
{
    (void)d;
    if (packet[1] & 3) /* vital product data, command support */
        return 0;
    memset(out, 0, 36);
    out[0] = 5;    /* a cdrom */
    out[1] = 0x80; /* removable */
    out[3] = 0x21; /* ATAPI; the format of SPC */
    out[4] = 36 - 5;
    memcpy(out + 8, "Ringlet CD-ROM          1   ", 28);
    return 36;
}

/* ---- MODE SENSE ---- */

static uint32_t page_error_recovery(uint8_t *out)
{
    memset(out, 0, 8);
    out[0] = 0x01;
    out[1] = 6;
    out[3] = 5; /* retries */
    return 8;
}

static uint32_t page_capabilities(const struct ata_drive *d, uint8_t *out)
{
    memset(out, 0, 20);
    out[0] = 0x2a;
    out[1] = 18;
    out[2] = 0x03;                                /* reads CD-R and CD-RW */
    out[6] = 0x29 | (d->prevented ? 0x02 : 0x00); /* a tray, which ejects, and can be locked */
    put_be(out + 8, 2, 706);                      /* KB/s */
    put_be(out + 12, 2, 0);
    put_be(out + 14, 2, 706);
    return 20;
}

uint32_t atapi_mode_sense(const struct ata_drive *d, const uint8_t *packet, uint8_t *out)
{
    const bool six = packet[0] == 0x1a;
    const uint32_t header = six ? 4 : 8;
    const unsigned page = packet[2] & 0x3f, control = packet[2] >> 6;
    uint32_t len = header;

    if (control == 3 || packet[3]) /* saved values; subpages */
        return 0;
    if (page == 0x01 || page == 0x3f)
        len += page_error_recovery(out + len);
    if (page == 0x2a || page == 0x3f)
        len += page_capabilities(d, out + len);
    if (len == header)
        return 0;
    if (control == 1) { /* which values can be changed: none */
        for (uint32_t at = header; at < len; at += 2u + out[at + 1])
            memset(out + at + 2, 0, out[at + 1]);
    }
    memset(out, 0, header);
    if (six)
        out[0] = (uint8_t)(len - 1);
    else
        put_be(out, 2, len - 2);
    return len;
}

/* ---- READ TOC ---- */

static void put_address(uint8_t *out, uint32_t block, bool msf)
{
    if (!msf) {
        put_be(out, 4, block);
        return;
    }
    block += MSF_OFFSET;
    out[0] = 0;
    out[1] = (uint8_t)MIN(block / FRAMES / 60, 255u);
    out[2] = (uint8_t)(block / FRAMES % 60);
    out[3] = (uint8_t)(block % FRAMES);
}

static uint32_t put_track(uint8_t *out, uint8_t number, uint32_t block, bool msf)
{
    memset(out, 0, 4);
    out[1] = DATA;
    out[2] = number;
    put_address(out + 4, block, msf);
    return 8;
}

uint32_t atapi_read_toc(const struct ata_drive *d, const uint8_t *packet, uint8_t *out)
{
    const bool msf = packet[1] & 2;
    const uint8_t first = packet[6];
    unsigned kind = packet[2] & 15;
    uint32_t len = 4;

    if (!kind)
        kind = packet[9] >> 6; /* where SFF-8020i has it */
    if (kind > 1 || (!kind && first > 1 && first != LEAD_OUT))
        return 0;
    if (first <= 1 || kind)
        len += put_track(out + len, 1, 0, msf);
    if (!kind) /* else the sessions: one */
        len += put_track(out + len, LEAD_OUT, atapi_blocks(d), msf);
    put_be(out, 2, len - 2);
    out[2] = out[3] = 1;
    return len;
}

/* ---- GET CONFIGURATION ---- */

enum { PROFILE_CD_ROM = 0x0008, PROFILE_DVD_ROM = 0x0010 };
enum { FEATURE_PROFILES = 0, FEATURE_CORE = 1, FEATURE_REMOVABLE = 3, FEATURE_READ = 0x10 };

#define CD_BLOCKS_MAX 450000u /* what a CD of 100 minutes holds */

static uint16_t profile(const struct ata_drive *d)
{
    const uint32_t blocks = atapi_blocks(d);

    return !blocks ? 0 : blocks > CD_BLOCKS_MAX ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

static uint32_t put_feature(uint8_t *out, unsigned code, unsigned flags, unsigned len)
{
    memset(out, 0, 4 + len);
    put_be(out, 2, code);
    out[2] = (uint8_t)flags;
    out[3] = (uint8_t)len;
    return 4 + len;
}

static void put_profile(const struct ata_drive *d, uint8_t *out, uint16_t which)
{
    put_be(out, 2, which);
    out[2] = profile(d) == which;
}

static uint32_t feature(const struct ata_drive *d, unsigned code, uint8_t *out)
{
    uint32_t len;

    switch (code) {
    case FEATURE_PROFILES:
        len = put_feature(out, code, 3, 8);
        put_profile(d, out + 4, PROFILE_DVD_ROM);
        put_profile(d, out + 8, PROFILE_CD_ROM);
        return len;
    case FEATURE_CORE:
        len = put_feature(out, code, 3, 4);
        put_be(out + 4, 4, 2); /* ATAPI */
        return len;
    case FEATURE_REMOVABLE:
        len = put_feature(out, code, 3, 4);
        out[4] = 0x29; /* a tray, which ejects, and can be locked */
        return len;
    default:
        len = put_feature(out, code, profile(d) ? 1 : 0, 8);
        put_be(out + 4, 4, ATAPI_BLOCK);
        put_be(out + 8, 2, 1); /* blocks that are read together */
        return len;
    }
}

uint32_t atapi_get_configuration(const struct ata_drive *d, const uint8_t *packet, uint8_t *out)
{
    static const uint16_t features[] = {FEATURE_PROFILES, FEATURE_CORE, FEATURE_REMOVABLE,
                                        FEATURE_READ};
    const unsigned request = packet[1] & 3, first = get_be(packet + 2, 2);
    uint32_t len = 8;

    if (request == 3)
        return 0;
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        const bool current = features[i] != FEATURE_READ || profile(d);

        if (request == 2 ? features[i] == first : features[i] >= first && (request == 0 || current))
            len += feature(d, features[i], out + len);
    }
    put_be(out, 4, len - 4);
    put_be(out + 4, 2, 0);
    put_be(out + 6, 2, profile(d));
    return len;
}

/* ---- GET EVENT STATUS NOTIFICATION ---- */

#define CLASS_MEDIA 4u

uint32_t atapi_event_status(struct ata_drive *d, const uint8_t *packet, uint8_t *out)
{
    if (!(packet[1] & 1)) /* asynchronous */
        return 0;
    memset(out, 0, 8);
    out[3] = 1 << CLASS_MEDIA; /* supported */
    if (!(packet[4] & 1 << CLASS_MEDIA)) {
        put_be(out, 2, 2);
        out[2] = 0x80; /* no event of the classes that were asked for */
        return 4;
    }
    put_be(out, 2, 6);
    out[2] = CLASS_MEDIA;
    if (d->new_medium)
        out[4] = atapi_blocks(d) ? 2 : 3; /* new medium, medium removed */
    d->new_medium = false;
    out[5] = (uint8_t)((atapi_blocks(d) ? 2 : 0) | (d->open ? 1 : 0));
    return 8;
}
