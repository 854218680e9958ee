/* SPDX-License-Identifier: MIT */
/* The guest's end, of which Xen is told; the toolstack does the rest. */
#ifndef STUBDM_POWER_H
#define STUBDM_POWER_H

#include "machine.h"

#include <ringlet/xen.h>

/*
 * Tells Xen that the guest has powered itself off, or wants to be reset. Until Xen has taken it, it is
 * told again each second, and the first failure is reported: the guest's vCPUs wait for nothing else.
 * before() is called before the first time, as the toolstack may then end this domain at once. A second call
 * changes nothing: the guest may ask as often as it likes. Any context.
 */
void power_end(domid_t domid, enum machine_power what, void (*before)(void));

#endif
