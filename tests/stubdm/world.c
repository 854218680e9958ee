/* SPDX-License-Identifier: MIT */
/* The world of tests/stubdm. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct world world;
static void *memory; /* kept */

#define DISK_MAX (1300u * 512) /* bytes: the largest disk */

#define PROMISE(what)                                                                \
    do {                                                                             \
        if (!(what)) {                                                               \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #what); \
            abort();                                                                 \
        }                                                                            \
    } while (0)

/* ---- memory ---- */

/* How much of gpa .. gpa + len is memory, up to the first byte that is none. */
static size_t present(uint64_t gpa, size_t len)
{
    const uint64_t end = gpa < WORLD_HOLE ? WORLD_HOLE : WORLD_MEMORY;

    PROMISE(len && len < 1 << 20);
    if (gpa >= WORLD_MEMORY || (gpa >= WORLD_HOLE && gpa < WORLD_HOLE_END))
        return 0;
    return (size_t)MIN(len, end - gpa);
}

static int guest_read(void *w, uint64_t gpa, void *buf, size_t len)
{
    const size_t n = present(gpa, len);

    PROMISE(w == &world);
    world.accesses++;
    if (n)
        memcpy(buf, world.memory + gpa, n);
    return n < len ? -EFAULT : 0;
}

static int guest_write(void *w, uint64_t gpa, const void *buf, size_t len)
{
    const size_t n = present(gpa, len);

    PROMISE(w == &world);
    world.accesses++;
    if (n)
        memcpy(world.memory + gpa, buf, n);
    return n < len ? -EFAULT : 0;
}

/* ---- lines ---- */

static void isa_irq(void *w, unsigned irq, bool level)
{
    (void)w;
    PROMISE(irq < 16 && world.irq[irq] != level);
    world.irq[irq] = level;
    world.edges[irq] += level;
}

static void pci_link_route(void *w, unsigned link, unsigned irq)
{
    (void)w;
    PROMISE(link < 4 && irq < 16);
    world.route[link] = irq;
}

static size_t serial_out(void *w, const uint8_t *data, size_t len)
{
    size_t n = MIN(len, world.serial_room);

    (void)w;
    PROMISE(len);
    n = MIN(n, sizeof(world.sent) - world.sent_len);
    memcpy(world.sent + world.sent_len, data, n);
    world.sent_len += n;
    world.serial_room -= n;
    return n;
}

static void serial_in_room(void *w)
{
    (void)w;
    world.rooms++;
}

static void power(void *w, enum machine_power what)
{
    (void)w;
    if (what == MACHINE_POWER_OFF)
        world.offs++;
    else
        world.resets++;
}

static void unplugged(void *w, unsigned what)
{
    (void)w;
    world.unplugs++;
    world.unplugged |= what;
}

static void log_line(void *w, const char *line)
{
    (void)w;
    PROMISE(strlen(line) && strlen(line) < sizeof(world.log));
    for (const char *c = line; *c; c++)
        PROMISE(*c >= 0x20 && *c < 0x7f);
    strcpy(world.log, line);
    world.logs++;
}

static void more(void *w)
{
    (void)w;
    world.more = true;
}

bool world_continue(void)
{
    if (!world.more)
        return false;
    world.more = false;
    machine_continue(world.m);
    return true;
}

/* Behind each call into the machine. */
static void others_had_their_turn(void)
{
    while (!world.turns && world_continue())
        ;
}

/* ---- ranges ---- */

static bool same(const struct world_range *r, enum machine_range kind, uint64_t first,
                 uint64_t last)
{
    return r->kind == kind && r->first == first && r->last == last;
}

