/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.2 by BearSSL, whose memory is all in struct tls. Data of the connection are copied into records, which are
 * copied into the transport; a byte of the connection counts as acknowledged when all records up to the one that it
 * is in are.
 */
#include "tls.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "connection_private.h"
#include "identity.h"

#define ROOM_MIN  NEGOTIATE_OUT_MAX /* the answers to an option are sent as a whole */
#define DAYS_1970 719528u           /* since the year 0, as BearSSL counts */
#define DAY       86400u

struct tls {
    struct transport transport;
    struct transport *below;
    struct connection *connection;
    uint64_t queued, told;      /* the connection's bytes: taken; said to be acknowledged */
    uint64_t records, received; /* bytes of records: given to the transport; acknowledged */
    br_ssl_server_context server;
    br_x509_minimal_context x509;
    unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

/* Authenticated encryption, and keys that are for this connection only. */
static const uint16_t suites[] = {
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
};

static br_ssl_engine_context *engine(struct tls *t)
{
    return &t->server.eng;
}

static struct tls *tls_of(struct transport *transport)
{
    return container_of(transport, struct tls, transport);
}

/* Gives the transport records as far as it takes them. */
static void pump(struct tls *t)
{
    const unsigned char *data;
    size_t len;

    while ((data = br_ssl_engine_sendrec_buf(engine(t), &len))) {
        const size_t room = t->below->room(t->below);
        const size_t n = MIN(len, room);

        if (!n || !t->below->send(t->below, data, n, true))
            return;
        t->records += n;
        br_ssl_engine_sendrec_ack(engine(t), n);
    }
}

/* ---- from the connection ---- */

static size_t room(struct transport *transport)
{
    struct tls *t = tls_of(transport);
    size_t len = 0;

    br_ssl_engine_sendapp_buf(engine(t), &len);
    if (len && len < ROOM_MIN) {
        /* the record is nearly full: the next one */
        br_ssl_engine_flush(engine(t), 0);
        pump(t);
        if (!br_ssl_engine_sendapp_buf(engine(t), &len))
            len = 0;
    }
    return len;
}

static bool send(struct transport *transport, const void *data, size_t len, bool copy)
{
    struct tls *t = tls_of(transport);
    size_t most;
    unsigned char *buf = br_ssl_engine_sendapp_buf(engine(t), &most);

    (void)copy;
    if (!buf || most < len)
        return false;
    memcpy(buf, data, len);
    br_ssl_engine_sendapp_ack(engine(t), len);
    t->queued += len;
    pump(t);
    return true;
}

static void push(struct transport *transport)
{
    struct tls *t = tls_of(transport);

    br_ssl_engine_flush(engine(t), 0);
    pump(t);
    t->below->push(t->below);
}

static void close_tls(struct transport *transport)
{
    struct tls *t = tls_of(transport);

    br_ssl_engine_close(engine(t));
    pump(t);
    t->below->push(t->below);
    t->below->close(t->below);
}

static void abort_tls(struct transport *transport)
{
    struct tls *t = tls_of(transport);

    t->below->abort(t->below);
}

/* ---- from the client ---- */

static bool is_lost(const struct tls *t)
{
    return t->connection->state == CONNECTION_LOST;
}

/* Gives the connection what was decrypted. False: it takes no more now. */
static bool deliver(struct tls *t)
{
    unsigned char *data;
    size_t len, n;

    while (!is_lost(t) && (data = br_ssl_engine_recvapp_buf(engine(t), &len))) {
        n = connection_take(t->connection, data, len);
        if (n)
            br_ssl_engine_recvapp_ack(engine(t), n);
        if (n < len)
            return false;
    }
    return !is_lost(t);
}

size_t tls_input(struct tls *t, const uint8_t *data, size_t len)
{
    size_t done = 0;

    while (deliver(t)) {
        unsigned char *to;
        size_t n;

        pump(t);
        if (br_ssl_engine_current_state(engine(t)) == BR_SSL_CLOSED) {
            if (br_ssl_engine_last_error(engine(t)) == BR_ERR_OK)
                connection_eof(t->connection);
            else
                connection_cut(t->connection);
            return len;
        }
        to = br_ssl_engine_recvrec_buf(engine(t), &n);
        if (!to || done == len)
            break;
        n = MIN(n, len - done);
        memcpy(to, data + done, n);
        br_ssl_engine_recvrec_ack(engine(t), n);
        done += n;
        t->connection->progress = true;
    }
    if (!is_lost(t))
        t->below->push(t->below);
    return done;
}

/* The connection takes input again: first what has been decrypted. */
static void resume(struct transport *transport)
{
    struct tls *t = tls_of(transport);
    struct connection *c = t->connection;

    c->in_input++;
    if (deliver(t))
        t->below->resume(t->below);
    c->in_input--;
    connection_advance(c);
}

size_t tls_acked(struct tls *t, size_t n)
{
    size_t waits = 0, more;
    uint64_t outstanding;

    t->received += n;
    pump(t);
    if (!br_ssl_engine_sendrec_buf(engine(t), &waits))
        waits = 0;
    t->below->push(t->below);
    outstanding = t->records - t->received + waits;
    if (t->queued < outstanding || t->queued - outstanding <= t->told)
        return 0;
    more = (size_t)(t->queued - outstanding - t->told);
    t->told += more;
    return more;
}

/* ---- the begin and the end ---- */

static bool prepare(struct tls *t, const struct tls_identity *id)
{
    unsigned char seed[32];
    const time_t now = time(NULL);

    if (id->key.key_type == BR_KEYTYPE_RSA)
        br_ssl_server_init_full_rsa(&t->server, id->chain, id->certificates, &id->key.key.rsa);
    else
        br_ssl_server_init_full_ec(&t->server, id->chain, id->certificates, BR_KEYTYPE_EC,
                                   &id->key.key.ec);
    br_ssl_engine_set_versions(engine(t), BR_TLS12, BR_TLS12);
    br_ssl_engine_set_suites(engine(t), suites, sizeof(suites) / sizeof(suites[0]));
    br_ssl_engine_add_flags(engine(t), BR_OPT_NO_RENEGOTIATION);
    br_ssl_engine_set_buffer(engine(t), t->buffer, sizeof(t->buffer), 1);
    if (id->anchors) {
        br_x509_minimal_init_full(&t->x509, id->anchor, id->anchors);
        br_x509_minimal_set_time(&t->x509, (uint32_t)(now / DAY + DAYS_1970),
                                 (uint32_t)(now % DAY));
        br_ssl_engine_set_default_rsavrfy(engine(t));
        br_ssl_engine_set_default_ecdsa(engine(t));
        br_ssl_engine_set_x509(engine(t), &t->x509.vtable);
        br_ssl_server_set_trust_anchor_names_alt(&t->server, id->anchor, id->anchors);
    }
    if (getentropy(seed, sizeof(seed)))
        return false;
    br_ssl_engine_inject_entropy(engine(t), seed, sizeof(seed));
    explicit_bzero(seed, sizeof(seed));
    return br_ssl_server_reset(&t->server);
}

struct tls *tls_open(struct tls_identity *identity, struct connection *c)
{
    struct tls *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->transport = (struct transport){.room = room,
                                      .send = send,
                                      .push = push,
                                      .resume = resume,
                                      .close = close_tls,
                                      .abort = abort_tls};
    t->below = c->transport;
    t->connection = c;
    /* what was sent before, and will be acknowledged first */
    t->queued = t->records = c->queued - c->acked;
    if (!prepare(t, identity)) {
        free(t);
        return NULL;
    }
    return t;
}

struct transport *tls_transport(struct tls *t)
{
    return &t->transport;
}

void tls_free(struct tls *t)
{
    /* it had keys */
    if (t)
        explicit_bzero(t, sizeof(*t));
    free(t);
}
