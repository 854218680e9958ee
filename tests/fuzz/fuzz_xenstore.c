/* SPDX-License-Identifier: MIT */
/*
 * The XenStore ring: threads make requests while the other side sends the input's messages: right
 * answers, answers of other types, with unknown ids, in pieces, in any order, watch events, raw
 * bytes, arbitrary indexes. At the end it breaks the connection. Each call returns, its result is
 * well formed, and nothing is left.
 */
#include "xs_peer.h"

#include <kernel/event_channel.h>
#include <kernel/heap.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>

#define WATCHES   3
#define WORKERS   4
#define REQUESTS  64
#define TEXT_MAX  300
#define WORK_MEAN 3

static struct input in;
static struct xs_peer peer;
static struct request {
    uint32_t type, id;
} asked[REQUESTS];
static unsigned asked_count;
static struct xs_watch watches[WATCHES];
static uint64_t fired;
static struct thread *workers[WORKERS];
static bool starved;

/* ---- the guest ---- */

static int check(int ret)
{
    must(ret <= 0 && ret > -4096);
    must(ret != -ENOMEM || starved);
    return ret;
}

static const char *text(char *buf)
{
    size_t n = input_u8(&in) % TEXT_MAX;

    for (size_t i = 0; i < n; i++)
        buf[i] = (char)('a' + i % 26);
    buf[n] = '\0';
    return buf;
}

static void read_value(xs_transaction_t t, const char *path)
{
    uint64_t number = 77;
    char *value;
    size_t len;
    int ret;

    ret = check(xs_read(t, path, "node", &value, &len));
    must(!ret == !!value);
    if (value)
        must(value[len] == '\0' && heap_size(value) > len && len <= XENSTORE_PAYLOAD_MAX);
    heap_free(value);
    if (input_u8(&in) & 1) {
        ret = check(xs_read_u64(t, path, NULL, 5, 500, 100, &number));
        must(number >= 5 && number <= 500 && (!ret || number == 100));
    }
}

static void list_names(const char *path)
{
    char **names;
    unsigned count;
    int ret = check(xs_list(XS_NO_TRANSACTION, path, NULL, &names, &count));

    must(!ret == !!names && (names || !count));
    for (unsigned i = 0; i < count; i++)
        must(strlen(names[i]) <= XENSTORE_PAYLOAD_MAX);
    must(!names || !names[count]);
    heap_free(names);
}

static void batch(const char *path)
{
    struct xs_batch_item items[5];
    unsigned count = 1 + input_u8(&in) % ARRAY_SIZE(items);
    int ret;

    for (unsigned i = 0; i < count; i++)
        items[i] = (struct xs_batch_item){
            .op = (enum xs_op)(input_u8(&in) % 3), .dir = path, .node = "x", .text = "12"};
    ret = check(xs_batch(XS_NO_TRANSACTION, items, count));
    for (unsigned i = 0; i < count; i++) {
        uint64_t number;

        must(items[i].ret <= 0);
        must(items[i].value == NULL || items[i].value[items[i].len] == '\0');
        must(!items[i].value || (items[i].op == XS_OP_READ && !items[i].ret));
        xs_item_u64(&items[i], 1, 9, 3, &number);
        must(number >= 1 && number <= 9);
    }
    (void)ret;
    xs_batch_free(items, count);
}

static int in_transaction(xs_transaction_t t, void *arg)
{
    must(t != XS_NO_TRANSACTION);
    read_value(t, arg);
    return check(xs_write(t, arg, "node", "new", 3));
}

static void watch_fired(struct xs_watch *w)
{
    must(w >= watches && w < watches + WATCHES);
    fired++;
}

static void toggle_watch(const char *path)
{
    struct xs_watch *w = &watches[input_u8(&in) % WATCHES];

    if (w->token) {
        check(xs_unwatch(w));
        must(!w->token);
        return;
    }
    w->fn = watch_fired;
    if (check(xs_watch(w, path, NULL)))
        must(!w->token);
    else
        check(xs_watch_wait(w, clock_deadline(NSEC_PER_MSEC)));
}

static void one_call(bool main)
{
    char path_text[TEXT_MAX], *home = NULL;
    uint8_t op = input_u8(&in) % (main ? 12 : 9);
    const char *path = text(path_text);

    switch (op) {
    case 0:
    case 1:
        read_value(XS_NO_TRANSACTION, path);
        break;
    case 2:
        check(xs_write(XS_NO_TRANSACTION, path, "n", path, strlen(path)));
        break;
    case 3:
        list_names(path);
        break;
    case 4:
        batch(path);
        break;
    case 5:
        check(xs_transaction(in_transaction, path_text));
        break;
    case 6:
        check(xs_printf(XS_NO_TRANSACTION, path, "n", "%s %u", path, op));
        break;
    case 7:
        check(xs_set_permissions(XS_NO_TRANSACTION, path, NULL, "n0 r1 b2"));
        break;
    case 8:
        must(!check(xs_get_domain_path(0, &home)) == !!home);
        heap_free(home);
        break;
    case 9:
    case 10:
        toggle_watch(path);
        break;
    default:
        starved = true;
        mem_fail_nth(input_u8(&in));
    }
}

static void work(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < WORK_MEAN && input_left(&in); i++)
        one_call(false);
}

static void guest(void)
{
    while (input_left(&in)) {
        struct thread **w = &workers[input_u8(&in) % (2 * WORKERS) % (WORKERS + 1) % WORKERS];

        if (!*w && thread_create(w, "worker", work, NULL, 64 * 1024))
            *w = NULL;
        one_call(true);
    }
}

/* ---- the other side ---- */

static void forget(unsigned i)
{
    memmove(&asked[i], &asked[i + 1], (--asked_count - i) * sizeof(asked[0]));
}

