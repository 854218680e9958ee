/* SPDX-License-Identifier: MIT */
/*
 * An ATA channel with up to two drives, disks or ATAPI cdroms: ATA/ATAPI-6 (T13/1410D), whose names
 * these are. Private to ata_*.c, atapi*.c, and piix3_ide.c, which is the host's side.
 *
 *     ata_channel.c    interrupts, how commands go on and end, resets
 *     ata_registers.c  the registers but for the data register
 *     ata_data.c       the data register
 *     ata_command.c    the commands of disks
 *     ata_identify.c   IDENTIFY DEVICE and IDENTIFY PACKET DEVICE
 *     ata_transfer.c   between the disk, its buffer, and the host
 *     atapi.c          PACKET, and which command does what
 *     atapi_data.c     what a cdrom says of itself
 */
#ifndef STUBDM_ATA_H
#define STUBDM_ATA_H

#include "bus.h"

/* the command block's registers */
enum {
    ATA_DATA,
    ATA_ERROR, /* written: features */
    ATA_COUNT, /* PACKET: interrupt reason */
    ATA_LBA_LOW,
    ATA_LBA_MID,
    ATA_LBA_HIGH,
    ATA_DEVICE,
    ATA_STATUS, /* written: command */
};

/* the commands that ata_registers.c knows */
#define ATA_DEVICE_RESET       0x08
#define ATA_EXECUTE_DIAGNOSTIC 0x90

#define ATA_ERR  0x01u
#define ATA_DRQ  0x08u
#define ATA_DSC  0x10u
#define ATA_DRDY 0x40u
#define ATA_BSY  0x80u

#define ATA_ABRT 0x04u
#define ATA_IDNF 0x10u
#define ATA_UNC  0x40u

#define ATA_CONTROL_NIEN 0x02u
#define ATA_CONTROL_SRST 0x04u
#define ATA_CONTROL_HOB  0x80u

#define ATA_DEVICE_DEV 0x10u
#define ATA_DEVICE_LBA 0x40u

#define ATAPI_CD 1u /* interrupt reason: a command, not data */
#define ATAPI_IO 2u /* to the host */

#define ATA_SECTOR       512u
#define ATA_MULTIPLE_MAX 16u
#define ATA_LBA28_MAX    0x0fffffffull
#define ATA_PIO_MAX      4u
#define ATA_MWDMA_MAX    2u
#define ATA_UDMA_MAX     5u

#define ATAPI_PACKET        12u /* bytes */
#define ATAPI_BLOCK         2048u
#define ATAPI_BLOCK_SECTORS (ATAPI_BLOCK / ATA_SECTOR)

struct ata_channel;
struct bus_master;

/* [0]: the last value written, [1]: the one before it (48-bit commands). */
struct ata_registers {
    uint8_t feature[2], count[2], lba_low[2], lba_mid[2], lba_high[2];
    uint8_t device, error, status;
};

struct ata_sense {
    uint8_t key, asc, ascq;
};

struct ata_drive {
    struct machine_disk *disk; /* NULL: there is none */
    struct ata_registers r;
    /* a disk's: the geometry that INITIALIZE DEVICE PARAMETERS set; the sectors of a block */
    unsigned heads, track;
    uint8_t multiple;
    uint8_t mode;  /* the transfer mode, as SET FEATURES has it: 0x20 | n MWDMA, 0x40 | n UDMA */
    bool no_cache; /* SET FEATURES: a write completes when it is on the medium */
    /* a cdrom's */
    struct ata_sense sense;
    uint8_t attention; /* the ASC of a unit attention that is to be reported; 0: none */
    bool prevented, open;
    bool new_medium; /* for GET EVENT STATUS NOTIFICATION */
};

enum ata_phase {
    ATA_IDLE,
    ATA_BUSY,       /* BSY: a disk, or the bus master */
    ATA_DATA_IN,    /* DRQ: the host reads */
    ATA_DATA_OUT,   /* DRQ: the host writes */
    ATA_PACKET_OUT, /* DRQ: the host writes a command packet */
};

