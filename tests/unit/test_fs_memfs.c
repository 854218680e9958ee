/* SPDX-License-Identifier: MIT */
/* The memory file system: contents, holes, names, limits. */
#include "fs_test.h"

static struct mount *root;
static size_t blocks_before;

static void start(uint64_t limit)
{
    fs_start(8 << 20);
    blocks_before = heap_blocks();
    assert_int_equal(memfs_create(limit, &root), 0);
    assert_int_equal(fs_mount("/", root), 0);
}

static int setup(void **state)
{
    (void)state;
    start(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(root->nodes, 1);
    root->ops->unmount(root);
    assert_int_equal(heap_blocks(), blocks_before);
    assert_int_equal(pages_in_use(), 0);
    mount_reset();
    fs_end();
    return 0;
}

static struct file_stat stat_of(const char *path)
{
    struct file_stat st;

    assert_int_equal(path_stat(NULL, path, PATH_NOFOLLOW, &st), 0);
    return st;
}

static uint64_t free_blocks(void)
{
    struct fs_stat st;

    assert_int_equal(path_statfs(NULL, "/", &st), 0);
    return st.blocks_free;
}

static void reads_what_was_written(void **state)
{
    struct file *f = must_open("/f", FILE_RDWR | FILE_CREAT);
    char buf[10000], out[10000];

    (void)state;
    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 7 + i / 256);
    assert_int_equal(file_write(f, buf, sizeof(buf)), sizeof(buf));
    assert_int_equal(file_read(f, out, 1), 0);
    assert_int_equal(file_seek(f, 0, 0), 0);
    assert_int_equal(file_read(f, out, 4000), 4000);
    assert_int_equal(file_read(f, out + 4000, sizeof(out)), 6000);
    assert_memory_equal(buf, out, sizeof(buf));
    assert_int_equal(file_pread(f, out, 100, 4090), 100);
    assert_memory_equal(out, buf + 4090, 100);
    assert_int_equal(file_pwrite(f, "xyz", 3, 8191), 3);
    assert_int_equal(file_pread(f, out, 5, 8190), 5);
    assert_memory_equal(out + 1, "xyz", 3);
    assert_int_equal(out[0], buf[8190]);
    assert_int_equal(file_seek(f, -1, 2), 9999);
    assert_int_equal(file_read(f, out, 5), 1);
    assert_int_equal(file_seek(f, -10001, 2), -EINVAL);
    assert_int_equal(file_seek(f, INT64_MAX, 1), -EOVERFLOW);
    assert_int_equal(file_seek(f, 0, 7), -EINVAL);
    file_put(f);
}

static void vectors(void **state)
{
    struct file *f = must_open("/f", FILE_RDWR | FILE_CREAT);
    char a[3], b[5];
    struct file_iovec out[] = {{"hello", 5}, {"", 0}, {" world", 6}};
    struct file_iovec in[] = {{a, 3}, {NULL, 0}, {b, 5}};
    static struct file_iovec many[FILE_IOV_MAX + 1];

    (void)state;
    assert_int_equal(file_writev(f, out, 3), 11);
    assert_int_equal(file_preadv(f, in, 3, 1), 8);
    assert_memory_equal(a, "ell", 3);
    assert_memory_equal(b, "o wor", 5);
    assert_int_equal(file_preadv(f, in, 3, 9), 2);
    assert_int_equal(file_preadv(f, in, 3, -1), -EINVAL);
    assert_int_equal(file_readv(f, many, FILE_IOV_MAX + 1), -EINVAL);
    assert_int_equal(file_readv(f, many, FILE_IOV_MAX), 0);
    in[1].len = (size_t)INT64_MAX;
    assert_int_equal(file_readv(f, in, 3), -EINVAL);
    assert_int_equal(file_pread(f, a, 2, INT64_MAX - 1), -EINVAL);
    assert_int_equal(file_pwrite(f, a, 2, INT64_MAX - 1), -EFBIG);
    file_put(f);
}

