/* SPDX-License-Identifier: MIT */
#include "call_on_stack.h"

#include <stdint.h>

#ifdef __x86_64__
/* The frame pointer stays: a backtrace goes on at the caller's stack. */
void libc_call_on_stack(void (*fn)(void *arg), void *arg, void *stack, size_t size)
{
    uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;

    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "mov %[top], %%rsp\n\t"
                     "call *%[fn]\n\t"
                     "mov %%rbx, %%rsp"
                     : [top] "+&r"(top), [fn] "+&a"(fn), "+&D"(arg)
                     :
                     : "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "cc", "memory", "xmm0",
                       "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}
#else
#error "no libc_call_on_stack for this architecture"
#endif
