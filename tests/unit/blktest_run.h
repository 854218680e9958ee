/* SPDX-License-Identifier: MIT */
/*
 * Runs the whole test guest blktest on the fake driver, and reads its console. Include it in one
 * file of a program, after cmocka.h.
 */
#ifndef RINGLET_TESTS_BLKTEST_RUN_H
#define RINGLET_TESTS_BLKTEST_RUN_H

#include "fake_blkfront.h"
#include <ringlet/checksum.h>
#include <ringlet/shutdown.h>
#include <ringlet/xenstore.h>

#define main blktest_main
#include <guests/blktest/main.c>
#undef main

#define DISK_BYTES (1 << 20)

static uint8_t content[FAKE_DISKS][DISK_BYTES];
static bool (*on_shutdown)(enum shutdown_request);
static bool continue_written;

/* ---- other functions of the kernel for blktest ---- */

void shutdown_on_request(bool (*fn)(enum shutdown_request request))
{
    on_shutdown = fn;
}

void domain_shutdown(enum shutdown_reason reason)
{
    (void)reason;
    abort();
}

int xs_read(xs_transaction_t t, const char *dir, const char *node, char **value, size_t *len)
{
    (void)t;
    (void)len;
    assert_string_equal(dir, "data");
    assert_string_equal(node, "continue");
    if (!continue_written)
        return -ENOENT;
    *value = heap_strndup("1", 1, MEM_APP);
    return 0;
}

void xs_get_stats(struct xs_stats *out)
{
    *out = (struct xs_stats){.waits = 6, .wait_ns = 7, .requests = 8};
}

int xs_watch(struct xs_watch *w, const char *dir, const char *node)
{
    (void)w;
    (void)dir;
    (void)node;
    return 0;
}

int xs_unwatch(struct xs_watch *w)
{
    (void)w;
    return 0;
}

int xs_watch_wait(struct xs_watch *w, uint64_t deadline)
{
    (void)w;
    seam_now = deadline;
    continue_written = seam_now > 5 * NSEC_PER_SEC;
    return -ETIMEDOUT;
}

/* ---- running it ---- */

static int setup(void **state)
{
    (void)state;
    seam_init(64 << 20);
    fake_reset();
    continue_written = false;
    for (unsigned i = 0; i < FAKE_DISKS; i++)
        for (unsigned k = 0; k < DISK_BYTES; k++)
            content[i][k] = (uint8_t)fake_next_random();
    fake_add(0, content[0], DISK_BYTES, false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

/* Runs blktest with this command line; its verdict line must be the last one. */
static void run(const char *words, const char *verdict)
{
    char line[256], expected[64], *argv[33];
    const char *console;
    int argc;

    snprintf(line, sizeof(line), "%s", words);
    argc = cmdline_split(line, argv, ARRAY_SIZE(argv));
    assert_true(argc >= 0);
    seam_console_clear();
    blktest_main(argc, argv);
    console = seam_console();
    snprintf(expected, sizeof(expected), "\nTest result: %s\n", verdict);
    if (strlen(console) < strlen(expected) ||
        strcmp(console + strlen(console) - strlen(expected), expected))
        fail_msg("%s: not the verdict %s:\n%s", words, verdict, console);
    assert_false(fake_disk[0].open);
}

static bool said(const char *text)
{
    return strstr(seam_console(), text) != NULL;
}

/* The RESULT lines that contain both texts. */
static unsigned results(const char *a, const char *b)
{
    unsigned n = 0;
    char *text = strdup(seam_console()), *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        n += !strncmp(line, "RESULT {", 8) && strstr(line, a) && strstr(line, b);
    free(text);
    return n;
}

/* Whether there is a digest line of this kind for this part of the disk, with the right digest. */
static bool digest(unsigned disk, uint64_t offset, uint64_t bytes, const char *kind)
{
    struct sha256 sha;
    char hex[65], line[256];

    sha256_init(&sha);
    sha256_update(&sha, content[disk] + offset, bytes);
    sha256_final_hex(&sha, hex);
    snprintf(line, sizeof(line),
             "{\"type\":\"digest\",\"dev\":\"xvd%c\",\"offset\":%llu,\"bytes\":%llu,"
             "\"sha256\":\"%s\",\"kind\":\"%s\"}",
             'a' + disk, (unsigned long long)offset, (unsigned long long)bytes, hex, kind);
    return said(line);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
