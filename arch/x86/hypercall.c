/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls. The instruction is chosen at boot. The hypercall page that Xen would fill is not
 * used, so there is no indirect call (XSA-466).
 */
#include <kernel/arch.h>
#include <kernel/errno.h>

#include "boot.h"
#include "cpu.h"

static enum { BY_SYSCALL, BY_VMCALL, BY_VMMCALL } method;

void hypercall_init_pv(void)
{
    method = BY_SYSCALL;
}

/* By the processor's vendor: the instruction of another vendor is an invalid opcode. */
RINGLET_COLD void hypercall_init_pvh(void)
{
    struct cpuid r = cpuid(0);
    bool amd = r.ebx == 0x68747541 && r.edx == 0x69746e65 && r.ecx == 0x444d4163;   /* Authentic */
    bool hygon = r.ebx == 0x6f677948 && r.edx == 0x6e65476e && r.ecx == 0x656e6975; /* Hygon */

    method = amd || hygon ? BY_VMMCALL : BY_VMCALL;
}

const char *arch_hypercall_method(void)
{
    static const char *const name[] = {
        [BY_SYSCALL] = "syscall", [BY_VMCALL] = "vmcall", [BY_VMMCALL] = "vmmcall"};

    return name[method];
}

/* Xen keeps every register but the result, whose error numbers are its own; syscall itself
 * overwrites rcx and r11. */
long hypercall(unsigned nr, unsigned long a1, unsigned long a2, unsigned long a3, unsigned long a4,
               unsigned long a5)
{
    register unsigned long r10 __asm__("r10") = a4;
    register unsigned long r8 __asm__("r8") = a5;
    long result = nr;

#define CALL(instruction)                                                                  \
    __asm__ __volatile__(instruction                                                       \
                         : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8) \
                         :                                                                 \
                         : "rcx", "r11", "memory")
    switch (method) {
    case BY_SYSCALL:
        CALL("syscall");
        break;
    case BY_VMCALL:
        CALL("vmcall");
        break;
    case BY_VMMCALL:
        CALL("vmmcall");
        break;
    }
#undef CALL
    return result < 0 ? xen_error(result) : result;
}
