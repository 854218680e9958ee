/* SPDX-License-Identifier: MIT */
/* Paths: how they are resolved, and what is refused. On a memfs. */
#include "fs_test.h"

static size_t blocks_before;

static int setup(void **state)
{
    struct mount *root;

    (void)state;
    fs_start(8 << 20);
    blocks_before = heap_blocks();
    assert_int_equal(memfs_create(0, &root), 0);
    assert_int_equal(fs_mount("/", root), 0);
    assert_int_equal(path_mkdir(NULL, "/a", 0755), 0);
    assert_int_equal(path_mkdir(NULL, "/a/b", 0755), 0);
    put_text("/a/file", "text");
    return 0;
}

static int teardown(void **state)
{
    struct node *root;

    (void)state;
    assert_int_equal(path_chdir(NULL, "/"), 0);
    /* no reference of a node is left but cwd's and this one's */
    assert_int_equal(mount_root(&root), 0);
    assert_int_equal(root->mount->nodes, 1);
    assert_int_equal(root->refs, 3);
    node_put(root);
    node_put(root);
    root->mount->ops->unmount(root->mount);
    assert_int_equal(heap_blocks(), blocks_before);
    assert_int_equal(pages_in_use(), 0);
    mount_reset();
    fs_end();
    return 0;
}

static void dots_and_slashes(void **state)
{
    (void)state;
    assert_text("/a/file", "text");
    assert_text("//a///file", "text");
    assert_text("/./a/./b/../file", "text");
    assert_text("/../../a/file", "text");
    assert_text("a/file", "text"); /* the current directory is / */
    assert_int_equal(mode_of("/a/b/"), MODE_DIR | 0755);
    assert_int_equal(mode_of("/a/b/."), MODE_DIR | 0755);
    assert_int_equal(mode_of("/"), MODE_DIR | 0755);
}

static void what_is_not_there(void **state)
{
    struct node *n;

    (void)state;
    assert_int_equal(path_lookup(NULL, "", 0, &n), -ENOENT);
    assert_int_equal(path_lookup(NULL, "/x", 0, &n), -ENOENT);
    assert_int_equal(path_lookup(NULL, "/x/y", 0, &n), -ENOENT);
    assert_int_equal(path_lookup(NULL, "/x/..", 0, &n), -ENOENT);
    assert_int_equal(path_lookup(NULL, "/a/file/", 0, &n), -ENOTDIR);
    assert_int_equal(path_lookup(NULL, "/a/file/.", 0, &n), -ENOTDIR);
    assert_int_equal(path_lookup(NULL, "/a/file/..", 0, &n), -ENOTDIR);
    assert_int_equal(path_lookup(NULL, "/a/file/x", 0, &n), -ENOTDIR);
}