static void answer(unsigned i, const char *body, size_t len)
{
    peer_message(&peer, asked[i].type, asked[i].id, body, len);
    forget(i);
}

static void well_formed(unsigned i)
{
    static const char names[] = "one\0two\0three";

    switch (asked[i].type) {
    case XS_READ:
        answer(i, "123", input_u8(&in) % 4);
        break;
    case XS_DIRECTORY:
        answer(i, names, input_u8(&in) & 1 ? sizeof(names) : 8);
        break;
    case XS_TRANSACTION_START:
        answer(i, "4711", 5);
        break;
    default:
        answer(i, "OK", 3);
    }
}

static void event(void)
{
    const struct xs_watch *w = &watches[input_u8(&in) % WATCHES];
    char body[64];
    int n;

    if (!w->token)
        return;
    n = snprintf(body, sizeof(body), "path%c%s", '\0', w->token);
    peer_message(&peer, XS_WATCH_EVENT, 0, body, (size_t)n + (input_u8(&in) & 1 ? 0 : 1));
}

static void any_bytes(bool with_header)
{
    char body[TEXT_MAX];
    size_t n = input_u8(&in);

    if (with_header) {
        struct xsd_sockmsg hdr = {
            .type = input_u8(&in), .req_id = input_u8(&in), .len = (uint32_t)n};

        if (hdr.type & 0x80)
            hdr.len = input_u32(&in);
        if (asked_count && hdr.type & 0x40) {
            hdr.type = asked[0].type;
            hdr.req_id = asked[0].id;
        }
        peer_bytes(&peer, &hdr, sizeof(hdr));
    }
    input_bytes(&in, body, n);
    peer_bytes(&peer, body, n);
}

static void damage(void)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;
    uint8_t what = input_u8(&in);

    if (what & 1)
        peer.rsp_prod = input_u32(&in);
    if (what & 2)
        x->req_cons = input_u32(&in);
    if (what & 4)
        ((char *)x)[input_u16(&in) % PAGE_SIZE] = (char)input_u8(&in);
    x->rsp_prod = peer.rsp_prod;
}

static void break_it(void)
{
    struct xenstore_domain_interface *x = boot_info.xenstore;

    mem_fail_nth(0);
    x->rsp_prod = x->rsp_cons + 2 * XENSTORE_RING_SIZE;
    x->req_cons = x->req_prod + 1;
    seam_raise(boot_info.xenstore_port);
}

static void peer_step(void)
{
    static const char *const errors[] = {"ENOENT", "EAGAIN", "EACCES", "EQUOTA", "ENOTKNOWN", ""};
    unsigned which;
    const char *error;

    switch (input_u8(&in) % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
        which = input_u8(&in);
        if (asked_count)
            well_formed(which % asked_count);
        break;
    case 4:
        error = errors[input_u8(&in) % ARRAY_SIZE(errors)];
        if (asked_count) {
            peer_message(&peer, XS_ERROR, asked[0].id, error, strlen(error) + 1);
            forget(0);
        }
        break;
    case 5:
        event();
        break;
    case 6:
        any_bytes(true);
        break;
    case 7:
        any_bytes(false);
        break;
    case 8:
        damage();
        break;
    case 9:
        peer_flush(&peer, input_u8(&in));
        return;
    case 10:
        seam_now += input_u16(&in) * NSEC_PER_USEC;
        break;
    default:
        if (asked_count) {
            asked[0].type ^= 1;
            well_formed(0);
        }
    }
    peer_flush(&peer, SIZE_MAX);
}

/* Every thread waits: the other side's turn, of at least a byte of input. */
static void idle(void)
{
    if (!input_left(&in)) {
        break_it();
        return;
    }
    /* the guest has its own copy of the index, whatever was written to the page */
    if (boot_info.xenstore->req_prod - peer.req_cons > XENSTORE_RING_SIZE)
        peer.req_cons = boot_info.xenstore->req_prod;
    while (asked_count < REQUESTS && peer_next(&peer))
        asked[asked_count++] = (struct request){peer.in.hdr.type, peer.in.hdr.req_id};
    peer_step();
}

/* ---- */

static void check_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;

    heap_get_stats(&heap);
    page_get_stats(&page);
    must(!heap.in_use[MEM_XENSTORE] && !heap.in_use[MEM_THREAD] && !page.in_use[MEM_THREAD]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value;

    in = (struct input){data, data + size};
    seam_init(2 << 20);
    seam_idle = idle;
    peer.in_len = peer.out_len = 0;
    peer.req_cons = peer.rsp_prod = 0;
    if (input_u8(&in) & 1) { /* indexes that wrap soon, from an earlier user of the page */
        boot_info.xenstore->req_prod = boot_info.xenstore->req_cons = peer.req_cons = 0xfffffff0;
        boot_info.xenstore->rsp_prod = boot_info.xenstore->rsp_cons = peer.rsp_prod = 0xffffff00;
    }
    asked_count = 0;
    fired = 0;
    starved = false;
    memset(watches, 0, sizeof(watches));
    memset(workers, 0, sizeof(workers));
    must(evtchn_init() == 0 && xs_init() == 0);

    guest();
    mem_fail_nth(0);
    break_it();
    for (unsigned i = 0; i < WORKERS; i++)
        if (workers[i])
            thread_join(workers[i]);
    thread_poll_events();
    must(xs_read(XS_NO_TRANSACTION, "x", NULL, &value, NULL) == -ENOTCONN);
    for (unsigned i = 0; i < WATCHES; i++)
        if (watches[i].token)
            xs_unwatch(&watches[i]);
    check_nothing_left();
    seam_exit();
    return 0;
}
