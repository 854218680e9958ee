/* SPDX-License-Identifier: MIT */
/*
 * A file system that waits in each operation and may fail any of them, as one on a disk does: memfs
 * behind operations that yield first. No reference and no lock is left by a failure, and threads that
 * change the same names leave a whole tree.
 */
#include "fs_test.h"

#include "lib/fs/poll.h"

static struct mount *root;
static const struct node_ops *memfs;
static const struct file_ops *memfs_dir;
static unsigned fail_in; /* the operation that fails; 0: none */
static unsigned operations;
static size_t blocks_before;

static bool fails(void)
{
    operations++;
    thread_yield();
    return fail_in && --fail_in == 0;
}

static struct node_ops slow;
static struct file_ops slow_dir;

static int slow_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
    int ret = fails() ? -EIO : memfs->lookup(dir, name, len, out);

    if (ret == 0)
        (*out)->ops = &slow;
    return ret;
}

static int slow_create(struct node *dir, const char *name, size_t len, uint32_t mode,
                       struct node **out)
{
    int ret = fails() ? -EIO : memfs->create(dir, name, len, mode, out);

    if (ret == 0)
        (*out)->ops = &slow;
    return ret;
}

static int slow_mkdir(struct node *dir, const char *name, size_t len, uint32_t mode)
{
    return fails() ? -EIO : memfs->mkdir(dir, name, len, mode);
}

static int slow_symlink(struct node *dir, const char *name, size_t len, const char *target,
                        size_t target_len)
{
    return fails() ? -EIO : memfs->symlink(dir, name, len, target, target_len);
}

static int slow_link(struct node *dir, const char *name, size_t len, struct node *node)
{
    return fails() ? -EIO : memfs->link(dir, name, len, node);
}

static int slow_unlink(struct node *dir, const char *name, size_t len)
{
    return fails() ? -EIO : memfs->unlink(dir, name, len);
}

static int slow_rmdir(struct node *dir, const char *name, size_t len)
{
    return fails() ? -EIO : memfs->rmdir(dir, name, len);
}

static int slow_rename(struct node *from_dir, const char *from, size_t from_len,
                       struct node *to_dir, const char *to, size_t to_len)
{
    return fails() ? -EIO : memfs->rename(from_dir, from, from_len, to_dir, to, to_len);
}

static int slow_readlink(struct node *node, char *buf, size_t size)
{
    return fails() ? -EIO : memfs->readlink(node, buf, size);
}

static int slow_stat(struct node *node, struct file_stat *out)
{
    return fails() ? -EIO : memfs->stat(node, out);
}

static int slow_setattr(struct node *node, const struct node_attr *attr)
{
    return fails() ? -EIO : memfs->setattr(node, attr);
}

static int slow_readdir(struct file *f, int64_t *position, struct file_dirent *out)
{
    return fails() ? -EIO : memfs_dir->readdir(f, position, out);
}

static int slow_open(struct node *node, unsigned flags, struct file *f)
{
    int ret = fails() ? -EIO : memfs->open(node, flags, f);

    if (ret == 0 && (node->mode & MODE_TYPE) == MODE_DIR) {
        memfs_dir = f->ops;
        slow_dir = *f->ops;
        slow_dir.readdir = slow_readdir;
        f->ops = &slow_dir;
    }
    return ret;
}

static int setup(void **state)
{
    (void)state;
    fs_start(8 << 20);
    blocks_before = heap_blocks();
    assert_int_equal(memfs_create(0, &root), 0);
    memfs = root->root->ops;
    slow = (struct node_ops){.lookup = slow_lookup,
                             .create = slow_create,
                             .mkdir = slow_mkdir,
                             .symlink = slow_symlink,
                             .link = slow_link,
                             .unlink = slow_unlink,
                             .rmdir = slow_rmdir,
                             .rename = slow_rename,
                             .readlink = slow_readlink,
                             .stat = slow_stat,
                             .setattr = slow_setattr,
                             .open = slow_open,
                             .release = memfs->release};
    root->root->ops = &slow;
    assert_int_equal(fs_mount("/", root), 0);
    fail_in = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(root->nodes, 1);
    assert_int_equal(root->root->refs, 1);
    root->ops->unmount(root);
    assert_int_equal(heap_blocks(), blocks_before);
    assert_int_equal(pages_in_use(), 0);
    mount_reset();
    fs_end();
    return 0;
}

#define TRY(call)      \
    do {               \
        ret = (call);  \
        if (ret < 0)   \
            goto done; \
    } while (0)

/* Something of everything; the first error ends it. */
static int scenario(void)
{
    struct node_attr attr = {.set = ATTR_MODE, .mode = 0755};
    struct fs_stat fs;
    char buf[64];
    int64_t ret;

    TRY(path_mkdir(NULL, "/a", 0755));
    TRY(path_mkdir(NULL, "/a/b", 0755));
    TRY(try_open("/a/b/f", FILE_CREAT | FILE_EXCL | FILE_RDWR));
    TRY(path_symlink("../b/f", NULL, "/a/b/l"));
    TRY(try_open("/a/b/l", FILE_CREAT | FILE_RDWR));
    TRY(path_link(NULL, "/a/b/l", NULL, "/a/g", 0));
    TRY(path_rename(NULL, "/a/b", NULL, "/c"));
    TRY(path_rename(NULL, "/c/f", NULL, "/a/h"));
    TRY(path_access(NULL, "/a", 1, 0));
    TRY(path_setattr(NULL, "/a/h", 0, &attr));
    TRY(path_access(NULL, "/a/h", 1, 0));
    TRY(path_truncate(NULL, "/a/h", 10));
    TRY(path_readlink(NULL, "/c/l", buf, sizeof(buf)));
    TRY(path_statfs(NULL, "/c", &fs));
    TRY(path_chdir(NULL, "/c"));
    TRY(path_getcwd(buf, sizeof(buf)));
    TRY(path_rmdir(NULL, "/c") == -ENOTEMPTY ? 0 : -EIO);
done:
    return (int)ret;
}