static int range_add(void *w, enum machine_range kind, uint64_t first, uint64_t last)
{
    (void)w;
    PROMISE(first <= last && (kind == MACHINE_PORTS ? last <= 0xffff : first == last));
    if (world.range_err)
        return world.range_err;
    PROMISE(world.range_count < WORLD_RANGES);
    for (unsigned i = 0; i < world.range_count; i++) {
        const struct world_range *r = &world.ranges[i];

        PROMISE(r->kind != kind || first > r->last || last < r->first);
    }
    world.ranges[world.range_count++] = (struct world_range){kind, first, last};
    return 0;
}

static void range_remove(void *w, enum machine_range kind, uint64_t first, uint64_t last)
{
    unsigned i = 0;

    (void)w;
    while (i < world.range_count && !same(&world.ranges[i], kind, first, last))
        i++;
    PROMISE(i < world.range_count);
    world.ranges[i] = world.ranges[--world.range_count];
}

bool world_claims(enum machine_range kind, uint64_t at)
{
    for (unsigned i = 0; i < world.range_count; i++) {
        const struct world_range *r = &world.ranges[i];

        if (r->kind == kind && at >= r->first && at <= r->last)
            return true;
    }
    return false;
}

/* ---- disks ---- */

/*
 * The disks' memory is kept, and only what was written is made anew, as the fuzz target begins often.
 * Of a byte of a disk beyond its size, world_complete() knows nothing.
 */
static struct store {
    uint8_t data[DISK_MAX], pattern[DISK_MAX];
    uint8_t buffer[WORLD_BUFFER] __attribute__((aligned(4096)));
    size_t written; /* up to here */
    bool made;
} stores[4];

static void start(struct machine_disk *disk, struct machine_disk_io *io)
{
    struct world_disk *d = container_of(disk, struct world_disk, disk);

    PROMISE(io->slot < MACHINE_DISK_IOS && d->queued < MACHINE_DISK_IOS);
    for (unsigned i = 0; i < d->queued; i++)
        PROMISE(d->queue[i] != io && d->queue[i]->slot != io->slot);
    if (io->op == MACHINE_DISK_FLUSH) {
        PROMISE(!io->sector && !io->count && !io->data);
        d->flushes++;
    } else {
        PROMISE(io->count && io->sector < disk->sectors && io->count <= disk->sectors - io->sector);
        PROMISE(io->data >= disk->buffer && !((io->data - disk->buffer) % 512) &&
                io->count * 512ul <= disk->buffer_size &&
                io->data + io->count * 512 <= disk->buffer + disk->buffer_size);
        for (unsigned i = 0; i < d->queued; i++)
            PROMISE(!d->queue[i]->data || io->data + io->count * 512 <= d->queue[i]->data ||
                    d->queue[i]->data + d->queue[i]->count * 512 <= io->data);
        if (io->op == MACHINE_DISK_READ)
            d->reads++;
        else
            d->writes++;
    }
    PROMISE(io->op != MACHINE_DISK_WRITE || (!disk->readonly && !disk->cdrom));
    d->queue[d->queued++] = io;
    if (!d->later)
        world_complete(d);
}

static int result(const struct world_disk *d, const struct machine_disk_io *io)
{
    if (io->op == MACHINE_DISK_FLUSH)
        return d->bad_sector == UINT64_MAX - 1 ? d->bad_ret : 0;
    if (io->sector + io->count > d->size)
        return -EIO;
    return d->bad_sector >= io->sector && d->bad_sector < io->sector + io->count ? d->bad_ret : 0;
}

bool world_complete(struct world_disk *d)
{
    struct machine_disk_io *io = d->queue[0];
    size_t *written;
    int ret;

    if (!d->queued)
        return false;
    d->queued--;
    memmove(d->queue, d->queue + 1, d->queued * sizeof(d->queue[0]));
    ret = result(d, io);
    if (!ret && io->op == MACHINE_DISK_READ)
        memcpy(io->data, d->data + io->sector * 512, io->count * 512);
    if (!ret && io->op == MACHINE_DISK_WRITE) {
        memcpy(d->data + io->sector * 512, io->data, io->count * 512);
        written = &stores[d - world.disks].written;
        *written = MAX(*written, (io->sector + io->count) * 512);
        d->unflushed++;
    }
    if (!ret && io->op == MACHINE_DISK_FLUSH)
        d->unflushed = 0;
    machine_disk_done(world.m, &d->disk, io, ret);
    return true;
}

