/* SPDX-License-Identifier: MIT */
/* Several threads at once, on a disk that lets others run during each transfer: random operations, each thread's
 * below a directory of its own, and all of them in one directory and in one file. SEED= in the environment. */
#include "files_test.h"

#include "crash/model_disk.h"

#define SIZE    (24u << 20)
#define THREADS 4u
#define RECORD  3000u
#define RECORDS 200u

static struct model_disk disk;
static unsigned failed;

static void event(struct model_disk *d)
{
    (void)d;
}

static void begin(const char *options)
{
    uint8_t *content = image_make(options, SIZE);
    struct mount *mount;

    fs_start(64 << 20);
    assert_int_equal(path_mkdir(NULL, "/data", 0755), 0);
    image.config =
        (struct store_config){.commit_ms = ~0u, .cache = 1}; /* little, so that it waits often */
    model_disk_init(&disk, content, SIZE, 1);
    free(content);
    disk.event = event;
    disk.yields = true;
    failed = 0;
    assert_int_equal(ext4_open(&disk.disk, &image.config, &mount), 0);
    assert_int_equal(fs_mount("/data", mount), 0);
}

static void end(void)
{
    assert_int_equal(fs_unmount("/data"), 0);
    assert_int_equal(image_check(disk.view, SIZE), 0);
    model_disk_exit(&disk);
    fs_end();
}

static void run(void (*fn)(void *arg))
{
    struct thread *t[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(thread_create(&t[i], "test", fn, (void *)i, 256 << 10), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(thread_join(t[i]), 0);
    assert_int_equal(failed, 0);
}

static void operations(void *arg)
{
    const char *seed = getenv("SEED");
    struct random_state *s;
    char root[32];

    snprintf(root, sizeof(root), "/data/thread-%u", (unsigned)(uintptr_t)arg);
    failed += path_mkdir(NULL, root, 0755) != 0;
    s = random_begin(&fs_calls, root, (seed ? strtoull(seed, NULL, 0) : 1) + 100 * (uintptr_t)arg,
                     60000);
    failed += random_run(s, 2500) || random_compare(s) || random_close_all(s);
    random_end(s);
}

static void each_in_its_own_directory(void **state)
{
    (void)state;
    begin("-t ext4 -b 1024");
    run(operations);
    end();
}

/* All names of all threads come and go in the same directory. */
static void names(void *arg)
{
    char path[200], other[200];

    for (unsigned i = 0; i < 300 && !failed; i++) {
        snprintf(path, sizeof(path), "/data/name-%u-%u-so-that-the-directory-gets-an-index", i % 40,
                 (unsigned)(uintptr_t)arg);
        snprintf(other, sizeof(other), "/data/shared-%u", i % 7);
        put_text(path, "text");
        if (i % 3 == 0)
            failed += path_rename(NULL, path, NULL, other) != 0;
        else if (i % 3 == 1)
            failed += path_unlink(NULL, path) != 0;
        else
            failed += !exists(path);
        if (i % 5 == 0)
            path_unlink(NULL, other);
        if (i % 20 == 0)
            failed += fs_sync() != 0;
    }
}

static void all_in_one_directory(void **state)
{
    (void)state;
    begin("-t ext4 -b 1024");
    run(names);
    end();
}

/* Each record is appended as a whole, and only once. */
static void records(void *arg)
{
    struct file *f = must_open("/data/log", FILE_WRONLY | FILE_CREAT | FILE_APPEND);
    static char bytes[THREADS][RECORD];

    memset(bytes[(uintptr_t)arg], 'a' + (int)(uintptr_t)arg, RECORD);
    for (unsigned i = 0; i < RECORDS; i++) {
        failed += file_write(f, bytes[(uintptr_t)arg], RECORD) != RECORD;
        if (i % 16 == 0)
            failed += file_sync(f, true) != 0;
    }
    file_put(f);
}

static void all_append_to_one_file(void **state)
{
    unsigned count[THREADS] = {0};
    static char record[RECORD];
    struct file *f;

    (void)state;
    begin("-t ext4 -b 1024");
    run(records);
    f = must_open("/data/log", FILE_RDONLY);
    while (file_read(f, record, RECORD) == RECORD) {
        for (unsigned i = 1; i < RECORD; i++)
            assert_int_equal(record[i], record[0]);
        assert_in_range(record[0], 'a', 'a' + THREADS - 1);
        count[record[0] - 'a']++;
    }
    file_put(f);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(count[i], RECORDS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_in_its_own_directory),
        cmocka_unit_test(all_in_one_directory),
        cmocka_unit_test(all_append_to_one_file),
    };

    return cmocka_run_group_tests_name("threads_files", tests, NULL, NULL);
}
