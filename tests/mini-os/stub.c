/* SPDX-License-Identifier: MIT */
/*
 * A stub application as written for Mini-OS: app_main(), threads and everything that they wait
 * with, XenStore, events, grants, a block device (xvda, 8 MiB, writable: it is overwritten), the
 * domain's console. It is its own peer for events and grants.
 */
#include <mini-os/blkfront.h>
#include <mini-os/byteorder.h>
#include <mini-os/console.h>
#include <mini-os/err.h>
#include <mini-os/events.h>
#include <mini-os/gntmap.h>
#include <mini-os/gnttab.h>
#include <mini-os/hypervisor.h>
#include <mini-os/kernel.h>
#include <mini-os/lib.h>
#include <mini-os/list.h>
#include <mini-os/mm.h>
#include <mini-os/os.h>
#include <mini-os/sched.h>
#include <mini-os/semaphore.h>
#include <mini-os/shutdown.h>
#include <mini-os/time.h>
#include <mini-os/types.h>
#include <mini-os/wait.h>
#include <mini-os/xenbus.h>
#include <mini-os/xmalloc.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../posix/tap.h"

/* ---- threads ---- */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_MUTEX_LOCKED(started);
static DECLARE_MUTEX(mutex);
static int turns, inside, most_inside, rounds;
static struct thread *waker;

static void take_turns(void *data)
{
    for (int i = 0; i < 100; i++) {
        down(&mutex);
        inside++;
        most_inside = inside > most_inside ? inside : most_inside;
        schedule();
        rounds++;
        inside--;
        up(&mutex);
        errno = *(int *)data;
        schedule();
        if (errno != *(int *)data)
            turns = -1000;
    }
    turns++;
    wake_up(&queue);
}

static void sleeper(void *data)
{
    struct thread *self = get_current();

    waker = self;
    up(&started);
    block(self);
    schedule();
    *(bool *)data = true;
    wake_up(&queue);
    exit_thread();
}

static void threads(void)
{
    static int numbers[] = {EPERM, ENOENT, EIO};
    static bool woken;
    s_time_t begin;
    DEFINE_WAIT(w);

    for (int i = 0; i < 3; i++)
        CHECK("a thread is made", create_thread("turns", take_turns, &numbers[i]));
    wait_event(queue, turns == 3);
    CHECK("each thread had all its rounds, and an errno of its own", rounds == 300 && turns == 3);
    CHECK("a mutex lets one in at a time", most_inside == 1 && trydown(&mutex));
    CHECK("a mutex that is locked cannot be taken", !trydown(&mutex));

    create_thread("sleeper", sleeper, &woken);
    down(&started);
    schedule();
    CHECK("a blocked thread does not run", !woken && !strcmp(waker->name, "sleeper"));
    wake(waker);
    wait_event(queue, woken);
    CHECK("a thread that is woken runs", woken);

    begin = NOW();
    wait_event_deadline(queue, false, NOW() + MILLISECS(20));
    CHECK("a wait ends at its deadline", NOW() - begin >= MILLISECS(20));
    begin = NOW();
    msleep(10);
    CHECK("msleep takes its time", NOW() - begin >= MILLISECS(10));

    begin = NOW();
    add_waiter(w, queue);
    get_current()->wakeup_time = NOW() + MILLISECS(20);
    schedule();
    remove_waiter(w, queue);
    CHECK("a blocked thread wakes at its time", NOW() - begin >= MILLISECS(20));
    add_waiter(w, queue);
    wake_up(&queue);
    schedule();
    remove_waiter(w, queue);
    CHECK("a wake-up before schedule() is not lost", is_runnable(get_current()));
    CHECK("this is the main thread", get_current() == main_thread);
}

/* ---- XenStore ---- */

static char *own; /* the directory */
static char *state_path;

static void change_state(void *data)
{
    (void)data;
    msleep(10);
    free(xenbus_switch_state(XBT_NIL, state_path, XenbusStateConnected));
    msleep(10);
    free(xenbus_switch_state(XBT_NIL, state_path, XenbusStateClosed));
}

static char *path_of(const char *name)
{
    char *path;

    if (asprintf(&path, "%s/data/%s", own, name) < 0)
        abort();
    return path;
}

