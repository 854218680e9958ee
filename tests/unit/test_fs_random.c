/* SPDX-License-Identifier: MIT */
/* The random generator: the cipher against its RFC, seeds and their sources. */
#include "fake_xenstored.h"
#include "fs_test.h"

#include "lib/fs/chacha20.h"

static uint64_t cpu_value;
static unsigned cpu_calls;
static bool cpu_fails;

static bool cpu(uint64_t *out)
{
    cpu_calls++;
    *out = cpu_value++;
    return !cpu_fails;
}

static bool stuck_cpu(uint64_t *out)
{
    *out = UINT64_MAX;
    return true;
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup())
        return -1;
    cpu_value = 1;
    cpu_calls = 0;
    cpu_fails = false;
    random_set_source(cpu);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

/* RFC 8439, 2.3.2 */
static void the_block_function(void **state)
{
    static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
    static const uint8_t want[64] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    uint8_t key[32], out[64];

    (void)state;
    for (unsigned i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    chacha20_block(key, 1, nonce, out);
    assert_memory_equal(out, want, sizeof(want));
}

static void output_depends_on_the_seed_only(void **state)
{
    uint8_t a[100], b[100];

    (void)state;
    random_bytes(a, sizeof(a));
    assert_int_equal(cpu_calls, 8);
    cpu_value = 1;
    random_set_source(cpu);
    random_bytes(b, sizeof(b));
    assert_memory_equal(a, b, sizeof(a));
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    cpu_value = 2;
    random_set_source(cpu);
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    cpu_value = 1;
    random_set_source(cpu);
    seam_now++; /* the clock is part of the seed */
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

/* Not a test of randomness, which the cipher has, but of how the stream is cut. */
static void no_byte_is_left_out_or_repeated(void **state)
{
    static uint8_t out[70000];
    unsigned count[256] = {0};

    (void)state;
    for (size_t len = 0; len < 300; len++) {
        memset(out, 0, sizeof(out));
        random_bytes(out + 1, len);
        assert_int_equal(out[0], 0);
        assert_int_equal(out[len + 1], 0);
        if (len >= 16)
            assert_memory_not_equal(out + 1, out + 1 + len - 8, 8);
    }
    random_bytes(out, sizeof(out));
    for (size_t i = 0; i < sizeof(out); i++)
        count[out[i]]++;
    for (unsigned i = 0; i < 256; i++)
        assert_in_range(count[i], 150, 410);
}

static void seeded_again(void **state)
{
    static uint8_t out[1 << 20];

    (void)state;
    random_bytes(out, 1);
    assert_int_equal(cpu_calls, 8);
    random_bytes(out, 1);
    assert_int_equal(cpu_calls, 8);
    random_bytes(out, sizeof(out));
    random_bytes(out, 1);
    assert_int_equal(cpu_calls, 16);
    seam_now += 61 * NSEC_PER_SEC;
    random_bytes(out, 1);
    assert_int_equal(cpu_calls, 24);
}

static void mixing_in_changes_the_output(void **state)
{
    uint8_t a[32], b[32];

    (void)state;
    random_bytes(a, 1);
    random_mix("x", 1);
    random_bytes(a, sizeof(a));
    cpu_value = 1;
    random_set_source(cpu);
    random_bytes(b, 1);
    random_mix("y", 1);
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void said_once(void **state)
{
    uint8_t a[8];

    (void)state;
    random_bytes(a, sizeof(a));
    assert_non_null(strstr(seam_console(), "seeded by the CPU (RDRAND)"));
    seam_console_clear();
    seam_now += 61 * NSEC_PER_SEC;
    random_bytes(a, sizeof(a));
    assert_string_equal(seam_console(), "");
}

static void without_the_cpu(void **state)
{
    uint8_t a[32], b[32];

    (void)state;
    fake_text("vm", "/vm/one");
    random_set_source(NULL);
    random_bytes(a, sizeof(a));
    assert_non_null(strstr(seam_console(), "warning: random numbers are seeded from XenStore"));
    assert_true(fake.requests >= 6);
    fake_text("vm", "/vm/two");
    seam_now = NSEC_PER_SEC;
    random_set_source(NULL);
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void a_cpu_that_is_broken_is_none(void **state)
{
    uint8_t a[8];

    (void)state;
    random_set_source(stuck_cpu);
    random_bytes(a, sizeof(a));
    assert_non_null(strstr(seam_console(), "XenStore"));
    seam_console_clear();
    cpu_fails = true;
    random_set_source(cpu);
    random_bytes(a, sizeof(a));
    assert_non_null(strstr(seam_console(), "XenStore"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(the_block_function),
        TEST(output_depends_on_the_seed_only),
        TEST(no_byte_is_left_out_or_repeated),
        TEST(seeded_again),
        TEST(mixing_in_changes_the_output),
        TEST(said_once),
        TEST(without_the_cpu),
        TEST(a_cpu_that_is_broken_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