static void long_names(void **state)
{
    char path[PATH_LEN_MAX + 2];
    struct node *n;

    (void)state;
    memset(path, 'n', sizeof(path));
    path[0] = '/';
    path[256] = '\0';
    assert_int_equal(try_open(path, FILE_CREAT | FILE_WRONLY), 0);
    assert_int_equal(path_unlink(NULL, path), 0);
    path[256] = 'n';
    path[257] = '\0';
    assert_int_equal(try_open(path, FILE_CREAT | FILE_WRONLY), -ENAMETOOLONG);
    assert_int_equal(path_lookup(NULL, path, 0, &n), -ENAMETOOLONG);
    strcpy(path + 257, "/x");
    assert_int_equal(path_lookup(NULL, path, 0, &n), -ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    path[PATH_LEN_MAX - 1] = '\0';
    assert_int_equal(path_lookup(NULL, path, 0, &n), 0);
    node_put(n);
    path[PATH_LEN_MAX - 1] = '/';
    path[PATH_LEN_MAX] = '\0';
    assert_int_equal(path_lookup(NULL, path, 0, &n), -ENAMETOOLONG);
}

static void links(void **state)
{
    char buf[8];
    struct node *n;

    (void)state;
    assert_int_equal(path_symlink("a/file", NULL, "/relative"), 0);
    assert_int_equal(path_symlink("/a/b", NULL, "/a/absolute"), 0);
    assert_int_equal(path_symlink("../file", NULL, "/a/b/up"), 0);
    assert_int_equal(path_symlink("nowhere", NULL, "/broken"), 0);
    assert_text("/relative", "text");
    assert_text("/a/absolute/up", "text");
    assert_int_equal(mode_of("/a/absolute") & MODE_TYPE, MODE_LINK);
    assert_int_equal(mode_of("/a/absolute/") & MODE_TYPE, MODE_DIR);
    assert_int_equal(path_lookup(NULL, "/relative/", 0, &n), -ENOTDIR);
    assert_int_equal(path_lookup(NULL, "/broken", 0, &n), -ENOENT);
    assert_int_equal(path_readlink(NULL, "/relative", buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "a/file", 6);
    assert_int_equal(path_readlink(NULL, "/relative", buf, 3), 3);
    assert_int_equal(path_readlink(NULL, "/relative", buf, 0), -EINVAL);
    assert_int_equal(path_readlink(NULL, "/a/file", buf, sizeof(buf)), -EINVAL);
    assert_int_equal(path_symlink("", NULL, "/empty"), -ENOENT);
    assert_int_equal(path_symlink("x", NULL, "/a/file"), -EEXIST);
}

static void link_loops(void **state)
{
    char path[8];
    struct node *n;

    (void)state;
    assert_int_equal(path_symlink("loop", NULL, "/loop"), 0);
    assert_int_equal(path_lookup(NULL, "/loop", 0, &n), -ELOOP);
    assert_int_equal(path_lookup(NULL, "/loop/x", 0, &n), -ELOOP);
    assert_int_equal(try_open("/loop", FILE_CREAT | FILE_RDWR), -ELOOP);
    /* a chain of 40 is followed, one of 41 is not */
    assert_int_equal(path_symlink("/a/file", NULL, "/l0"), 0);
    for (unsigned i = 1; i <= 40; i++) {
        char target[8];

        snprintf(target, sizeof(target), "l%u", i - 1);
        snprintf(path, sizeof(path), "/l%u", i);
        assert_int_equal(path_symlink(target, NULL, path), 0);
    }
    assert_text("/l39", "text");
    assert_int_equal(try_open("/l40", FILE_RDONLY), -ELOOP);
}

static void a_link_that_is_too_long_with_the_rest(void **state)
{
    char target[3001], rest[2001];
    struct node *n;

    (void)state;
    memset(target, '/', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    assert_int_equal(path_symlink(target, NULL, "/l"), 0);
    memset(rest, '/', sizeof(rest) - 1);
    memcpy(rest, "/l", 2);
    memcpy(rest + sizeof(rest) - 2, "a", 2);
    assert_int_equal(path_lookup(NULL, rest, 0, &n), 0); /* slashes between are left out */
    node_put(n);
    for (unsigned i = 2; i + 2 < sizeof(rest); i += 2)
        memcpy(rest + i, "/.", 2);
    assert_int_equal(path_lookup(NULL, rest, 0, &n), -ENAMETOOLONG);
}

static void creating(void **state)
{
    struct file_stat st;

    (void)state;
    assert_int_equal(try_open("/new", FILE_RDWR), -ENOENT);
    assert_int_equal(try_open("/new", FILE_RDWR | FILE_CREAT | FILE_EXCL), 0);
    assert_int_equal(try_open("/new", FILE_RDWR | FILE_CREAT | FILE_EXCL), -EEXIST);
    assert_int_equal(try_open("/new", FILE_RDWR | FILE_CREAT), 0);
    assert_int_equal(mode_of("/new"), MODE_REGULAR | 0644);
    assert_int_equal(try_open("/new/", FILE_RDONLY), -ENOTDIR);
    assert_int_equal(try_open("/new/", FILE_RDWR | FILE_CREAT), -ENOTDIR);
    assert_int_equal(try_open("/other/", FILE_RDWR | FILE_CREAT), -EISDIR);
    assert_int_equal(try_open("/x/y", FILE_RDWR | FILE_CREAT), -ENOENT);
    assert_int_equal(try_open("/new/y", FILE_RDWR | FILE_CREAT), -ENOTDIR);
    assert_int_equal(try_open("/", FILE_RDWR | FILE_CREAT), -EISDIR);
    assert_int_equal(try_open("/a/..", FILE_RDONLY | FILE_CREAT), -EISDIR);
    assert_int_equal(try_open("/a", FILE_RDWR), -EISDIR);
    assert_int_equal(try_open("/a", FILE_RDONLY), 0);
    assert_int_equal(try_open("/a", FILE_RDONLY | FILE_DIRECTORY), 0);
    assert_int_equal(try_open("/new", FILE_RDONLY | FILE_DIRECTORY), -ENOTDIR);
    assert_int_equal(try_open("/new", FILE_ACCMODE), -EINVAL);
    /* through links */
    assert_int_equal(path_symlink("/a/made", NULL, "/l"), 0);
    assert_int_equal(try_open("/l", FILE_RDWR | FILE_CREAT | FILE_EXCL), -EEXIST);
    assert_int_equal(try_open("/l", FILE_RDWR | FILE_CREAT | FILE_NOFOLLOW), -ELOOP);
    assert_int_equal(try_open("/l", FILE_RDONLY | FILE_NOFOLLOW), -ELOOP);
    assert_int_equal(try_open("/l", FILE_RDWR | FILE_CREAT), 0);
    assert_true(exists("/a/made"));
    /* truncation */
    put_text("/new", "some text");
    assert_int_equal(try_open("/new", FILE_WRONLY | FILE_TRUNC), 0);
    assert_int_equal(path_stat(NULL, "/new", 0, &st), 0);
    assert_int_equal(st.size, 0);
}

static void directories(void **state)
{
    (void)state;
    assert_int_equal(path_mkdir(NULL, "/a", 0755), -EEXIST);
    assert_int_equal(path_mkdir(NULL, "/", 0755), -EEXIST);
    assert_int_equal(path_mkdir(NULL, "/a/.", 0755), -EEXIST);
    assert_int_equal(path_mkdir(NULL, "/d/", 0700), 0);
    assert_int_equal(mode_of("/d"), MODE_DIR | 0700);
    assert_int_equal(path_mkdir(NULL, "/x/y", 0755), -ENOENT);
    assert_int_equal(path_mkdir(NULL, "/a/file/y", 0755), -ENOTDIR);
    assert_int_equal(path_rmdir(NULL, "/a"), -ENOTEMPTY);
    assert_int_equal(path_rmdir(NULL, "/a/file"), -ENOTDIR);
    assert_int_equal(path_rmdir(NULL, "/d/."), -EINVAL);
    assert_int_equal(path_rmdir(NULL, "/d/.."), -ENOTEMPTY);
    assert_int_equal(path_rmdir(NULL, "/"), -EBUSY);
    assert_int_equal(path_rmdir(NULL, "/d/"), 0);
    assert_int_equal(path_rmdir(NULL, "/d"), -ENOENT);
    assert_int_equal(path_unlink(NULL, "/a"), -EPERM);
    assert_int_equal(path_unlink(NULL, "/a/."), -EPERM);
    assert_int_equal(path_unlink(NULL, "/a/file/"), -ENOTDIR);
    assert_int_equal(path_unlink(NULL, "/a/file"), 0);
}

static void the_current_directory(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(path_getcwd(buf, sizeof(buf)), 0);
    assert_string_equal(buf, "/");
    assert_int_equal(path_chdir(NULL, "/a/b"), 0);
    assert_int_equal(path_getcwd(buf, sizeof(buf)), 0);
    assert_string_equal(buf, "/a/b");
    assert_int_equal(path_getcwd(buf, 5), 0);
    assert_int_equal(path_getcwd(buf, 4), -ERANGE);
    assert_int_equal(path_getcwd(buf, 0), -ERANGE);
    assert_text("../file", "text");
    assert_int_equal(path_chdir(NULL, "../file"), -ENOTDIR);
    assert_int_equal(path_rename(NULL, "/a", NULL, "/renamed"), 0);
    assert_int_equal(path_getcwd(buf, sizeof(buf)), 0);
    assert_string_equal(buf, "/renamed/b");
    assert_int_equal(path_rmdir(NULL, "/renamed/b"), 0);
    assert_int_equal(path_getcwd(buf, sizeof(buf)), -ENOENT);
    assert_int_equal(try_open("x", FILE_CREAT | FILE_RDWR), -ENOENT);
    assert_int_equal(path_mkdir(NULL, "x", 0755), -ENOENT);
    assert_int_equal(try_open(".", FILE_RDONLY), 0);
}

static void relative_to_a_descriptor(void **state)
{
    struct node *base;
    struct file *f, *g;
    int fd;

    (void)state;
    fd = fd_install(must_open("/a", FILE_RDONLY), 0, 0);
    assert_int_equal(fd, 3); /* behind the console */
    assert_int_equal(fd_directory(fd, &base), 0);
    assert_int_equal(path_open(base, "file", FILE_RDONLY, 0, &f), 0);
    assert_int_equal(path_open(base, "/a/file", FILE_RDONLY, 0, &g), 0);
    file_put(f);
    assert_int_equal(fd_install(g, 0, 0), 4);
    node_put(base);
    assert_int_equal(fd_directory(4, &base), -ENOTDIR);
    assert_int_equal(fd_directory(5, &base), -EBADF);
    assert_int_equal(fd_directory(1, &base), -ENOTDIR);
    assert_int_equal(fd_directory(FD_CWD, &base), 0);
    assert_null(base);
    assert_int_equal(fd_close(3), 0);
    assert_int_equal(fd_close(4), 0);
    fd_reset();
}

static void access_of_files(void **state)
{
    struct node_attr attr = {.set = ATTR_MODE, .mode = 0755};

    (void)state;
    assert_int_equal(path_access(NULL, "/a/file", 6, 0), 0);
    assert_int_equal(path_access(NULL, "/a/file", 1, 0), -EACCES);
    assert_int_equal(path_access(NULL, "/a", 7, 0), 0);
    assert_int_equal(path_access(NULL, "/a/file", 8, 0), -EINVAL);
    assert_int_equal(path_setattr(NULL, "/a/file", 0, &attr), 0);
    assert_int_equal(path_access(NULL, "/a/file", 1, 0), 0);
    assert_int_equal(path_access(NULL, "/x", 0, 0), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(dots_and_slashes),
        TEST(what_is_not_there),
        TEST(long_names),
        TEST(links),
        TEST(link_loops),
        TEST(a_link_that_is_too_long_with_the_rest),
        TEST(creating),
        TEST(directories),
        TEST(the_current_directory),
        TEST(relative_to_a_descriptor),
        TEST(access_of_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