static void nodes(void)
{
    char *node = path_of("number"), *none = path_of("none"), *dir = path_of("dir"), *value, *error;
    char **names;
    unsigned number = 0;

    CHECK("a node is written", !xenbus_printf(XBT_NIL, own, "data/number", "%d", 4711));
    CHECK("it is read", !xenbus_read(XBT_NIL, node, &value) && !strcmp(value, "4711"));
    free(value);
    CHECK("and as a number", xenbus_read_integer(node) == 4711 &&
                                 !xenbus_read_unsigned(XBT_NIL, own, "data/number", &number) &&
                                 number == 4711);
    error = xenbus_read(XBT_NIL, none, &value);
    CHECK("an absent node has an error's name", error && !strcmp(error, "ENOENT") && !value);
    free(error);
    CHECK("and no number", xenbus_read_integer(none) == -1);
    CHECK("permissions are set", !xenbus_set_perms(XBT_NIL, node, get_domid(), 'r'));
    error = xenbus_get_perms(XBT_NIL, node, &value);
    CHECK("and read", !error && value[0] == 'r' && atoi(value + 1) == get_domid());
    free(error);
    free(value);
    free(xenbus_printf(XBT_NIL, dir, "a", "1"));
    free(xenbus_printf(XBT_NIL, dir, "b", "2"));
    error = xenbus_ls(XBT_NIL, dir, &names);
    CHECK("a directory is listed", !error && names[0] && names[1] && !names[2]);
    for (int i = 0; !error && names[i]; i++)
        free(names[i]);
    free(names);
    free(error);
    CHECK("it is removed", !xenbus_rm(XBT_NIL, dir));
    free(node);
    free(none);
    free(dir);
}

static void transactions(void)
{
    char *node = path_of("in-transaction"), *value, *error;
    xenbus_transaction_t first, second;
    int retry;

    CHECK("a transaction begins", !xenbus_transaction_start(&first) && first != XBT_NIL);
    free(xenbus_write(first, node, "1"));
    error = xenbus_read(XBT_NIL, node, &value);
    CHECK("nothing is seen of it outside", error);
    free(error);
    CHECK("another one can run", !xenbus_transaction_start(&second));
    error = xenbus_read(second, node, &value);
    free(error);
    free(xenbus_write(second, node, "2"));
    CHECK("it ends", !xenbus_transaction_end(first, 0, &retry) && !retry);
    CHECK("the other one has to retry", !xenbus_transaction_end(second, 0, &retry) && retry);
    CHECK("and has changed nothing", !xenbus_read(XBT_NIL, node, &value) && !strcmp(value, "1"));
    free(value);
    CHECK("one can be aborted", !xenbus_transaction_start(&first) &&
                                    !xenbus_write(first, node, "3") &&
                                    !xenbus_transaction_end(first, 1, &retry) && !retry);
    CHECK("and has changed nothing", !xenbus_read(XBT_NIL, node, &value) && !strcmp(value, "1"));
    free(value);
    free(node);
}

static void watches(void)
{
    char *dir = path_of("watched"), *below = path_of("watched/below");
    xenbus_event_queue events = NULL;
    XenbusState state = XenbusStateInitialised;
    char **event, *error;

    state_path = path_of("state");
    CHECK("a watch is set", !xenbus_watch_path_token(XBT_NIL, dir, "mine", &events));
    event = xenbus_wait_for_watch_return(&events);
    CHECK("it fires at once", !strcmp(event[0], dir) && !strcmp(event[1], "mine"));
    free(event);
    free(xenbus_write(XBT_NIL, below, "x"));
    event = xenbus_wait_for_watch_return(&events);
    CHECK("an event names the node", !strcmp(event[0], below) && !strcmp(event[1], "mine"));
    free(event);
    CHECK("it is removed", !xenbus_unwatch_path_token(XBT_NIL, dir, "mine"));
    error = xenbus_unwatch_path_token(XBT_NIL, dir, "mine");
    CHECK("once", error && !strcmp(error, "ENOENT"));
    free(error);

    free(xenbus_switch_state(XBT_NIL, state_path, state));
    xenbus_watch_path(XBT_NIL, state_path);
    create_thread("state", change_state, NULL);
    CHECK("a change of state is awaited",
          !xenbus_wait_for_state_change(state_path, &state, NULL) && state == XenbusStateConnected);
    CHECK("and a value", !xenbus_wait_for_value(state_path, "6", NULL));
    free(xenbus_unwatch_path(XBT_NIL, state_path));
    free(dir);
    free(below);
}

/* ---- events ---- */

static evtchn_port_t ports[2];
static int received[2];

static void on_event(evtchn_port_t port, struct pt_regs *regs, void *data)
{
    if (!regs && port == ports[data == &received[1]])
        ++*(int *)data;
    wake_up(&queue);
}