void world_settle(void)
{
    for (unsigned i = 0; i < 4; i++) {
        while (world_complete(&world.disks[i]))
            ;
    }
    while (world_continue())
        world_settle();
}

uint8_t world_pattern(unsigned disk, uint64_t offset)
{
    return (uint8_t)(offset / 512 * 7 + offset * 3 + disk * 41 + 1);
}

/* ---- the whole ---- */

static const struct machine_ops ops = {
    .guest_read = guest_read,
    .guest_write = guest_write,
    .isa_irq = isa_irq,
    .pci_link_route = pci_link_route,
    .serial_out = serial_out,
    .serial_in_room = serial_in_room,
    .power = power,
    .unplugged = unplugged,
    .range_add = range_add,
    .range_remove = range_remove,
    .more = more,
    .log = log_line,
};

void world_begin(void)
{
    world = (struct world){.serial_room = SIZE_MAX};
    if (!memory)
        memory =
            mmap(NULL, WORLD_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PROMISE(memory != MAP_FAILED);
    /* zeroes, only where it was used */
    PROMISE(!madvise(memory, WORLD_MEMORY, MADV_DONTNEED));
    world.memory = memory;
}

static void fill(struct world_disk *d, unsigned n)
{
    struct store *s = &stores[n];

    PROMISE(d->size * 512 <= DISK_MAX);
    for (unsigned i = 0; !s->made && i < DISK_MAX; i++)
        s->pattern[i] = s->data[i] = world_pattern(n, i);
    s->made = true;
    memcpy(s->data, s->pattern, s->written);
    s->written = 0;
}

struct world_disk *world_add_disk(unsigned n, uint64_t sectors, bool cdrom)
{
    struct world_disk *d = &world.disks[n];

    d->size = sectors;
    d->bad_sector = UINT64_MAX;
    d->bad_ret = -EIO;
    d->data = stores[n].data;
    fill(d, n);
    d->disk = (struct machine_disk){
        .sectors = sectors,
        .physical_sector = 512,
        .cdrom = cdrom,
        .readonly = cdrom,
        .write_cache = !cdrom,
        .serial = "RL00042",
        .buffer = stores[n].buffer,
        .buffer_size = WORLD_BUFFER,
        .start = start,
    };
    memset(d->disk.buffer, 0xee, WORLD_BUFFER);
    return d;
}

int world_start(bool xen_platform)
{
    struct machine_config config = {
        .ops = &ops,
        .world = &world,
        .memory = 64ull << 20,
        .vcpus = 2,
        .boot_order = "cda",
        .serial = true,
        .xen_platform = xen_platform,
    };

    for (unsigned i = 0; i < 4; i++)
        config.disks[i] = world.disks[i].data ? &world.disks[i].disk : NULL;
    return machine_init(&config, &world.m);
}

/* ---- accesses ---- */

uint32_t in(uint16_t port, unsigned size)
{
    uint32_t value = 0x5a5a5a5a;

    machine_pio(world.m, port, size, false, &value);
    others_had_their_turn();
    PROMISE(size == 4 || !(value >> (8 * size)));
    return value;
}

void out(uint16_t port, unsigned size, uint32_t value)
{
    machine_pio(world.m, port, size, true, &value);
    others_had_their_turn();
}

uint32_t config_read(uint32_t bdf, uint32_t reg, unsigned size)
{
    uint32_t value = 0x5a5a5a5a;

    machine_pci_config(world.m, bdf, reg, size, false, &value);
    return value;
}

void config_write(uint32_t bdf, uint32_t reg, unsigned size, uint32_t value)
{
    machine_pci_config(world.m, bdf, reg, size, true, &value);
}
