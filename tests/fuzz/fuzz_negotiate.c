/* SPDX-License-Identifier: MIT */
/*
 * XenStore's values: the input is lines "key=value" for blkfront's negotiation, and what they do
 * not mention has a sane value. "b/KEY" is the backend's, "f/KEY" the frontend's, "list" the disks
 * there are; "!ENOENT" as a value is that error. A key that is given several times changes whenever
 * the frontend changes its state. Either the disk opens with limits that make sense, or it does not
 * and nothing is left of it.
 */
#include "xs_peer.h"

#include <ringlet/blkfront.h>
#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/xenstore.h>

#define LINES 64

static struct line {
    const char *key, *value;
    size_t key_len, len;
} lines[LINES];
static unsigned line_count, phase;
static struct xs_peer peer;
static char watch_body[XENSTORE_PAYLOAD_MAX];
static size_t watch_len;
static unsigned rings, ports;
static unsigned calls;

static void parse_lines(const char *text, size_t size)
{
    const char *end = text + size;

    for (line_count = 0; text < end && line_count < LINES; line_count++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));

        lines[line_count] = (struct line){.key = text, .key_len = (size_t)(stop - text)};
        if (equals) {
            lines[line_count].key_len = (size_t)(equals - text);
            lines[line_count].value = equals + 1;
            lines[line_count].len = MIN((size_t)(stop - equals - 1), (size_t)XENSTORE_PAYLOAD_MAX);
        }
        text = newline ? newline + 1 : end;
    }
}

/* What a sane toolstack and backend would say. */
static const char *default_value(const char *key)
{
    static const char *const state[] = {"2", "4", "4", "5", "6"};
    static const char *const defaults[][2] = {
        {"list", "51712"},
        {"f/backend", "/local/domain/0/backend/vbd/3/51712"},
        {"f/backend-id", "0"},
        {"f/state", "1"},
        {"b/sectors", "2048"},
        {"b/sector-size", "512"},
        {"b/mode", "w"},
        {"b/info", "0"},
        {"b/feature-barrier", "1"},
    };

    if (!strcmp(key, "b/state"))
        return state[MIN(phase, (unsigned)ARRAY_SIZE(state) - 1)];
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        if (!strcmp(key, defaults[i][0]))
            return defaults[i][1];
    return "!ENOENT";
}

static struct line find(const char *key)
{
    const char *value = default_value(key);
    struct line found = {.value = value, .len = strlen(value)};
    unsigned n = 0;

    for (unsigned i = 0; i < line_count; i++) {
        if (lines[i].key_len != strlen(key) || memcmp(lines[i].key, key, lines[i].key_len))
            continue;
        if (n++ <= phase)
            found = lines[i];
    }
    return found;
}

static void give(const struct xsd_sockmsg *hdr, const char *key)
{
    struct line l = find(key);
    static char body[XENSTORE_PAYLOAD_MAX];

    if (!l.value || (l.len > 1 && l.value[0] == '!')) {
        peer_message(&peer, XS_ERROR, hdr->req_id, l.value ? l.value + 1 : "ENOENT",
                     l.value ? l.len - 1 : 7);
        return;
    }
    memcpy(body, l.value, l.len);
    for (size_t i = 0; i < l.len && hdr->type == XS_DIRECTORY; i++)
        if (body[i] == ' ')
            body[i] = '\0';
    if (hdr->type == XS_DIRECTORY && l.len && l.len < sizeof(body))
        body[l.len++] = '\0';
    peer_message(&peer, hdr->type, hdr->req_id, body, l.len);
}

/* What the frontend tells the backend must hold: its grants are the backend's, its port exists. */
static void check_written(const char *name, const char *value)
{
    uint64_t n;

    if (!strncmp(name, "ring-ref", 8)) {
        must(parse_u64(value, strlen(value), &n) == 0 && n > 0 && n < 512);
        must((seam_grants[n].flags & GTF_type_mask) == GTF_permit_access);
        must(!(seam_grants[n].flags & GTF_readonly));
        rings++;
    } else if (!strcmp(name, "event-channel")) {
        must(parse_u64(value, strlen(value), &n) == 0 && n >= 3);
        ports++;
    }
}

