/* SPDX-License-Identifier: MIT */
#include "negotiate.h"

#include <string.h>

#include "reply.h"

#define OPTION_HEADER 16u
#define CONTEXT       "base:allocation"

/* ---- answers ---- */

/* False: it does not fit, and the connection is at its end: no answer to one option is so long. */
static bool put(struct negotiation *n, const void *data, size_t len)
{
    if (len > sizeof(n->out) - n->out_len) {
        n->state = NEGOTIATE_ENDED;
        return false;
    }
    memcpy(n->out + n->out_len, data, len);
    n->out_len += len;
    return true;
}

static void put_int(struct negotiation *n, unsigned bytes, uint64_t value)
{
    uint8_t buf[8];

    put_be(buf, bytes, value);
    put(n, buf, bytes);
}

static void answer(struct negotiation *n, uint32_t type, size_t len)
{
    put_int(n, 8, NBD_OPTION_REPLY_MAGIC);
    put_int(n, 4, n->option);
    put_int(n, 4, type);
    put_int(n, 4, len);
}

static void refuse(struct negotiation *n, uint32_t error, const char *why)
{
    answer(n, error, strlen(why));
    put(n, why, strlen(why));
}

/* ---- reading an option's data ---- */

struct reader {
    const uint8_t *at, *end;
};

static bool read_int(struct reader *r, unsigned bytes, uint32_t *out)
{
    if ((size_t)(r->end - r->at) < bytes)
        return false;
    *out = (uint32_t)get_be(r->at, bytes);
    r->at += bytes;
    return true;
}

/* A length of 32 bits and a string. */
static bool read_string(struct reader *r, const char **text, uint32_t *len)
{
    if (!read_int(r, 4, len) || *len > (size_t)(r->end - r->at) || *len > NBD_STRING_MAX)
        return false;
    *text = (const char *)r->at;
    r->at += *len;
    return true;
}

/* The export of this name; NULL: the refusal was sent. */
static struct export *find(struct negotiation *n, const char *name, uint32_t len)
{
    struct export *e = export_find(n->exports, name, len);

    if (!e)
        refuse(n, NBD_REP_ERR_UNKNOWN, "there is no such export");
    return e;
}

/* ---- options ---- */

static void agree(struct negotiation *n, struct export *e)
{
    n->agreed.export = e;
    n->agreed.allocation = n->context_for == e;
    n->state = NEGOTIATE_DONE;
}

/* The oldest option: it has no other refusal than the end of the connection. */
static void export_name(struct negotiation *n)
{
    static const uint8_t zeroes[124];
    struct export *e = export_find(n->exports, (const char *)n->in, n->length);

    if (!e) {
        n->state = NEGOTIATE_ENDED;
        return;
    }
    put_int(n, 8, e->size);
    put_int(n, 2, export_flags(e, n->agreed.structured));
    if (!n->no_zeroes)
        put(n, zeroes, sizeof(zeroes));
    n->agreed.block_sizes = false;
    agree(n, e);
}

static void list(struct negotiation *n)
{
    if (n->length) {
        refuse(n, NBD_REP_ERR_INVALID, "NBD_OPT_LIST has no data");
        return;
    }
    list_for_each (at, n->exports) {
        const struct export *e = list_entry(at, struct export, link);
        const size_t len = strlen(e->name);

        if (e->gone)
            continue;
        answer(n, NBD_REP_SERVER, 4 + len);
        put_int(n, 4, len);
        put(n, e->name, len);
    }
    answer(n, NBD_REP_ACK, 0);
}

static void put_text_info(struct negotiation *n, unsigned info, const char *text)
{
    answer(n, NBD_REP_INFO, 2 + strlen(text));
    put_int(n, 2, info);
    put(n, text, strlen(text));
}

static void put_infos(struct negotiation *n, const struct export *e, bool name, bool description)
{
    answer(n, NBD_REP_INFO, 12);
    put_int(n, 2, NBD_INFO_EXPORT);
    put_int(n, 8, e->size);
    put_int(n, 2, export_flags(e, n->agreed.structured));
    answer(n, NBD_REP_INFO, 14);
    put_int(n, 2, NBD_INFO_BLOCK_SIZE);
    put_int(n, 4, e->sector);
    put_int(n, 4, export_preferred(e));
    put_int(n, 4, NBD_PAYLOAD_MAX);
    if (name)
        put_text_info(n, NBD_INFO_NAME, e->name);
    if (description)
        put_text_info(n, NBD_INFO_DESCRIPTION, e->description);
    answer(n, NBD_REP_ACK, 0);
}

