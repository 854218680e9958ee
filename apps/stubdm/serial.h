/* SPDX-License-Identifier: MIT */
/* The guest's serial port, through a further console of this domain. */
#ifndef STUBDM_SERIAL_H
#define STUBDM_SERIAL_H

#include "machine.h"

/* Connects to console `number`; 0: output goes nowhere. 0 or console_port_open's error, which was
 * reported. Thread context; waits. */
int serial_open(unsigned number);
/* From now on input goes to the machine. */
void serial_start(struct machine *m);
/* For machine_ops. */
size_t serial_out(void *world, const uint8_t *data, size_t len);
void serial_in_room(void *world);

#endif
