/* SPDX-License-Identifier: MIT */
/* The arithmetic of splitting (drivers/block/path/split.c), mostly as properties over random
 * requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/block/path/split.h"
#include "drivers/block/wire.h"
#include "random.h"

#include <string.h>

#define MEMORY (1 << 20)

static uint8_t memory[MEMORY] __attribute__((aligned(4096)));

static const struct direct_memory plain = {.plain = true};

static struct split_result split_flat(size_t start, uint64_t offset, size_t bytes,
                                      unsigned sector_size, struct segment *seg, unsigned max)
{
    struct blkfront_iovec v = {memory + start, bytes};
    struct cursor at = {&v, 0};

    return split_segments(&at, offset, bytes, sector_size, &plain, seg, max);
}

static void page_in_place(void **state)
{
    struct segment s[11];
    struct split_result r = split_flat(4096, 0, 4096, 512, s, 11);

    (void)state;
    assert_int_equal(r.segments, 1);
    assert_int_equal(r.bytes, 4096);
    assert_false(r.bounced);
    assert_ptr_equal(s[0].page, memory + 4096);
    assert_int_equal(s[0].first, 0);
    assert_int_equal(s[0].last, 7);
    assert_int_equal(s[0].gref, 0);
}

static void aligned_buffer_crosses_pages(void **state)
{
    struct segment s[11];
    struct split_result r = split_flat(512 * 5, 512 * 9, 4096, 512, s, 11);

    (void)state;
    assert_int_equal(r.segments, 2);
    assert_false(r.bounced);
    assert_int_equal(s[0].first, 5);
    assert_int_equal(s[0].last, 7);
    assert_ptr_equal(s[1].page, memory + 4096);
    assert_int_equal(s[1].first, 0);
    assert_int_equal(s[1].last, 4);
}

static void eleven_segments_are_44_kib(void **state)
{
    struct segment s[11];

    (void)state;
    assert_int_equal(split_flat(0, 0, 11 * 4096, 512, s, 11).bytes, 11 * 4096);
    assert_int_equal(split_flat(0, 0, 12 * 4096, 512, s, 11).bytes, 11 * 4096);
}

/* A 4096-byte sector must be one segment: backends refuse parts of it. */
static void big_sectors_need_whole_pages(void **state)
{
    struct segment s[11];
    struct split_result r = split_flat(512, 4096, 8192, 4096, s, 11);

    (void)state;
    assert_int_equal(r.segments, 2);
    assert_true(s[0].bounce && s[1].bounce);
    r = split_flat(4096, 4096, 8192, 4096, s, 11);
    assert_int_equal(r.segments, 2);
    assert_false(r.bounced);
}

/* Only the ends of an unaligned read bounce when the middle fits the caller's memory. */
static void unaligned_read_bounces_its_ends_only(void **state)
{
    struct segment s[11];
    struct split_result r = split_flat(100, 612, 412 + 4096 + 10, 512, s, 11);

    (void)state;
    assert_int_equal(r.bytes, 412 + 4096 + 10);
    assert_int_equal(r.segments, 4);
    assert_true(s[0].bounce);
    assert_int_equal(s[0].skip, 100);
    assert_int_equal(s[0].bytes, 412);
    assert_false(s[1].bounce || s[2].bounce);
    assert_int_equal(s[1].skip, 512);
    assert_int_equal(s[1].bytes + s[2].bytes, 4096);
    assert_true(s[3].bounce);
    assert_int_equal(s[3].bytes, 10);
}

/* Four pages of a registered buffer, one of which has no reference, and two pages behind it. */
static void registered_pages_keep_their_references(void **state)
{
    static const grant_ref_t ref[4] = {10, 0, 12, 13};
    const struct registered buffer = {
        .low = (uintptr_t)memory, .high = (uintptr_t)memory + sizeof(ref) / 4 * 4096, .ref = ref};

    (void)state;
    for (int is_plain = 0; is_plain <= 1; is_plain++) {
        struct registered g = buffer;
        const struct direct_memory m = {.plain = is_plain, .registered = &g};
        struct blkfront_iovec v = {memory, 6 * 4096};
        struct cursor at = {&v, 0};
        struct segment s[11];
        struct split_result r = split_segments(&at, 0, v.len, 512, &m, s, 11);

        assert_int_equal(r.segments, 6);
        assert_int_equal(r.bytes, v.len);
        assert_int_equal(r.fresh, 3);
        assert_int_equal(r.bounced, !is_plain);
        for (unsigned i = 0; i < 6; i++) {
            grant_ref_t want = i < 4 ? ref[i] : 0;

            assert_int_equal(s[i].gref, want);
            assert_int_equal(s[i].persistent, want != 0);
            assert_int_equal(s[i].bounce, !want && !is_plain);
            assert_ptr_equal(s[i].page, s[i].bounce ? NULL : memory + i * 4096);
            assert_int_equal(s[i].bytes, 4096);
        }
        g = buffer;
        assert_int_equal(split_segments(&at, 0, v.len, 512, &m, s, 3).segments, 3);
    }
}

