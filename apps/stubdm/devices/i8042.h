/* SPDX-License-Identifier: MIT */
/*
 * A keyboard controller with a keyboard on which nobody types: it answers what firmware and kernels
 * ask, so that they do not wait for timeouts, and resets the machine when told to. No mouse.
 */
#ifndef STUBDM_I8042_H
#define STUBDM_I8042_H

#include "bus.h"

#define I8042_QUEUE 8u

struct i8042 {
    struct bus *bus;
    struct bus_ports data, command;
    uint8_t mode;    /* the controller's command byte */
    uint8_t outputs; /* its output port */
    uint8_t pending; /* a command that waits for its byte; 0: none */
    bool wrote_command;
    bool keyboard_argument; /* the keyboard's command waits for its byte */
    struct {
        uint8_t data[I8042_QUEUE];
        unsigned head, count;
    } queue; /* what is to be read at port 0x60 */
    bool irq_level;
};

void i8042_init(struct i8042 *k, struct bus *bus);

#endif
