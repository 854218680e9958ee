/* SPDX-License-Identifier: MIT */
/* The first stack frame of a thread, laid out as context.S expects it. */
#include <kernel/arch.h>
#include <ringlet/panic.h>

#include "cpu.h"
#include "image.h"
#include "tls.h"

/* What arch_context_switch saves on a stack, from the stack pointer upwards. */
struct switch_frame {
    uint32_t mxcsr;
    uint16_t fpu_cw, pad;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip;
};

_Static_assert(offsetof(struct arch_context, sp) == 0, "context.S");
_Static_assert(offsetof(struct arch_context, priv) == 8, "context.S");
_Static_assert(sizeof(struct switch_frame) == 64, "context.S");

void context_start(void);
void context_returned(void);

void context_returned(void)
{
    panic("a thread's entry function returned");
}

int arch_context_init(struct arch_context *ctx, void *stack, size_t size, void (*entry)(void))
{
    /* context_start must see the stack pointer at a multiple of 16: it makes calls */
    uintptr_t top = ROUND_DOWN((uintptr_t)stack + size, 16);
    struct switch_frame *frame = (void *)(top - sizeof(*frame));

    if (size < PAGE_SIZE)
        return -EINVAL;
    *frame = (struct switch_frame){
        .mxcsr = FPU_MXCSR_INIT,
        .fpu_cw = FPU_CW_INIT,
        .rbx = (uintptr_t)entry,
        .rip = (uintptr_t)context_start,
    };
    ctx->sp = frame;
    return tls_create(&ctx->priv);
}

void *arch_boot_stack(size_t *size)
{
    *size = BOOT_STACK_SIZE;
    return boot_stack;
}

void arch_print_context(const struct arch_context *ctx)
{
    const struct switch_frame *frame = ctx->sp;

    if (!frame) /* an NMI came just before the first switch away from it */
        return;
    arch_print_frames(frame->rip, frame->rbp);
}

void arch_context_destroy(struct arch_context *ctx)
{
    tls_free(ctx->priv);
    ctx->sp = ctx->priv = NULL;
}
