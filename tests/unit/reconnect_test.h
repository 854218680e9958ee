/* SPDX-License-Identifier: MIT */
/* Shared by the tests of a frontend whose backend goes: a driver that reconnects, and backends
 * in two domains that follow it. */
#ifndef RINGLET_TESTS_RECONNECT_TEST_H
#define RINGLET_TESTS_RECONNECT_TEST_H

#include "frontend_test.h"

#define BEFORE "/local/domain/5/backend/vbd/3/51712"
#define AFTER  "/local/domain/6/backend/vbd/3/51712"

/* ---- a driver that records its calls ---- */

static const struct frontend_ops ops = {
    .type = "vbd",
    .negotiate = one_key,
    .connected = connected,
    .lost = lost,
    .disconnected = disconnected,
    .away = away,
    .ended = ended,
};

/* ---- backends ---- */

static const char *where; /* the backend now; NULL: there is none */
static char written[64];  /* the frontend's states */

static inline void set(const char *dir, const char *key, const char *value)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/%s", dir, key);
    if (value)
        fake_text(path, value);
    else
        fake_remove(path);
}

static inline void backend(uint32_t type, const char *body)
{
    const char *value = body + strlen(body) + 1;
    char to[2] = "";

    if (type != XS_WRITE || strcmp(body, PATH "/state") || value[0] < '0' || value[0] > '9')
        return;
    if (strlen(written) < sizeof(written) - 1)
        written[strlen(written)] = value[0];
    to[0] = reaction[value[0] - '0'];
    if (where && to[0])
        set(where, "state", to);
}

/* A backend that waits for a frontend. */
static inline void present(const char *dir)
{
    where = dir;
    set(dir, "online", "1");
    set(dir, "state", "2");
}

static inline void gone(void)
{
    const char *dir = where;

    where = NULL;
    set(dir, "online", NULL);
    set(dir, "state", NULL);
}

static inline void device(const char *dir, const char *id)
{
    fake_text(PATH "/backend-id", id);
    fake_text(PATH "/state", "1");
    fake_text(PATH "/backend", dir);
}

static inline void clear(void)
{
    memset(&fe, 0, sizeof(fe));
    fe.name = "xvda";
    fe.reconnect_timeout_ns = 20 * NSEC_PER_SEC;
    ncalls = 0;
    calls[0] = '\0';
    memset(written, 0, sizeof(written));
    lost_reason = 0;
}

static inline int setup(void **state)
{
    (void)state;
    if (frontend_setup())
        return -1;
    clear();
    reaction[1] = '2';
    fake.after = backend;
    device(BEFORE, "5");
    present(BEFORE);
    return 0;
}

static inline void start_connected(void)
{
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    assert_string_equal(calls, "nc");
    memset(written, 0, sizeof(written));
}

static inline void ends_with(const char *want)
{
    frontend_stop(&fe);
    assert_string_equal(calls, want);
}

#endif
