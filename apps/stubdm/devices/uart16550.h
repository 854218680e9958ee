/* SPDX-License-Identifier: MIT */
/*
 * A serial port: PC16550D, with its FIFOs. Bytes are sent as soon as the world takes them; there is
 * no baud rate. A byte that was received and lies below the FIFO's trigger level is reported as after
 * a timeout at once.
 */
#ifndef STUBDM_UART16550_H
#define STUBDM_UART16550_H

#include "bus.h"

#define UART_FIFO 16u

struct uart_fifo {
    uint8_t data[UART_FIFO];
    unsigned head, count;
};

struct uart16550 {
    struct bus *bus;
    struct bus_ports ports;
    unsigned irq;
    bool irq_level;
    struct uart_fifo rx, tx;
    bool thre_pending; /* the transmitter's interrupt: cleared by reading IIR */
    bool refused;      /* serial_in() took less than was offered */
    uint8_t ier, fcr, lcr, mcr, lsr, msr, scr, dll, dlm;
};

void uart16550_init(struct uart16550 *u, struct bus *bus, uint16_t port, unsigned irq);
size_t uart16550_in(struct uart16550 *u, const uint8_t *data, size_t len);
void uart16550_room(struct uart16550 *u);

#endif
