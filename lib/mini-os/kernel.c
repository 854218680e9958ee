/* SPDX-License-Identifier: MIT */
/* The console, the end of the domain, HVM parameters, pages. */
#include "kernel.h"

#include <errno.h>
#include <mini-os/console.h>
#include <mini-os/kernel.h>
#include <mini-os/mm.h>
#include <mini-os/shutdown.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_MAX 1024

static void to_xen(const char *text, size_t len)
{
    HYPERVISOR_console_io(CONSOLEIO_write, (int)len, text);
}

void print(int direct, const char *fmt, va_list args)
{
    char text[MESSAGE_MAX];
    int len = vsnprintf(text, sizeof(text), fmt, args);

    if (len < 0)
        return;
    if ((size_t)len >= sizeof(text))
        len = sizeof(text) - 1;
    if (direct)
        to_xen(text, (size_t)len);
    else
        print_text(text, (size_t)len);
}

void printk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print(0, fmt, args);
    va_end(args);
}

void xprintk(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print(1, fmt, args);
    va_end(args);
}

void console_print(struct consfront_dev *dev, const char *data, int length)
{
    (void)dev;
    if (length > 0)
        console_write(data, (size_t)length);
}

void do_exit(void)
{
    panic("do_exit() was called");
}

void stop_kernel(void)
{
    exit(0);
}

void kernel_suspend(void)
{
    domain_suspend();
}

/* Not Xen's multicall, whose results would have Xen's error numbers. */
int HYPERVISOR_multicall(void *list, int count)
{
    multicall_entry_t *call = list;

    for (int i = 0; i < count; i++, call++)
        call->result =
            (xen_ulong_t)minios_hypercall((unsigned)call->op, call->args[0], call->args[1],
                                          call->args[2], call->args[3], call->args[4]);
    return 0;
}

int HYPERVISOR_poll(evtchn_port_t *ports, unsigned count, uint64_t timeout)
{
    struct sched_poll op = {.nr_ports = count, .timeout = timeout};

    set_xen_guest_handle(op.ports, ports);
    return HYPERVISOR_sched_op(SCHEDOP_poll, (unsigned long)&op);
}

static int parameter(int op, int index, uint64_t *value)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = (uint32_t)index, .value = *value};
    int ret = HYPERVISOR_hvm_op((unsigned long)op, &param);

    if (!ret)
        *value = param.value;
    return ret;
}

int hvm_get_parameter(int index, uint64_t *value)
{
    return parameter(HVMOP_get_param, index, value);
}

int hvm_set_parameter(int index, uint64_t value)
{
    return parameter(HVMOP_set_param, index, &value);
}

/* ---- pages ---- */

unsigned long alloc_pages(int order)
{
    return order < 0 || order > PAGE_MAX_ORDER ? 0
                                               : (unsigned long)page_alloc(1U << order, MEM_APP);
}

void free_pages(void *pages, int order)
{
    page_free(pages, 1U << order);
}

unsigned long(virt_to_mfn)(const void *va)
{
    return page_frame(va);
}

void *map_frames_ex(const unsigned long *f, unsigned long n, unsigned long stride,
                    unsigned long increment, unsigned long alignment, domid_t domid, int *err,
                    unsigned long prot)
{
    (void)f;
    (void)stride;
    (void)increment;
    (void)alignment;
    (void)domid;
    (void)prot;
    for (unsigned long i = 0; err && i < n; i++)
        err[i] = -ENOSYS;
    errno = ENOSYS;
    return NULL;
}