static void modes_of_access(void **state)
{
    struct file *f;
    char c;

    (void)state;
    put_text("/f", "text");
    f = must_open("/f", FILE_RDONLY);
    assert_int_equal(file_write(f, "x", 1), -EBADF);
    assert_int_equal(file_pwrite(f, "x", 1, 0), -EBADF);
    assert_int_equal(file_truncate(f, 0), -EINVAL);
    assert_int_equal(file_allocate(f, 0, 0, 1), -EBADF);
    file_put(f);
    f = must_open("/f", FILE_WRONLY);
    assert_int_equal(file_read(f, &c, 1), -EBADF);
    file_put(f);
    f = must_open("/", FILE_RDONLY);
    assert_int_equal(file_read(f, &c, 1), -EISDIR);
    file_put(f);
}

static void appending(void **state)
{
    struct file *f = must_open("/f", FILE_RDWR | FILE_CREAT | FILE_APPEND), *g;

    (void)state;
    g = must_open("/f", FILE_WRONLY);
    assert_int_equal(file_write(f, "one", 3), 3);
    assert_int_equal(file_pwrite(g, "four", 4, 3), 4);
    assert_int_equal(file_write(f, "!", 1), 1);
    assert_int_equal(file_seek(f, 0, 1), 8);
    assert_int_equal(file_pwrite(f, "O", 1, 0), 1); /* pwrite does not append */
    assert_text("/f", "Onefour!");
    file_set_flags(f, FILE_RDONLY);
    file_seek(f, 0, 0);
    assert_int_equal(file_write(f, "o", 1), 1);
    assert_text("/f", "onefour!");
    file_put(f);
    file_put(g);
}

static void holes(void **state)
{
    struct file *f = must_open("/f", FILE_RDWR | FILE_CREAT);
    static const int64_t at[] = {5000, 3 << 20, 1LL << 32, (1LL << 44) - 4};
    uint64_t before = free_blocks();
    char buf[16];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
        assert_int_equal(file_pwrite(f, &at[i], 4, at[i]), 4);
    assert_int_equal(stat_of("/f").size, 1LL << 44);
    assert_int_equal(stat_of("/f").blocks, 4 * 8);
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
        assert_int_equal(file_pread(f, buf, 8, at[i] - 4), 8);
        assert_memory_equal(buf, "\0\0\0\0", 4);
        assert_memory_equal(buf + 4, &at[i], 4);
    }
    assert_int_equal(file_pwrite(f, buf, 8, (1LL << 44) - 4), 4);
    assert_int_equal(file_pwrite(f, buf, 8, 1LL << 44), -EFBIG);
    assert_int_equal(file_truncate(f, (1LL << 44) + 1), -EFBIG);
    /* a punch in the midst frees only what it covers wholly */
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 5002, 1LL << 32), 0);
    assert_int_equal(stat_of("/f").blocks, 2 * 8);
    assert_int_equal(file_pread(f, buf, 4, 5000), 4);
    assert_memory_equal(buf, "\x88\x13\0\0", 4); /* 5000's first two bytes */
    assert_int_equal(file_truncate(f, 5001), 0);
    assert_int_equal(file_truncate(f, 6000), 0);
    assert_int_equal(file_pread(f, buf, 4, 5000), 4);
    assert_memory_equal(buf, "\x88\0\0\0", 4);
    assert_int_equal(file_truncate(f, 0), 0);
    assert_int_equal(stat_of("/f").blocks, 0);
    assert_int_equal(free_blocks(), before);
    file_put(f);
}

static void punching_within_a_page(void **state)
{
    struct file *f = must_open("/f", FILE_RDWR | FILE_CREAT);
    char buf[8192];

    (void)state;
    memset(buf, 'x', sizeof(buf));
    file_write(f, buf, sizeof(buf));
    assert_int_equal(file_allocate(f, ALLOCATE_ZERO, 10, 20), 0);
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 4090, 10), 0);
    assert_int_equal(file_pread(f, buf, sizeof(buf), 0), 8192);
    for (unsigned i = 0; i < sizeof(buf); i++)
        assert_int_equal(buf[i], (i >= 10 && i < 30) || (i >= 4090 && i < 4100) ? 0 : 'x');
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 0, 8192), 0);
    assert_int_equal(stat_of("/f").blocks, 0);
    assert_int_equal(stat_of("/f").size, 8192);
    assert_int_equal(file_allocate(f, 99, 0, 1), -EOPNOTSUPP);
    assert_int_equal(file_allocate(f, 0, -1, 1), -EINVAL);
    assert_int_equal(file_allocate(f, 0, 0, 0), -EINVAL);
    assert_int_equal(file_allocate(f, 0, INT64_MAX, 2), -EFBIG);
    file_put(f);
}

