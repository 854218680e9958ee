/* SPDX-License-Identifier: MIT */
/* The handshake, byte by byte. */
#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "negotiate.h"
#include "protocol.h"

static struct session s;

static int setup(void **state)
{
    (void)state;
    session_begin(32, 1);
    session_open(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    session_close(&s);
    return session_end() ? 0 : -1;
}

static uint64_t next(unsigned bytes)
{
    const uint8_t *p = session_read(&s, bytes);

    assert_non_null(p);
    return get_be(p, bytes);
}

static void assert_text(const char *text)
{
    const uint8_t *p = session_read(&s, strlen(text));

    assert_non_null(p);
    assert_memory_equal(p, text, strlen(text));
}

static void assert_greeting(void)
{
    assert_true(next(8) == NBD_MAGIC);
    assert_true(next(8) == NBD_OPTION_MAGIC);
    assert_int_equal(next(2), 3);
}

/* The header of an answer; returns its length. */
static size_t assert_answer(uint32_t option, uint32_t type)
{
    session_settle(&s);
    assert_true(next(8) == NBD_OPTION_REPLY_MAGIC);
    assert_int_equal(next(4), option);
    assert_int_equal(next(4), type);
    return next(4);
}

static void assert_refused(uint32_t option, uint32_t type)
{
    const size_t len = assert_answer(option, type);

    assert_non_null(session_read(&s, len));
    assert_int_equal(session_unread(&s), 0);
    assert_non_null(s.connection);
}

static void begin(void)
{
    assert_greeting();
    session_hello(&s, 3);
}

static void goes_on_with_export(void **state)
{
    static const uint16_t infos[] = {NBD_INFO_NAME, NBD_INFO_DESCRIPTION, 77};

    (void)state;
    begin();
    session_go(&s, NBD_OPT_INFO, "xvda", infos, 3);
    assert_int_equal(assert_answer(NBD_OPT_INFO, NBD_REP_INFO), 12);
    assert_int_equal(next(2), NBD_INFO_EXPORT);
    assert_int_equal(next(8), SESSION_DISK);
    /* without structured replies there is no DF */
    assert_int_equal(next(2), 0xd6d & ~NBD_FLAG_SEND_DF);
    assert_int_equal(assert_answer(NBD_OPT_INFO, NBD_REP_INFO), 14);
    assert_int_equal(next(2), NBD_INFO_BLOCK_SIZE);
    assert_int_equal(next(4), 512);
    assert_int_equal(next(4), 4096);
    assert_int_equal(next(4), 32 << 20);
    assert_int_equal(assert_answer(NBD_OPT_INFO, NBD_REP_INFO), 6);
    assert_int_equal(next(2), NBD_INFO_NAME);
    assert_text("xvda");
    assert_int_equal(assert_answer(NBD_OPT_INFO, NBD_REP_INFO), 8);
    assert_int_equal(next(2), NBD_INFO_DESCRIPTION);
    assert_text("a disk");
    assert_int_equal(assert_answer(NBD_OPT_INFO, NBD_REP_ACK), 0);
    assert_int_equal(session_export.connections, 0);
    session_go(&s, NBD_OPT_GO, "", NULL, 0);
    session_settle(&s);
    assert_int_equal(session_export.connections, 1);
    assert_int_equal(session_unread(&s), 20 + 12 + 20 + 14 + 20);
}

static void export_name_is_the_old_way(void **state)
{
    (void)state;
    assert_greeting();
    session_hello(&s, 0);
    session_option(&s, NBD_OPT_EXPORT_NAME, "xvda", 4);
    session_settle(&s);
    assert_int_equal(next(8), SESSION_DISK);
    assert_int_equal(next(2), 0xd6d & ~NBD_FLAG_SEND_DF);
    for (int i = 0; i < 124; i++)
        assert_int_equal(next(1), 0);
    assert_int_equal(session_unread(&s), 0);
    assert_int_equal(session_export.connections, 1);
}

static void export_name_without_zeroes(void **state)
{
    (void)state;
    begin();
    session_option(&s, NBD_OPT_EXPORT_NAME, "", 0);
    session_settle(&s);
    assert_int_equal(session_unread(&s), 10);
}

static void unknown_export_name_ends(void **state)
{
    (void)state;
    begin();
    session_option(&s, NBD_OPT_EXPORT_NAME, "xvdz", 4);
    session_settle(&s);
    assert_true(s.closed);
}

static void read_only_has_no_writes(void **state)
{
    (void)state;
    session_export.read_only = true;
    begin();
    session_option(&s, NBD_OPT_EXPORT_NAME, "xvda", 4);
    session_settle(&s);
    next(8);
    assert_int_equal(next(2), 0x50f);
}

static void lists(void **state)
{
    (void)state;
    begin();
    session_option(&s, NBD_OPT_LIST, NULL, 0);
    assert_int_equal(assert_answer(NBD_OPT_LIST, NBD_REP_SERVER), 8);
    assert_int_equal(next(4), 4);
    assert_text("xvda");
    assert_int_equal(assert_answer(NBD_OPT_LIST, NBD_REP_ACK), 0);
    session_option(&s, NBD_OPT_LIST, "x", 1);
    assert_refused(NBD_OPT_LIST, NBD_REP_ERR_INVALID);
    session_export.gone = true;
    session_option(&s, NBD_OPT_LIST, NULL, 0);
    assert_int_equal(assert_answer(NBD_OPT_LIST, NBD_REP_ACK), 0);
}

static void meta_contexts(void **state)
{
    (void)state;
    begin();
    session_context(&s, NBD_OPT_SET_META_CONTEXT, "xvda", "base:allocation");
    assert_refused(NBD_OPT_SET_META_CONTEXT, NBD_REP_ERR_INVALID);
    session_option(&s, NBD_OPT_STRUCTURED_REPLY, NULL, 0);
    assert_int_equal(assert_answer(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK), 0);
    for (int i = 0; i < 2; i++) {
        session_context(&s, NBD_OPT_LIST_META_CONTEXT, "xvda", i ? "base:" : NULL);
        assert_int_equal(assert_answer(NBD_OPT_LIST_META_CONTEXT, NBD_REP_META_CONTEXT), 19);
        next(4);
        assert_text("base:allocation");
        assert_int_equal(assert_answer(NBD_OPT_LIST_META_CONTEXT, NBD_REP_ACK), 0);
    }
    session_context(&s, NBD_OPT_SET_META_CONTEXT, "xvda", "base:");
    assert_int_equal(assert_answer(NBD_OPT_SET_META_CONTEXT, NBD_REP_ACK), 0);
    session_context(&s, NBD_OPT_SET_META_CONTEXT, "xvda", "base:allocation");
    assert_int_equal(assert_answer(NBD_OPT_SET_META_CONTEXT, NBD_REP_META_CONTEXT), 19);
    assert_int_equal(next(4), 1);
    assert_text("base:allocation");
    assert_int_equal(assert_answer(NBD_OPT_SET_META_CONTEXT, NBD_REP_ACK), 0);
    session_context(&s, NBD_OPT_SET_META_CONTEXT, "none", "base:allocation");
    assert_refused(NBD_OPT_SET_META_CONTEXT, NBD_REP_ERR_UNKNOWN);
}

/* Each is refused, and the negotiation goes on. */
static void refuses_politely(void **state)
{
    static uint8_t large[8192];
    static const struct {
        uint32_t option;
        const char *data;
        size_t len;
        uint32_t type;
    } cases[] = {
        {5, "", 0, NBD_REP_ERR_UNSUP},     /* STARTTLS */
        {4, "xvda", 4, NBD_REP_ERR_UNSUP}, /* PEEK_EXPORT */
        {11, "", 0, NBD_REP_ERR_UNSUP},
        {0xffffffff, "abc", 3, NBD_REP_ERR_UNSUP},
        {NBD_OPT_STRUCTURED_REPLY, "x", 1, NBD_REP_ERR_INVALID},
        {NBD_OPT_GO, "", 0, NBD_REP_ERR_INVALID},
        {NBD_OPT_GO, "\0\0\0\377xvda\0", 10, NBD_REP_ERR_INVALID},
        {NBD_OPT_GO, "\0\0\0\4xvda\0\1", 10, NBD_REP_ERR_INVALID},
        {NBD_OPT_INFO, "\0\0\0\4xvda\0\0\0", 11, NBD_REP_ERR_INVALID},
        {NBD_OPT_INFO, "\0\0\0\4xvdb\0\0", 10, NBD_REP_ERR_UNKNOWN},
        {NBD_OPT_INFO, "\377\377\377\377", 4, NBD_REP_ERR_INVALID},
    };

    (void)state;
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        session_option(&s, cases[i].option, cases[i].data, cases[i].len);
        assert_refused(cases[i].option, cases[i].type);
    }
    session_option(&s, NBD_OPT_GO, large, sizeof(large));
    assert_refused(NBD_OPT_GO, NBD_REP_ERR_TOO_BIG);
    session_option(&s, NBD_OPT_ABORT, NULL, 0);
    assert_int_equal(assert_answer(NBD_OPT_ABORT, NBD_REP_ACK), 0);
    assert_true(s.closed);
}

