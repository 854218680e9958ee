/* SPDX-License-Identifier: MIT */
/*
 * The PC that a guest sees, and the seam between its devices and the world. The devices
 * (apps/stubdm/devices) are pure C: they know neither Xen nor a driver, allocate nothing, never
 * wait, and need no clock. What they need is in struct machine_ops and struct machine_disk; what
 * happens to them comes by the functions below.
 *
 * There is one machine, and one call into it at a time. A call's work is bounded: what the guest can have
 * one do is in proportion to the data of one request or one disk's buffer; a table of DMA descriptors, which
 * may have many for few data, is followed in turns (machine_ops.more). Functions of machine_ops may be called
 * within any call of the machine; they must not call back into it, except where that is said. The
 * guest is hostile: every value that it gives is checked here. Errors are -errno of
 * <ringlet/errno.h>.
 *
 * The functions, as on the PC that hvmloader and its ACPI tables describe:
 *
 *     00:00.0  i440FX host bridge          00:01.0  PIIX3 ISA bridge, PIRQ links
 *     00:01.1  PIIX3 IDE, two channels     00:01.3  PIIX4 power management
 *     00:02.0  Xen platform device
 *
 * What Xen itself emulates is not here: RTC, PIT, PIC, APICs, HPET, PM timer, PM1a events. Of 0xcf8 Xen
 * takes note, and leaves the answer to a read of it to this machine.
 */
#ifndef STUBDM_MACHINE_H
#define STUBDM_MACHINE_H

#include <ringlet/compiler.h>
#include <ringlet/errno.h>

struct machine;
struct machine_disk;

/* ---- disks ---- */

enum machine_disk_op { MACHINE_DISK_READ, MACHINE_DISK_WRITE, MACHINE_DISK_FLUSH };
/* A disk without a cache ends a flush with 0. */

#define MACHINE_DISK_IOS        2u      /* of a disk, in flight at once */
#define MACHINE_DISK_BUFFER_MIN 8192u   /* bytes */
#define MACHINE_DISK_BUFFER     131072u /* what is worth having: more is used, too */

/* Of the device; constant from start() until done(). */
struct machine_disk_io {
    enum machine_disk_op op;
    unsigned slot;   /* below MACHINE_DISK_IOS: no two that are in flight have the same */
    uint64_t sector; /* of 512 bytes; the whole request lies below disk->sectors; 0 for a flush */
    uint32_t count;  /* sectors, at least 1; 0 for a flush */
    uint8_t *data;   /* within disk->buffer, at a multiple of 512 bytes; NULL for a flush */
};

/*
 * A disk or a cdrom. The world owns it and fills it in before machine_init(); the machine keeps
 * the pointer. The world may change `sectors`, `readonly` and `write_cache` later, between two
 * calls into the machine, and says so by machine_disk_changed().
 */
struct machine_disk {
    uint64_t sectors;         /* of 512 bytes; 0: no medium, or a disk that is lost */
    uint32_t physical_sector; /* bytes: 512 times a power of two, at most 64 KiB; it is only told */
    bool readonly;            /* writes are refused, and never reach start() */
    bool cdrom;               /* an ATAPI drive, with blocks of 2048 bytes */
    bool write_cache;         /* only told: flushes reach start() in any case */
    char serial[21];          /* printable ASCII */
    /* Memory that the disk reads and writes without a copy; the device uses it as it likes, also
     * between requests (data that the guest takes by PIO). A multiple of 4096 bytes, page-aligned,
     * of at least MACHINE_DISK_BUFFER_MIN. Each disk has its own. */
    uint8_t *buffer;
    uint32_t buffer_size;
    /*
     * Begins a request, or takes it down for later; never waits. Each ends in exactly one
     * machine_disk_done(), which may also be called within start(), or much later. It cannot be
     * cancelled: a guest that resets the drive meanwhile sees it busy until then.
     */
    void (*start)(struct machine_disk *disk, struct machine_disk_io *io);
    void *world; /* not used here */
};

/* A request ended: 0 or -errno. -EROFS, -ENODEV and others become the ATA errors that fit. */
void machine_disk_done(struct machine *m, struct machine_disk *disk, struct machine_disk_io *io,
                       int ret);
/* The disk's fields changed: another medium, another size. */
void machine_disk_changed(struct machine *m, struct machine_disk *disk);

/* ---- the world ---- */

enum machine_power {
    MACHINE_POWER_OFF,
    MACHINE_RESET, /* the world makes a new machine, as libxl does; this one goes on until then */
};

enum machine_range { MACHINE_PORTS, MACHINE_PCI };

enum machine_unplug {
    MACHINE_UNPLUG_DISKS = 1,     /* all IDE disks but cdroms */
    MACHINE_UNPLUG_NICS = 2,      /* there are none */
    MACHINE_UNPLUG_AUX_DISKS = 4, /* all IDE disks but cdroms and the primary master */
};

