/* SPDX-License-Identifier: MIT */
/*
 * A world for the stubdomain's devices: memory, interrupt lines, a serial line, and disks that end
 * their requests at once, later, or with errors. It checks what machine.h promises to the world, and
 * aborts when that is not kept. For unit tests and the fuzz target.
 */
#ifndef TESTS_STUBDM_WORLD_H
#define TESTS_STUBDM_WORLD_H

#include <machine.h>

#define WORLD_MEMORY   (1u << 20) /* bytes, from guest-physical 0 on */
#define WORLD_HOLE     0xa0000u   /* no memory, to: */
#define WORLD_HOLE_END 0xc0000u
#define WORLD_BUFFER   16384u /* of a disk */
#define WORLD_RANGES   32u

struct world_disk {
    struct machine_disk disk;
    uint8_t *data; /* disk.sectors * 512 bytes at most */
    uint64_t size; /* sectors in data */
    struct machine_disk_io *queue[MACHINE_DISK_IOS];
    unsigned queued;
    bool later; /* requests wait for world_complete() */
    /* requests that touch this sector, and flushes if it is UINT64_MAX - 1, end with bad_ret */
    uint64_t bad_sector;
    int bad_ret;
    unsigned reads, writes, flushes; /* begun */
    unsigned unflushed;              /* writes that completed since the last flush did */
};

struct world_range {
    enum machine_range kind;
    uint64_t first, last;
};

struct world {
    struct machine *m;
    uint8_t *memory;
    unsigned accesses; /* to memory */
    bool irq[16];
    unsigned edges[16]; /* how often it became high */
    unsigned route[4];  /* of a PCI link */
    struct world_range ranges[WORLD_RANGES];
    unsigned range_count;
    int range_err;      /* what range_add says */
    bool more, turns;   /* the machine has more to do, and waits until the test lets it (turns) */
    uint8_t sent[4096]; /* by the serial port */
    size_t sent_len, serial_room;
    unsigned rooms; /* serial_in_room */
    unsigned offs, resets, unplugs, unplugged;
    char log[256]; /* the last line */
    unsigned logs;
    struct world_disk disks[4];
};

extern struct world world;

/* Everything from the start, without disks. world_start() makes the machine. */
void world_begin(void);
/* Disk n of `sectors`; each has its number as its first 8 bytes, and a pattern of n behind it. */
struct world_disk *world_add_disk(unsigned n, uint64_t sectors, bool cdrom);
int world_start(bool xen_platform);

/* The oldest request of a disk ends. False: there is none. */
bool world_complete(struct world_disk *d);
/* All end. */
void world_settle(void);
/* The byte at `offset` of a disk that was not written. */
uint8_t world_pattern(unsigned disk, uint64_t offset);
/* The machine goes on, once. False: it has nothing left to do. */
bool world_continue(void);
bool world_claims(enum machine_range kind, uint64_t at);

uint32_t in(uint16_t port, unsigned size);
void out(uint16_t port, unsigned size, uint32_t value);
static inline uint8_t inb(uint16_t port)
{
    return (uint8_t)in(port, 1);
}

static inline void outb(uint16_t port, uint8_t value)
{
    out(port, 1, value);
}

uint32_t config_read(uint32_t bdf, uint32_t reg, unsigned size);
void config_write(uint32_t bdf, uint32_t reg, unsigned size, uint32_t value);

#endif
