/* SPDX-License-Identifier: MIT */
/*
 * The server's side of a libvchan connection (xen/io/libxenvchan.h): two streams of bytes with another
 * domain, in one granted page with an event channel. The client may be there, go, and come again, as
 * often as it likes; each of its connections begins with empty rings. The other domain is not trusted:
 * an index that is out of range ends the connection and is counted.
 *
 * The page has the ring from the client at offset 1024 (1 KiB) and that to the client at 2048 (2 KiB).
 */
#ifndef RINGLET_VCHAN_H
#define RINGLET_VCHAN_H

#include <ringlet/xen.h>

struct vchan;

/*
 * Offers a server to domain peer: grants the page, and writes ring-ref and event-channel below `path`
 * in XenStore (relative to this domain, or absolute). 0 and *v; -ENOMEM; -ENOSPC: no grant; an error of
 * XenStore's or Xen's. Thread context; waits for XenStore.
 */
int vchan_listen(domid_t peer, const char *path, struct vchan **v);

/* fn(arg) is called when the client came or went, sent, or made room; in handler context. It must not
 * wait. NULL: nobody. */
void vchan_on_event(struct vchan *v, void (*fn)(void *arg), void *arg);

/*
 * The number of the client's connection: 0 while there is none, else greater with each one, also when the
 * client before has gone and this one has come between two calls: what that one sent before it was noticed
 * is lost then, as what was left of the other. One that came and went between two calls has no number. Any
 * context, but none of these calls within another of them.
 */
uint64_t vchan_connection(struct vchan *v);

/* Take what the client sent, or send: 0..len, the number of bytes, without waiting. -ENOTCONN: there is
 * no client. Data that it has not taken are lost when it goes. */
int vchan_receive(struct vchan *v, void *to, size_t len);
int vchan_send(struct vchan *v, const void *from, size_t len);

/* Ends the server: removes the keys, tells the client. NULL does nothing. Thread context; waits. */
void vchan_close(struct vchan *v);

struct vchan_stats {
    uint64_t connections;
    uint64_t violations; /* connections that ended as an index was wrong */
    uint64_t received, sent;
};

void vchan_get_stats(const struct vchan *v, struct vchan_stats *out);

#endif
