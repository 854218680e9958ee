/* SPDX-License-Identifier: MIT */
/*
 * The variables of each thread (__thread, _Thread_local), as the x86-64 psABI's variant II has
 * them: below the address in the FS base, at which there is that address again. Only images that
 * have such variables make and load anything here.
 */
#include "tls.h"

#include <kernel/arch.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "cpu.h"

/* From the link script: what the variables begin with; bytes and alignment of all of them. */
extern char _tls_image[], _tls_image_bytes[], _tls_bytes[], _tls_align[];

/* At the FS base. */
struct tcb {
    struct tcb *self;
    void *block; /* the heap's */
    uint64_t reserved[3];
    uint64_t canary; /* where gcc's stack protector looks for it */
    uint64_t reserved_too[2];
};

_Static_assert(offsetof(struct tcb, canary) == 0x28, "stack protector");

static enum { UNKNOWN, BY_INSTRUCTION, BY_MSR, BY_HYPERCALL } method;
static void *loaded; /* the FS base now; NULL: none of ours */

/* Xen lets a PV guest set this bit of CR4, too, if it may: it emulates the access. */
static bool allow_instruction(void)
{
    if (cpuid(0).eax < CPUID_EXTENDED || !(cpuid(CPUID_EXTENDED).ebx & CPUID_FSGSBASE))
        return false;
    write_cr4(read_cr4() | CR4_FSGSBASE);
    return read_cr4() & CR4_FSGSBASE;
}

static void choose_method(void)
{
    method = allow_instruction()          ? BY_INSTRUCTION
             : boot_info.type == GUEST_PV ? BY_HYPERCALL
                                          : BY_MSR;
}

int tls_create(void **tls)
{
    /* The linker counts from a size that is a multiple of the variables' alignment, no larger one. */
    const size_t bytes = (uintptr_t)_tls_bytes, align = MAX((uintptr_t)_tls_align, 16),
                 size = ROUND_UP(bytes, MAX((uintptr_t)_tls_align, 1)),
                 room = ROUND_UP(size, align);
    struct tcb *tcb;
    char *block;

    *tls = NULL;
    if (!bytes)
        return 0;
    block = heap_zalloc(1, align + room + sizeof(*tcb), MEM_THREAD);
    if (!block)
        return -ENOMEM;
    if (method == UNKNOWN)
        choose_method();
    tcb = (struct tcb *)(ROUND_UP((uintptr_t)block, align) + room);
    tcb->self = tcb;
    tcb->block = block;
    memcpy((char *)tcb - size, _tls_image, (uintptr_t)_tls_image_bytes);
    *tls = tcb;
    return 0;
}

void tls_free(void *tls)
{
    if (tls)
        heap_free(((struct tcb *)tls)->block);
}

void tls_load(void *tls)
{
    loaded = tls;
    switch (method) {
    case BY_INSTRUCTION:
        __asm__ __volatile__("wrfsbase %0" ::"r"(tls) : "memory");
        break;
    case BY_MSR:
        write_msr(MSR_FS_BASE, (uintptr_t)tls);
        break;
    default:
        hypercall(__HYPERVISOR_set_segment_base, SEGBASE_FS, (unsigned long)tls, 0, 0, 0);
        break;
    }
}

void tls_resume(void)
{
    if (!loaded)
        return;
    choose_method();
    tls_load(loaded);
}