enum ata_slot_state { ATA_SLOT_FREE, ATA_SLOT_IN_FLIGHT, ATA_SLOT_DONE };

struct ata_slot {
    struct machine_disk_io io;
    enum ata_slot_state state;
    int ret;
    uint8_t *data;       /* within the disk's buffer */
    uint32_t len, moved; /* bytes; moved: by DMA */
};

struct ata_channel {
    struct bus *bus;
    struct bus_master *master;
    unsigned irq;
    struct bus_ports data, command, control;
    struct ata_drive drives[2];
    struct ata_drive *selected;
    uint8_t device_control;
    bool intrq, irq_level;
    struct ata_drive *intrq_drive;

    /* ---- the command in progress ---- */

    struct ata_drive *active; /* NULL: none */
    enum ata_phase phase;
    /* Goes on with the command, as far as that is possible now: when it begins, when a disk's request
     * has ended, when the host has taken or given a block, when the bus master starts. */
    void (*step)(struct ata_channel *c);
    bool stepping, again;
    bool paused;    /* the bus master has begun as many regions as it may; ata_continue() goes on */
    bool cancelled; /* only requests in flight are awaited: then `reset` */
    bool reset;     /* both drives are to be as after a reset */
    struct ata_slot slots[MACHINE_DISK_IOS];
    unsigned in_flight;
    unsigned head, tail;    /* DMA: the slot that is moved next; the one that is filled next */
    uint64_t sector;        /* the next one, of 512 bytes */
    uint32_t left;          /* sectors that were not yet asked for */
    uint32_t unit;          /* sectors of which pieces are made: a block of a cdrom has 4 */
    uint32_t piece;         /* sectors: the most that a request to the disk may have */
    uint32_t block;         /* bytes between two interrupts */
    bool is_packet, is_ext; /* PACKET; a command with 48 bits */
    bool by_dma;            /* PACKET: its data go by DMA */
    bool filled;            /* the host has given all of a piece */
    bool reading;
    bool faulted; /* the bus master met what is not memory; the requests in flight are awaited */
    bool failed;  /* with ret, at error_sector; the same */
    int ret;
    uint64_t error_sector;
    uint8_t packet[ATAPI_PACKET];
    /* what the host reads or writes: a block ends at `block_end`, the whole at `data_end` */
    uint8_t *bytes;
    uint32_t pos, block_end, data_end;
};

/* ---- ata_channel.c ---- */

/* Its ports are on the bus if there is a drive. base: 0x1f0 or 0x170. */
void ata_channel_init(struct ata_channel *c, struct bus *bus, struct bus_master *master,
                      uint16_t base, uint16_t control, unsigned irq, struct machine_disk *disks[2]);
/* A drive goes; a command of its is forgotten. */
void ata_unplug(struct ata_channel *c, unsigned n);
/* machine_disk_done(), machine_disk_changed() */
void ata_disk_done(struct ata_channel *c, struct machine_disk_io *io, int ret);
void ata_disk_changed(struct ata_drive *d);
/* The bus master was started, or the device is to look again: no effect unless the phase is ATA_BUSY. */
void ata_run(struct ata_channel *c);
/* machine_continue() */
void ata_continue(struct ata_channel *c);

void ata_interrupt(struct ata_channel *c);
void ata_clear_interrupt(struct ata_channel *c);
/* The level that the line is to have may have changed. */
void ata_update_irq(struct ata_channel *c);
/* What was in progress ends without a result; requests to the disk that are in flight must end first, as
 * they use the buffer. */
void ata_cancel(struct ata_channel *c);
/* The end of a reset, when nothing holds it up. */
void ata_settle(struct ata_channel *c);
/* Error, signature and status as after a reset. */
void ata_signature(struct ata_drive *d);
/* EXECUTE DEVICE DIAGNOSTIC, by both drives. */
void ata_diagnose(struct ata_channel *c);
/* Ends the command in progress. interrupt: as the command has it. */
void ata_finish(struct ata_channel *c, bool interrupt);
/* It ends with an error: ATA_ABRT and others. */
void ata_abort(struct ata_channel *c, uint8_t error);
void ata_abort_at(struct ata_channel *c, uint8_t error, uint64_t sector);
/* The LBA registers, as a command with 48 bits has them if `ext`. */
void ata_set_lba(struct ata_drive *d, uint64_t sector, bool ext);

