/* SPDX-License-Identifier: MIT */
/* Damaged images: whatever they say, nothing but errors may come of it. SEED=, ROUNDS= in the environment. */
#include "files_test.h"

#define SIZE  (4u << 20)
#define DEPTH 6 /* of directories that are looked into: damage may make a loop of them */

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 0) : otherwise;
}

static uint64_t state_of_random;

static uint32_t next(void)
{
    state_of_random = state_of_random * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state_of_random >> 33);
}

static void use_file(const char *path)
{
    static char buf[20000];
    struct file *f;

    if (path_open(NULL, path, FILE_RDWR, 0, &f) && path_open(NULL, path, FILE_RDONLY, 0, &f))
        return;
    file_pread(f, buf, sizeof(buf), 0);
    file_pread(f, buf, sizeof(buf), next() % 100000);
    file_pwrite(f, buf, next() % sizeof(buf), next() % 100000);
    if (next() % 2)
        file_truncate(f, next() % 50000);
    if (next() % 4 == 0)
        file_allocate(f, next() % 4, next() % 50000, 1 + next() % 50000);
    file_put(f);
}

static void use_dir(const char *path, unsigned depth)
{
    struct file_dirent e;
    struct file_stat st;
    struct file *dir;
    char name[600], other[600], target[200];

    if (depth == DEPTH || path_open(NULL, path, FILE_RDONLY | FILE_DIRECTORY, 0, &dir))
        return;
    for (unsigned n = 0; n < 60 && file_readdir(dir, &e) > 0; n++) {
        if (!strcmp(e.name, ".") || !strcmp(e.name, "..") || strlen(path) + e.name_len > 500)
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, e.name);
        if (path_stat(NULL, name, PATH_NOFOLLOW, &st))
            continue;
        path_readlink(NULL, name, target, sizeof(target));
        if ((st.mode & MODE_TYPE) == MODE_DIR)
            use_dir(name, depth + 1);
        else
            use_file(name);
        snprintf(other, sizeof(other), "%s/n%u", path, next() % 100);
        switch (next() % 8) {
        case 0:
            path_unlink(NULL, name);
            break;
        case 1:
            path_rename(NULL, name, NULL, other);
            break;
        case 2:
            path_link(NULL, name, NULL, other, PATH_NOFOLLOW);
            break;
        case 3:
            path_rmdir(NULL, name);
            break;
        case 4:
            path_mkdir(NULL, other, 0755);
            break;
        default:
            break;
        }
    }
    file_put(dir);
}

/* Bytes of what is not zero, which is mostly metadata, and the first blocks. */
static void damage(uint8_t *content)
{
    unsigned count = 1 + next() % 20;

    for (unsigned tries = 0; count && tries < 100000; tries++) {
        uint32_t at = next() % (next() % 2 ? SIZE : 400u << 10);

        if (!content[at] && next() % 50)
            continue;
        content[at] = next() % 3 ? (uint8_t)next() : (uint8_t)(content[at] ^ (1u << next() % 8));
        count--;
    }
}

static void an_image_is_damaged(const char *options)
{
    uint8_t *good = image_make(options, SIZE);
    uint64_t rounds = number("ROUNDS", 60);
    char path[100];

    image.size = SIZE;
    image.config = (struct store_config){.commit_ms = ~0u};
    image.disk.content = good;
    fs_start(64 << 20);
    assert_int_equal(path_mkdir(NULL, "/data", 0755), 0);
    assert_int_equal(image_mount(), 0);
    for (unsigned i = 0; i < 40; i++) {
        struct file *f;

        snprintf(path, sizeof(path), "/data/%s%u-a-name-that-makes-it-grow", i % 2 ? "d/" : "", i);
        if (i == 1)
            assert_int_equal(path_mkdir(NULL, "/data/d", 0755), 0);
        f = must_open(path, FILE_RDWR | FILE_CREAT);
        file_pwrite(f, path, sizeof(path), i * 3000);
        file_pwrite(f, path, sizeof(path), 0);
        file_put(f);
        snprintf(path, sizeof(path), "/data/d/link-%u", i);
        if (i > 1)
            path_symlink(
                i % 3 ? "../0-a-name"
                      : "a target that is too long to be in the inode, so that it is in a block",
                NULL, path);
    }
    assert_int_equal(fs_unmount("/data"), 0);
    fs_end();
    for (uint64_t round = 0; round < rounds; round++) {
        uint8_t *bad = malloc(SIZE);
        size_t before;

        memcpy(bad, good, SIZE);
        state_of_random = number("SEED", 1) * 1000003 + round;
        damage(bad);
        fs_start(64 << 20);
        image.disk.content = bad;
        assert_int_equal(path_mkdir(NULL, "/data", 0755), 0);
        before = heap_blocks();
        if (image_mount() == 0) {
            use_dir("/data", 0);
            assert_int_not_equal(fs_unmount("/data"), -EBUSY);
        }
        assert_int_equal(heap_blocks(), before);
        fs_end();
        free(bad);
    }
    free(good);
}

static void with_checksums(void **state)
{
    (void)state;
    an_image_is_damaged("-t ext4");
}

static void without_checksums(void **state)
{
    (void)state;
    an_image_is_damaged("-t ext4 -O ^metadata_csum,^64bit");
}

static void with_tables_of_blocks(void **state)
{
    (void)state;
    an_image_is_damaged("-t ext3 -b 1024");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_checksums),
        cmocka_unit_test(without_checksums),
        cmocka_unit_test(with_tables_of_blocks),
    };

    return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