/* None of this is a client. */
static void ends_what_makes_no_sense(void **state)
{
    static const char *const garbage[] = {
        "\0\0\0\4",                                 /* an unknown flag */
        "\0\0\0\1IHAVEOPX\0\0\0\3\0\0\0\0",         /* a wrong magic */
        "\0\0\0\1IHAVEOPT\0\0\0\3\377\377\377\377", /* 4 GiB of data */
        "\0\0\0\0IHAVEOPT\0\0\0\3\0\0\0\0",         /* a refusal would not be understood */
        "\0\0\0\1IHAVEOPT\0\0\0\1\0\0\20\1",        /* a name of 4097 bytes */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
        struct session other;

        session_open(&other);
        session_send(&other, garbage[i], i ? 20 : 4);
        session_settle(&other);
        assert_true(other.closed || other.aborted);
        session_close(&other);
    }
}

/* A client that sends options and reads no answers is not served any further. */
static void unread_answers_stop_the_client(void **state)
{
    (void)state;
    s.room = 200;
    begin();
    for (int i = 0; i < 1000; i++)
        session_option(&s, NBD_OPT_LIST, NULL, 0);
    assert_true(s.out_len <= 200);
    assert_true(s.in_len > 15000);
    session_settle(&s);
    assert_int_equal(s.in_len, 0);
    assert_int_equal(session_unread(&s), 1000 * 48);
}