static void info_or_go(struct negotiation *n)
{
    struct reader r = {n->in, n->in + n->length};
    bool wanted[NBD_INFO_BLOCK_SIZE + 1] = {false};
    uint32_t len, count, info;
    const char *name;
    struct export *e;

    if (!read_string(&r, &name, &len) || !read_int(&r, 2, &count) ||
        (size_t)(r.end - r.at) != 2 * (size_t)count) {
        refuse(n, NBD_REP_ERR_INVALID, "the option's lengths do not agree");
        return;
    }
    while (count-- && read_int(&r, 2, &info)) {
        if (info <= NBD_INFO_BLOCK_SIZE)
            wanted[info] = true;
    }
    e = find(n, name, len);
    if (!e)
        return;
    if (n->option == NBD_OPT_GO && export_is_full(e)) {
        refuse(n, NBD_REP_ERR_POLICY, "too many connections");
        return;
    }
    put_infos(n, e, wanted[NBD_INFO_NAME], wanted[NBD_INFO_DESCRIPTION]);
    if (n->option == NBD_OPT_GO && n->state != NEGOTIATE_ENDED) {
        n->agreed.block_sizes = wanted[NBD_INFO_BLOCK_SIZE];
        agree(n, e);
    }
}

static void structured_reply(struct negotiation *n)
{
    if (n->length) {
        refuse(n, NBD_REP_ERR_INVALID, "NBD_OPT_STRUCTURED_REPLY has no data");
        return;
    }
    n->agreed.structured = true;
    answer(n, NBD_REP_ACK, 0);
}

/* Whether a query means base:allocation; a list may be asked for with the namespace alone. */
static bool query_matches(const char *query, uint32_t len, bool lists)
{
    return (len == strlen(CONTEXT) && !memcmp(query, CONTEXT, len)) ||
           (lists && len == 5 && !memcmp(query, "base:", len));
}

/* Reads the queries; false: their lengths do not agree. */
static bool read_queries(struct reader *r, uint32_t count, bool lists, bool *found)
{
    const char *query;
    uint32_t len;

    *found = lists && !count; /* all of them are asked for */
    while (count--) {
        if (!read_string(r, &query, &len))
            return false;
        *found |= query_matches(query, len, lists);
    }
    return r->at == r->end;
}

static void meta_context(struct negotiation *n)
{
    const bool lists = n->option == NBD_OPT_LIST_META_CONTEXT;
    struct reader r = {n->in, n->in + n->length};
    uint32_t len, count;
    const char *name;
    struct export *e;
    bool found;

    if (!lists)
        n->context_for = NULL;
    if (!n->agreed.structured) {
        refuse(n, NBD_REP_ERR_INVALID, "structured replies come first");
        return;
    }
    if (!read_string(&r, &name, &len) || !read_int(&r, 4, &count) ||
        !read_queries(&r, count, lists, &found)) {
        refuse(n, NBD_REP_ERR_INVALID, "the option's lengths do not agree");
        return;
    }
    e = find(n, name, len);
    if (!e)
        return;
    if (found) {
        answer(n, NBD_REP_META_CONTEXT, 4 + strlen(CONTEXT));
        put_int(n, 4, lists ? 0 : REPLY_CONTEXT_ALLOCATION);
        put(n, CONTEXT, strlen(CONTEXT));
        if (!lists)
            n->context_for = e;
    }
    answer(n, NBD_REP_ACK, 0);
}

static void start_tls(struct negotiation *n)
{
    if (n->tls == NEGOTIATE_PLAIN) {
        refuse(n, NBD_REP_ERR_UNSUP, "this server has no TLS");
    } else if (n->tls == NEGOTIATE_SECURED || n->length) {
        refuse(n, NBD_REP_ERR_INVALID,
               n->length ? "NBD_OPT_STARTTLS has no data" : "TLS has begun");
    } else {
        answer(n, NBD_REP_ACK, 0);
        n->state = NEGOTIATE_TLS;
    }
}

/* True: it does not begin TLS, which comes first. */
static bool is_too_early(struct negotiation *n)
{
    if (n->tls != NEGOTIATE_SECURES || n->option == NBD_OPT_STARTTLS || n->option == NBD_OPT_ABORT)
        return false;
    if (n->option == NBD_OPT_EXPORT_NAME)
        n->state = NEGOTIATE_ENDED;
    else
        refuse(n, NBD_REP_ERR_TLS_REQD, "TLS comes first");
    return true;
}

