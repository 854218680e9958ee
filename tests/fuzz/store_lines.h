/* SPDX-License-Identifier: MIT */
/*
 * XenStore's values by lines of the input, "key=value"; all other keys have the target's defaults.
 * "b/KEY" is the backend's, "f/KEY" the frontend's, "list" the list of devices; "!ENOENT" as a value
 * is that error. A key with several values changes whenever the frontend changes its state. A target
 * sets lines_default and lines_written.
 */
#ifndef RINGLET_TESTS_STORE_LINES_H
#define RINGLET_TESTS_STORE_LINES_H

#include "xs_peer.h"

#define LINES   64
#define WATCHES 4

static struct line {
    const char *key, *value;
    size_t key_len, len;
} lines[LINES];
static unsigned line_count, phase;
static struct xs_peer peer;
static struct {
    char body[XENSTORE_PAYLOAD_MAX];
    size_t len; /* 0: there is none */
} watches[WATCHES];

/* The value of a key that the input does not name ("!ENOENT": none); called with each key of its own
 * that the frontend writes. */
static const char *(*lines_default)(const char *key);
static void (*lines_written)(const char *name, const char *value);

static inline void parse_lines(const char *text, size_t size)
{
    const char *end = text + size;

    for (line_count = 0; text < end && line_count < LINES; line_count++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));

        lines[line_count] = (struct line){.key = text, .key_len = (size_t)(stop - text)};
        if (equals) {
            lines[line_count].key_len = (size_t)(equals - text);
            lines[line_count].value = equals + 1;
            lines[line_count].len = MIN((size_t)(stop - equals - 1), (size_t)XENSTORE_PAYLOAD_MAX);
        }
        text = newline ? newline + 1 : end;
    }
}

static inline struct line find(const char *key)
{
    const char *value = lines_default(key);
    struct line found = {.value = value, .len = strlen(value)};
    unsigned n = 0;

    for (unsigned i = 0; i < line_count; i++) {
        if (lines[i].key_len != strlen(key) || memcmp(lines[i].key, key, lines[i].key_len))
            continue;
        if (n++ <= phase)
            found = lines[i];
    }
    return found;
}

static inline void give(const struct xsd_sockmsg *hdr, const char *key)
{
    struct line l = find(key);
    static char body[XENSTORE_PAYLOAD_MAX];

    if (!l.value || (l.len > 1 && l.value[0] == '!')) {
        peer_message(&peer, XS_ERROR, hdr->req_id, l.value ? l.value + 1 : "ENOENT",
                     l.value ? l.len - 1 : 7);
        return;
    }
    memcpy(body, l.value, l.len);
    for (size_t i = 0; i < l.len && hdr->type == XS_DIRECTORY; i++)
        if (body[i] == ' ')
            body[i] = '\0';
    if (hdr->type == XS_DIRECTORY && l.len && l.len < sizeof(body))
        body[l.len++] = '\0';
    peer_message(&peer, hdr->type, hdr->req_id, body, l.len);
}

static inline void watch_add(const char *body, size_t len)
{
    unsigned i = 0;

    while (i < WATCHES - 1 && watches[i].len)
        i++;
    must(len <= sizeof(watches[i].body));
    memcpy(watches[i].body, body, len);
    watches[i].len = len;
}

static inline void watch_remove(const char *body, size_t len)
{
    for (unsigned i = 0; i < WATCHES; i++)
        if (watches[i].len == len && !memcmp(watches[i].body, body, len))
            watches[i].len = 0;
}

static inline void serve(void)
{
    const struct xsd_sockmsg *hdr = &peer.in.hdr;

    while (peer_next(&peer)) {
        char *path = peer.in.bytes + sizeof(*hdr);
        char *name = strrchr(path, '/'), key[64];
        bool state;

        snprintf(key, sizeof(key), "%c/%.60s", strncmp(path, "device/", 7) ? 'b' : 'f',
                 name ? name + 1 : path);
        switch (hdr->type) {
        case XS_READ:
            give(hdr, key);
            continue;
        case XS_DIRECTORY:
            give(hdr, "list");
            continue;
        case XS_TRANSACTION_START:
            peer_message(&peer, hdr->type, hdr->req_id, "7", 2);
            continue;
        case XS_WATCH:
            watch_add(path, hdr->len);
            break;
        case XS_UNWATCH:
            watch_remove(path, hdr->len);
            break;
        case XS_WRITE:
            lines_written(key + 2, path + strlen(path) + 1);
            break;
        default:
            break;
        }
        peer_message(&peer, hdr->type, hdr->req_id, "OK", 3);
        state = hdr->type == XS_WRITE && !strcmp(key, "f/state");
        phase += state;
        for (unsigned i = 0; i < WATCHES; i++)
            if (watches[i].len && (state || hdr->type == XS_WATCH))
                peer_message(&peer, XS_WATCH_EVENT, 0, watches[i].body, watches[i].len);
    }
    if (peer.out_len)
        peer_flush(&peer, SIZE_MAX);
}

/* For each input. */
static inline void lines_begin(const uint8_t *data, size_t size)
{
    peer.req_cons = peer.rsp_prod = 0;
    peer.in_len = peer.out_len = 0;
    phase = 0;
    memset(watches, 0, sizeof(watches));
    parse_lines((const char *)data, size);
    seam_idle = serve;
}

#endif
