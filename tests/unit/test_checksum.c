/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C against RFC 3720's examples (B.4) and the common check value, both implementations
 * against each other; SHA-256 against the examples published with FIPS 180-4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kernel/checksum.h>
#include <ringlet/string.h>

typedef uint32_t crc_function(uint32_t crc, const void *data, size_t len);

static void check_crc_vectors(crc_function *crc)
{
    static const uint8_t iscsi_read[48] = {
        0x01, 0xc0, [16] = 0x14, [20] = 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, [40] = 2,
    };
    uint8_t buf[32];

    assert_int_equal(crc(0, "", 0), 0);
    assert_int_equal(crc(0, "123456789", 9), 0xe3069283);
    memset(buf, 0, sizeof(buf));
    assert_int_equal(crc(0, buf, sizeof(buf)), 0x8a9136aa);
    memset(buf, 0xff, sizeof(buf));
    assert_int_equal(crc(0, buf, sizeof(buf)), 0x62a8ab43);
    for (unsigned i = 0; i < sizeof(buf); i++)
        buf[i] = (uint8_t)i;
    assert_int_equal(crc(0, buf, sizeof(buf)), 0x46dd794e);
    for (unsigned i = 0; i < sizeof(buf); i++)
        buf[i] = (uint8_t)(31 - i);
    assert_int_equal(crc(0, buf, sizeof(buf)), 0x113fdb5c);
    assert_int_equal(crc(0, iscsi_read, sizeof(iscsi_read)), 0xd9963a56);
}

static void crc32c_vectors(void **state)
{
    (void)state;
    check_crc_vectors(crc32c);
}

static void crc32c_portable_vectors(void **state)
{
    (void)state;
    check_crc_vectors(crc32c_portable);
}

/* Every length and alignment, in one piece and in two: the same number from both. */
static void crc32c_implementations_agree(void **state)
{
    uint8_t data[80];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 167 + 13);
    for (unsigned from = 0; from < 8; from++) {
        for (unsigned len = 0; len + from <= sizeof(data); len++) {
            uint32_t crc = crc32c(7, data + from, len);

            assert_int_equal(crc, crc32c_portable(7, data + from, len));
            assert_int_equal(
                crc, crc32c(crc32c(7, data + from, len / 3), data + from + len / 3, len - len / 3));
        }
    }
}

static void check_sha(const void *data, size_t len, const char *hex)
{
    struct sha256 s;
    char out[65];

    /* in one piece, byte by byte, and in pieces that do not fit the block */
    for (size_t piece = 0; piece < 3; piece++) {
        size_t step = piece == 0 ? len : piece == 1 ? 1 : 37;

        sha256_init(&s);
        for (size_t at = 0; at < len; at += step)
            sha256_update(&s, (const uint8_t *)data + at, MIN(step, len - at));
        sha256_final_hex(&s, out);
        assert_string_equal(out, hex);
    }
}

static void sha256_vectors(void **state)
{
    (void)state;
    check_sha("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check_sha("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
              "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
              112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void sha256_million_a(void **state)
{
    static char a[1000];
    struct sha256 s;
    char hex[65];

    (void)state;
    memset(a, 'a', sizeof(a));
    sha256_init(&s);
    for (unsigned i = 0; i < 1000; i++)
        sha256_update(&s, a, sizeof(a));
    sha256_final_hex(&s, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The padding's corner cases; the digests are those of coreutils' sha256sum. */
static void sha256_around_the_block_size(void **state)
{
    static const struct {
        size_t len;
        const char *hex;
    } zeroes[] = {
        {55, "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
        {56, "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
        {63, "c7723fa1e0127975e49e62e753db53924c1bd84b8ac1ac08df78d09270f3d971"},
        {64, "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
        {65, "98ce42deef51d40269d542f5314bef2c7468d401ad5d85168bfab4c0108f75f7"},
    };
    static const uint8_t buf[65];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(zeroes); i++)
        check_sha(buf, zeroes[i].len, zeroes[i].hex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_vectors),
        cmocka_unit_test(crc32c_portable_vectors),
        cmocka_unit_test(crc32c_implementations_agree),
        cmocka_unit_test(sha256_vectors),
        cmocka_unit_test(sha256_million_a),
        cmocka_unit_test(sha256_around_the_block_size),
    };

    return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
