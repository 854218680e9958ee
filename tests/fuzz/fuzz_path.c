/* SPDX-License-Identifier: MIT */
/*
 * Paths and names: any operations with any paths on a memory file system, sometimes without memory. After
 * each the tree is whole: each entry has its node, counts of links are right, ".." leads back; at the end
 * nothing is left.
 */
#include "fs_tree.h"

#include "lib/core/mem_private.h"
#include "lib/fs/memfs.h"

#define OPS_MAX   64
#define PATH_SIZE 300
#define OPEN_MAX  4

static struct file *open_files[OPEN_MAX];

/* A path of a few letters, or of any bytes. */
static void input_path(struct input *in, char *path)
{
    static const char letters[16] = "//////...aabbcd";
    unsigned len = input_u8(in);

    if (len == 255) { /* long names */
        memset(path, 'n', PATH_SIZE - 1);
        path[input_u16(in) % (PATH_SIZE - 1)] = (char)input_u8(in);
        path[input_u16(in) % PATH_SIZE] = '\0';
        path[PATH_SIZE - 1] = '\0';
        return;
    }
    len %= 24;
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = input_u8(in);

        path[i] = byte < 128 ? letters[byte % 15] : (char)byte;
    }
    path[len] = '\0';
}

static int input_open(struct input *in, const char *path)
{
    static const unsigned modes[] = {FILE_RDONLY, FILE_WRONLY, FILE_RDWR, FILE_ACCMODE};
    unsigned bits = input_u8(in), slot = bits >> 6;
    struct file *f;
    int ret = path_open(NULL, path,
                        modes[bits & 3] | (bits & 4 ? FILE_CREAT : 0) | (bits & 8 ? FILE_EXCL : 0) |
                            (bits & 16 ? FILE_TRUNC : 0) | (bits & 32 ? FILE_NOFOLLOW : 0),
                        0644, &f);

    if (ret == 0) {
        file_put(open_files[slot]);
        open_files[slot] = f;
    }
    return ret;
}

/* What an open file can do; its name may be gone. */
static int input_use(struct input *in)
{
    unsigned bits = input_u8(in);
    struct file *f = open_files[bits & 3];
    int64_t at = input_u16(in), ret;
    struct file_dirent e;
    char buf[100] = "";

    if (!f)
        return 0;
    switch (bits >> 2 & 7) {
    case 0:
        ret = file_pwrite(f, buf, sizeof(buf), at << (bits >> 5 & 7));
        break;
    case 1:
        ret = file_pread(f, buf, sizeof(buf), at);
        break;
    case 2:
        ret = file_truncate(f, at);
        break;
    case 3:
        ret = file_readdir(f, &e);
        break;
    case 4:
        ret = file_allocate(f, bits >> 5 & 3, at, 5000);
        break;
    case 5:
        ret = f->node && (f->node->mode & MODE_TYPE) == MODE_DIR ? path_chdir_node(f->node) : 0;
        break;
    default:
        open_files[bits & 3] = NULL;
        ret = file_put(f);
        break;
    }
    return ret > 0 ? 0 : (int)ret;
}

static int input_op(struct input *in)
{
    char a[PATH_SIZE], b[PATH_SIZE], buf[PATH_SIZE * 4];
    struct node_attr attr = {.set = ATTR_MODE, .mode = 0123456};
    struct file_stat st;
    unsigned op = input_u8(in) % 16;
    int64_t ret;

    if (op == 0)
        return input_use(in);
    input_path(in, a);
    if (op >= 12)
        input_path(in, b);
    switch (op) {
    case 1:
    case 2:
        return input_open(in, a);
    case 3:
    case 4:
        return path_mkdir(NULL, a, 0755);
    case 5:
        return path_rmdir(NULL, a);
    case 6:
        return path_unlink(NULL, a);
    case 7:
        return path_chdir(NULL, a);
    case 8:
        ret = path_stat(NULL, a, 0, &st);
        must(ret || st.mode >> 12);
        return (int)ret;
    case 9:
        ret = path_getcwd(buf, input_u8(in) * 4);
        if (ret == 0)
            must(buf[0] == '/' && path_stat(NULL, buf, PATH_NOFOLLOW, &st) == 0);
        return (int)ret;
    case 10:
        ret = path_readlink(NULL, a, buf, 1 + input_u8(in));
        return ret > 0 ? 0 : (int)ret;
    case 11:
        return path_setattr(NULL, a, 0, &attr);
    case 12:
        return path_symlink(a, NULL, b);
    case 13:
        return path_link(NULL, a, NULL, b, 0);
    default:
        return path_rename(NULL, a, NULL, b);
    }
}

static bool is_expected(int ret)
{
    static const int errors[] = {0,       -ENOENT,     -ENOTDIR,   -EISDIR,      -EEXIST,
                                 -ELOOP,  -EINVAL,     -ENOTEMPTY, -EPERM,       -EBUSY,
                                 -ENOMEM, -ENOSPC,     -ERANGE,    -EBADF,       -EFBIG,
                                 -ENXIO,  -EOPNOTSUPP, -EOVERFLOW, -ENAMETOOLONG};

    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++)
        if (errors[i] == ret)
            return true;
    return ret == -ESPIPE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct mount *mount;
    struct page_stats pages;
    size_t blocks;

    seam_init(2 << 20);
    must(evtchn_init() == 0);
    blocks = blocks_in_use();
    fs_forget();
    must(memfs_create(input_u8(&in) % 64 * 4096ull, &mount) == 0);
    must(fs_mount("/", mount) == 0);
    for (unsigned i = 0; i < OPS_MAX && input_left(&in); i++) {
        uint8_t fail = input_u8(&in);

        mem_fail_nth(fail >= 240 ? fail - 239u : 0);
        must(is_expected(input_op(&in)));
        mem_fail_nth(0);
        tree_check(mount);
    }
    for (unsigned i = 0; i < OPEN_MAX; i++) {
        file_put(open_files[i]);
        open_files[i] = NULL;
    }
    must(path_chdir(NULL, "/") == 0);
    must(mount->nodes == 1 && mount->root->refs == 2);
    node_put(mount->root); /* the reference of the current directory */
    must(mount->ops->unmount(mount) == 0);
    must(blocks_in_use() == blocks);
    page_get_stats(&pages);
    must(pages.in_use[MEM_APP] == 0);
    seam_exit();
    return 0;
}