static void bytes_one_by_one(void **state)
{
    static const uint8_t stream[] =
        "\0\0\0\3IHAVEOPT\0\0\0\10\0\0\0\0IHAVEOPT\0\0\0\7\0\0\0\12\0\0\0\4xvda\0";

    (void)state;
    assert_greeting();
    for (size_t i = 0; i < sizeof(stream); i++)
        session_send(&s, stream + i, 1);
    assert_int_equal(assert_answer(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ACK), 0);
    assert_int_equal(assert_answer(NBD_OPT_GO, NBD_REP_INFO), 12);
    next(10);
    assert_int_equal(next(2), 0xded); /* with DF */
    assert_int_equal(session_export.connections, 1);
}

/* Who does not complete the handshake is cut. */
static void handshake_has_a_time(void **state)
{
    (void)state;
    connections_tick(&session_server, NSEC_PER_SEC);
    begin();
    connections_tick(&session_server, 30 * NSEC_PER_SEC);
    assert_false(s.aborted);
    session_send(&s, "I", 1);
    connections_tick(&session_server, 32 * NSEC_PER_SEC);
    assert_true(s.aborted);
    assert_int_equal(session_server.count, 0);
}

static void connections_are_limited(void **state)
{
    struct session more[3];

    (void)state;
    session_server.max = 3;
    for (int i = 0; i < 3; i++) {
        session_open(&more[i]);
        assert_int_equal(more[i].connection != NULL, i < 2);
    }
    assert_int_equal(session_server.refused, 1);
    for (int i = 0; i < 3; i++)
        session_close(&more[i]);
}

