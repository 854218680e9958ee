/* SPDX-License-Identifier: MIT */
/* blktest's command line, special disks, and the ways it can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "blktest_run.h"

#include <kernel/thread.h>

/* ---- options ---- */

static void verify_0_checks_nothing(void **state)
{
    (void)state;
    fake.flip_read = 3;
    run("rw=read,write,randrw write=1 verify=0", "SUCCESS");
    assert_int_equal(results("\"type\":\"job\"", "\"verified_bytes\":0"), 3);
    assert_int_equal(results("digest", ""), 0);
}

static void unknown_words_are_named(void **state)
{
    (void)state;
    run("rw=read nosuch=1", "ERROR");
    assert_true(said("nosuch=1"));
    run("bs=17m", "ERROR");
    assert_true(said("bs=17m"));
    run("abi=16", "ERROR");
    assert_true(said("abi=16"));
    run("buffers=borrowed", "ERROR");
    run("persistent=2", "ERROR");
    assert_true(said("persistent=2"));
    run("dev=xvdq", "ERROR");
    assert_true(said("dev=xvdq: there is no such disk"));
    run("dev=banana", "ERROR");
    assert_int_equal(fake_completed, 0);
}

static void timeouts_reach_the_driver(void **state)
{
    (void)state;
    run("", "SUCCESS");
    assert_int_equal(fake_config.request_timeout_ns, 0);
    assert_int_equal(fake_config.watchdog_ns, 0);
    assert_int_equal(fake_config.reconnect_timeout_ns, 0);
    run("request_timeout=90s watchdog=1500ms reconnect_timeout=7s", "SUCCESS");
    assert_int_equal(fake_config.reconnect_timeout_ns, 7 * NSEC_PER_SEC);
    assert_int_equal(fake_config.request_timeout_ns, 90 * NSEC_PER_SEC);
    assert_int_equal(fake_config.watchdog_ns, 1500 * NSEC_PER_MSEC);
    run("watchdog=never", "ERROR");
    assert_true(said("watchdog=never"));
}

/* Each job reuses the buffers of the one before, and all are freed; fewer than wanted reduce its
 * depth. */
static void registered_buffers(void **state)
{
    (void)state;
    run("rw=read,randread bs=4k,44k iodepth=4", "SUCCESS");
    assert_int_equal(fake_buffers_made, 0);
    assert_int_equal(fake_config.persistent, 0);
    run("rw=read,randrw write=1 bs=4k,44k,1000 iodepth=4 buffers=registered persistent=0",
        "SUCCESS");
    assert_int_equal(fake_buffers_made, 4); /* for all jobs: one holds a buffer of 44k */
    assert_int_equal(fake_buffers, 0);
    assert_int_equal(fake_config.persistent, -1);
    fake.buffers = 3;
    run("rw=read bs=64k iodepth=8 buffers=registered persistent=1", "SUCCESS");
    assert_true(said("not enough memory for 8 requests of 64k: iodepth is 3"));
    assert_int_equal(fake_config.persistent, 0);
}

static void no_disk_is_an_error(void **state)
{
    (void)state;
    fake_disk[0].present = false;
    run("", "ERROR");
    assert_true(said("blktest: no disk configured"));
}

static void connect_errors_name_the_disk(void **state)
{
    (void)state;
    fake.connect = -ETIMEDOUT;
    run("", "ERROR");
    assert_true(said("xvda: cannot be connected: -ETIMEDOUT"));
    fake.connect = -EINVAL;
    run("", "FAILURE");
}

static void queue_depth_and_batch(void **state)
{
    (void)state;
    run("rw=read iodepth=50", "SUCCESS");
    assert_int_equal(fake_max_queued, 50);
    assert_int_equal(fake_max_batch, 50);
    fake_max_batch = fake_max_queued = 0;
    run("rw=read,randread iodepth=16 batch=3 misalign=4", "SUCCESS");
    assert_int_equal(fake_max_queued, 16);
    assert_int_equal(fake_max_batch, 3);
}

static void flush_after_so_many_writes(void **state)
{
    (void)state;
    run("rw=write write=1 fsync=10 bs=4k", "SUCCESS");
    assert_in_range(fake_disk[0].stats.flushes, 25 + 1, 26 + 1); /* and the one for the digest */
    fake.no_flush = true;
    run("rw=write write=1 fsync=10 bs=4k", "SUCCESS");
    assert_true(said("fsync= has no effect"));
}

static void several_threads_and_disks(void **state)
{
    (void)state;
    fake_add(1, content[1], 300 * 512, false);
    run("dev=all rw=randwrite,rw write=1 numjobs=3 bs=1500", "SUCCESS");
    assert_true(digest(0, 0, 349184, "written"));
    assert_true(digest(0, 349184, DISK_BYTES / 3 * 2 / 512 * 512 - 349184, "written"));
    assert_true(digest(1, 0, 51200, "written"));
    assert_true(digest(1, 102400, 51200, "written"));
    assert_int_equal(results("\"type\":\"counters\"", ""), 2);
    assert_int_equal(results("\"dev\":\"xvdb\"", "\"rw\":\"read_back\""), 2);
}

