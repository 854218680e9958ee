/* SPDX-License-Identifier: MIT */
/*
 * Provokes an error on purpose, one per boot, so that the lab can check how the kernel reports it.
 * The first line announces it; a guest that survives although it should not is a FAILURE.
 */
#include "../verdict.h"
#include <ringlet/clock.h>
#include <ringlet/cmdline.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>
#include <ringlet/panic.h>
#include <ringlet/shutdown.h>

static volatile uint64_t sink;
static volatile bool deeper = true;
static volatile uintptr_t zero; /* read from memory, so that no compiler knows better */

static void page_fault(void)
{
    sink = *(volatile uint64_t *)0x500000000000ULL; /* canonical, and nothing is mapped there */
}

static void null_pointer(void)
{
    *(volatile uint64_t *)zero = 1;
}

static void write_text(void)
{
    *(volatile uint8_t *)(uintptr_t)main = 0xc3;
}

static void exec_data(void)
{
    static uint8_t code[] = {0xc3}; /* ret */
    void (*volatile fn)(void) = (void (*)(void))(uintptr_t)code;

    fn();
}

static uint64_t stack_overflow_step(uint64_t n)
{
    volatile uint8_t frame[512];

    frame[n % sizeof(frame)] = (uint8_t)n;
    return deeper ? stack_overflow_step(n + 1) + frame[0] : n;
}

static void stack_overflow(void)
{
    sink = stack_overflow_step(0);
}

static void divide(void)
{
    __asm__ __volatile__("divl %0" : : "r"(0U) : "eax", "edx", "cc");
}

static void invalid_opcode(void)
{
    __asm__ __volatile__("ud2");
}

static void general_protection(void)
{
    sink = *(volatile uint64_t *)(zero + 0x8000000000000000ULL); /* not canonical */
}

static void breakpoint(void)
{
    __asm__ __volatile__("int3");
}

static void guard(void)
{
    volatile uint8_t *page = page_alloc(1, MEM_APP);

    if (page && page_guard((void *)(uintptr_t)page, true) == 0)
        page[100] = 1;
}

static void panic_call(void)
{
    panic("the guest was asked to panic");
}

/* Not a trap: an operator's NMIs find a thread that never yields the CPU. */
static void spin(void)
{
    const uint64_t end = clock_deadline(12 * NSEC_PER_SEC);

    while (clock_now() < end)
        ;
}

/* Not a trap: the heap must report both and continue. */
static void heap(void)
{
    uint8_t *volatile block = heap_alloc(100, MEM_APP);

    if (block) {
        heap_free(block);
        heap_free(block);
    }
    heap_free((void *)(uintptr_t)&sink);
}

static const char *const names[] = {
    "page_fault",     "null",   "write_text",     "exec_data",
    "stack_overflow", "divide", "invalid_opcode", "general_protection",
    "breakpoint",     "guard",  "panic",          "heap",
    "spin",           NULL,
};

static void (*const provoke[])(void) = {
    page_fault,     null_pointer,       write_text, exec_data, stack_overflow, divide,
    invalid_opcode, general_protection, breakpoint, guard,     panic_call,     heap,
    spin,
};

_Static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(provoke) + 1, "a function for each name");

int main(int argc, char *argv[])
{
    unsigned which = ARRAY_SIZE(provoke);
    struct option options[] = {
        {.name = "trap", .type = OPT_CHOICE, .out = &which, .choices = names},
    };
    char err[128];

    if (cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err)) != 0) {
        pr_err("traps: %s\n", err);
        return verdict_print(ERROR);
    }
    if (which == ARRAY_SIZE(provoke)) {
        print_raw("traps: give one of");
        for (unsigned i = 0; names[i]; i++)
            print_raw(" trap=%s", names[i]);
        print_raw("\n");
        return verdict_print(ERROR);
    }
    print_raw("traps: provoking %s\n", names[which]);
    printk_drain();
    provoke[which]();
    if (provoke[which] == heap || provoke[which] == spin) {
        print_raw("traps: still alive, as it must be\n");
        return verdict_print(SUCCESS);
    }
    print_raw("traps: %s had no consequence\n", names[which]);
    return verdict_print(FAILURE);
}
