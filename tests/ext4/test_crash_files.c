/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a disk that crashes: what a sync has promised, and was not changed since, is there when
 * the journal was replayed; e2fsck finds nothing to repair. (tests/crash does this for the store alone, with a
 * complete model, and far more often.) SEED=, ROUNDS= in the environment.
 */
#include "files_test.h"

#include "crash/model_disk.h"

#define SIZE (12u << 20)

static struct model_disk disk;
static struct random chance;
static uint64_t crash_at; /* the event */
static uint8_t *crashed;  /* what it left, or NULL */

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 0) : otherwise;
}

static void event(struct model_disk *d)
{
    struct sectors arrived = {.count = 0};

    if (crashed || d->events < crash_at)
        return;
    model_disk_crash(d, random_below(&chance, CRASH_MODES), &chance, &arrived);
    crashed = malloc(SIZE);
    memcpy(crashed, d->media, SIZE);
    sectors_put(&arrived, crashed, NULL);
    sectors_free(&arrived);
}

static void look_at(const struct random_state *promised, const struct random_state *now)
{
    struct memory_disk after;
    struct mount *mount;

    memory_disk_init(&after, crashed, SIZE);
    assert_int_equal(ext4_open(&after.disk, &image.config, &mount), 0);
    assert_int_equal(fs_mount("/crashed", mount), 0);
    assert_true(random_compare_common(promised, now, "/crashed") >= 0);
    assert_int_equal(fs_unmount("/crashed"), 0);
    assert_int_equal(image_check(crashed, SIZE), 0);
    free(crashed);
    crashed = NULL;
}

/* A crash somewhere in what follows a sync, so often. */
static void crash(const char *options)
{
    uint8_t *content = image_make(options, SIZE);
    struct random_state *s, *promised, *now;
    struct mount *mount;

    fs_start(64 << 20);
    assert_int_equal(path_mkdir(NULL, "/data", 0755), 0);
    assert_int_equal(path_mkdir(NULL, "/crashed", 0755), 0);
    image.config = (struct store_config){.commit_ms = ~0u};
    model_disk_init(&disk, content, SIZE, number("SEED", 1));
    free(content);
    chance.state = number("SEED", 1);
    crash_at = UINT64_MAX;
    disk.event = event;
    assert_int_equal(ext4_open(&disk.disk, &image.config, &mount), 0);
    assert_int_equal(fs_mount("/data", mount), 0);
    s = random_begin(&fs_calls, "/data", number("SEED", 1), 100000);
    for (uint64_t round = 0; round < number("ROUNDS", 30); round++) {
        assert_int_equal(random_run(s, 1 + random_below(&chance, 200)), 0);
        assert_int_equal(fs_sync(), 0);
        promised = random_copy(s);
        crash_at = disk.events + 1 + random_below(&chance, 200);
        for (unsigned i = 0; i < 3000 && !crashed; i++)
            assert_int_equal(random_run(s, 1), 0);
        now = random_copy(s);
        if (!crashed) {
            crash_at = 0;
            event(&disk);
        }
        crash_at = UINT64_MAX;
        look_at(promised, now);
        random_end(promised);
        random_end(now);
    }
    assert_int_equal(random_close_all(s), 0);
    random_end(s);
    assert_int_equal(fs_unmount("/data"), 0);
    model_disk_exit(&disk);
    fs_end();
}

static void with_checksums(void **state)
{
    (void)state;
    crash("-t ext4 -b 4096 -J size=4");
}

static void without_checksums(void **state)
{
    (void)state;
    crash("-t ext4 -O ^metadata_csum,^64bit -b 1024 -J size=1");
}

static void with_tables_of_blocks(void **state)
{
    (void)state;
    crash("-t ext3 -b 1024 -J size=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_checksums),
        cmocka_unit_test(without_checksums),
        cmocka_unit_test(with_tables_of_blocks),
    };

    return cmocka_run_group_tests_name("crash_files", tests, NULL, NULL);
}