static void allocating(void **state)
{
    struct file *f = must_open("/f", FILE_RDWR | FILE_CREAT);

    (void)state;
    assert_int_equal(file_allocate(f, ALLOCATE_KEEP_SIZE, 0, 8192), 0);
    assert_int_equal(stat_of("/f").size, 0);
    assert_int_equal(stat_of("/f").blocks, 16);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 4096, 10000), 0);
    assert_int_equal(stat_of("/f").size, 14096);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, 1LL << 40), -ENOSPC);
    assert_int_equal(stat_of("/f").size, 14096);
    /* truncating also frees what lies beyond the end */
    assert_int_equal(file_allocate(f, ALLOCATE_KEEP_SIZE, 1 << 20, 4096), 0);
    assert_int_equal(file_truncate(f, 4096), 0);
    assert_int_equal(stat_of("/f").blocks, 8);
    assert_int_equal(file_allocate(f, ALLOCATE_KEEP_SIZE, 4096, 4096), 0);
    assert_int_equal(file_truncate(f, 4096), 0);
    assert_int_equal(stat_of("/f").blocks, 8);
    file_put(f);
}

static void hard_links(void **state)
{
    struct file *f;

    (void)state;
    put_text("/f", "text");
    path_mkdir(NULL, "/d", 0755);
    path_symlink("f", NULL, "/l");
    assert_int_equal(path_link(NULL, "/f", NULL, "/d/g", 0), 0);
    assert_int_equal(stat_of("/f").nlink, 2);
    assert_int_equal(stat_of("/f").ino, stat_of("/d/g").ino);
    assert_int_equal(path_link(NULL, "/d", NULL, "/e", 0), -EPERM);
    assert_int_equal(path_link(NULL, "/f", NULL, "/d/g", 0), -EEXIST);
    assert_int_equal(path_link(NULL, "/x", NULL, "/y", 0), -ENOENT);
    assert_int_equal(path_link(NULL, "/l", NULL, "/l2", PATH_NOFOLLOW), 0);
    assert_int_equal(mode_of("/l2") & MODE_TYPE, MODE_LINK);
    assert_int_equal(path_link(NULL, "/l", NULL, "/f2", 0), 0);
    assert_int_equal(stat_of("/f").nlink, 3);
    /* removed, but open */
    f = must_open("/f", FILE_RDWR);
    assert_int_equal(path_unlink(NULL, "/f"), 0);
    assert_int_equal(path_unlink(NULL, "/f2"), 0);
    assert_text("/d/g", "text");
    assert_int_equal(path_unlink(NULL, "/d/g"), 0);
    assert_int_equal(file_pwrite(f, "T", 1, 0), 1);
    file_put(f);
}

