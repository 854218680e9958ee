/* SPDX-License-Identifier: MIT */
/* The thread that commits what is older than commit_ms. */
#include "lib/fs/ext4/store/private.h"

static void run(void *arg)
{
    struct store *s = arg;

    while (!s->closing && !s->aborted) {
        uint64_t since = s->dirty_since;
        uint64_t due = since ? since + s->commit_ms * NSEC_PER_MSEC : DEADLINE_NEVER;

        if (since && clock_now() >= due) {
            if (commit_until(s, s->running.tid))
                thread_sleep(NSEC_PER_SEC); /* no memory, perhaps */
            continue;
        }
        wait_on(&s->thread_wake, due);
    }
}

int commit_thread_start(struct store *s)
{
    if (s->read_only || s->commit_ms == ~0u)
        return 0;
    return thread_create(&s->thread, "ext4 commit", run, s, 0);
}

void commit_thread_stop(struct store *s)
{
    s->closing = true;
    wake_all(&s->thread_wake);
    if (s->thread)
        thread_join(s->thread);
    s->thread = NULL;
}