static void handle_option(struct negotiation *n)
{
    if (is_too_early(n))
        return;
    switch (n->option) {
    case NBD_OPT_EXPORT_NAME:
        export_name(n);
        break;
    case NBD_OPT_ABORT:
        answer(n, NBD_REP_ACK, 0);
        n->state = NEGOTIATE_ENDED;
        break;
    case NBD_OPT_LIST:
        list(n);
        break;
    case NBD_OPT_STARTTLS:
        start_tls(n);
        break;
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        info_or_go(n);
        break;
    case NBD_OPT_STRUCTURED_REPLY:
        structured_reply(n);
        break;
    case NBD_OPT_LIST_META_CONTEXT:
    case NBD_OPT_SET_META_CONTEXT:
        meta_context(n);
        break;
    default:
        refuse(n, NBD_REP_ERR_UNSUP, "this option is not supported");
        break;
    }
}

/* ---- the stream ---- */

/* Collects `want` bytes in `in`; true: they are there, and the next ones begin anew. */
static bool collect(struct negotiation *n, const uint8_t **data, size_t *len, uint32_t want)
{
    const size_t take = *len < want - n->have ? *len : want - n->have;

    memcpy(n->in + n->have, *data, take);
    n->have += (uint32_t)take;
    *data += take;
    *len -= take;
    if (n->have < want)
        return false;
    n->have = 0;
    return true;
}

static void take_flags(struct negotiation *n)
{
    const uint32_t flags = (uint32_t)get_be(n->in, 4);

    n->fixed = flags & NBD_FLAG_FIXED_NEWSTYLE;
    n->no_zeroes = flags & NBD_FLAG_NO_ZEROES;
    n->state = flags & ~(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES) ? NEGOTIATE_ENDED
                                                                       : NEGOTIATE_OPTION;
}

static void take_header(struct negotiation *n)
{
    n->option = (uint32_t)get_be(n->in + 8, 4);
    n->length = (uint32_t)get_be(n->in + 12, 4);
    /* a client that does not know fixed negotiation knows no refusals either */
    if (get_be(n->in, 8) != NBD_OPTION_MAGIC || n->length > NEGOTIATE_SKIP_MAX ||
        (!n->fixed && n->option != NBD_OPT_EXPORT_NAME) ||
        (n->option == NBD_OPT_EXPORT_NAME && n->length > NBD_STRING_MAX)) {
        n->state = NEGOTIATE_ENDED;
    } else if (n->length > NEGOTIATE_DATA_MAX) {
        n->state = NEGOTIATE_SKIP;
    } else {
        n->state = NEGOTIATE_DATA;
    }
}

static void skip(struct negotiation *n, const uint8_t **data, size_t *len)
{
    const size_t take = *len < n->length - n->have ? *len : n->length - n->have;

    n->have += (uint32_t)take;
    *data += take;
    *len -= take;
    if (n->have < n->length)
        return;
    n->have = 0;
    n->state = NEGOTIATE_OPTION;
    refuse(n, NBD_REP_ERR_TOO_BIG, "the option is too long");
}

size_t negotiate_input(struct negotiation *n, const uint8_t *data, size_t len)
{
    const size_t all = len;

    while ((len || (n->state == NEGOTIATE_DATA && !n->length)) && !n->out_len &&
           n->state < NEGOTIATE_TLS) {
        switch (n->state) {
        case NEGOTIATE_FLAGS:
            if (collect(n, &data, &len, 4))
                take_flags(n);
            break;
        case NEGOTIATE_OPTION:
            if (collect(n, &data, &len, OPTION_HEADER))
                take_header(n);
            break;
        case NEGOTIATE_DATA:
            if (collect(n, &data, &len, n->length)) {
                n->state = NEGOTIATE_OPTION;
                handle_option(n);
            }
            break;
        default:
            skip(n, &data, &len);
            break;
        }
    }
    return all - len;
}

void negotiate_secured(struct negotiation *n)
{
    n->tls = NEGOTIATE_SECURED;
    n->state = NEGOTIATE_OPTION;
    n->agreed = (struct agreement){0};
    n->context_for = NULL;
}

void negotiate_begin(struct negotiation *n, const struct list *exports, bool tls)
{
    memset(n, 0, offsetof(struct negotiation, in));
    n->exports = exports;
    n->tls = tls ? NEGOTIATE_SECURES : NEGOTIATE_PLAIN;
    n->out_len = 0;
    put_int(n, 8, NBD_MAGIC);
    put_int(n, 8, NBD_OPTION_MAGIC);
    put_int(n, 2, NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES);
}