static void renaming(void **state)
{
    (void)state;
    path_mkdir(NULL, "/d", 0755);
    path_mkdir(NULL, "/d/e", 0755);
    put_text("/f", "f");
    put_text("/g", "g");
    assert_int_equal(path_rename(NULL, "/f", NULL, "/d/f"), 0);
    assert_false(exists("/f"));
    assert_text("/d/f", "f");
    assert_int_equal(path_rename(NULL, "/g", NULL, "/d/f"), 0); /* replaces */
    assert_text("/d/f", "g");
    assert_int_equal(path_rename(NULL, "/x", NULL, "/y"), -ENOENT);
    assert_int_equal(path_rename(NULL, "/d/f", NULL, "/d/f/"), -ENOTDIR);
    assert_int_equal(path_rename(NULL, "/d/f", NULL, "/d/e"), -EISDIR);
    assert_int_equal(path_rename(NULL, "/d/e", NULL, "/d/f"), -ENOTDIR);
    assert_int_equal(path_rename(NULL, "/d", NULL, "/d/e/x"), -EINVAL);
    assert_int_equal(path_rename(NULL, "/d", NULL, "/d/x"), -EINVAL);
    assert_int_equal(path_rename(NULL, "/d", NULL, "/d"), 0);
    assert_int_equal(path_rename(NULL, "/d/.", NULL, "/x"), -EINVAL);
    assert_int_equal(path_rename(NULL, "/", NULL, "/x"), -EBUSY);
    /* a directory moves with its content; its ".." follows */
    assert_int_equal(stat_of("/").nlink, 3);
    path_mkdir(NULL, "/h", 0755);
    assert_int_equal(path_rename(NULL, "/d", NULL, "/h/d/"), 0);
    assert_int_equal(stat_of("/h").nlink, 3);
    assert_int_equal(stat_of("/").nlink, 3);
    assert_int_equal(stat_of("/h/d/..").ino, stat_of("/h").ino);
    assert_int_equal(stat_of("/h/d").nlink, 3);
    /* onto an empty directory, not onto a full one */
    path_mkdir(NULL, "/empty", 0755);
    assert_int_equal(path_rename(NULL, "/empty", NULL, "/h/d"), -ENOTEMPTY);
    assert_int_equal(path_rename(NULL, "/h/d", NULL, "/empty"), 0);
    assert_text("/empty/f", "g");
    assert_int_equal(stat_of("/").nlink, 4);
    /* two names of one file stay */
    put_text("/one", "1");
    path_link(NULL, "/one", NULL, "/two", 0);
    assert_int_equal(path_rename(NULL, "/one", NULL, "/two"), 0);
    assert_true(exists("/one") && exists("/two"));
}

static unsigned names_in(const char *path, char *list)
{
    struct file *f = must_open(path, FILE_RDONLY);
    struct file_dirent e;
    unsigned n = 0;

    list[0] = '\0';
    while (file_readdir(f, &e) == 1) {
        assert_int_equal(strlen(e.name), e.name_len);
        strcat(strcat(list, e.name), " ");
        n++;
    }
    file_put(f);
    return n;
}

static void listing(void **state)
{
    char list[256];
    struct file_dirent e;
    struct file *f;
    int64_t place;

    (void)state;
    for (char c = 'a'; c < 'f'; c++)
        put_text((char[]){'/', c, 0}, "x");
    assert_int_equal(names_in("/", list), 7);
    assert_string_equal(list, ". .. a b c d e ");
    /* removing entries while reading loses no other */
    f = must_open("/", FILE_RDONLY);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, "b");
    assert_int_equal(e.type, MODE_REGULAR >> 12);
    assert_int_equal(e.ino, stat_of("/b").ino);
    place = e.next;
    path_unlink(NULL, "/a");
    path_unlink(NULL, "/c");
    assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, "d");
    assert_int_equal(file_seek(f, place, 0), place);
    assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, "d");
    assert_int_equal(file_seek(f, 0, 0), 0);
    assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, ".");
    file_put(f);
    f = must_open("/b", FILE_RDONLY);
    assert_int_equal(file_readdir(f, &e), -ENOTDIR);
    file_put(f);
}

/* A program that renames all that it reads comes to an end. */
static void renaming_while_reading(void **state)
{
    struct file *f = must_open("/", FILE_RDONLY);
    struct file_dirent e;
    unsigned renamed = 0;
    char list[256];

    (void)state;
    for (char c = 'a'; c < 'f'; c++)
        put_text((char[]){'/', c, 0}, "x");
    while (file_readdir(f, &e) == 1 && renamed < 100) {
        char from[32] = "/", to[32] = "/";

        if (e.name[0] == '.')
            continue;
        strcat(from, e.name);
        strcat(strcat(to, e.name), "1");
        assert_int_equal(path_rename(NULL, from, NULL, to), 0);
        renamed++;
    }
    assert_int_equal(renamed, 5);
    assert_int_equal(file_seek(f, 0, 0), 0);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, "e1");
    assert_int_equal(file_readdir(f, &e), 0);
    file_put(f);
    /* from a position that was not read by this open file */
    f = must_open("/", FILE_RDONLY);
    assert_int_equal(file_seek(f, e.next - 1, 0), e.next - 1);
    assert_int_equal(file_readdir(f, &e), 1);
    assert_string_equal(e.name, "e1");
    file_put(f);
    names_in("/", list);
    assert_string_equal(list, ". .. a1 b1 c1 d1 e1 ");
}