static void one_of_two_disks(void **state)
{
    (void)state;
    fake_add(1, content[1], DISK_BYTES, false);
    run("dev=xvdb rw=write write=1", "SUCCESS");
    assert_int_equal(fake_disk[0].stats.reads, 0);
    assert_true(digest(1, 0, DISK_BYTES, "written"));
    run("dev=51712", "SUCCESS");
    assert_true(digest(0, 0, DISK_BYTES, "read"));
}

static void tiny_disks(void **state)
{
    (void)state;
    fake_add(0, content[0], 512, false);
    run("rw=read,randread,write,randrw write=1 bs=4k,16m,1 numjobs=4", "SUCCESS");
    assert_true(digest(0, 0, 512, "written"));
    run("offset=512", "ERROR");
    assert_true(said("beyond its end"));
    fake_add(0, content[0], 0, false);
    run("", "SKIP");
}

static void runtime_repeats_the_job(void **state)
{
    (void)state;
    run("rw=read runtime=1ms size=64k", "SUCCESS"); /* the fake takes 1 us a request */
    assert_int_equal(results("\"rw\":\"read\"", "\"requests\":16,"), 0);
    assert_true(fake_completed >= 900 && fake_completed <= 1100);
    fake_completed = 0;
    run("rw=randread runtime=1ms size=64k", "SUCCESS"); /* 1 ms in order, then 1 ms at random */
    assert_true(fake_completed >= 1800 && fake_completed <= 2200);
}

static void runtime_ends_within_a_pass(void **state)
{
    (void)state;
    run("rw=read bs=512 iodepth=4 runtime=50us", "SUCCESS");
    assert_true(fake_completed >= 50 && fake_completed < 70);
    assert_true(said("the time was over within a pass"));
    assert_false(digest(0, 0, DISK_BYTES, "read"));
    fake_completed = 0;
    run("rw=randwrite write=1 bs=512 iodepth=4 runtime=50us", "SUCCESS");
    assert_true(fake_completed >= 50 && fake_completed < 80);
    assert_true(said("it is not read back"));
    assert_false(digest(0, 0, DISK_BYTES, "written"));
}

static void a_verified_round_may_end_a_bit_later(void **state)
{
    (void)state;
    run("rw=randwrite write=1 bs=512 iodepth=4 size=64k runtime=110us",
        "SUCCESS"); /* a round takes 128 */
    assert_true(digest(0, 0, 65536, "written"));
    assert_int_equal(results("\"rw\":\"randwrite\"", "\"requests\":128,"), 1);
    run("rw=randwrite write=1 bs=512 iodepth=4 size=64k runtime=110us verify=0", "SUCCESS");
    assert_int_equal(results("\"rw\":\"randwrite\"", "\"requests\":128,"), 0);
}

static void little_memory_means_less_depth(void **state)
{
    (void)state;
    seam_exit();
    seam_init(1 << 20);
    run("rw=write,read write=1 bs=64k iodepth=32", "SUCCESS");
    assert_true(said("not enough memory for 16 requests of 64k"));
    assert_int_equal(results("\"type\":\"job\"", "\"iodepth\":32"), 0);
    run("bs=4m", "ERROR");
    assert_true(said("error: xvda: bs=1m: "));
}

/* ---- special disks and ends ---- */

static void a_read_only_disk_must_refuse(void **state)
{
    (void)state;
    fake_add(0, content[0], DISK_BYTES, true);
    run("rw=write,randrw,read write=1", "SUCCESS");
    assert_true(said("xvda: read-only: write refused with -EROFS, as it must be\n"));
    assert_true(digest(0, 0, DISK_BYTES, "read"));
    fake.accept_readonly = true;
    run("rw=write,read write=1", "FAILURE");
    assert_true(digest(0, 0, DISK_BYTES, "read"));
}

static void a_read_only_disk_can_be_flushed(void **state)
{
    (void)state;
    fake_add(0, content[0], DISK_BYTES, true);
    run("rw=read", "SUCCESS");
    assert_int_equal(fake_disk[0].stats.flushes, 1);
    fake.sync = -EIO;
    run("rw=read", "FAILURE");
    assert_true(said("error: xvda: flush of a read-only disk: -EIO\n"));
    /* a writable disk is not flushed without a reason */
    fake_add(0, content[0], DISK_BYTES, false);
    run("rw=read", "SUCCESS");
}

static bool nothing_pending(void)
{
    return false;
}

static void no_events(void)
{
}

static void pass_time(uint64_t deadline_ns)
{
    seam_now = deadline_ns;
}

