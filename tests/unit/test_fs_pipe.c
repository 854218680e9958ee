/* SPDX-License-Identifier: MIT */
/* Pipes, event counters and timers, and polling them; threads that wait for each other. */
#include "fs_test.h"

#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

static struct file *ends[2];
static char big[200 * 1024], got[200 * 1024];
static int64_t result;
static bool done;
static size_t blocks_before;

static int setup(void **state)
{
    (void)state;
    fs_start(4 << 20);
    blocks_before = heap_blocks();
    assert_int_equal(pipe_create(ends, 0), 0);
    done = false;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)(i * 13 + i / 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    file_put(ends[0]);
    file_put(ends[1]);
    assert_int_equal(heap_blocks(), blocks_before);
    assert_int_equal(pages_in_use(), 0);
    fs_end();
    return 0;
}

static void write_big(void *arg)
{
    (void)arg;
    result = file_write(ends[1], big, sizeof(big));
    done = true;
}

static void run(void (*fn)(void *), struct thread **t)
{
    assert_int_equal(thread_create(t, "other", fn, NULL, 65536), 0);
    thread_yield();
}

static void bytes_pass_in_order(void **state)
{
    char buf[16];
    int n;

    (void)state;
    assert_int_equal(file_write(ends[1], "hello", 5), 5);
    assert_int_equal(file_ioctl(ends[0], FILE_IOCTL_AVAILABLE, &n), 0);
    assert_int_equal(n, 5);
    assert_int_equal(file_read(ends[0], buf, 2), 2);
    assert_int_equal(file_read(ends[0], buf + 2, sizeof(buf)), 3);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(file_read(ends[0], buf, 0), 0);
    assert_int_equal(file_write(ends[0], "x", 1), -EBADF);
    assert_int_equal(file_read(ends[1], buf, 1), -EBADF);
    assert_int_equal(file_seek(ends[0], 0, 1), -ESPIPE);
    assert_int_equal(file_pread(ends[0], buf, 1, 0), -ESPIPE);
}

static void a_writer_waits_for_room(void **state)
{
    struct thread *t;
    size_t at = 0;

    (void)state;
    run(write_big, &t);
    assert_false(done);
    while (at < sizeof(got)) {
        int64_t n = file_read(ends[0], got + at, MIN(sizeof(got) - at, (size_t)10001));

        assert_true(n > 0);
        at += (size_t)n;
    }
    thread_join(t);
    assert_int_equal(result, sizeof(big));
    assert_memory_equal(got, big, sizeof(big));
}

static void read_some(void *arg)
{
    (void)arg;
    result = file_read(ends[0], got, sizeof(got));
    done = true;
}

static void a_reader_waits_for_bytes(void **state)
{
    struct thread *t;

    (void)state;
    run(read_some, &t);
    assert_false(done);
    assert_int_equal(file_write(ends[1], "abc", 3), 3);
    thread_join(t);
    assert_int_equal(result, 3);
    /* the end of the writer is the end of the file */
    done = false;
    run(read_some, &t);
    assert_false(done);
    file_put(ends[1]);
    ends[1] = NULL;
    thread_join(t);
    assert_int_equal(result, 0);
}

static void without_a_reader(void **state)
{
    struct thread *t;

    (void)state;
    run(write_big, &t);
    assert_false(done);
    file_put(ends[0]);
    ends[0] = NULL;
    thread_join(t);
    assert_int_equal(result, PIPE_SIZE); /* what was written counts */
    assert_int_equal(file_write(ends[1], "x", 1), -EPIPE);
}

static void small_writes_are_not_divided(void **state)
{
    (void)state;
    file_set_flags(ends[1], FILE_NONBLOCK);
    file_set_flags(ends[0], FILE_NONBLOCK);
    assert_int_equal(file_read(ends[0], got, 1), -EAGAIN);
    assert_int_equal(file_write(ends[1], big, PIPE_SIZE - 100), PIPE_SIZE - 100);
    assert_int_equal(file_write(ends[1], big, PIPE_ATOMIC), -EAGAIN);
    assert_int_equal(file_write(ends[1], big, 101), -EAGAIN);
    assert_int_equal(file_write(ends[1], big, PIPE_ATOMIC + 1), 100);
    assert_int_equal(file_write(ends[1], big, PIPE_ATOMIC + 1), -EAGAIN);
    assert_int_equal(file_read(ends[0], got, sizeof(got)), PIPE_SIZE);
}

