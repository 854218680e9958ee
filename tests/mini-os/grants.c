/* SPDX-License-Identifier: MIT */
/*
 * Two domains that share pages: one runs with the argument "offer", grants them and is told of changes
 * by an event; the other one maps them. Each finds the other's number in its node data/peer.
 */
#include <mini-os/events.h>
#include <mini-os/gntmap.h>
#include <mini-os/gnttab.h>
#include <mini-os/lib.h>
#include <mini-os/mm.h>
#include <mini-os/os.h>
#include <mini-os/sched.h>
#include <mini-os/time.h>
#include <mini-os/wait.h>
#include <mini-os/xenbus.h>

#include <errno.h>

#include "../posix/tap.h"

#define PAGES 40

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int told;

static void on_event(evtchn_port_t port, struct pt_regs *regs, void *data)
{
    (void)port;
    (void)regs;
    (void)data;
    told++;
    wake_up(&queue);
}

/* A node that the other one, or dom0, writes some time. */
static char *await(const char *path)
{
    char *value, *error;

    for (int i = 0; i < 1200; i++) {
        error = xenbus_read(XBT_NIL, path, &value);
        if (!error)
            return value;
        free(error);
        msleep(50);
    }
    printf("%s does not come\n", path);
    exit(1);
}

static domid_t find_peer(void)
{
    char *text = await("data/peer");
    domid_t peer = (domid_t)atoi(text);

    free(text);
    return peer;
}

static void publish(const char *name, const char *text)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/%u/data/%s", get_domid(), name);
    free(xenbus_write(XBT_NIL, path, text));
    free(xenbus_set_perms(XBT_NIL, path, get_domid(), 'r'));
}

static char *published(domid_t peer, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/local/domain/%u/data/%s", peer, name);
    return await(path);
}

static void offer(void)
{
    char *pages = (char *)alloc_pages(6), text[PAGES * 8 + 1] = "";
    domid_t peer = find_peer();
    grant_ref_t refs[PAGES];
    evtchn_port_t port;
    int right = 0, ended = 0;

    memset(pages, 0, PAGES * PAGE_SIZE);
    for (int i = 0; i < PAGES; i++) {
        refs[i] = gnttab_grant_access(peer, virt_to_mfn(pages + i * PAGE_SIZE), i == PAGES - 1);
        pages[i * PAGE_SIZE] = (char)(i + 1);
        sprintf(text + strlen(text), "%u ", refs[i]);
    }
    evtchn_alloc_unbound(peer, on_event, NULL, &port);
    publish("refs", text);
    sprintf(text, "%u", port);
    publish("port", text);
    unmask_evtchn(port);
    /* the first event is the peer's binding */
    wait_event(queue, told && pages[1] == 'c');
    for (int i = 0; i < PAGES - 1; i++)
        right += pages[i * PAGE_SIZE + 1] == 'c';
    publish("changed", right == PAGES - 1 ? "all" : "some");
    free(published(peer, "unmapped"));
    for (int i = 0; i < PAGES; i++)
        ended += gnttab_end_access(refs[i]);
    publish("ended", ended == PAGES ? "all" : "some");
    /* dom0 destroys the domain when the peer has read it */
    for (;;)
        msleep(1000);
}

static void check(domid_t peer)
{
    char *text = published(peer, "refs"), *at = text, *va, *port = published(peer, "port"), *answer;
    uint32_t refs[PAGES], domid = peer, stranger = DOMID_FIRST_RESERVED - 1;
    evtchn_port_t local;
    struct gntmap map;
    int right = 0;
    void *readonly;

    for (int i = 0; i < PAGES; i++)
        refs[i] = (uint32_t)strtoul(at, &at, 10);
    gntmap_init(&map);
    CHECK("a readonly grant is not mapped writable",
          !gntmap_map_grant_refs(&map, PAGES, &domid, 0, refs, 1) && errno == EIO);
    CHECK("no domain, no grant",
          !gntmap_map_grant_refs(&map, 1, &stranger, 0, refs, 1) && errno == ESRCH);
    readonly = gntmap_map_grant_refs(&map, 1, &domid, 0, &refs[PAGES - 1], 0);
    CHECK("it is mapped readonly", readonly && *(char *)readonly == PAGES);
    va = gntmap_map_grant_refs(&map, PAGES - 1, &domid, 0, refs, 1);
    CHECK("the others are mapped", va);
    for (int i = 0; va && i < PAGES - 1; i++) {
        right += va[i * PAGE_SIZE] == i + 1;
        va[i * PAGE_SIZE + 1] = 'c';
    }
    CHECK("they show the peer's pages", right == PAGES - 1);
    CHECK("an event channel is bound",
          !evtchn_bind_interdomain(peer, (evtchn_port_t)atoi(port), on_event, NULL, &local));
    notify_remote_via_evtchn(local);
    answer = published(peer, "changed");
    CHECK("the peer sees what is written", !strcmp(answer, "all"));
    free(answer);
    CHECK("one is unmapped", va && !gntmap_munmap(&map, (unsigned long)va + PAGE_SIZE, 1));
    gntmap_fini(&map);
    publish("unmapped", "1");
    answer = published(peer, "ended");
    CHECK("the peer can end all grants", !strcmp(answer, "all"));
    free(answer);
    free(text);
    free(port);
}

int main(int argc, char *argv[])
{
    if (argc > 1 && !strcmp(argv[1], "offer"))
        offer();
    check(find_peer());
    return tap_end();
}
