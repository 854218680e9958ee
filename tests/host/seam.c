/* SPDX-License-Identifier: MIT */
/* The seam on the host: memory, time, and default answers of a Xen that does little. */
#define _GNU_SOURCE /* mremap */
#include "seam.h"

#include "lib/core/mem_private.h"

#include <kernel/boot_module.h>
#include <kernel/errno.h>
#include <kernel/grant_map.h>
#include <kernel/page.h>
#include <kernel/printk.h>
#include <kernel/thread.h>
#include <kernel/vmem.h>
#include <ringlet/clock.h>

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct boot_info boot_info;
struct shared_info *shared_info;
long (*seam_hypercall)(unsigned nr, const unsigned long *arg);
void (*seam_idle)(void);
int (*seam_suspend)(void);
void (*seam_guard)(void);
unsigned seam_grant_max_frames;
int seam_grant_area_error;
const void *seam_module;
size_t seam_module_bytes;
uint64_t seam_hypercalls, seam_sends, seam_polls, seam_yields, seam_now, seam_clock_reads;
jmp_buf *seam_shutdown_jmp;
evtchn_port_t seam_last_send;
int seam_shutdown_reason;
grant_entry_v1_t *seam_grants;

#define VMEM_PAGES         8192
#define HANDLER_STACK_SIZE (256 * 1024) /* sanitizers need room */

static char *memory, *handler_stack;
static char *vmem; /* addresses for vmem_alloc; NULL before they are wanted */
static void *vmem_pages[VMEM_PAGES];
static size_t memory_size;
static unsigned grant_frames;
static evtchn_port_t next_port;
static char console_text[64 * 1024];
static size_t console_len;

#define GRANT_FRAMES_MAX 256

static void *map(size_t bytes, int kind)
{
    /* below 2 GiB, as a grant entry has 32 bits for a frame number */
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    if (p == MAP_FAILED) {
        perror("seam: mmap");
        exit(2);
    }
    return p;
}

static void sink(const char *text, size_t len)
{
    if (len > sizeof(console_text) - 1) {
        text += len - (sizeof(console_text) - 1);
        len = sizeof(console_text) - 1;
    }
    if (console_len + len > sizeof(console_text) - 1) {
        size_t drop = console_len + len - (sizeof(console_text) - 1);

        memmove(console_text, console_text + drop, console_len - drop);
        console_len -= drop;
    }
    memcpy(console_text + console_len, text, len);
    console_len += len;
    console_text[console_len] = '\0';
    if (getenv("SEAM_CONSOLE"))
        fwrite(text, 1, len, stderr);
}

const char *seam_console(void)
{
    return console_text;
}

void seam_console_clear(void)
{
    console_len = 0;
    console_text[0] = '\0';
}

void seam_init(size_t bytes)
{
    memory_size = ROUND_UP(bytes, PAGE_SIZE);
    memory = map(memory_size, MAP_SHARED); /* for arch_vmem_map */
    shared_info = map(PAGE_SIZE, MAP_PRIVATE);
    seam_grants = map(GRANT_FRAMES_MAX * PAGE_SIZE, MAP_PRIVATE);
    memset(&boot_info, 0, sizeof(boot_info));
    boot_info.type = GUEST_PVH;
    boot_info.memory = memory_size;
    boot_info.ram[0] = (struct mem_region){(uintptr_t)memory, memory_size};
    boot_info.ram_regions = 1;
    boot_info.populated = UINTPTR_MAX;
    boot_info.console = map(PAGE_SIZE, MAP_PRIVATE);
    boot_info.console_port = 1;
    boot_info.xenstore = map(PAGE_SIZE, MAP_PRIVATE);
    boot_info.xenstore_port = 2;
    grant_frames = 0;
    next_port = 3;
    seam_grant_max_frames = 32;
    seam_module = NULL;
    seam_module_bytes = 0;
    seam_grant_area_error = 0;
    seam_hypercall = NULL;
    seam_idle = NULL;
    seam_suspend = NULL;
    seam_guard = NULL;
    seam_hypercalls = seam_sends = seam_polls = seam_yields = seam_clock_reads = 0;
    seam_shutdown_jmp = NULL;
    host_contexts_reset();
    seam_last_send = 0;
    seam_shutdown_reason = -1;
    seam_now = NSEC_PER_SEC;
    seam_console_clear();
    printk_set_sink(sink, NULL);
    printk_set_level(LOG_DEBUG);
    shared_info->vcpu_info[0].evtchn_upcall_mask = 1;
    if (page_init(boot_info.ram, 1) || thread_init()) {
        fprintf(stderr, "seam: no memory for the kernel\n");
        exit(2);
    }
    handler_stack = map(HANDLER_STACK_SIZE, MAP_PRIVATE);
    thread_set_handler_stack(handler_stack, HANDLER_STACK_SIZE);
}