static int interrupted(struct wait_queue *const *queues, unsigned n, uint64_t deadline)
{
    (void)queues;
    (void)n;
    (void)deadline;
    return -EINTR;
}

static void a_wait_is_interrupted(void **state)
{
    struct poll_entry e = {.file = ends[0], .events = POLL_IN};

    (void)state;
    file_wait_hook = interrupted;
    assert_int_equal(file_read(ends[0], got, 1), -EINTR);
    assert_int_equal(file_poll(&e, 1, DEADLINE_NEVER), -EINTR);
    assert_int_equal(file_write(ends[1], big, sizeof(big)), PIPE_SIZE);
    assert_int_equal(file_write(ends[1], big, sizeof(big)), -EINTR);
}

static unsigned events_of(struct file *f)
{
    struct poll_entry e = {.file = f, .events = POLL_IN | POLL_OUT};

    file_poll(&e, 1, 0);
    return e.revents;
}

static void polling_pipes(void **state)
{
    (void)state;
    assert_int_equal(events_of(ends[0]), 0);
    assert_int_equal(events_of(ends[1]), POLL_OUT);
    file_write(ends[1], big, PIPE_SIZE - PIPE_ATOMIC + 1);
    assert_int_equal(events_of(ends[0]), POLL_IN);
    assert_int_equal(events_of(ends[1]), 0);
    file_put(ends[1]);
    ends[1] = NULL;
    assert_int_equal(events_of(ends[0]), POLL_IN | POLL_HUP);
    while (file_read(ends[0], got, sizeof(got)) > 0)
        ;
    assert_int_equal(events_of(ends[0]), POLL_HUP);
    file_put(ends[0]);
    assert_int_equal(pipe_create(ends, 0), 0);
    file_put(ends[0]);
    ends[0] = NULL;
    assert_int_equal(events_of(ends[1]), POLL_OUT | POLL_ERR);
}

static void write_later(void *arg)
{
    struct file **f = arg;

    thread_sleep(NSEC_PER_SEC);
    file_write(*f, "x", 1);
}

static void polling_several(void **state)
{
    struct file *more[20][2];
    struct poll_entry e[23] = {
        {.file = NULL}, {.nval = true}, {.file = ends[0], .events = POLL_IN}};
    uint64_t start = clock_now();
    struct thread *t;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(pipe_create(more[i], 0), 0);
        e[3 + i] = (struct poll_entry){.file = more[i][0], .events = POLL_IN};
    }
    assert_int_equal(file_poll(e, 23, DEADLINE_NEVER), 1); /* does not wait: one is not valid */
    assert_int_equal(e[1].revents, POLL_NVAL);
    assert_int_equal(e[0].revents, 0);
    e[1].nval = false;
    assert_int_equal(file_poll(e, 23, start + NSEC_PER_SEC), 0);
    assert_int_equal(clock_now(), start + NSEC_PER_SEC);
    thread_create(&t, "writer", write_later, &more[19][1], 65536);
    assert_int_equal(file_poll(e, 23, DEADLINE_NEVER), 1);
    assert_int_equal(e[22].revents, POLL_IN);
    assert_int_equal(clock_now(), start + 2 * NSEC_PER_SEC);
    thread_join(t);
    e[22].file = NULL;
    mem_fail_nth(1); /* for more queues than fit on the stack */
    assert_int_equal(file_poll(e, 23, DEADLINE_NEVER), -ENOMEM);
    mem_fail_nth(0);
    for (unsigned i = 0; i < 20; i++) {
        file_put(more[i][0]);
        file_put(more[i][1]);
    }
}

static void run_once(void *arg)
{
    *(bool *)arg = true;
}

/* A loop that is told "ready" each time, and does nothing about it, must not stop the others. */
static void polling_lets_others_run(void **state)
{
    struct poll_entry e = {.file = ends[1], .events = POLL_OUT};
    struct thread *t;
    bool has_run = false;

    (void)state;
    assert_int_equal(thread_create(&t, "other", run_once, &has_run, 65536), 0);
    assert_int_equal(file_poll(&e, 1, DEADLINE_NEVER), 1);
    assert_true(has_run);
    thread_join(t);
}

