/* SPDX-License-Identifier: MIT */
/*
 * Threads on the host. Stacks are switched here and not with swapcontext(), which makes two system
 * calls and loses AddressSanitizer's state of the stack; the sanitizer is informed of each switch.
 */
#include "seam.h"

#include "lib/core/mem_private.h"

#include <stdlib.h>
#include <sys/mman.h>

#ifdef MEM_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

struct host_context {
    void *sp; /* while it does not run */
    void (*entry)(void);
    const void *stack;
    size_t size;
    void *fake_stack;
};

static struct host_context *current, *previous;
static struct host_context *first;     /* of the process' own stack */
static struct host_context unswitched; /* of the process' own stack before the first switch */
static struct host_context nested;     /* of a call on another stack */
static jmp_buf *jump;                  /* where the first context is to go when it runs next */

/* Saves the registers that a call preserves on the stack, its address in *from, and continues on
 * stack `to`. */
void host_switch(void **from, void *to);

#if !defined(__x86_64__)
#error "host_switch for this machine"
#endif
__asm__(".text\n"
        ".type host_switch, @function\n"
        "host_switch:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size host_switch, . - host_switch\n");

/* The content of a new stack, for host_switch. */
struct first_frame {
    void *registers[6];
    void (*start)(void);
    void *caller; /* none: unwinding ends here */
};

static void switched(struct host_context *self)
{
#ifdef MEM_ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    /* the limits of the process' own stack are found when it is first left */
    if (previous && !previous->stack) {
        previous->stack = bottom;
        previous->size = size;
    }
#endif
    current = self;
}

static void start(void)
{
    struct host_context *self = current;

    switched(self);
    self->entry();
    abort(); /* entry does not return */
}

static struct host_context *of(struct arch_context *ctx)
{
    /* mmap: the thread structure that points here is in memory that LeakSanitizer does not search
     */
    if (!ctx->priv)
        ctx->priv = mmap(NULL, sizeof(struct host_context), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ctx->priv == MAP_FAILED)
        abort();
    return ctx->priv;
}

int arch_context_init(struct arch_context *ctx, void *stack, size_t size, void (*entry)(void))
{
    struct first_frame *frame =
        (void *)(ROUND_DOWN((uintptr_t)stack + size, 16) - sizeof(struct first_frame));
    struct host_context *h;

    if (size < PAGE_SIZE)
        return -EINVAL;
    ctx->priv = NULL;
    h = of(ctx);
    *frame = (struct first_frame){.start = start};
    h->sp = frame;
    h->entry = entry;
    h->stack = stack;
    h->size = size;
    return 0;
}

/* over: f is not switched to again. */
static void switch_to(struct host_context *f, struct host_context *t, bool over)
{
    previous = f;
    current = t;
#ifdef MEM_ASAN
    __sanitizer_start_switch_fiber(over ? NULL : &f->fake_stack, t->stack, t->size);
#endif
    (void)over;
    host_switch(&f->sp, t->sp);
    switched(f);
    if (jump) {
        jmp_buf *target = jump;

        jump = NULL;
        longjmp(*target, 1);
    }
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
    struct host_context *f = of(from), *t = of(to);

    if (!first || first == &unswitched) {
        f->stack = unswitched.stack;
        f->size = unswitched.size;
        first = f;
    }
    switch_to(f, t, false);
}

static struct {
    void (*fn)(void *arg);
    void *arg;
    struct host_context *caller;
} call;

static void run_call(void)
{
    call.fn(call.arg);
    switch_to(&nested, call.caller, true);
}

void arch_call_on_stack(void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
    struct first_frame *frame =
        (void *)(ROUND_DOWN((uintptr_t)stack + size, 16) - sizeof(struct first_frame));

    if (!current)
        first = current = &unswitched;
    *frame = (struct first_frame){.start = start};
    nested = (struct host_context){.sp = frame, .entry = run_call, .stack = stack, .size = size};
    call.fn = fn;
    call.arg = arg;
    call.caller = current;
    switch_to(current, &nested, false);
}

void host_contexts_jump(jmp_buf *to)
{
    void *unused;

    if (current == first)
        longjmp(*to, 1);
    jump = to;
    previous = current; /* the one before may be gone */
#ifdef MEM_ASAN
    __sanitizer_start_switch_fiber(NULL, first->stack, first->size);
#endif
    host_switch(&unused, first->sp);
    abort();
}

void host_contexts_reset(void)
{
    if (first && first != &unswitched)
        munmap(first, sizeof(*first));
    unswitched = (struct host_context){0};
    first = current = previous = NULL;
}

void arch_context_destroy(struct arch_context *ctx)
{
    if (ctx->priv)
        munmap(ctx->priv, sizeof(struct host_context));
    ctx->priv = NULL;
}