/* The allocators report a wrong pointer and go on; a test that provokes one clears the console. The
 * start of a line is compared: what a peer wrote may contain the same words, quoted in a message. */
static void no_wrong_pointers(void)
{
    static const char *const errors[] = {
        "\nerror: heap_free: ", "\nerror: page_free: ", "\nerror: page_unpin: "};

    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
        const char *at = strncmp(console_text, errors[i] + 1, strlen(errors[i] + 1))
                             ? strstr(console_text, errors[i])
                             : console_text;

        if (at) {
            fprintf(stderr, "seam: %.80s\n", at);
            abort();
        }
    }
}

void seam_exit(void)
{
    no_wrong_pointers();
    /* the next user of these addresses is another */
    for (size_t at = 0; at < memory_size; at += PAGE_SIZE)
        mem_unpoison(memory + at, PAGE_SIZE);
    /* the allocators poison free memory; the next mapping at this address must not inherit that */
    ASAN_UNPOISON_MEMORY_REGION(memory, memory_size);
    munmap(memory, memory_size);
    if (vmem)
        munmap(vmem, VMEM_PAGES * PAGE_SIZE);
    vmem = NULL;
    memset(vmem_pages, 0, sizeof(vmem_pages));
    vmem_range.bytes = 0;
    seam_foreign_end();
    ASAN_UNPOISON_MEMORY_REGION(handler_stack, HANDLER_STACK_SIZE);
    munmap(handler_stack, HANDLER_STACK_SIZE);
    munmap(shared_info, PAGE_SIZE);
    munmap(seam_grants, GRANT_FRAMES_MAX * PAGE_SIZE);
    munmap(boot_info.console, PAGE_SIZE);
    munmap(boot_info.xenstore, PAGE_SIZE);
}

static bool port_pending(evtchn_port_t port)
{
    return shared_info->evtchn_pending[port / 64] >> (port % 64) & 1;
}

static void select_port(evtchn_port_t port)
{
    shared_info->vcpu_info[0].evtchn_pending_sel |= 1UL << (port / 64);
    shared_info->vcpu_info[0].evtchn_upcall_pending = 1;
}

void seam_raise(evtchn_port_t port)
{
    if (port_pending(port))
        return;
    shared_info->evtchn_pending[port / 64] |= 1UL << (port % 64);
    if (!(shared_info->evtchn_mask[port / 64] >> (port % 64) & 1))
        select_port(port);
}

static long event_channel_op(unsigned long cmd, void *arg)
{
    switch (cmd) {
    case EVTCHNOP_send:
        seam_sends++;
        seam_last_send = ((struct evtchn_send *)arg)->port;
        return 0;
    case EVTCHNOP_alloc_unbound:
        ((struct evtchn_alloc_unbound *)arg)->port = next_port++;
        return 0;
    case EVTCHNOP_bind_interdomain:
        ((struct evtchn_bind_interdomain *)arg)->local_port = next_port++;
        return 0;
    case EVTCHNOP_bind_virq:
        ((struct evtchn_bind_virq *)arg)->port = next_port++;
        return 0;
    case EVTCHNOP_unmask: {
        evtchn_port_t port = ((struct evtchn_unmask *)arg)->port;

        shared_info->evtchn_mask[port / 64] &= ~(1UL << (port % 64));
        if (port_pending(port))
            select_port(port);
        return 0;
    }
    case EVTCHNOP_close:
        return 0;
    default:
        return -ENOSYS;
    }
}

static long sched_op(unsigned long cmd, void *arg)
{
    if (cmd == SCHEDOP_yield) {
        seam_yields++;
        return 0;
    }
    if (cmd == SCHEDOP_shutdown) {
        seam_shutdown_reason = (int)((struct sched_shutdown *)arg)->reason;
        if (seam_shutdown_jmp)
            host_contexts_jump(seam_shutdown_jmp);
        fprintf(stderr, "seam: domain shutdown, reason %d\n%s", seam_shutdown_reason, console_text);
        abort();
    }
    if (cmd != SCHEDOP_poll)
        return -ENOSYS;

    struct sched_poll *poll = arg;
    evtchn_port_t *ports;

    seam_polls++;
    if (seam_idle)
        seam_idle();
    memcpy(&ports, &poll->ports, sizeof(ports));
    for (unsigned i = 0; i < poll->nr_ports; i++)
        if (port_pending(ports[i]))
            return 0;
    if (!poll->timeout) {
        fprintf(stderr, "seam: stuck: waits for an event that nobody sends\n%s", console_text);
        abort();
    }
    if (poll->timeout > seam_now)
        seam_now = poll->timeout;
    return 0;
}