static void untrusted_bounces_everything(void **state)
{
    struct blkfront_iovec v = {memory, 8192};
    struct cursor at = {&v, 0};
    struct segment s[4];
    struct split_result r = split_segments(&at, 0, 8192, 512, &split_bounce_all, s, 4);

    (void)state;
    assert_int_equal(r.segments, 2);
    assert_true(s[0].bounce && s[1].bounce);
}

static void write_pieces(void **state)
{
    bool merge;

    (void)state;
    assert_int_equal(split_write(0, 512, 512, &merge), 512);
    assert_false(merge);
    assert_int_equal(split_write(0, 1000, 512, &merge), 512);
    assert_false(merge);
    assert_int_equal(split_write(512, 488, 512, &merge), 488);
    assert_true(merge);
    assert_int_equal(split_write(100, 4000, 512, &merge), 412);
    assert_true(merge);
    assert_int_equal(split_write(100, 4, 4096, &merge), 4);
    assert_true(merge);
    assert_int_equal(split_write(4095, 2, 4096, &merge), 1);
    assert_true(merge);
    assert_int_equal(split_write(1ULL << 62, 9000, 4096, &merge), 8192);
    assert_false(merge);
}

/* ---- properties ---- */

/* A random vector over memory, of bytes in all; some elements empty. */
static unsigned random_vector(struct random *r, struct blkfront_iovec *v, unsigned max,
                              size_t bytes)
{
    unsigned n = 0, style = random_below(r, 3);
    size_t at = random_below(r, 3) ? random_below(r, 32) * 512 : random_below(r, 8192);

    while (bytes) {
        size_t len = style == 0 ? bytes : random_below(r, 5) ? random_below(r, 20000) : 0;

        if (style == 2)
            len &= ~(size_t)511;
        if (n == max - 1 || len > bytes)
            len = bytes;
        if (at + len > MEMORY)
            at = 0;
        v[n++] = (struct blkfront_iovec){memory + at, len};
        at += len + (style == 2 ? 512 * random_below(r, 3) : random_below(r, 100));
        bytes -= len;
    }
    return n;
}

static void check_segment(const struct segment *s, uint64_t offset, unsigned sector_size,
                          bool in_place, struct cursor *at, uint64_t end)
{
    unsigned sectors = s->last - s->first + 1u;

    assert_true(s->first <= s->last && s->last <= 7);
    assert_int_equal(sectors * 512 % sector_size, 0);
    assert_true(s->bytes > 0 && s->skip + s->bytes <= 4096);
    assert_int_equal(s->gref, 0);
    if (s->bounce) {
        assert_null(s->page);
        assert_int_equal(s->first, 0);
        /* the page's first byte is a sector's first, the caller's bytes are in these sectors */
        assert_int_equal((offset - s->skip) % sector_size, 0);
        assert_true(s->skip < sector_size);
        assert_int_equal(sectors, (s->skip + s->bytes + sector_size - 1) / sector_size *
                                      (sector_size / 512));
        /* it ends at a sector's end unless the request does */
        assert_true((offset + s->bytes) % sector_size == 0 || offset + s->bytes == end);
        cursor_advance(at, s->bytes);
    } else {
        assert_true(in_place);
        assert_int_equal((uintptr_t)s->page % 4096, 0);
        assert_int_equal(offset % sector_size, 0);
        assert_int_equal(s->bytes, sectors * 512);
        assert_int_equal(s->skip, s->first * 512);
        /* these are the caller's bytes that are next */
        while (at->offset == at->iov->len) {
            at->iov++;
            at->offset = 0;
        }
        assert_ptr_equal(s->page + s->skip, (uint8_t *)at->iov->base + at->offset);
        assert_true(at->iov->len - at->offset >= s->bytes);
        cursor_advance(at, s->bytes);
    }
}

