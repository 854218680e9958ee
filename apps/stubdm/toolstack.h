/* SPDX-License-Identifier: MIT */
/* What the toolstack says, and is told: in XenStore, and by QMP. */
#ifndef STUBDM_TOOLSTACK_H
#define STUBDM_TOOLSTACK_H

#include "arguments.h"

#include <ringlet/xen.h>

/* The guest (`target`). 0; -ENOENT: this domain has none; each error was reported. */
int toolstack_target(domid_t *domid);
/* Reads and parses image/dm-argv of the guest. 0; -EINVAL, -EOPNOTSUPP: the guest is refused; -ENOENT: there
 * are no arguments; each error was reported. */
int toolstack_arguments(domid_t domid, struct arguments *out);

/*
 * Answers QMP from now on; run(true) and run(false) are cont and stop, called in handler context. 0 or
 * -errno, which was reported.
 */
int toolstack_serve_qmp(domid_t domid, void (*run)(void *arg, bool run), void *arg);
/*
 * Has this domain refuse to be suspended, and says so in control/feature-suspend. The toolstack does not
 * ask for it when it saves the guest; whoever does by hand would end the guest: a domain that is restored
 * has no target, and a device model's pages and event channels are its guest's.
 */
void toolstack_refuse_suspend(void);
/* Tells it that the device model is ready: the toolstack waits 30 s for that. */
int toolstack_ready(domid_t domid);

#endif