/* A disk has buffers for so many connections; the next one is told so, and may ask for another disk. */
static void a_disk_has_seats(void **state)
{
    struct session more[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        session_open(&more[i]);
        session_hello(&more[i], 1);
        session_go(&more[i], NBD_OPT_GO, "xvda", NULL, 0);
        session_settle(&more[i]);
        assert_non_null(more[i].connection);
    }
    assert_int_equal(session_export.connections, 2); /* of 32 buffers */
    assert_int_equal(get_be(more[2].out + 18 + 12, 4), NBD_REP_ERR_POLICY);
    for (int i = 0; i < 3; i++)
        session_close(&more[i]);
}

/* A server with TLS has no answer but one before that; NBD_OPT_STARTTLS must be alone. (Without a library it then has
 * to end the connection.) */
static void tls_comes_first(void **state)
{
    (void)state;
    session_close(&s);
    session_server.identity = (struct tls_identity *)&session_server;
    session_open(&s);
    session_settle(&s);
    assert_greeting();
    session_hello(&s, NBD_FLAG_FIXED_NEWSTYLE);
    for (uint32_t option = NBD_OPT_LIST; option <= NBD_OPT_SET_META_CONTEXT; option++) {
        if (option == NBD_OPT_STARTTLS)
            continue;
        session_option(&s, option, NULL, 0);
        assert_refused(option, NBD_REP_ERR_TLS_REQD);
    }
    session_option(&s, NBD_OPT_STARTTLS, "x", 1);
    assert_refused(NBD_OPT_STARTTLS, NBD_REP_ERR_INVALID);
    session_option(&s, NBD_OPT_STARTTLS, NULL, 0);
    assert_int_equal(assert_answer(NBD_OPT_STARTTLS, NBD_REP_ACK), 0);
    assert_true(s.aborted);
    session_close(&s);
    session_open(&s);
    session_hello(&s, NBD_FLAG_FIXED_NEWSTYLE);
    session_option(&s, NBD_OPT_EXPORT_NAME, "xvda", 4);
    session_settle(&s);
    assert_int_equal(session_unread(&s), 18);
    assert_null(s.connection);
    session_server.identity = NULL;
}

/* What was agreed in clear does not count within TLS. */
static void tls_begins_anew(void **state)
{
    static struct negotiation n;

    (void)state;
    negotiate_begin(&n, &session_server.exports, true);
    n.state = NEGOTIATE_TLS;
    n.agreed.structured = true;
    n.context_for = &session_export;
    n.out_len = 0;
    assert_int_equal(negotiate_input(&n, (const uint8_t *)"clear", 5), 0);
    negotiate_secured(&n);
    assert_false(n.agreed.structured);
    assert_null(n.context_for);
    assert_int_equal(n.state, NEGOTIATE_OPTION);
    assert_int_equal(n.tls, NEGOTIATE_SECURED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(goes_on_with_export),
        TEST(export_name_is_the_old_way),
        TEST(export_name_without_zeroes),
        TEST(unknown_export_name_ends),
        TEST(read_only_has_no_writes),
        TEST(lists),
        TEST(meta_contexts),
        TEST(refuses_politely),
        TEST(ends_what_makes_no_sense),
        TEST(unread_answers_stop_the_client),
        TEST(bytes_one_by_one),
        TEST(handshake_has_a_time),
        TEST(connections_are_limited),
        TEST(a_disk_has_seats),
        TEST(tls_comes_first),
        TEST(tls_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
