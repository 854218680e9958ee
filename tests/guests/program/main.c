/* SPDX-License-Identifier: MIT */
/*
 * What every program may rely on: constructors and destructors, the stack that it wants, variables
 * of each thread, floating point, large memory. With resumes=N it waits until it was resumed that often, and
 * looks again; with dev=xvda it overwrites the beginning of that disk. The last destructor prints the verdict.
 */
#include "../verdict.h"
#include "checks.h"

#include <ringlet/clock.h>
#include <ringlet/cmdline.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>

static char order[8];
static enum verdict verdict = FAILURE;

static void note(char c)
{
    order[strlen(order)] = c;
}

static void before_all(void)
{
    note('p');
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_all;

__attribute__((constructor)) static void third(void)
{
    note('c');
}

__attribute__((constructor(102))) static void second(void)
{
    note('b');
}

__attribute__((constructor(101))) static void first(void)
{
    note('a');
}

__attribute__((destructor)) static void first_destructor(void)
{
    note('x');
}

__attribute__((destructor(101))) static void last_destructor(void)
{
    if (!check(!strcmp(order, "pabcmx"), "constructors and destructors in their order"))
        verdict_worsen(&verdict, FAILURE);
    verdict_print(verdict);
}

static bool wait_for_resumes(unsigned n)
{
    for (unsigned s = 0; s < 100 && suspend_count() < n; s++) {
        print_raw("program: %u\n", s);
        thread_sleep(NSEC_PER_SEC);
    }
    return check(suspend_count() >= n, "resumed") &&
           check(tls_kept(), "variables of the first thread after a resume") && float_check();
}

int main(int argc, char *argv[])
{
    uint64_t resumes = 0;
    const char *dev = NULL;
    struct option options[] = {
        {.name = "resumes", .type = OPT_UINT, .max = 10, .out = &resumes},
        {.name = "dev", .type = OPT_STRING, .out = &dev},
    };
    char err[128];
    bool ok;

    note('m');
    if (cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err))) {
        print_raw("program: %s\n", err);
        verdict = ERROR;
        return 0;
    }
    ok = stack_check();
    ok = tls_check() && ok;
    ok = float_check() && ok;
    ok = memory_check(dev) && ok;
    if (resumes)
        ok = wait_for_resumes((unsigned)resumes) && ok;
    verdict = ok ? SUCCESS : FAILURE;
    return 0;
}