static void any_request(struct random *r)
{
    for (unsigned round = 0; round < 300; round++) {
        unsigned sector_size = 512u << random_below(r, 4);
        size_t bytes = 1 + random_below(r, random_below(r, 2) ? 200000 : 3000);
        uint64_t offset = random_u64(r) >> (1 + random_below(r, 40));
        unsigned limit = 1 + random_below(r, random_below(r, 2) ? 256 : 11);
        bool in_place = random_below(r, 4);
        struct blkfront_iovec v[64];
        struct segment seg[256];
        struct cursor at, check;
        uint64_t end;

        if (offset > INT64_MAX - bytes)
            offset -= bytes;
        if (random_below(r, 2))
            offset &= ~(uint64_t)4095;
        end = offset + bytes;
        random_vector(r, v, ARRAY_SIZE(v), bytes);
        at = (struct cursor){v, 0};
        while (bytes) {
            struct split_result cut = split_segments(
                &at, offset, bytes, sector_size, in_place ? &plain : &split_bounce_all, seg, limit);
            uint64_t p = offset;
            bool bounced = false;

            assert_in_range(cut.segments, 1, limit);
            assert_in_range(cut.bytes, 1, bytes);
            /* it stops early only when there are no segments left */
            assert_true(cut.bytes == bytes || cut.segments == limit);
            check = at;
            for (unsigned i = 0; i < cut.segments; i++) {
                check_segment(&seg[i], p, sector_size, in_place, &check, end);
                bounced |= seg[i].bounce;
                p += seg[i].bytes;
            }
            assert_int_equal(p - offset, cut.bytes);
            assert_int_equal(bounced, cut.bounced);
            offset += cut.bytes;
            bytes -= cut.bytes;
            at = check;
        }
        assert_int_equal(offset, end);
    }
}

static void segments_cover_exactly_the_request(void **state)
{
    (void)state;
    random_runs("segments_cover_exactly_the_request", 50, any_request);
}

/* A write is taken apart without a gap, and only its ends are merged. */
static void any_write(struct random *r)
{
    for (unsigned round = 0; round < 1000; round++) {
        unsigned sector_size = 512u << random_below(r, 4);
        uint64_t offset = random_u64(r) >> (2 + random_below(r, 50));
        size_t bytes = 1 + random_below(r, 30000);
        unsigned merges = 0, pieces = 0;

        while (bytes) {
            bool merge;
            size_t n = split_write(offset, bytes, sector_size, &merge);

            assert_in_range(n, 1, bytes);
            if (merge) {
                merges++;
                assert_true(n < sector_size);
                assert_int_equal(offset / sector_size, (offset + n - 1) / sector_size);
            } else {
                assert_int_equal(offset % sector_size, 0);
                assert_int_equal(n % sector_size, 0);
            }
            pieces++;
            offset += n;
            bytes -= n;
        }
        assert_true(merges <= 2 && pieces <= 3);
    }
}

static void writes_merge_at_most_their_ends(void **state)
{
    (void)state;
    random_runs("writes_merge_at_most_their_ends", 20, any_write);
}

static void any_copy(struct random *r)
{
    static uint8_t out[30000], back[30000];

    for (unsigned round = 0; round < 100; round++) {
        size_t bytes = 1 + random_below(r, sizeof(out));
        struct blkfront_iovec v[32];
        struct cursor to, from;
        size_t done = 0;

        random_vector(r, v, ARRAY_SIZE(v), bytes);
        for (size_t i = 0; i < bytes; i++)
            out[i] = (uint8_t)random_u64(r);
        to = from = (struct cursor){v, 0};
        /* elements do not overlap unless memory was used up, which 30000 bytes do not */
        while (done < bytes) {
            size_t n = 1 + random_below(r, 5000);

            n = MIN(n, bytes - done);
            cursor_copy_out(&to, out + done, n);
            done += n;
        }
        cursor_copy_in(&from, back, bytes);
        assert_memory_equal(out, back, bytes);
    }
}

static void copies_go_through_vectors(void **state)
{
    (void)state;
    random_runs("copies_go_through_vectors", 10, any_copy);
}

/* Vectors may be longer than the bytes that are requested, which are cut as if they were not. */
static void what_lies_behind_does_not_matter(void **state)
{
    struct blkfront_iovec v = {memory + 100, 8192};
    struct cursor at = {&v, 0};
    struct segment s[11];
    struct split_result r = split_segments(&at, 100, 412 + 200, 512, &plain, s, 11);

    (void)state;
    assert_int_equal(r.segments, 1);
    assert_int_equal(r.bytes, 612);
    assert_true(s[0].bounce);
    assert_int_equal(s[0].bytes, 612);
    assert_int_equal(s[0].last, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_in_place),
        cmocka_unit_test(aligned_buffer_crosses_pages),
        cmocka_unit_test(eleven_segments_are_44_kib),
        cmocka_unit_test(big_sectors_need_whole_pages),
        cmocka_unit_test(unaligned_read_bounces_its_ends_only),
        cmocka_unit_test(registered_pages_keep_their_references),
        cmocka_unit_test(untrusted_bounces_everything),
        cmocka_unit_test(write_pieces),
        cmocka_unit_test(segments_cover_exactly_the_request),
        cmocka_unit_test(writes_merge_at_most_their_ends),
        cmocka_unit_test(copies_go_through_vectors),
        cmocka_unit_test(what_lies_behind_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