/* ---- ata_registers.c, ata_data.c ---- */

/* The ports, which are not on the bus yet. */
void ata_registers_init(struct ata_channel *c, uint16_t base, uint16_t control);
void ata_data_init(struct ata_channel *c, uint16_t base);
/* DRQ: the host is to read, or to write, the next block of `bytes`. */
void ata_offer(struct ata_channel *c, enum ata_phase phase, bool interrupt);

/* ---- ata_command.c ---- */

void ata_command(struct ata_channel *c, uint8_t command);

/* ---- ata_identify.c ---- */

void ata_identify(const struct ata_drive *d, uint8_t *out);        /* ATA_SECTOR bytes */
void ata_identify_packet(const struct ata_drive *d, uint8_t *out); /* the same */
/* A disk's geometry and other settings after power-on. */
void ata_power_on(struct ata_drive *d);

/* ---- ata_transfer.c ---- */

/* Each begins a command's transfer of c->left sectors from c->sector on. */
void ata_read_pio(struct ata_channel *c);
void ata_write_pio(struct ata_channel *c);
void ata_read_dma(struct ata_channel *c);
void ata_write_dma(struct ata_channel *c);
void ata_verify(struct ata_channel *c);
void ata_flush(struct ata_channel *c);
/* Sends `len` bytes at the beginning of the drive's buffer. */
void ata_send_pio(struct ata_channel *c, uint32_t len);
void ata_send_dma(struct ata_channel *c, uint32_t len);

/* ---- atapi.c ---- */

void atapi_begin(struct ata_channel *c);  /* PACKET was written */
void atapi_packet(struct ata_channel *c); /* c->packet is there */
void atapi_finish(struct ata_channel *c);
void atapi_error(struct ata_channel *c, uint8_t key, uint8_t asc, uint8_t ascq);
/* The length of the next block, of `rest` bytes. */
uint32_t atapi_block(const struct ata_channel *c, uint32_t rest);
void atapi_reason(struct ata_channel *c, uint32_t block, bool in);

/* ---- atapi_data.c ---- */

/* Each fills the buffer (at least 512 bytes) for the packet, and returns the number of bytes; 0: a
 * field of the packet is not valid. */
uint32_t atapi_inquiry(const struct ata_drive *d, const uint8_t *packet, uint8_t *out);
uint32_t atapi_mode_sense(const struct ata_drive *d, const uint8_t *packet, uint8_t *out);
uint32_t atapi_read_toc(const struct ata_drive *d, const uint8_t *packet, uint8_t *out);
uint32_t atapi_get_configuration(const struct ata_drive *d, const uint8_t *packet, uint8_t *out);
uint32_t atapi_event_status(struct ata_drive *d, const uint8_t *packet, uint8_t *out);
/* Blocks on the medium; 0: there is none. */
uint32_t atapi_blocks(const struct ata_drive *d);

/* ---- the bus master: piix3_ide.c ---- */

/*
 * Moves up to len bytes between data and the guest's memory. Returns 0 and *moved: less than len when
 * the bus master is not started in this direction or its table has ended; -EAGAIN, and *moved: it has done
 * its share; -EFAULT: it stopped at what is not memory, and said so in its status.
 */
int bus_master_move(struct bus_master *b, bool to_guest, uint8_t *data, uint32_t len,
                    uint32_t *moved);
/* The channel's interrupt line has become active. */
void bus_master_interrupt(struct bus_master *b);

/* ---- big-endian values of packets ---- */

static inline uint32_t get_be(const uint8_t *p, unsigned size)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < size; i++)
        v = v << 8 | p[i];
    return v;
}

static inline void put_be(uint8_t *p, unsigned size, uint32_t v)
{
    for (unsigned i = 0; i < size; i++)
        p[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
}

#endif