static void no_memory_for_a_pipe(void **state)
{
    struct file *other[2];
    unsigned nth = 1;
    int ret;

    (void)state;
    do {
        mem_fail_nth(nth++);
        ret = pipe_create(other, 0);
        mem_fail_nth(0);
        assert_true(ret == 0 || ret == -ENOMEM);
    } while (ret);
    assert_int_equal(nth, 6);
    file_put(other[0]);
    file_put(other[1]);
}

static void add_later(void *arg)
{
    uint64_t v = 3;

    thread_sleep(NSEC_PER_SEC);
    file_write(arg, &v, sizeof(v));
}

static void event_counters(void **state)
{
    struct file *f;
    uint64_t v;
    struct thread *t;

    (void)state;
    assert_int_equal(eventfd_create(5, false, FILE_NONBLOCK, &f), 0);
    assert_int_equal(events_of(f), POLL_IN | POLL_OUT);
    assert_int_equal(file_read(f, &v, 7), -EINVAL);
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(v, 5);
    assert_int_equal(file_read(f, &v, 8), -EAGAIN);
    assert_int_equal(events_of(f), POLL_OUT);
    v = UINT64_MAX;
    assert_int_equal(file_write(f, &v, 8), -EINVAL);
    assert_int_equal(file_write(f, &v, 7), -EINVAL);
    v = UINT64_MAX - 1;
    assert_int_equal(file_write(f, &v, 8), 8);
    assert_int_equal(events_of(f), POLL_IN);
    assert_int_equal(file_write(f, &v, 8), -EAGAIN);
    file_read(f, &v, 8);
    file_set_flags(f, 0);
    thread_create(&t, "adder", add_later, f, 65536);
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(v, 3);
    thread_join(t);
    file_put(f);
    assert_int_equal(eventfd_create(2, true, FILE_NONBLOCK, &f), 0);
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(v, 1);
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(file_read(f, &v, 8), -EAGAIN);
    file_put(f);
}

static void timers(void **state)
{
    uint64_t start = clock_now(), v, first, interval;
    struct poll_entry e = {.events = POLL_IN};
    struct file *f;

    (void)state;
    assert_int_equal(timerfd_create(false, 0, &f), 0);
    e.file = f;
    assert_int_equal(timerfd_get(f, &first, &interval), 0);
    assert_int_equal(first, 0);
    assert_int_equal(timerfd_set(f, false, 1000, 500, NULL, NULL), 0);
    assert_int_equal(timerfd_get(f, &first, &interval), 0);
    assert_true(first == 1000 && interval == 500);
    assert_int_equal(file_poll(&e, 1, DEADLINE_NEVER), 1);
    assert_int_equal(clock_now(), start + 1000);
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(v, 1);
    seam_now += 1600; /* three pass unseen */
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(v, 3);
    assert_int_equal(file_read(f, &v, 8), 8);
    assert_int_equal(v, 1);
    assert_int_equal(clock_now(), start + 3000);
    assert_int_equal(timerfd_set(f, true, start + 10, 0, &first, &interval), 0);
    assert_true(first == 500 && interval == 500);
    assert_int_equal(file_read(f, &v, 8), 8); /* at once: it lies in the past */
    assert_int_equal(v, 1);
    file_set_flags(f, FILE_NONBLOCK);
    assert_int_equal(file_read(f, &v, 8), -EAGAIN);
    assert_int_equal(file_read(f, &v, 4), -EINVAL);
    assert_int_equal(timerfd_set(f, false, 10, 0, NULL, NULL), 0);
    assert_int_equal(timerfd_set(f, false, 0, 7, &first, NULL), 0);
    assert_int_equal(first, 10);
    assert_int_equal(timerfd_get(f, &first, &interval), 0);
    assert_true(first == 0 && interval == 0);
    assert_int_equal(timerfd_set(ends[0], false, 0, 7, NULL, NULL), -EINVAL);
    timerfd_set(f, false, 10, 0, NULL, NULL);
    file_put(f); /* while it runs */
    thread_sleep(100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(bytes_pass_in_order),
        TEST(a_writer_waits_for_room),
        TEST(a_reader_waits_for_bytes),
        TEST(without_a_reader),
        TEST(small_writes_are_not_divided),
        TEST(a_wait_is_interrupted),
        TEST(polling_pipes),
        TEST(polling_several),
        TEST(polling_lets_others_run),
        TEST(no_memory_for_a_pipe),
        TEST(event_counters),
        TEST(timers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