static void many_names(void **state)
{
    char path[32];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), "/name%u", i);
        put_text(path, "");
    }
    for (unsigned i = 0; i < 1000; i += 2) {
        snprintf(path, sizeof(path), "/name%u", i);
        assert_int_equal(path_unlink(NULL, path), 0);
    }
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), "/name%u", i);
        assert_int_equal(exists(path), i % 2);
    }
}

static void a_limit(void **state)
{
    static char buf[64 * 1024];
    struct file *f;

    (void)state;
    root->ops->unmount(root);
    mount_reset();
    assert_int_equal(memfs_create(16 * PAGE_SIZE, &root), 0);
    assert_int_equal(fs_mount("/", root), 0);
    f = must_open("/f", FILE_RDWR | FILE_CREAT);
    /* short, then refused: 16 pages with one for nodes and one for the file's table */
    assert_int_equal(file_write(f, buf, sizeof(buf)), 14 * PAGE_SIZE);
    assert_int_equal(file_write(f, buf, 1), -ENOSPC);
    assert_int_equal(free_blocks(), 0);
    assert_int_equal(path_mkdir(NULL, "/d", 0755), -ENOSPC);
    assert_int_equal(path_symlink("x", NULL, "/l"), -ENOSPC);
    assert_int_equal(try_open("/g", FILE_RDWR | FILE_CREAT), -ENOSPC);
    assert_int_equal(path_link(NULL, "/f", NULL, "/g", 0), -ENOSPC);
    assert_int_equal(path_rename(NULL, "/f", NULL, "/g"), -ENOSPC);
    assert_true(exists("/f"));
    assert_int_equal(file_truncate(f, 4096), 0);
    assert_int_equal(path_mkdir(NULL, "/d", 0755), 0);
    file_put(f);
}

/* Each allocation fails once: an error, nothing lost, nothing half done. */
static void no_memory(void **state)
{
    char buf[2 * PAGE_SIZE] = "x";

    (void)state;
    put_text("/f", "text");
    for (unsigned nth = 1; nth < 8; nth++) {
        struct file *f;
        int64_t n;
        int ret;

        mem_fail_nth(nth);
        ret = path_mkdir(NULL, "/d", 0755);
        if (ret == 0)
            ret = path_rename(NULL, "/f", NULL, "/d/f");
        if (ret == 0)
            ret = path_symlink("x", NULL, "/d/l");
        mem_fail_nth(0);
        assert_true(ret == 0 || ret == -ENOMEM);
        assert_true(exists("/f") ^ exists("/d/f"));
        assert_int_equal(exists("/d/l"), ret == 0);
        path_rename(NULL, "/d/f", NULL, "/f");
        path_unlink(NULL, "/d/l");
        path_rmdir(NULL, "/d");
        f = must_open("/g", FILE_RDWR | FILE_CREAT | FILE_TRUNC);
        mem_fail_nth(nth);
        n = file_pwrite(f, buf, sizeof(buf), 1LL << 30);
        mem_fail_nth(0);
        assert_true(n == -ENOMEM || n == PAGE_SIZE || n == 2 * PAGE_SIZE);
        assert_int_equal(stat_of("/g").size, n < 0 ? 0 : (1LL << 30) + n);
        file_put(f);
    }
}

