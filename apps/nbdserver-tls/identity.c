/* SPDX-License-Identifier: MIT */
/* PEM files: the server's certificates and key, and those that clients' certificates are signed with. */
#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

#define FILE_MAX (64u << 10)

struct bytes {
    uint8_t *data;
    size_t len;
    bool failed; /* no memory */
};

static void append(void *to, const void *data, size_t len)
{
    struct bytes *b = to;
    uint8_t *grown = realloc(b->data, b->len + len + 1);

    if (!grown) {
        b->failed = true;
        return;
    }
    memcpy(grown + b->len, data, len);
    b->data = grown;
    b->len += len;
}

/* ---- objects ---- */

/* Each takes an object's bytes, or frees them. */
typedef const char *(*take_fn)(struct tls_identity *id, const char *name, struct bytes *b);

static const char *take_own(struct tls_identity *id, const char *name, struct bytes *b)
{
    const char *why = NULL;

    if (strcmp(name, "CERTIFICATE") == 0 || strcmp(name, "X509 CERTIFICATE") == 0) {
        if (id->certificates == IDENTITY_CHAIN) {
            why = "too many certificates";
        } else {
            id->chain[id->certificates].data = b->data;
            id->chain[id->certificates++].data_len = b->len;
            return NULL;
        }
    } else if (strstr(name, "PRIVATE KEY")) {
        br_skey_decoder_init(&id->key);
        br_skey_decoder_push(&id->key, b->data, b->len);
        id->has_key = !br_skey_decoder_last_error(&id->key);
        why = id->has_key ? NULL : "the private key is of no known kind, or encrypted";
    }
    free(b->data);
    return why;
}

struct identity_anchor {
    br_x509_decoder_context decoder; /* has the public key */
    struct bytes name;
};

static const char *take_anchor(struct tls_identity *id, const char *name, struct bytes *b)
{
    struct identity_anchor *a;
    const br_x509_pkey *key;

    if (!strstr(name, "CERTIFICATE") || id->anchors == IDENTITY_ANCHORS) {
        free(b->data);
        return strstr(name, "CERTIFICATE") ? "too many certificates" : NULL;
    }
    a = calloc(1, sizeof(*a));
    if (!a) {
        free(b->data);
        return "no memory";
    }
    br_x509_decoder_init(&a->decoder, append, &a->name);
    br_x509_decoder_push(&a->decoder, b->data, b->len);
    free(b->data);
    key = br_x509_decoder_get_pkey(&a->decoder);
    if (!key || a->name.failed || !br_x509_decoder_isCA(&a->decoder)) {
        free(a->name.data);
        free(a);
        return "no certificate of an authority";
    }
    id->anchor[id->anchors++] =
        (br_x509_trust_anchor){{a->name.data, a->name.len}, BR_X509_TA_CA, *key};
    return NULL;
}

/* ---- files ---- */

static const char *read_objects(struct tls_identity *id, const uint8_t *text, size_t len,
                                take_fn take)
{
    br_pem_decoder_context *pem = malloc(sizeof(*pem));
    struct bytes b = {0};
    char name[sizeof(pem->name)] = "";
    const char *why = pem ? NULL : "no memory";

    if (pem)
        br_pem_decoder_init(pem);
    while (len && !why) {
        const size_t n = br_pem_decoder_push(pem, text, len);

        text += n;
        len -= n;
        switch (br_pem_decoder_event(pem)) {
        case BR_PEM_BEGIN_OBJ:
            snprintf(name, sizeof(name), "%s", br_pem_decoder_name(pem));
            b = (struct bytes){0};
            br_pem_decoder_setdest(pem, append, &b);
            break;
        case BR_PEM_END_OBJ:
            if (b.failed || !b.data) {
                free(b.data);
                why = "an object that is empty, or too large";
            } else {
                why = take(id, name, &b);
            }
            b = (struct bytes){0};
            break;
        case BR_PEM_ERROR:
            why = "not PEM";
            break;
        }
    }
    free(b.data);
    free(pem);
    return why;
}

static const char *read_file(struct tls_identity *id, const char *path, take_fn take)
{
    FILE *file = fopen(path, "r");
    uint8_t *text = malloc(FILE_MAX);
    const char *why = file ? text ? NULL : "no memory" : "a file that is not there";
    size_t len;

    if (!why) {
        len = fread(text, 1, FILE_MAX - 1, file);
        text[len++] = '\n';
        why = len == FILE_MAX ? "a file of more than 64 KiB" : read_objects(id, text, len, take);
    }
    if (file)
        fclose(file);
    free(text);
    return why;
}

const char *tls_load(const char *files, struct tls_identity **out)
{
    struct tls_identity *id = calloc(1, sizeof(*id));
    char *own = strdup(files);
    char *ca = own ? strchr(own, ':') : NULL;
    const char *why = id && own ? NULL : "no memory";

    if (ca)
        *ca++ = 0;
    if (!why)
        why = read_file(id, own, take_own);
    if (!why && (!id->certificates || !id->has_key))
        why = "no certificate, or no private key";
    if (!why && ca)
        why = read_file(id, ca, take_anchor);
    if (!why && ca && !id->anchors)
        why = "no certificate of an authority";
    free(own);
    /* (the server does not start without it) */
    *out = why ? NULL : id;
    if (why)
        free(id);
    return why;
}