long hypercall(unsigned nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4,
               unsigned long a5)
{
    unsigned long arg[5] = {a1, a2, a3, a4, a5};

    seam_hypercalls++;
    if (seam_hypercall) {
        long ret = seam_hypercall(nr, arg);

        if (ret != SEAM_DEFAULT)
            return xen_error(ret); /* as each architecture's does */
    }
    switch (nr) {
    case __HYPERVISOR_event_channel_op:
        return event_channel_op(a1, (void *)a2);
    case __HYPERVISOR_sched_op:
        return sched_op(a1, (void *)a2);
    case __HYPERVISOR_grant_table_op:
        if (a1 == GNTTABOP_query_size) {
            struct gnttab_query_size *q = (void *)a2;

            q->nr_frames = grant_frames ? grant_frames : 1;
            q->max_nr_frames = seam_grant_max_frames;
            q->status = GNTST_okay;
            return 0;
        }
        return -ENOSYS;
    default:
        return -ENOSYS;
    }
}

xen_pfn_t arch_frame(const void *va)
{
    return (uintptr_t)va >> PAGE_SHIFT;
}

xen_pfn_t arch_page_unmap(void *page)
{
    return arch_frame(page);
}

int arch_page_remap(void *page, xen_pfn_t frame)
{
    return frame == arch_frame(page) ? 0 : -EINVAL;
}

void *seam_page(xen_pfn_t frame)
{
    return (void *)(frame << PAGE_SHIFT);
}

int arch_map_grant_frames(unsigned nr, void **table)
{
    if (nr > seam_grant_max_frames || nr > GRANT_FRAMES_MAX)
        return -ENOMEM;
    grant_frames = MAX(grant_frames, nr);
    *table = seam_grants;
    return 0;
}

/* Reserved addresses: a fake Xen maps there, and may use mprotect. */
int arch_grant_area(void **area)
{
    static void *addresses;

    if (!addresses) {
        addresses = mmap(NULL, GRANT_MAP_PAGES * PAGE_SIZE, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (addresses == MAP_FAILED)
            abort();
    }
    *area = addresses;
    return seam_grant_area_error;
}

void arch_grant_area_set(void *page, bool present, bool readonly)
{
    int rights = readonly ? PROT_READ : PROT_READ | PROT_WRITE;

    if (mprotect(page, PAGE_SIZE, present ? rights : PROT_NONE))
        abort();
}

int arch_guard_page(void *page, bool guard)
{
    if (seam_guard)
        seam_guard();
    return mprotect(page, PAGE_SIZE, guard ? PROT_NONE : PROT_READ | PROT_WRITE) ? -ENOMEM : 0;
}

void arch_vmem_range(uintptr_t *start, size_t *bytes)
{
    vmem = mmap(NULL, VMEM_PAGES * PAGE_SIZE, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (vmem == MAP_FAILED) {
        perror("seam: mmap");
        exit(2);
    }
    *start = (uintptr_t)vmem;
    *bytes = VMEM_PAGES * PAGE_SIZE;
}

static void **vmem_slot(const void *va)
{
    return &vmem_pages[((const char *)va - vmem) / PAGE_SIZE];
}

/* A second mapping of the page, which is shared memory. */
int arch_vmem_map(void *va, void *page)
{
    if (seam_guard)
        seam_guard();
    if (mremap(page, 0, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, va) == MAP_FAILED)
        return -ENOMEM;
    *vmem_slot(va) = page;
    return 0;
}

int arch_vmem_unmap(void *va)
{
    void *none = mmap(va, PAGE_SIZE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

    if (none == MAP_FAILED)
        return -ENOMEM;
    *vmem_slot(va) = NULL;
    return 0;
}

void *arch_vmem_page(const void *va)
{
    return *vmem_slot(va);
}

uint64_t arch_clock_now(void)
{
    seam_clock_reads++;
    return seam_now;
}

void arch_clock_leave(void)
{
}

uint64_t arch_clock_back(void)
{
    return arch_clock_now();
}

uint64_t arch_clock_wall(void)
{
    return 1000000000 * NSEC_PER_SEC + seam_now;
}

uint64_t arch_poll_timeout(uint64_t deadline)
{
    return deadline;
}

int arch_suspend(void)
{
    int ret = seam_suspend ? seam_suspend() : 1;

    if (ret == 0) {
        grant_frames = 0;
        memset(seam_grants, 0, GRANT_FRAMES_MAX * PAGE_SIZE);
    }
    return ret;
}

const char *arch_clock_source(void)
{
    return "fake";
}

const char *arch_hypercall_method(void)
{
    return "call";
}

const void *ringlet_boot_module(size_t *bytes)
{
    *bytes = seam_module_bytes;
    return seam_module;
}

void *arch_boot_stack(size_t *size)
{
    *size = HANDLER_STACK_SIZE;
    return handler_stack;
}

void arch_print_backtrace(void)
{
    print_raw("  (callers)\n");
}

void arch_print_frames(uintptr_t ip, uintptr_t fp)
{
    print_raw("  (from %#lx, frame %#lx)\n", (unsigned long)ip, (unsigned long)fp);
}

void arch_print_context(const struct arch_context *ctx)
{
    (void)ctx;
    print_raw("  (its own context)\n");
}