static int remove_all(void)
{
    static const char *const files[] = {"/a/b/f", "/a/b/l", "/a/g", "/c/f", "/c/l", "/a/h"};
    static const char *const dirs[] = {"/a/b", "/a", "/c"};

    assert_int_equal(path_chdir(NULL, "/"), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        path_unlink(NULL, files[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        path_rmdir(NULL, dirs[i]);
    /* with a reference of the current directory */
    return root->nodes == 1 && root->root->refs == 2 && !root->lock.owner ? 0 : -1;
}

static void any_operation_fails(void **state)
{
    unsigned total;

    (void)state;
    operations = 0;
    assert_int_equal(scenario(), 0);
    total = operations;
    assert_true(total > 60);
    assert_int_equal(remove_all(), 0);
    for (unsigned i = 1; i <= total; i++) {
        fail_in = i;
        assert_int_equal(scenario(), -EIO);
        fail_in = 0;
        assert_int_equal(remove_all(), 0);
    }
    node_put(root->root);
}

/* Threads that make, move and remove the same few names. Each result must be one that an order of the
 * operations allows. */
static void worker(void *arg)
{
    struct random {
        uint32_t state;
    } r = {(uint32_t)(uintptr_t)arg * 2654435761u + 1};
    static const char *const names[] = {"/x", "/y", "/x/y", "/y/x", "/x/y/z"};

    for (unsigned i = 0; i < 300; i++) {
        const char *a, *b;
        int ret = 0;

        r.state = r.state * 1664525u + 1013904223u;
        a = names[(r.state >> 8) % ARRAY_SIZE(names)];
        b = names[(r.state >> 12) % ARRAY_SIZE(names)];
        switch ((r.state >> 20) % 6) {
        case 0:
            ret = path_mkdir(NULL, a, 0755);
            break;
        case 1:
            ret = try_open(a, FILE_CREAT | FILE_RDWR);
            break;
        case 2:
            ret = path_unlink(NULL, a);
            break;
        case 3:
            ret = path_rmdir(NULL, a);
            break;
        case 4:
            ret = path_link(NULL, a, NULL, b, 0);
            break;
        default:
            ret = path_rename(NULL, a, NULL, b);
            break;
        }
        assert_true(ret == 0 || ret == -ENOENT || ret == -EEXIST || ret == -ENOTDIR ||
                    ret == -EISDIR || ret == -ENOTEMPTY || ret == -EPERM || ret == -EINVAL);
    }
}

static void many_threads_change_names(void **state)
{
    static const char *const names[] = {"/x/y/z", "/x/y/x", "/y/x/z", "/x/y", "/y/x", "/x", "/y"};
    struct thread *t[6];

    (void)state;
    for (uintptr_t i = 0; i < ARRAY_SIZE(t); i++)
        assert_int_equal(thread_create(&t[i], "worker", worker, (void *)(i + 1), 65536), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
        thread_join(t[i]);
    assert_null(root->lock.owner);
    for (unsigned turn = 0; turn < 3; turn++) { /* what is left is of these names, or below */
        for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
            path_unlink(NULL, names[i]);
            path_rmdir(NULL, names[i]);
        }
    }
}

/* ---- a mount whose sync waits ---- */

static struct wait_queue syncing;
static unsigned unmounted;

static int sync_slowly(struct mount *mount)
{
    (void)mount;
    wait_on(&syncing, DEADLINE_NEVER);
    return 0;
}

static void sync_all(void *arg)
{
    *(int *)arg = fs_sync();
}

static void unmount_second(void *arg)
{
    *(int *)arg = fs_unmount("/m");
    unmounted += *(int *)arg == 0;
}

static void a_mount_stays_while_it_is_synced(void **state)
{
    struct mount_ops ops;
    struct mount *second;
    struct thread *t[3];
    int ret[3] = {1, 1, 1};

    (void)state;
    wait_queue_init(&syncing);
    unmounted = 0;
    assert_int_equal(path_mkdir(NULL, "/m", 0755), 0);
    assert_int_equal(memfs_create(0, &second), 0);
    ops = *second->ops;
    ops.sync = sync_slowly;
    second->ops = &ops;
    assert_int_equal(fs_mount("/m", second), 0);
    /* two that unmount it, one of them first, and one that syncs */
    assert_int_equal(thread_create(&t[0], "unmount", unmount_second, &ret[0], 65536), 0);
    assert_int_equal(thread_create(&t[1], "unmount", unmount_second, &ret[1], 65536), 0);
    for (unsigned i = 0; i < 20; i++)
        thread_yield();
    assert_int_equal(thread_create(&t[2], "sync", sync_all, &ret[2], 65536), 0);
    for (unsigned i = 0; i < 20; i++)
        thread_yield();
    wake_all(&syncing);
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_int_equal(ret[2], 0);
    assert_true(unmounted <= 1);
    assert_true(ret[0] == 0 || ret[0] == -EBUSY);
    assert_true(ret[1] == 0 || ret[1] == -EBUSY);
    if (!unmounted) {
        ops.sync = NULL;
        assert_int_equal(fs_unmount("/m"), 0);
    }
    assert_int_equal(path_rmdir(NULL, "/m"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_operation_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(many_threads_change_names, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mount_stays_while_it_is_synced, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
