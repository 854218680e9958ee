/* SPDX-License-Identifier: MIT */
/* The server of a libvchan connection, with a client that follows the rules, and one that does not. */
#include "fake_xenstored.h"

#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/vchan.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define CLIENT 5
#define PATH   "device-model/9/qmp-vchan"

/* The page as the client sees it (xen/io/libxenvchan.h, without its flexible array). */
struct page {
    uint32_t left_cons, left_prod, right_cons, right_prod;
    uint16_t left_order, right_order;
    uint8_t cli_live, srv_live, cli_notify, srv_notify;
    char rest[PAGE_SIZE - 24];
};

static struct vchan *v;
static struct page *page;
static evtchn_port_t port;
static unsigned events;

static int setup(void **state)
{
    (void)state;
    events = 0;
    return fake_setup() || gnttab_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void on_event(void *arg)
{
    assert_ptr_equal(arg, &events);
    events++;
}

static void listening(void)
{
    const grant_entry_v1_t *grant;

    assert_int_equal(vchan_listen(CLIENT, PATH, &v), 0);
    grant = &seam_grants[strtoul(fake_value(PATH "/ring-ref"), NULL, 10)];
    assert_int_equal(grant->domid, CLIENT);
    assert_int_equal(grant->flags & GTF_readonly, 0);
    page = seam_page(grant->frame);
    port = (evtchn_port_t)strtoul(fake_value(PATH "/event-channel"), NULL, 10);
    assert_true(port > 2);
    vchan_on_event(v, on_event, &events);
}

/* What libxenvchan's client does when it opens the connection. */
static void client_comes(void)
{
    assert_int_equal(page->left_order, 10);
    assert_int_equal(page->right_order, 11);
    assert_int_equal(page->srv_live, 1);
    page->cli_live = 1;
    page->srv_notify = 1;
    seam_raise(port);
}

static void client_goes(void)
{
    page->cli_live = 0;
    seam_raise(port);
}

static void client_sends(const char *text)
{
    for (; *text; text++)
        ((char *)page)[1024 + (page->left_prod++ & 1023)] = *text;
    if (page->cli_notify & 1) {
        page->cli_notify &= (uint8_t)~1;
        seam_raise(port);
    }
}

static const char *client_takes(void)
{
    static char text[4096];
    size_t n = 0;

    while (page->right_cons != page->right_prod)
        text[n++] = ((char *)page)[2048 + (page->right_cons++ & 2047)];
    text[n] = '\0';
    return text;
}

static const char *received(void)
{
    static char text[2048];
    int n = vchan_receive(v, text, sizeof(text) - 1);

    assert_true(n >= 0);
    text[n] = '\0';
    return text;
}

static void bytes_go_both_ways(void **state)
{
    uint64_t sends;

    (void)state;
    listening();
    assert_int_equal(page->cli_live, 2);
    assert_int_equal(page->cli_notify, 1);
    assert_int_equal(vchan_connection(v), 0);
    assert_int_equal(vchan_receive(v, &sends, 1), -ENOTCONN);
    assert_int_equal(vchan_send(v, "x", 1), -ENOTCONN);
    client_comes();
    thread_yield();
    assert_int_equal(events, 1);
    assert_int_equal(vchan_connection(v), 1);
    assert_string_equal(received(), "");
    client_sends("hello");
    thread_yield();
    assert_int_equal(events, 2);
    assert_string_equal(received(), "hello");
    assert_int_equal(page->left_cons, 5);
    sends = seam_sends;
    assert_int_equal(vchan_send(v, "good day", 8), 8);
    assert_int_equal(seam_sends, sends + 1); /* it had asked */
    assert_int_equal(seam_last_send, port);
    assert_int_equal(vchan_send(v, "!", 1), 1);
    assert_int_equal(seam_sends, sends + 1);
    assert_string_equal(client_takes(), "good day!");
    sends = seam_sends;
    vchan_close(v);
    assert_int_equal(seam_sends - sends - 2,
                     1); /* two requests to XenStore, and the client's event */
    assert_string_equal(fake_value(PATH "/ring-ref"), "");
    assert_string_equal(fake_value(PATH "/event-channel"), "");
}

/* The client has to tell of room only when the server found none or little: it asks first. */
static void a_full_ring_takes_what_fits_and_asks_for_room(void **state)
{
    static char text[3000];

    (void)state;
    memset(text, 'a', sizeof(text));
    listening();
    client_comes();
    assert_int_equal(vchan_send(v, text, sizeof(text)), 2048);
    assert_int_equal(vchan_send(v, text, 1), 0);
    assert_true(page->cli_notify & 2);
    page->right_cons += 100;
    memset(text, 'b', sizeof(text));
    assert_int_equal(vchan_send(v, text, sizeof(text)), 100);
    assert_int_equal(((char *)page)[2048], 'b');
    assert_int_equal(((char *)page)[2048 + 99], 'b');
    assert_int_equal(((char *)page)[2048 + 100], 'a');
    vchan_close(v);
}

static void input_wraps_at_the_end_of_the_ring(void **state)
{
    static char text[901];

    (void)state;
    listening();
    client_comes();
    for (unsigned i = 0; i < 5; i++) {
        memset(text, 'a' + (int)i, sizeof(text) - 1);
        client_sends(text);
        assert_string_equal(received(), text);
    }
    /* the room that was given back was told of: the client asks by srv_notify */
    page->srv_notify = 2;
    client_sends("x");
    assert_string_equal(received(), "x");
    assert_int_equal(seam_last_send, port);
    assert_int_equal(page->srv_notify, 0);
    vchan_close(v);
}

static void each_client_begins_anew(void **state)
{
    (void)state;
    listening();
    client_comes();
    assert_int_equal(vchan_connection(v), 1);
    client_sends("old");
    assert_int_equal(vchan_send(v, "not taken", 9), 9);
    client_goes();
    assert_int_equal(vchan_connection(v), 0);
    assert_int_equal(page->cli_live, 2);
    client_comes();
    assert_int_equal(vchan_connection(v), 2);
    assert_string_equal(received(), "");
    assert_string_equal(client_takes(), "");
    client_sends("new");
    assert_string_equal(received(), "new");
    vchan_close(v);
}

static void a_client_that_came_and_went_unseen_leaves_the_door_open(void **state)
{
    (void)state;
    listening();
    client_comes();
    client_sends("x");
    client_goes();
    assert_int_equal(vchan_connection(v), 0);
    assert_int_equal(page->cli_live, 2);
    client_comes();
    assert_int_equal(vchan_connection(v), 1);
    assert_string_equal(received(), "");
    vchan_close(v);
}

/* The server's vCPU did not run meanwhile: there was one event, or none. */
static void a_client_that_comes_at_once_after_another_is_noticed(void **state)
{
    (void)state;
    listening();
    client_comes();
    assert_int_equal(vchan_connection(v), 1);
    assert_int_equal(vchan_connection(v), 1);
    client_sends("half of a comm");
    assert_int_equal(vchan_send(v, "not taken", 9), 9);
    page->cli_live = 0;
    client_comes();
    assert_int_equal(vchan_connection(v), 2);
    assert_int_equal(vchan_connection(v), 2);
    assert_string_equal(received(), "");
    assert_string_equal(client_takes(), "");
    client_sends("new");
    assert_string_equal(received(), "new");
    assert_int_equal(vchan_send(v, "greeting", 8), 8);
    assert_string_equal(client_takes(), "greeting");
    /* one that was ended, too */
    page->left_prod += 1025;
    assert_int_equal(vchan_receive(v, &(char){0}, 1), -ENOTCONN);
    assert_int_equal(vchan_connection(v), 0);
    assert_int_equal(page->srv_live, 0);
    page->cli_live = 1;
    assert_int_equal(vchan_connection(v), 3);
    assert_int_equal(page->srv_live, 1);
    vchan_close(v);
}

/* What the server writes there, and what means nothing. */
static void a_client_that_was_not_there_is_none(void **state)
{
    (void)state;
    listening();
    for (unsigned value = 2; value < 256; value++) {
        page->cli_live = (uint8_t)value;
        assert_int_equal(vchan_connection(v), 0);
    }
    client_comes();
    assert_int_equal(vchan_connection(v), 1);
    for (unsigned value = 4; value < 256; value++) {
        page->cli_live = (uint8_t)value;
        assert_int_equal(vchan_connection(v), 0);
    }
    vchan_close(v);
}

static void a_wrong_index_ends_the_connection(void **state)
{
    struct vchan_stats stats;
    char text[16];

    (void)state;
    listening();
    client_comes();
    page->left_prod = 1025;
    assert_int_equal(vchan_receive(v, text, sizeof(text)), -ENOTCONN);
    assert_int_equal(page->srv_live, 0);
    assert_non_null(strstr(seam_console(), "the client's index is wrong"));
    page->left_prod = 3; /* it may say what it likes until it goes */
    assert_int_equal(vchan_receive(v, text, sizeof(text)), -ENOTCONN);
    assert_int_equal(vchan_connection(v), 0);
    client_goes();
    assert_int_equal(vchan_connection(v), 0);
    client_comes();
    assert_int_equal(vchan_connection(v), 2);
    page->right_cons = 1;
    assert_int_equal(vchan_send(v, text, 1), -ENOTCONN);
    vchan_get_stats(v, &stats);
    assert_int_equal(stats.violations, 2);
    assert_int_equal(stats.connections, 2);
    vchan_close(v);
}

static void what_cannot_be_published_is_undone(void **state)
{
    struct heap_stats before, after;

    (void)state;
    fake.error = "EACCES";
    heap_get_stats(&before);
    assert_int_equal(vchan_listen(CLIENT, PATH, &v), -EACCES);
    assert_null(v);
    heap_get_stats(&after);
    assert_int_equal(after.in_use[MEM_KERNEL], before.in_use[MEM_KERNEL]);
    vchan_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        T(bytes_go_both_ways),
        T(a_full_ring_takes_what_fits_and_asks_for_room),
        T(input_wraps_at_the_end_of_the_ring),
        T(each_client_begins_anew),
        T(a_client_that_came_and_went_unseen_leaves_the_door_open),
        T(a_client_that_comes_at_once_after_another_is_noticed),
        T(a_client_that_was_not_there_is_none),
        T(a_wrong_index_ends_the_connection),
        T(what_cannot_be_published_is_undone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