struct machine_ops {
    /*
     * Guest memory, at any guest-physical address; len may cross pages and is below 1 MiB. 0, or
     * -EFAULT when a part of it is not memory (then what was transferred before is).
     */
    int (*guest_read)(void *world, uint64_t gpa, void *buf, size_t len);
    int (*guest_write)(void *world, uint64_t gpa, const void *buf, size_t len);
    /* The level of an ISA interrupt line, 0..15, called when it changes. Initially low. */
    void (*isa_irq)(void *world, unsigned irq, bool level);
    /* PCI interrupt link 0..3 (PIRQA..D) goes to the ISA interrupt irq; 0: to none. */
    void (*pci_link_route)(void *world, unsigned link, unsigned irq);
    /*
     * The guest's serial port has sent bytes. Returns the number taken; if that is less than len,
     * the others are offered again in machine_serial_room().
     */
    size_t (*serial_out)(void *world, const uint8_t *data, size_t len);
    /* After machine_serial_in() took less than was offered: there is room again. May call
     * machine_serial_in(). */
    void (*serial_in_room)(void *world);
    void (*power)(void *world, enum machine_power what);
    /* The guest's PV drivers asked that emulated devices go (MACHINE_UNPLUG_*); those disks are
     * not used any more. Requests of theirs in flight still end in machine_disk_done(). */
    void (*unplugged)(void *world, unsigned what);
    /* What is to come here from Xen: ports first..last, or the PCI function `first` (bus << 8 |
     * device << 3 | function; last is the same). Within machine_init(), and when a guest moves a
     * BAR. An error means that the guest does not reach the range; it is counted. */
    int (*range_add)(void *world, enum machine_range kind, uint64_t first, uint64_t last);
    void (*range_remove)(void *world, enum machine_range kind, uint64_t first, uint64_t last);
    /* There is more to do than one call into the machine may take: the world calls machine_continue()
     * soon, when others have had their turn. It may be called again before that. */
    void (*more)(void *world);
    /* A line that a guest's drivers write to the log port: printable, without a newline. The world
     * limits the rate. */
    void (*log)(void *world, const char *line);
};

struct machine_config {
    const struct machine_ops *ops; /* all of them set */
    void *world;
    uint64_t memory; /* bytes of the guest, for CMOS */
    unsigned vcpus;
    /* As in dm-argv: of 'a' (floppy), 'c' (disk), 'd' (cdrom), 'n' (network), at most three. NULL:
     * "cd" */
    const char *boot_order;
    bool serial;       /* there is a serial port, at 0x3f8 */
    bool xen_platform; /* there is a Xen platform device */
    struct machine_disk
        *disks[4]; /* hda, hdb, hdc, hdd: primary master, .. secondary slave; NULL: none */
};

/*
 * Begins anew, as after power-on: claims its ranges, sets interrupts low. There is one machine, so
 * that no memory is needed for it; an earlier one must have no request in flight. Returns 0 and
 * *m; -EINVAL: a disk's fields are not as described above.
 */
int machine_init(const struct machine_config *config, struct machine **m);

/* ---- what happens ---- */

/*
 * An access to a port: size 1, 2 or 4 bytes. A read sets all 32 bits of *value, those above `size`
 * to zero. Where nothing is, reads give all ones and writes are dropped.
 */
void machine_pio(struct machine *m, uint16_t port, unsigned size, bool write, uint32_t *value);

/*
 * `count` accesses to one port whose data are in guest memory (rep ins, rep outs): the first
 * element is at gpa, and the next ones above it, or below it if `down`. Bounded by count, of which
 * Xen sends at most a page's worth. 0, or -EFAULT: some elements are not in memory; reads of them
 * are lost, writes of them are all ones.
 */
int machine_pio_rep(struct machine *m, uint16_t port, unsigned size, bool write, uint64_t gpa,
                    uint32_t count, bool down);

/* An access to configuration space: bdf as in range_add; reg below 256, with reg + size <= 256 and
 * size 1, 2 or 4. Other accesses, and other functions, are as where nothing is. */
void machine_pci_config(struct machine *m, uint32_t bdf, uint32_t reg, unsigned size, bool write,
                        uint32_t *value);

/* After machine_ops.more(); at other times it does nothing. */
void machine_continue(struct machine *m);

/* Input for the serial port. Returns the number of bytes taken; see serial_in_room. */
size_t machine_serial_in(struct machine *m, const uint8_t *data, size_t len);
/* serial_out() would take bytes again. */
void machine_serial_room(struct machine *m);

/* ---- what was seen ---- */

struct machine_stats {
    uint64_t pio, pio_rep, pci_config;              /* accesses */
    uint64_t unclaimed;                             /* of them, where nothing is */
    uint64_t disk_reads, disk_writes, disk_flushes; /* requests to disks */
    uint64_t disk_errors;                           /* of them, failed */
    uint64_t ata_commands, atapi_commands;
    uint64_t ata_aborted;  /* of them, ended with an error */
    uint64_t dma_commands; /* of them, by bus-master DMA */
    uint64_t bad_prds;     /* DMA that ended at a descriptor or at memory that is not there */
    uint64_t faults;       /* rep ins/outs to or from what is not memory */
    uint64_t range_errors; /* ranges that could not be claimed */
    uint64_t serial_in, serial_out; /* bytes */
    uint64_t serial_lost;           /* input bytes that an overrun of the FIFO lost */
};

void machine_get_stats(const struct machine *m, struct machine_stats *out);

#endif
