/* SPDX-License-Identifier: MIT */
/* The network starts without memory for one thing after the other: it says so, and can be started later. */
#include <sys/wait.h>
#include <unistd.h>

#include <kernel/event_channel.h>
#include <kernel/heap.h>
#include <ringlet/errno.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include "host/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { REFUSED, STARTED, WRONG }; /* exit status of a child */

/* In a process of its own: the n-th allocation fails. */
static int without_nth(unsigned n)
{
    int ret;

    seam_init(64u << 20);
    if (evtchn_init())
        return WRONG;
    mem_fail_nth(n);
    ret = net_start();
    mem_fail_nth(0);
    if (ret != -ENOMEM)
        return ret ? WRONG : STARTED;
    if (net_start())
        return WRONG;
    thread_sleep(10 * NSEC_PER_SEC); /* lwIP's timers run */
    return REFUSED;
}

static void test_no_memory(void **state)
{
    unsigned refused = 0;

    (void)state;
    for (unsigned n = 1; n < 50; n++) {
        int status = -1;
        pid_t pid = fork();

        if (!pid)
            _exit(without_nth(n));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != WRONG);
        refused += WEXITSTATUS(status) == REFUSED;
    }
    /* a mailbox and its ring, a mutex, timers, and two threads with their stacks */
    assert_in_range(refused, 7, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_memory)};

    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
