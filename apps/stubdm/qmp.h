/* SPDX-License-Identifier: MIT */
/*
 * The part of QMP that a toolstack needs of a device model: it is greeted, and its commands are answered:
 * qmp_capabilities, cont, stop, query-status, query-version; CommandNotFound for all others. A stream of
 * bytes goes in and another comes out; the toolstack's text is bounded and believed nothing. Pure.
 */
#ifndef STUBDM_QMP_H
#define STUBDM_QMP_H

#include <ringlet/compiler.h>

#define QMP_IN_MAX  4096u /* of a command: a longer one is answered with an error */
#define QMP_OUT_MAX 4096u /* answers that were not sent yet; more are dropped, and counted */

struct qmp {
    /* set by the owner before the first call */
    void (*run)(void *arg, bool run); /* cont, stop */
    void *arg;
    /* qmp.c's; zero at first */
    bool running, negotiated;
    char in[QMP_IN_MAX];
    size_t in_len;
    bool in_overflow, in_string, in_escape;
    unsigned depth;
    char out[QMP_OUT_MAX];
    size_t out_len;
    uint64_t commands, unknown, malformed, dropped;
};

/* A client has come: it is greeted, and nothing is left of the one before. */
void qmp_connected(struct qmp *q);
/* Takes what it sent, all of it. */
void qmp_input(struct qmp *q, const char *text, size_t len);
/* What is to be sent: q->out[0..q->out_len). Of this, the first n bytes were sent. */
void qmp_sent(struct qmp *q, size_t n);

#endif
