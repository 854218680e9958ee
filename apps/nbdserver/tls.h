/* SPDX-License-Identifier: MIT */
/*
 * TLS between a connection and its transport, from NBD_OPT_STARTTLS on. notls.c is that of a server without;
 * apps/nbdserver-tls has one on BearSSL. With the server's lock, and never waits.
 */
#ifndef NBDSERVER_TLS_H
#define NBDSERVER_TLS_H

#include "connection.h"

struct tls;

/*
 * The server's identity, of PEM files: "SERVER[:CA]". SERVER has the private key, and the certificates from the
 * server's on; with CA, whose certificates sign those of clients, a client must have such a one. NULL and *out, which
 * stays for ever, or why not.
 */
const char *tls_load(const char *files, struct tls_identity **out);

/* The bytes of c->transport are TLS records from now on: it is replaced by one that is `below` it no more. NULL: no
 * memory, or no entropy. */
struct tls *tls_open(struct tls_identity *identity, struct connection *c);
/* The transport of a connection with TLS: what it gives to connection_send's side. */
struct transport *tls_transport(struct tls *t);
/* Takes len bytes of the client at most, and returns how many. */
size_t tls_input(struct tls *t, const uint8_t *data, size_t len);
/* n bytes of records were acknowledged; 0: the transport may take some again. Returns how many of the connection's were. */
size_t tls_acked(struct tls *t, size_t n);
void tls_free(struct tls *t);

#endif
