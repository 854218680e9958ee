/* SPDX-License-Identifier: MIT */
/* The client's side of a test. */
#ifndef NETTEST_CLIENT_H
#define NETTEST_CLIENT_H

#include "options.h"

struct result {
    uint64_t ns;            /* of the whole transfer, without the agreement before it */
    uint64_t rounds, lost;  /* of a request and its response */
    uint32_t *latency;      /* ns of each round, sorted; the caller frees it */
    struct outcome outcome; /* of the receiving side */
    const char *failed;     /* the step that failed, or NULL */
    int error;              /* its errno */
};

/* Waits until the server accepts connections; 0 or -errno. */
int client_wait(const struct options *o);
/* Asks the server to end; 0 or -errno. */
int client_stop(const struct options *o);
void client_run(const struct options *o, enum test test, unsigned number, struct result *result);

#endif
