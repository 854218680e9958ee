/* SPDX-License-Identifier: MIT */
/* The time in which other domains ran: Xen's getdomaininfo, by the kernel's privcmd. */
#include "domains.h"

#ifdef __ringlet__

uint64_t domains_ran(void)
{
    return 0;
}

#else

#define __XEN_TOOLS__ 1
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/domctl.h>
#include <xen/sys/privcmd.h>
#include <xen/xen.h>

/* Xen reads and writes it while the kernel cannot load a page: it must be present. */
static struct xen_domctl control __attribute__((aligned(4096)));

uint64_t domains_ran(void)
{
    int fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    uint64_t ran = 0;

    if (fd < 0)
        return 0;
    if (mlock(&control, sizeof(control)) == 0) {
        for (unsigned domain = 1; domain < DOMID_FIRST_RESERVED;) {
            privcmd_hypercall_t call = {__HYPERVISOR_domctl, {(uintptr_t)&control}};

            memset(&control, 0, sizeof(control));
            control.cmd = XEN_DOMCTL_getdomaininfo;
            control.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
            control.domain = (domid_t)domain;
            /* of the first domain from this number on */
            if (ioctl(fd, IOCTL_PRIVCMD_HYPERCALL, &call) < 0)
                break;
            ran += control.u.getdomaininfo.cpu_time;
            domain = control.domain + 1u;
        }
    }
    close(fd);
    return ran;
}

#endif
