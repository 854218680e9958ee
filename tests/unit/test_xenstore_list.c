/* SPDX-License-Identifier: MIT */
/* Directories that do not fit into one message, part by part. */
#include "fake_xenstored.h"

#include <kernel/heap.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

/* The answer to each XS_DIRECTORY_PART, and the requested offset. */
static struct part {
    const char *text;
    size_t len;
    unsigned long offset;
} * part;
static unsigned parts, asked;

static void answer(uint32_t type, const char *body)
{
    const struct xsd_sockmsg *hdr = (const void *)fake.in;

    fake.out_len = 0;
    if (type == XS_DIRECTORY) {
        fake_message(XS_ERROR, hdr->req_id, hdr->tx_id, "E2BIG", 6);
        return;
    }
    assert_int_equal(type, XS_DIRECTORY_PART);
    assert_true(asked < parts);
    part[asked].offset = strtoul(body + strlen(body) + 1, NULL, 10);
    /* both texts end with a NUL */
    assert_int_equal(hdr->len, 2 + strlen(body + 2) + 1);
    fake_message(type, hdr->req_id, hdr->tx_id, part[asked].text, part[asked].len);
    asked++;
}

static int setup(void **state)
{
    (void)state;
    return fake_setup();
}

static int teardown(void **state)
{
    struct heap_stats heap;

    (void)state;
    heap_get_stats(&heap);
    seam_exit();
    return heap.in_use[MEM_XENSTORE] != 0;
}

static int list(struct part *answers, unsigned n, char ***names, unsigned *count)
{
    fake.after = answer;
    part = answers;
    parts = n;
    asked = 0;
    return xs_list(XS_NO_TRANSACTION, "a", NULL, names, count);
}

#define PART(t)             \
    {                       \
        t, sizeof(t) - 1, 0 \
    }

static void short_names_are_no_end(void **state)
{
    struct part p[] = {PART("7\0a\0"), PART("7\0b\0cd\0"), PART("7\0e\0\0")};
    unsigned count;
    char **names;

    (void)state;
    assert_int_equal(list(p, 3, &names, &count), 0);
    assert_int_equal(asked, 3);
    assert_int_equal(p[0].offset, 0);
    assert_int_equal(p[1].offset, 2);
    assert_int_equal(p[2].offset, 7);
    assert_int_equal(count, 4);
    assert_string_equal(names[0], "a");
    assert_string_equal(names[2], "cd");
    assert_string_equal(names[3], "e");
    assert_null(names[4]);
    heap_free(names);
}

static void end_may_come_alone(void **state)
{
    struct part p[] = {PART("7\0a\0"), PART("7\0\0")};
    unsigned count;
    char **names;

    (void)state;
    assert_int_equal(list(p, 2, &names, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "a");
    heap_free(names);
}

static void directory_may_be_empty_by_then(void **state)
{
    struct part p[] = {PART("7\0\0")};
    unsigned count;
    char **names;

    (void)state;
    assert_int_equal(list(p, 1, &names, &count), 0);
    assert_int_equal(count, 0);
    assert_null(names[0]);
    heap_free(names);
}

static void changed_directory_is_read_from_its_beginning(void **state)
{
    struct part p[] = {PART("1234567890\0old\0"), PART("1234567891\0old\0"),
                       PART("1234567891\0new\0"), PART("1234567891\0er\0\0")};
    unsigned count;
    char **names;

    (void)state;
    assert_int_equal(list(p, 4, &names, &count), 0);
    assert_int_equal(p[1].offset, 4);
    assert_int_equal(p[2].offset, 0);
    assert_int_equal(p[3].offset, 4);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "new");
    assert_string_equal(names[1], "er");
    heap_free(names);
}

static void parts_that_are_none(void **state)
{
    struct part p[] = {PART(""), PART("7"), PART("7\0"), PART("7\0a"), PART("7\0a\0b")};
    unsigned count = 77;
    char **names = (char **)1;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
        assert_int_equal(list(&p[i], 1, &names, &count), -EPROTO);
        assert_null(names);
        assert_int_equal(count, 0);
    }
}

/* 1 MiB of names is taken, and not a byte more. */
static void a_mebibyte_is_the_limit(void **state)
{
    enum { NAME = 1024, PER_PART = 2, PARTS = 512 };
    static char text[2 + PER_PART * NAME + 4];
    static struct part p[PARTS + 1];
    unsigned count;
    char **names;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "7", 2);
    text[2 + NAME - 1] = text[2 + 2 * NAME - 1] = '\0';
    memcpy(text + 2 + 2 * NAME, "y\0", 3);
    for (unsigned i = 0; i < PARTS; i++)
        p[i] = (struct part){text, 2 + PER_PART * NAME, 0};
    p[PARTS] = (struct part){"7\0\0", 3, 0};
    assert_int_equal(list(p, PARTS + 1, &names, &count), 0);
    assert_int_equal(count, PARTS * PER_PART);
    assert_int_equal(strlen(names[count - 1]), NAME - 1);
    heap_free(names);
    p[PARTS] = (struct part){"7\0\0\0", 4, 0};
    assert_int_equal(list(p, PARTS + 1, &names, &count), -E2BIG);
    assert_null(names);
}

static void short_memory(void **state)
{
    unsigned count, failed = 0;
    char **names;
    int ret;

    (void)state;
    do {
        struct part p[] = {PART("7\0first\0"), PART("7\0second\0"), PART("7\0third name\0\0")};

        mem_fail_nth(failed + 1);
        ret = list(p, 3, &names, &count);
        mem_fail_nth(0);
        if (ret) {
            assert_int_equal(ret, -ENOMEM);
            assert_null(names);
            assert_int_equal(count, 0);
            failed++;
        }
    } while (ret);
    /* three answers, a generation, the text at least once, the array */
    assert_true(failed >= 6);
    assert_int_equal(count, 3);
    assert_string_equal(names[2], "third name");
    heap_free(names);
}

static void directory_that_always_changes(void **state)
{
    static struct part p[128];
    unsigned count;
    char **names;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
        p[i] = (struct part){i % 2 ? "8\0b\0\0" : "7\0a\0", i % 2 ? 5 : 4, 0};
    assert_int_equal(list(p, ARRAY_SIZE(p), &names, &count), -EAGAIN);
    assert_int_equal(asked, 128); /* 64 attempts */
    assert_null(names);
}

static const char *no_parts(uint32_t type, const char *body)
{
    (void)body;
    return type == XS_DIRECTORY ? "E2BIG" : "EACCES";
}

static void error_of_a_part_is_the_lists(void **state)
{
    unsigned count;
    char **names;

    (void)state;
    fake.refuse = no_parts;
    assert_int_equal(xs_list(XS_NO_TRANSACTION, "a", NULL, &names, &count), -EACCES);
    assert_null(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(short_names_are_no_end),
        TEST(end_may_come_alone),
        TEST(directory_may_be_empty_by_then),
        TEST(changed_directory_is_read_from_its_beginning),
        TEST(parts_that_are_none),
        TEST(a_mebibyte_is_the_limit),
        TEST(short_memory),
        TEST(directory_that_always_changes),
        TEST(error_of_a_part_is_the_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
