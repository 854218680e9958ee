/* SPDX-License-Identifier: MIT */
/* What a driver does to the primary channel, for the tests of the disks. */
#ifndef TESTS_STUBDM_IDE_H
#define TESTS_STUBDM_IDE_H

#include "world.h"

enum { DATA = 0x1f0, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS, CONTROL = 0x3f6 };

#define BSY  0x80
#define DRDY 0x40
#define DSC  0x10
#define DRQ  0x08
#define ERR  0x01

#define READY (DRDY | DSC)

#define MASTER 0xe0
#define SLAVE  0xf0

/* A command of 28 bits: its registers, then itself. */
static inline void command(uint8_t device, uint32_t lba, uint8_t count, uint8_t code)
{
    outb(DEVICE, (uint8_t)(device | (lba >> 24 & 15)));
    outb(COUNT, count);
    outb(LOW, (uint8_t)lba);
    outb(MID, (uint8_t)(lba >> 8));
    outb(HIGH, (uint8_t)(lba >> 16));
    outb(STATUS, code);
}

/* And one of 48 bits. */
static inline void command_ext(uint8_t device, uint64_t lba, uint16_t count, uint8_t code)
{
    outb(DEVICE, device);
    outb(COUNT, (uint8_t)(count >> 8));
    outb(LOW, (uint8_t)(lba >> 24));
    outb(MID, (uint8_t)(lba >> 32));
    outb(HIGH, (uint8_t)(lba >> 40));
    outb(COUNT, (uint8_t)count);
    outb(LOW, (uint8_t)lba);
    outb(MID, (uint8_t)(lba >> 8));
    outb(HIGH, (uint8_t)(lba >> 16));
    outb(STATUS, code);
}

#endif