static void serve(void)
{
    const struct xsd_sockmsg *hdr = &peer.in.hdr;

    while (peer_next(&peer)) {
        char *path = peer.in.bytes + sizeof(*hdr);
        char *name = strrchr(path, '/'), key[64];
        bool state;

        snprintf(key, sizeof(key), "%c/%.60s", strncmp(path, "device/", 7) ? 'b' : 'f',
                 name ? name + 1 : path);
        switch (hdr->type) {
        case XS_READ:
            give(hdr, key);
            continue;
        case XS_DIRECTORY:
            give(hdr, "list");
            continue;
        case XS_TRANSACTION_START:
            peer_message(&peer, hdr->type, hdr->req_id, "7", 2);
            continue;
        case XS_WATCH:
            must(hdr->len <= sizeof(watch_body));
            watch_len = hdr->len;
            memcpy(watch_body, path, watch_len);
            break;
        case XS_UNWATCH:
            watch_len = 0;
            break;
        case XS_WRITE:
            check_written(key + 2, path + strlen(path) + 1);
            break;
        default:
            break;
        }
        peer_message(&peer, hdr->type, hdr->req_id, "OK", 3);
        state = hdr->type == XS_WRITE && !strcmp(key, "f/state");
        phase += state;
        if (watch_len && (state || hdr->type == XS_WATCH))
            peer_message(&peer, XS_WATCH_EVENT, 0, watch_body, watch_len);
    }
    if (peer.out_len)
        peer_flush(&peer, SIZE_MAX);
}

static void check_limits(const struct blkfront_limits *l)
{
    must(l->sector_size >= 512 && l->sector_size <= 4096);
    must(!(l->sector_size & (l->sector_size - 1)));
    must(l->sectors > 0 && l->sectors <= INT64_MAX / 512);
    must(l->sectors % (l->sector_size / 512) == 0);
    must(l->physical_sector_size >= l->sector_size);
    must(l->ring_pages >= 1 && l->ring_pages <= 16 && !(l->ring_pages & (l->ring_pages - 1)));
    must(l->ring_slots == 32 * l->ring_pages);
    must(l->max_segments >= 1 && l->max_segments <= 4096);
    must(l->grant_budget >= l->max_segments);
    must(rings >= l->ring_pages && ports);
}

static void done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    must(ret < 0); /* there is nobody who could have answered */
    calls++;
}

/* One request to the last sector, and one beyond it; nobody serves the ring. */
static void use(struct blkfront_dev *dev, uint8_t *page)
{
    struct blkfront_aiocb last = {.aio_dev = dev, .aio_buf = page, .aio_cb = done};
    struct blkfront_aiocb beyond;
    struct blkfront_limits l;
    unsigned expected;

    blkfront_get_limits(dev, &l);
    check_limits(&l);
    last.aio_nbytes = l.sector_size;
    last.aio_offset = (int64_t)((l.sectors * 512) - l.sector_size);
    beyond = last;
    beyond.aio_offset += 512;
    calls = 0;
    must(blkfront_aio_read(&beyond) < 0);
    expected = blkfront_aio_read(&last) == 0;
    shutdown_blkfront(dev);
    must(calls == expected);
}

static int count_disk(const char *name, void *arg)
{
    int64_t *last = arg;
    unsigned number;

    must(blkfront_vdev_number(name, &number) == 0);
    must(number > *last);
    *last = number;
    return 0;
}

static void check_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    must(!heap.in_use[MEM_BLOCK] && !heap.in_use[MEM_XENSTORE] && !heap.in_use[MEM_THREAD]);
    must(!page.in_use[MEM_BLOCK] && !page.in_use[MEM_THREAD] && !page.in_use[MEM_XENSTORE]);
    must(!grants.in_use);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blkfront_dev *dev;
    int64_t last = -1;
    uint8_t *page;
    int ret;

    seam_init(2 << 20);
    peer.req_cons = peer.rsp_prod = 0;
    peer.in_len = peer.out_len = 0;
    phase = rings = ports = 0;
    watch_len = 0;
    parse_lines((const char *)data, size);
    seam_idle = serve;
    must(evtchn_init() == 0 && gnttab_init() == 0 && xs_init() == 0);
    page = page_alloc(1, MEM_APP);

    ret = blkfront_enumerate(count_disk, &last);
    must(ret < 0 || (ret > 0) == (last >= 0));
    ret = blkfront_open_device(NULL, NULL, NULL, &dev);
    must(ret <= 0 && !ret == !!dev);
    if (dev)
        use(dev, page);

    page_free(page, 1);
    check_nothing_left();
    seam_exit();
    return 0;
}