static void events(void)
{
    CHECK("a port for a peer is made",
          !evtchn_alloc_unbound(DOMID_SELF, on_event, &received[0], &ports[0]));
    CHECK("the peer binds to it",
          !evtchn_bind_interdomain(DOMID_SELF, ports[0], on_event, &received[1], &ports[1]));
    unmask_evtchn(ports[0]);
    unmask_evtchn(ports[1]);
    wait_event_deadline(queue, false, NOW() + MILLISECS(1));
    received[0] = received[1] = 0;
    CHECK("one notifies the other", !notify_remote_via_evtchn(ports[0]));
    wait_event_deadline(queue, received[1], NOW() + SECONDS(5));
    CHECK("whose handler is called", received[1] == 1 && received[0] == 0);
    mask_evtchn(ports[0]);
    notify_remote_via_evtchn(ports[1]);
    wait_event_deadline(queue, false, NOW() + MILLISECS(1));
    CHECK("a masked port is quiet", received[0] == 0);
    unmask_evtchn(ports[0]);
    wait_event_deadline(queue, received[0], NOW() + SECONDS(5));
    CHECK("until it is unmasked", received[0] == 1);
    unbind_evtchn(ports[1]);
    CHECK("a port that is closed cannot notify", notify_remote_via_evtchn(ports[1]) < 0);
    unbind_evtchn(ports[0]);
    unbind_evtchn(ports[0]);
    CHECK("a VIRQ is bound", (ports[0] = bind_virq(VIRQ_DEBUG, on_event, received)) + 1 > 1);
    unbind_evtchn(ports[0]);
}

/* ---- grants ---- */

#define GRANTS 20

/* A PVH guest cannot map its own pages (ringlet/grant_map.h). */
static void grant_maps(void)
{
    struct gntmap map;
    char *pages = (char *)alloc_pages(5), *va, *one;
    uint32_t refs[GRANTS], domid = get_domid();

    memset(pages, 0, 32 * PAGE_SIZE);
    for (int i = 0; i < GRANTS; i++) {
        refs[i] = gnttab_grant_access((domid_t)domid, virt_to_mfn(pages + i * PAGE_SIZE), 0);
        pages[i * PAGE_SIZE] = (char)('a' + i);
    }
    gntmap_init(&map);
    va = gntmap_map_grant_refs(&map, GRANTS, &domid, 0, refs, 1);
    CHECK("grants are mapped", va);
    if (!va) {
        printk("errno %d\n", errno);
        return;
    }
    for (int i = 0; i < GRANTS; i++)
        if (va[i * PAGE_SIZE] != 'a' + i)
            va = NULL;
    CHECK("they show the pages", va);
    va[5] = 'x';
    CHECK("and are the pages", pages[5] == 'x');
    CHECK("a mapped page is in use", !gnttab_end_access(refs[0]));
    CHECK("part is unmapped", !gntmap_munmap(&map, (unsigned long)va, 1));
    CHECK("a page that is not mapped is not in use", gnttab_end_access(refs[0]));
    CHECK("an address is unmapped once", gntmap_munmap(&map, (unsigned long)va, 1) == -EINVAL);
    CHECK("what is not granted is not mapped",
          !gntmap_map_grant_refs(&map, 1, &domid, 0, refs, 1) && errno == EIO);
    one = gntmap_map_grant_refs(&map, 1, &domid, 1, &refs[3], 0);
    CHECK("a page is mapped twice, and readonly", one && one[0] == 'd');
    gntmap_fini(&map);
    for (int i = 1; i < GRANTS; i++)
        if (!gnttab_end_access(refs[i]))
            va = NULL;
    CHECK("all are unmapped at the end", va);
    free_pages(pages, 5);
}

static void grants(void)
{
    uint64_t value;
    void *granted;
    grant_ref_t ref = gnttab_alloc_and_grant(&granted);

    CHECK("a page is allocated and granted", ref && granted);
    CHECK("and its grant is ended", gnttab_end_access(ref));
    CHECK("once", !gnttab_end_access(ref));
    free_page(granted);
    CHECK("statuses have texts",
          !strcmp(gnttabop_error(GNTST_bad_gntref), "invalid grant reference"));
    if (hvm_get_parameter(HVM_PARAM_STORE_PFN, &value)) /* a PV guest */
        grant_maps();
}

/* ---- a block device ---- */

static bool done;

static void on_completion(struct blkfront_aiocb *cb, int ret)
{
    *(int *)cb->data = ret;
    done = true;
}

