/* SPDX-License-Identifier: MIT */
/* Threads on the host: ucontexts, announced to AddressSanitizer where that watches. */
#include <ringlet/arch.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif

#ifdef ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

struct host_context {
    ucontext_t uc;
    void (*entry)(void);
    const void *stack;
    size_t size;
    void *fake_stack;
};

static struct host_context *current, *previous;

static void switched(struct host_context *self)
{
#ifdef ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    if (previous && !previous->stack) { /* the process' own stack is learnt when it is first left */
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
}

static struct host_context *of(struct arch_context *ctx)
{
    /* mmap: the thread structure that points here is in memory that LeakSanitizer does not search */
    if (!ctx->priv)
        ctx->priv = mmap(NULL, sizeof(struct host_context), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ctx->priv == MAP_FAILED)
        abort();
    return ctx->priv;
}

int arch_context_init(struct arch_context *ctx, void *stack, size_t size, void (*entry)(void))
{
    struct host_context *h;

    ctx->priv = NULL;
    h = of(ctx);
    getcontext(&h->uc);
    h->uc.uc_stack.ss_sp = stack;
    h->uc.uc_stack.ss_size = size;
    h->uc.uc_link = NULL;
    h->entry = entry;
    h->stack = stack;
    h->size = size;
    makecontext(&h->uc, start, 0);
    return 0;
}

void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
    struct host_context *f = of(from), *t = of(to);

    previous = f;
    current = t;
#ifdef ASAN
    __sanitizer_start_switch_fiber(&f->fake_stack, t->stack, t->size);
#endif
    swapcontext(&f->uc, &t->uc);
    switched(f);
}

void arch_context_destroy(struct arch_context *ctx)
{
#ifdef ASAN
    struct host_context *h = ctx->priv;

    /* frames that never returned leave marks that the stack's next user must not meet */
    if (h && h->stack)
        __asan_unpoison_memory_region(h->stack, h->size);
#endif
    if (ctx->priv)
        munmap(ctx->priv, sizeof(struct host_context));
    ctx->priv = NULL;
}