static void attributes(void **state)
{
    struct node_attr attr = {.set = ATTR_MODE | ATTR_OWNER | ATTR_GROUP | ATTR_ATIME | ATTR_MTIME,
                             .mode = 0107421,
                             .uid = 7,
                             .gid = 8,
                             .atime = 9,
                             .mtime = 10};
    struct file_stat st;

    (void)state;
    put_text("/f", "text");
    assert_int_equal(path_setattr(NULL, "/f", 0, &attr), 0);
    st = stat_of("/f");
    assert_int_equal(st.mode, MODE_REGULAR | 07421);
    assert_true(st.uid == 7 && st.gid == 8 && st.atime == 9 && st.mtime == 10 && st.size == 4);
    assert_int_equal(st.dev, stat_of("/").dev);
    attr.set = ATTR_OWNER;
    attr.uid = 11;
    assert_int_equal(path_setattr(NULL, "/f", 0, &attr), 0);
    st = stat_of("/f");
    assert_true(st.mode == (MODE_REGULAR | 07421) && st.uid == 11 && st.gid == 8 && st.mtime == 10);
    root->read_only = true;
    assert_int_equal(path_setattr(NULL, "/f", 0, &attr), -EROFS);
    assert_int_equal(try_open("/f", FILE_WRONLY), -EROFS);
    assert_int_equal(try_open("/g", FILE_WRONLY | FILE_CREAT), -EROFS);
    assert_int_equal(path_unlink(NULL, "/f"), -EROFS);
    assert_int_equal(path_mkdir(NULL, "/d", 0755), -EROFS);
    assert_int_equal(path_rename(NULL, "/f", NULL, "/g"), -EROFS);
    assert_int_equal(path_access(NULL, "/f", 2, 0), -EROFS);
    assert_int_equal(path_truncate(NULL, "/f", 0), -EROFS);
    assert_text("/f", "text");
    root->read_only = false;
    assert_int_equal(path_truncate(NULL, "/f", 2), 0);
    assert_int_equal(path_truncate(NULL, "/f", -2), -EINVAL);
    assert_text("/f", "te");
}

/* What changes the names in a directory changes its times. */
static void times_of_directories(void **state)
{
    const struct node_attr past = {.set = ATTR_MTIME, .mtime = 10};
    struct file *f;
    struct file_dirent entry;

    (void)state;
    assert_int_equal(path_mkdir(NULL, "/d", 0755), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(path_setattr(NULL, "/d", 0, &past), 0);
        assert_int_equal(stat_of("/d").mtime, 10);
        if (i == 0)
            put_text("/d/f", "text");
        else if (i == 1)
            assert_int_equal(path_link(NULL, "/d/f", NULL, "/d/g", 0), 0);
        else if (i == 2)
            assert_int_equal(path_unlink(NULL, "/d/f"), 0);
        else if (i == 3)
            assert_int_equal(path_mkdir(NULL, "/d/sub", 0755), 0);
        else
            assert_int_equal(path_rmdir(NULL, "/d/sub"), 0);
        assert_true(stat_of("/d").mtime > 10 && stat_of("/d").ctime > 10);
    }
    assert_int_equal(path_unlink(NULL, "/d/g"), 0);
    f = must_open("/d", 0);
    assert_int_equal(file_readdir(f, &entry), 1);
    assert_string_equal(entry.name, ".");
    assert_int_equal(path_rmdir(NULL, "/d"), 0);
    assert_int_equal(file_readdir(f, &entry), 0); /* not even ".." */
    file_put(f);
}