static void block_device(void)
{
    struct blkfront_info info;
    struct blkfront_dev *dev = init_blkfront("device/vbd/51712", &info);
    uint8_t *buf = memalign(info.sector_size, 8192);
    int ret = 1, fd;
    struct blkfront_aiocb cb = {
        .aio_dev = dev,
        .aio_buf = buf,
        .aio_nbytes = 8192,
        .aio_offset = 4096,
        .data = &ret,
        .aio_cb = on_completion,
    };
    struct stat st;

    CHECK("a disk is connected", dev && info.sectors == 16384 && info.mode);
    if (!dev)
        return;
    memset(buf, 0x5a, 8192);
    blkfront_aio_write(&cb);
    while (!done)
        blkfront_aio_wait(dev, (uint64_t)(NOW() + SECONDS(10)));
    CHECK("a write completes", ret == 0);
    memset(buf, 0, 8192);
    cb.aio_cb = NULL;
    blkfront_read(&cb);
    CHECK("and is read", buf[0] == 0x5a && buf[8191] == 0x5a);
    blkfront_sync(dev);

    fd = blkfront_open(dev);
    CHECK("a descriptor is made for it", fd >= 0 && !fstat(fd, &st) && st.st_size == 8 << 20);
    CHECK("its position moves", lseek(fd, 4095, SEEK_SET) == 4095 && read(fd, buf, 3) == 3 &&
                                    lseek(fd, 0, SEEK_CUR) == 4098);
    CHECK("to what was written", buf[0] != 0x5a && buf[1] == 0x5a && buf[2] == 0x5a);
    CHECK("it is written and flushed", write(fd, "Mini-OS", 7) == 7 && !fsync(fd));
    CHECK("and read", pread(fd, buf, 7, 4098) == 7 && !memcmp(buf, "Mini-OS", 7));
    CHECK("it ends", lseek(fd, 0, SEEK_END) == 8 << 20 && read(fd, buf, 1) == 0 &&
                         write(fd, "x", 1) == -1 && errno == ENOSPC);
    CHECK("it is closed", !close(fd));
    free(buf);
}

/* ---- the rest ---- */

static void pages_and_bits(void)
{
    unsigned long pages = alloc_pages(3), bits[2] = {0}, flags;
    multicall_entry_t call = {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}};
    MINIOS_LIST_HEAD(list);
    struct minios_list_head node;

    CHECK("pages are aligned to their number", pages && pages % (8 * PAGE_SIZE) == 0);
    free_pages((void *)pages, 3);
    CHECK("orders", get_order(1) == 0 && get_order(PAGE_SIZE + 1) == 1 && round_pgup(1UL) == 4096 &&
                        round_pgdown(4097UL) == PAGE_SIZE);
    synch_set_bit(37, bits);
    CHECK("bits", bits[0] == 1UL << 37 && synch_test_bit(37, bits) &&
                      synch_test_and_set_bit(37, bits) && synch_test_and_clear_bit(37, bits) &&
                      !bits[0]);
    local_irq_save(flags);
    CHECK("the flag for events", irqs_disabled());
    local_irq_restore(flags);
    CHECK("is restored", !irqs_disabled());
    CHECK("byte order", cpu_to_be32(0x01020304) == 0x04030201 && be16_to_cpu(0x0102) == 0x0201);
    CHECK("errors in pointers", IS_ERR(ERR_PTR(-EIO)) && PTR_ERR(ERR_PTR(-EIO)) == -EIO);
    minios_list_add(&node, &list);
    CHECK("lists", !minios_list_empty(&list) && list.next == &node);
    CHECK("hypercalls", HYPERVISOR_xen_version(XENVER_version, NULL) > 0x40000 &&
                            HYPERVISOR_multicall(&call, 1) == 0 && (long)call.result > 0x40000);
    CHECK("an unknown hypercall has newlib's number",
          minios_hypercall(55, 0, 0, 0, 0, 0) == -ENOSYS);
    CHECK("foreign frames are refused",
          !map_frames_ex(bits, 1, 1, 0, 1, 0, NULL, L1_PROT) && errno == ENOSYS);
    CHECK("the command line is there", !strcmp(cmdline, "one two"));
}

static void ends(void *data)
{
    (void)data;
    exit(tap_end());
}

int app_main(void *unused)
{
    char *error;

    (void)unused;
    printk("the stub application runs as domain %u\n", get_domid());
    if (asprintf(&own, "/local/domain/%u", get_domid()) < 0)
        return 1;
    threads();
    nodes();
    transactions();
    watches();
    events();
    grants();
    block_device();
    pages_and_bits();
    error = xenbus_rm(XBT_NIL, "data/watched");
    free(error);
    /* the domain goes on when this returns */
    return !create_thread("ends", ends, NULL);
}
