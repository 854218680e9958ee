/* SPDX-License-Identifier: MIT */
/* Names and meanings: National Semiconductor's PC16550D data sheet. */
#include "uart16550.h"

#include <ringlet/string.h>

enum { RBR_THR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_ERBFI 1u /* received data */
#define IER_ETBEI 2u /* transmitter empty */
#define IER_ELSI  4u /* line status */
#define IER_EDSSI 8u /* modem status */

#define IIR_NONE    1u
#define IIR_MODEM   0u
#define IIR_THRE    2u
#define IIR_DATA    4u
#define IIR_LINE    6u
#define IIR_TIMEOUT 12u
#define IIR_FIFOS   0xc0u

#define FCR_ENABLE  1u
#define FCR_RESET_R 2u
#define FCR_RESET_X 4u
#define FCR_KEPT    0xc9u /* enable, DMA mode, trigger level */

#define LCR_DLAB 0x80u

#define MCR_DTR  1u
#define MCR_RTS  2u
#define MCR_OUT1 4u
#define MCR_OUT2 8u /* on a PC: the interrupt reaches the interrupt controller */
#define MCR_LOOP 16u

#define LSR_DR   1u
#define LSR_OE   2u
#define LSR_ERRS 0x1eu
#define LSR_THRE 32u
#define LSR_TEMT 64u

#define MSR_DELTAS 0x0fu
#define MSR_TERI   4u
#define MSR_CTS    16u
#define MSR_DSR    32u
#define MSR_RI     64u
#define MSR_DCD    128u

static void fifo_put(struct uart_fifo *f, uint8_t byte)
{
    f->data[(f->head + f->count++) % UART_FIFO] = byte;
}

static uint8_t fifo_get(struct uart_fifo *f)
{
    const uint8_t byte = f->data[f->head];

    f->head = (f->head + 1) % UART_FIFO;
    f->count--;
    return byte;
}

static bool has_fifos(const struct uart16550 *u)
{
    return u->fcr & FCR_ENABLE;
}

static unsigned rx_size(const struct uart16550 *u)
{
    return has_fifos(u) ? UART_FIFO : 1;
}

static unsigned trigger(const struct uart16550 *u)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return has_fifos(u) ? levels[u->fcr >> 6] : 1;
}

/* The interrupt of the highest priority. */
static uint8_t interrupt(const struct uart16550 *u)
{
    if (u->ier & IER_ELSI && u->lsr & LSR_ERRS)
        return IIR_LINE;
    if (u->ier & IER_ERBFI && u->rx.count)
        return u->rx.count >= trigger(u) ? IIR_DATA : IIR_TIMEOUT;
    if (u->ier & IER_ETBEI && u->thre_pending)
        return IIR_THRE;
    if (u->ier & IER_EDSSI && u->msr & MSR_DELTAS)
        return IIR_MODEM;
    return IIR_NONE;
}