static void mounting(void **state)
{
    struct mount *other;
    char cwd[16];

    (void)state;
    path_mkdir(NULL, "/m", 0755);
    put_text("/m/below", "hidden");
    assert_int_equal(memfs_create(0, &other), 0);
    assert_int_equal(fs_mount("/x", other), -ENOENT);
    assert_int_equal(fs_mount("/m/below", other), -ENOTDIR);
    assert_int_equal(fs_mount("/", other), -EBUSY);
    assert_int_equal(fs_mount("/m", other), 0);
    assert_false(exists("/m/below"));
    put_text("/m/f", "text");
    put_text("/g", "text");
    assert_int_equal(stat_of("/m/..").ino, stat_of("/").ino);
    assert_int_equal(stat_of("/m/..").dev, stat_of("/").dev);
    assert_int_equal(path_chdir(NULL, "/m"), 0);
    assert_int_equal(path_getcwd(cwd, sizeof(cwd)), 0);
    assert_string_equal(cwd, "/m");
    assert_text("../g", "text");
    assert_int_equal(path_chdir(NULL, "/"), 0);
    node_put(root->root); /* the reference of the current directory */
    assert_int_not_equal(stat_of("/m").dev, stat_of("/").dev);
    assert_int_equal(path_rename(NULL, "/m/f", NULL, "/f"), -EXDEV);
    assert_int_equal(path_link(NULL, "/m/f", NULL, "/f", 0), -EXDEV);
    assert_int_equal(path_rmdir(NULL, "/m"), -EBUSY);
    assert_int_equal(path_rename(NULL, "/m", NULL, "/n"), -EBUSY);
    path_mkdir(NULL, "/n", 0755);
    assert_int_equal(path_rename(NULL, "/n", NULL, "/m"), -EBUSY);
    assert_int_equal(fs_sync(), 0);
    {
        struct file *f = must_open("/m/f", FILE_RDONLY);

        assert_int_equal(fs_unmount("/m"), -EBUSY);
        file_put(f);
    }
    assert_int_equal(fs_unmount("/"), -EINVAL);
    assert_int_equal(fs_unmount("/n"), -EINVAL);
    assert_int_equal(fs_unmount("/m"), 0);
    assert_text("/m/below", "hidden");
}

static void deep_directories_are_freed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        assert_int_equal(path_mkdir(NULL, "d", 0755), 0);
        assert_int_equal(path_chdir(NULL, "d"), 0);
    }
    put_text("f", "x");
    assert_int_equal(path_chdir(NULL, "/"), 0);
    node_put(root->root); /* the reference of the current directory */
}

static int lock_result;

static void lock_exclusively(void *f)
{
    lock_result = file_lock(f, FILE_EXCLUSIVE, true);
}

static void locks_of_files(void **state)
{
    struct file *a = must_open("/f", FILE_CREAT | FILE_RDWR), *b = must_open("/f", 0);
    struct file *other = must_open("/g", FILE_CREAT | FILE_RDWR);
    struct thread *t;

    (void)state;
    assert_int_equal(file_lock(a, FILE_SHARED, true), 0);
    assert_int_equal(file_lock(b, FILE_SHARED, true), 0);
    assert_int_equal(file_lock(other, FILE_EXCLUSIVE, true), 0);
    assert_int_equal(file_lock(a, FILE_UNLOCKED, true), 0);
    /* waits until the other has none, or is closed */
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(file_lock(b, FILE_SHARED, false), 0);
        lock_result = 1;
        assert_int_equal(thread_create(&t, "lock", lock_exclusively, a, 65536), 0);
        thread_yield();
        assert_int_equal(lock_result, 1);
        if (i == 0)
            file_lock(b, FILE_UNLOCKED, true);
        else
            file_put(b);
        thread_join(t);
        assert_int_equal(lock_result, 0);
        if (i == 0)
            assert_int_equal(file_lock(b, FILE_SHARED, false), -EAGAIN);
        file_lock(a, FILE_UNLOCKED, true);
    }
    /* two that wait for one file's lock get one */
    b = must_open("/f", 0);
    assert_int_equal(file_lock(b, FILE_EXCLUSIVE, true), 0);
    assert_int_equal(thread_create(&t, "lock", lock_exclusively, a, 65536), 0);
    thread_yield();
    file_put(b);
    assert_int_equal(file_lock(a, FILE_SHARED, true), 0);
    lock_result = 1;
    thread_join(t);
    assert_int_equal(lock_result, 0);
    file_put(a);
    b = must_open("/f", 0);
    assert_int_equal(file_lock(b, FILE_EXCLUSIVE, false), 0);
    file_put(b);
    file_put(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(reads_what_was_written),
        TEST(vectors),
        TEST(modes_of_access),
        TEST(appending),
        TEST(holes),
        TEST(punching_within_a_page),
        TEST(allocating),
        TEST(hard_links),
        TEST(renaming),
        TEST(listing),
        TEST(renaming_while_reading),
        TEST(locks_of_files),
        TEST(many_names),
        TEST(a_limit),
        TEST(no_memory),
        TEST(attributes),
        TEST(times_of_directories),
        TEST(mounting),
        TEST(deep_directories_are_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
