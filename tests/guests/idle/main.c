/* SPDX-License-Identifier: MIT */
/*
 * A guest that does nothing, for the toolstack to save, restore and migrate: it waits seconds=N
 * (default 20) of its own time, prints a line once per second, and checks that time never jumps.
 * With fill=1 it uses all of its memory before and after that, and every ten seconds.
 */
#include "../verdict.h"
#include <ringlet/clock.h>
#include <ringlet/cmdline.h>
#include <ringlet/page.h>
#include <ringlet/suspend.h>
#include <ringlet/thread.h>

/* dom0 and other guests may have the CPU for a while; a save takes seconds and must not count. */
#define LATE_MAX (NSEC_PER_SEC + NSEC_PER_SEC / 2)

static unsigned cancelled;

static void resumed(bool was_cancelled)
{
    cancelled += was_cancelled;
}

/* Writes all pages that can be had, and reads them again. */
static bool fill(void)
{
    struct page {
        struct page *next;
        uint64_t number, rest[PAGE_SIZE / 8 - 2];
    } *first = NULL, *p;
    uint64_t count = 0, wrong = 0;

    while ((p = page_alloc(1, MEM_APP)) != NULL) {
        p->next = first;
        p->number = ++count;
        p->rest[ARRAY_SIZE(p->rest) - 1] = ~count;
        first = p;
    }
    for (uint64_t n = count; (p = first) != NULL; n--) {
        first = p->next;
        wrong += p->number != n || p->rest[ARRAY_SIZE(p->rest) - 1] != ~n;
        page_free(p, 1);
    }
    print_raw("idle: filled %llu KiB, %llu pages are wrong\n",
              (unsigned long long)count * PAGE_SIZE / 1024, (unsigned long long)wrong);
    return count && !wrong;
}

int main(int argc, char *argv[])
{
    static struct suspend_hook hook = {.resume = resumed};
    uint64_t seconds = 20;
    bool filling = false;
    struct option options[] = {
        {.name = "seconds", .type = OPT_UINT, .min = 1, .max = 3600, .out = &seconds},
        {.name = "fill", .type = OPT_BOOL, .out = &filling},
    };
    enum verdict verdict = SUCCESS;
    char err[192];

    if (cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err))) {
        print_raw("idle: %s\n", err);
        return verdict_print(ERROR);
    }
    suspend_register(&hook);
    for (uint64_t i = 0; i < seconds; i++) {
        uint64_t before, passed;

        if (filling && i % 10 == 0 && !fill())
            verdict_worsen(&verdict, FAILURE);
        before = clock_now();
        print_raw("idle: %llu\n", (unsigned long long)i);
        thread_sleep(NSEC_PER_SEC);
        passed = clock_now() - before;
        if (passed < NSEC_PER_SEC || passed > LATE_MAX) {
            print_raw("idle: a second took %llu ns\n", (unsigned long long)passed);
            verdict_worsen(&verdict, FAILURE);
        }
    }
    if (filling && !fill())
        verdict_worsen(&verdict, FAILURE);
    print_raw("idle: resumed %u times, cancelled %u times\n", suspend_count(), cancelled);
    return verdict_print(verdict);
}
