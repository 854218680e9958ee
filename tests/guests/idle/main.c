/* SPDX-License-Identifier: MIT */
/*
 * A guest that does nothing, for the toolstack to save, restore and migrate: it waits seconds=N
 * (default 20) of its own time, says so once in a second, and checks that time never jumps.
 */
#include "../verdict.h"
#include <ringlet/clock.h>
#include <ringlet/cmdline.h>
#include <ringlet/suspend.h>
#include <ringlet/thread.h>

/* dom0 and other guests may have the CPU for a while; a save takes seconds and must not count. */
#define LATE_MAX (NSEC_PER_SEC + NSEC_PER_SEC / 2)

static unsigned cancelled;

static void resumed(bool was_cancelled)
{
    cancelled += was_cancelled;
}

int main(int argc, char *argv[])
{
    static struct suspend_hook hook = {.resume = resumed};
    uint64_t seconds = 20;
    struct option options[] = {
        {.name = "seconds", .type = OPT_UINT, .min = 1, .max = 3600, .out = &seconds}};
    enum verdict verdict = SUCCESS;
    char err[192];

    if (cmdline_parse(argc, argv, options, 1, err, sizeof(err))) {
        print_raw("idle: %s\n", err);
        return verdict_print(ERROR);
    }
    suspend_register(&hook);
    for (uint64_t i = 0; i < seconds; i++) {
        uint64_t before = clock_now(), passed;

        print_raw("idle: %llu\n", (unsigned long long)i);
        thread_sleep(NSEC_PER_SEC);
        passed = clock_now() - before;
        if (passed < NSEC_PER_SEC || passed > LATE_MAX) {
            print_raw("idle: a second took %llu ns\n", (unsigned long long)passed);
            verdict_worsen(&verdict, FAILURE);
        }
    }
    print_raw("idle: resumed %u times, cancelled %u times\n", suspend_count(), cancelled);
    return verdict_print(verdict);
}
