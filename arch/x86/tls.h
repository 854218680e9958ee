/* SPDX-License-Identifier: MIT */
/* The variables of each thread: memory, and the register that leads to it. */
#ifndef RINGLET_X86_TLS_H
#define RINGLET_X86_TLS_H

/* Makes the variables of a thread. 0, *tls NULL if the image has none; -ENOMEM. */
int tls_create(void **tls);
void tls_free(void *tls);
/* Makes them those that running code has. context.S calls this at a switch, with what tls_create
 * gave. */
void tls_load(void *tls);
/* Loads the last ones again: the domain runs elsewhere, perhaps on another kind of processor. */
void tls_resume(void);

#endif
