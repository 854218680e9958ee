/* SPDX-License-Identifier: MIT */
/* Watches a page (watch_page.h), on Linux on x86-64. */
#define _GNU_SOURCE
#include "watch_page.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG 0x100UL /* in EFLAGS: one instruction, then SIGTRAP */
#define ERR_WRITE 2       /* in a page fault's error code */

unsigned watch_loads[PAGE_SIZE], watch_stores[PAGE_SIZE];

static uint8_t *watched;
static struct sigaction others_fault, others_trap;

static void give_up(const uint8_t *code)
{
    fprintf(stderr, "watch_page: an instruction that it does not know:");
    for (unsigned i = 0; i < 12; i++)
        fprintf(stderr, " %02x", code[i]);
    fprintf(stderr, "\n");
    abort();
}

/*
 * The number of bytes that the instruction moves to or from memory, and whether it loads before it
 * stores. The kernel is built without vector registers, so there are only the old forms.
 */
static unsigned width(const uint8_t *code, bool *modifies)
{
    unsigned wide = 4;
    const uint8_t *p = code;

    *modifies = false;
    for (; *p == 0x66 || *p == 0xf0 || *p == 0xf2 || *p == 0xf3; p++)
        if (*p == 0x66)
            wide = 2;
    if ((*p & 0xf0) == 0x40) {
        if (*p & 8)
            wide = 8;
        p++;
    }
    if (p[0] == 0x0f) {
        if (p[1] == 0xb6 || p[1] == 0xbe) /* movzx, movsx */
            return 1;
        if (p[1] == 0xb7 || p[1] == 0xbf)
            return 2;
        give_up(code);
    }
    if (p[0] < 0x40 && (p[0] & 7) < 4) { /* add or adc sbb and sub xor cmp, to or from memory */
        *modifies = (p[0] & 7) < 2 && p[0] < 0x38;
        return p[0] & 1 ? wide : 1;
    }
    switch (p[0]) {
    case 0x63: /* movslq */
        return 4;
    case 0x80: /* add ... cmp with a constant: the operation is in the next byte */
    case 0x81:
    case 0x83:
        *modifies = (p[1] >> 3 & 7) != 7;
        return p[0] == 0x80 ? 1 : wide;
    case 0x84: /* test, mov, movs, stos, mov of a constant */
    case 0x88:
    case 0x8a:
    case 0xa4:
    case 0xaa:
    case 0xc6:
        return 1;
    case 0x85:
    case 0x89:
    case 0x8b:
    case 0xa5:
    case 0xab:
    case 0xc7:
        return wide;
    case 0xf6: /* test with a constant, not, neg */
    case 0xf7:
        *modifies = (p[1] >> 3 & 7) >= 2;
        return p[0] == 0xf6 ? 1 : wide;
    case 0xfe: /* inc, dec, push */
    case 0xff:
        *modifies = (p[1] >> 3 & 7) < 2;
        return p[0] == 0xfe ? 1 : wide;
    default:
        give_up(code);
        return 0;
    }
}

static void open_page(bool open)
{
    if (mprotect(watched, PAGE_SIZE, open ? PROT_READ | PROT_WRITE : PROT_NONE))
        abort();
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    size_t at = (size_t)((uint8_t *)info->si_addr - watched);
    bool modifies, store = uc->uc_mcontext.gregs[REG_ERR] & ERR_WRITE;
    unsigned n;

    if (at >= PAGE_SIZE) {
        signal(sig, SIG_DFL); /* a real one: happens again, and ends the process */
        return;
    }
    n = width((const uint8_t *)uc->uc_mcontext.gregs[REG_RIP], &modifies);
    for (; n && at < PAGE_SIZE; n--, at++) {
        watch_stores[at] += store;
        watch_loads[at] += !store || modifies;
    }
    open_page(true);
    uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    open_page(false);
    uc->uc_mcontext.gregs[REG_EFL] &= (greg_t)~TRAP_FLAG;
}

void *watch_page(void *page)
{
    int fd = memfd_create("watched", 0);
    void *other = MAP_FAILED;

    if (fd >= 0 && write(fd, page, PAGE_SIZE) == (ssize_t)PAGE_SIZE)
        other = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (other == MAP_FAILED || mmap(page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                                    fd, 0) == MAP_FAILED) {
        perror("watch_page");
        exit(2);
    }
    close(fd);
    watched = page;
    return other;
}

void watch_begin(void)
{
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    struct sigaction trap = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

    memset(watch_loads, 0, sizeof(watch_loads));
    memset(watch_stores, 0, sizeof(watch_stores));
    sigaction(SIGSEGV, &fault, &others_fault);
    sigaction(SIGTRAP, &trap, &others_trap);
    open_page(false);
}

void watch_end(void)
{
    open_page(true);
    sigaction(SIGSEGV, &others_fault, NULL);
    sigaction(SIGTRAP, &others_trap, NULL);
}

unsigned watch_sum(const unsigned *counts, size_t at, size_t n)
{
    unsigned sum = 0;

    while (n--)
        sum += counts[at++];
    return sum;
}

unsigned watch_max(const unsigned *counts, size_t at, size_t n)
{
    unsigned max = 0;

    for (; n--; at++)
        max = MAX(max, counts[at]);
    return max;
}