static void update(struct uart16550 *u)
{
    /* OUT2 is disconnected in a loop */
    const bool level = interrupt(u) != IIR_NONE && (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

    if (level != u->irq_level) {
        u->irq_level = level;
        u->bus->ops->isa_irq(u->bus->world, u->irq, level);
    }
}

/* ---- receiving ---- */

static void tell_room(struct uart16550 *u)
{
    if (u->refused && u->rx.count < rx_size(u) && !(u->mcr & MCR_LOOP)) {
        u->refused = false;
        u->bus->ops->serial_in_room(u->bus->world);
    }
}

size_t uart16550_in(struct uart16550 *u, const uint8_t *data, size_t len)
{
    size_t n = 0;

    if (!(u->mcr & MCR_LOOP)) {
        while (n < len && u->rx.count < rx_size(u))
            fifo_put(&u->rx, data[n++]);
    }
    u->refused = n < len;
    u->bus->stats.serial_in += n;
    update(u);
    return n;
}

static uint8_t receive(struct uart16550 *u)
{
    uint8_t byte = 0;

    if (u->rx.count)
        byte = fifo_get(&u->rx);
    tell_room(u);
    return byte;
}

/* ---- sending ---- */

static void tx_empty(struct uart16550 *u)
{
    u->lsr |= LSR_THRE | LSR_TEMT;
    u->thre_pending = true;
}

static void flush(struct uart16550 *u)
{
    while (u->tx.count) {
        const unsigned chunk = MIN(u->tx.count, UART_FIFO - u->tx.head);
        size_t n = u->bus->ops->serial_out(u->bus->world, u->tx.data + u->tx.head, chunk);

        n = MIN(n, chunk);
        u->bus->stats.serial_out += n;
        u->tx.head = (u->tx.head + (unsigned)n) % UART_FIFO;
        u->tx.count -= (unsigned)n;
        if (n < chunk)
            return;
    }
    tx_empty(u);
}

static void send(struct uart16550 *u, uint8_t byte)
{
    u->thre_pending = false;
    if (u->mcr & MCR_LOOP) {
        if (u->rx.count == rx_size(u)) {
            u->lsr |= LSR_OE;
            u->bus->stats.serial_lost++;
        } else {
            fifo_put(&u->rx, byte);
        }
        tx_empty(u);
        return;
    }
    u->lsr &= (uint8_t) ~(LSR_THRE | LSR_TEMT);
    /* a byte that is written into a full FIFO is lost */
    if (u->tx.count == UART_FIFO || (!has_fifos(u) && u->tx.count))
        u->bus->stats.serial_lost++;
    else
        fifo_put(&u->tx, byte);
    flush(u);
}

void uart16550_room(struct uart16550 *u)
{
    if (!u->tx.count)
        return;
    flush(u);
    update(u);
}

/* ---- the other registers ---- */

/* The modem's lines: those of a terminal that is there, or in a loop the port's own outputs. */
static uint8_t modem_lines(const struct uart16550 *u)
{
    if (!(u->mcr & MCR_LOOP))
        return MSR_DCD | MSR_DSR | MSR_CTS;
    return (uint8_t)((u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
                     (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void update_modem(struct uart16550 *u)
{
    const uint8_t lines = modem_lines(u);
    uint8_t delta = (uint8_t)((lines ^ u->msr) >> 4);

    /* the ring indicator's bit is for its end only */
    if (lines & MSR_RI)
        delta &= (uint8_t)~MSR_TERI;
    u->msr = (uint8_t)(lines | (u->msr & MSR_DELTAS) | delta);
}

static void write_fcr(struct uart16550 *u, uint8_t value)
{
    /* a change of the mode empties both */
    const bool changed = (value ^ u->fcr) & FCR_ENABLE;

    u->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
    if (changed || value & FCR_RESET_R)
        u->rx.count = 0;
    if (u->tx.count && (changed || value & FCR_RESET_X)) {
        u->tx.count = 0;
        tx_empty(u);
    }
    tell_room(u);
}

static void write(void *device, unsigned offset, unsigned size, uint32_t value32)
{
    struct uart16550 *u = device;
    const uint8_t value = (uint8_t)value32;

    (void)size;
    switch (offset) {
    case RBR_THR_DLL:
        if (u->lcr & LCR_DLAB)
            u->dll = value;
        else
            send(u, value);
        break;
    case IER_DLM:
        if (u->lcr & LCR_DLAB) {
            u->dlm = value;
            break;
        }
        if (value & ~u->ier & IER_ETBEI && u->lsr & LSR_THRE)
            u->thre_pending = true;
        u->ier = value & 15;
        break;
    case IIR_FCR:
        write_fcr(u, value);
        break;
    case LCR:
        u->lcr = value;
        break;
    case MCR:
        u->mcr = value & 31;
        update_modem(u);
        tell_room(u);
        break;
    case SCR:
        u->scr = value;
        break;
    default:
        break; /* LSR and MSR: a factory's test */
    }
    update(u);
}

static uint8_t read_register(struct uart16550 *u, unsigned offset)
{
    uint8_t value;

    switch (offset) {
    case RBR_THR_DLL:
        return u->lcr & LCR_DLAB ? u->dll : receive(u);
    case IER_DLM:
        return u->lcr & LCR_DLAB ? u->dlm : u->ier;
    case IIR_FCR:
        value = interrupt(u);
        if (value == IIR_THRE)
            u->thre_pending = false;
        return (uint8_t)(value | (has_fifos(u) ? IIR_FIFOS : 0));
    case LCR:
        return u->lcr;
    case MCR:
        return u->mcr;
    case LSR:
        value = (uint8_t)(u->lsr | (u->rx.count ? LSR_DR : 0));
        u->lsr &= (uint8_t)~LSR_ERRS;
        return value;
    case MSR:
        value = u->msr;
        u->msr &= (uint8_t)~MSR_DELTAS;
        return value;
    default:
        return u->scr;
    }
}

static uint32_t read(void *device, unsigned offset, unsigned size)
{
    struct uart16550 *u = device;
    const uint8_t value = read_register(u, offset);

    (void)size;
    update(u);
    return value;
}

void uart16550_init(struct uart16550 *u, struct bus *bus, uint16_t port, unsigned irq)
{
    memset(u, 0, sizeof(*u));
    u->bus = bus;
    u->irq = irq;
    u->lsr = LSR_THRE | LSR_TEMT;
    u->msr = MSR_DCD | MSR_DSR | MSR_CTS;
    u->dll = 12; /* 9600 baud */
    u->ports = (struct bus_ports){
        .first = port, .last = port + 7, .width = 1, .read = read, .write = write, .device = u};
    bus_add(bus, &u->ports);
}