static void a_disk_of_size_0_may_grow(void **state)
{
    static const struct event_source idle = {nothing_pending, no_events, pass_time, no_events};

    (void)state;
    thread_set_event_source(&idle);
    fake.grows_at = clock_now() + 3 * NSEC_PER_SEC;
    run("rw=read connect_timeout=5s", "SUCCESS");
    assert_true(said("xvda: its size is 0: waiting for it to grow\n"));
    assert_true(digest(0, 0, DISK_BYTES, "read"));
    fake.grows_at = clock_now() + 8 * NSEC_PER_SEC;
    run("rw=read connect_timeout=5s", "SKIP");
    assert_true(said("xvda: empty, nothing to test\n"));
    fake.grows_at = clock_now() + NSEC_PER_SEC;
    run("rw=read", "SKIP"); /* no wait was requested */
    thread_set_event_source(NULL);
}

static void memory_of_the_driver_runs_out(void **state)
{
    (void)state;
    fake.refuse_enqueue = 3;
    run("rw=randwrite,read write=1 bs=4k iodepth=8", "SUCCESS");
    assert_true(digest(0, 0, DISK_BYTES, "written"));
}

static void a_device_that_goes_away(void **state)
{
    (void)state;
    fake.gone_after = 100;
    run("rw=read,randread,read bs=4k iodepth=1,8", "FAILURE");
    assert_int_equal(results("\"type\":\"job\"", ""), 1);
    assert_true(fake_completed <= 102);
}

static void a_stuck_device_does_not_hang_the_guest(void **state)
{
    uint64_t begin;

    (void)state;
    fake.stuck_after = 100;
    run("rw=write write=1 numjobs=2 iodepth=8", "FAILURE");
    assert_true(said("stuck: 8 requests in flight"));
    assert_true(seam_now < 120 * NSEC_PER_SEC);
    /* while requests wait for a backend that went the device is not stuck */
    fake.stuck_after = 100;
    begin = seam_now;
    run("rw=write write=1 iodepth=8 reconnect_timeout=150s", "FAILURE");
    assert_true(said("stuck: 8 requests in flight"));
    assert_in_range(seam_now - begin, 210 * NSEC_PER_SEC, 240 * NSEC_PER_SEC);
}

static unsigned stop_at; /* completions, then the toolstack orders a shutdown */

static void ask_to_stop(void)
{
    if (fake_completed == stop_at)
        on_shutdown(SHUTDOWN_POWEROFF);
}

static void the_toolstack_ends_it_early(void **state)
{
    (void)state;
    fake_hook = ask_to_stop;
    stop_at = 100;
    run("rw=read,randread,read bs=4k iodepth=8", "SUCCESS");
    assert_true(said("blktest: asked to power off by the toolstack"));
    assert_int_equal(results("\"type\":\"job\"", ""), 1);
    assert_in_range(fake_completed, 100, 108);
}

static void it_holds_until_told(void **state)
{
    (void)state;
    run("rw=read hold=100", "SUCCESS");
    assert_true(said("counters"));
    assert_true(strstr(seam_console(), "holding for dom0") > strstr(seam_console(), "counters"));
    assert_in_range(seam_now, 5 * NSEC_PER_SEC, 8 * NSEC_PER_SEC);
}

/* A slow disk: a line at least every 2 s. */
static void slow_down(void)
{
    seam_now += NSEC_PER_SEC / 4;
}

static void progress_is_shown(void **state)
{
    (void)state;
    fake_hook = slow_down;
    run("rw=read iodepth=1 bs=64k", "SUCCESS");
    assert_true(said("xvda read 64k qd1: 31% 0.2 MiB/s\n"));
    assert_true(said("xvda read 64k qd1: 68% 0.2 MiB/s\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verify_0_checks_nothing),
        TEST(unknown_words_are_named),
        TEST(timeouts_reach_the_driver),
        TEST(registered_buffers),
        TEST(no_disk_is_an_error),
        TEST(connect_errors_name_the_disk),
        TEST(queue_depth_and_batch),
        TEST(flush_after_so_many_writes),
        TEST(several_threads_and_disks),
        TEST(one_of_two_disks),
        TEST(tiny_disks),
        TEST(runtime_repeats_the_job),
        TEST(runtime_ends_within_a_pass),
        TEST(a_verified_round_may_end_a_bit_later),
        TEST(little_memory_means_less_depth),
        TEST(a_read_only_disk_must_refuse),
        TEST(a_read_only_disk_can_be_flushed),
        TEST(a_disk_of_size_0_may_grow),
        TEST(memory_of_the_driver_runs_out),
        TEST(a_device_that_goes_away),
        TEST(a_stuck_device_does_not_hang_the_guest),
        TEST(the_toolstack_ends_it_early),
        TEST(it_holds_until_told),
        TEST(progress_is_shown),
    };

    return cmocka_run_group_tests_name("blktest: options", tests, NULL, NULL);
}
