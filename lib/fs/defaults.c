/* SPDX-License-Identifier: MIT */
/* What is mounted when a program uses a path for the first time. */
#include <kernel/boot_module.h>
#include <ringlet/errno.h>
#include <ringlet/printk.h>

#include "lib/fs/devfs.h"
#include "lib/fs/memfs.h"
#include "lib/fs/mount.h"
#include "lib/fs/path.h"
#include "lib/fs/romfs.h"
#include "lib/fs/tar.h"

static int mount_at(const char *path, struct mount *mount)
{
    int ret = fs_mount(path, mount);

    if (ret)
        mount->ops->unmount(mount);
    return ret;
}

static int mount_new(const char *path, int (*create)(struct mount **out))
{
    struct mount *mount;
    int ret = path_mkdir(NULL, path, 0755);

    if (ret == 0)
        ret = create(&mount);
    return ret ? ret : mount_at(path, mount);
}

static int rom_create(struct mount **out)
{
    return romfs_create(ringlet_rom_start,
                        (uintptr_t)ringlet_rom_end - (uintptr_t)ringlet_rom_start, out);
}

static bool have_rom(void)
{
    /* as integers: a compiler may take it for granted that an object's address is not NULL */
    return (uintptr_t)ringlet_rom_start && (uintptr_t)ringlet_rom_end;
}

static int module_create(struct mount **out)
{
    size_t bytes;
    const void *module = ringlet_boot_module(&bytes);

    return romfs_create(module, bytes, out);
}

/* The toolstack's archive is where an image's own would be, or beside it. */
static void mount_module(void)
{
    const char *path = have_rom() ? "/ramdisk" : "/rom";
    size_t bytes;
    const void *module = ringlet_boot_module(&bytes);
    int ret;

    if (!module)
        return;
    if (!tar_is_one(module, bytes)) {
        pr_info("the ramdisk is not mounted: it is no tar archive\n");
        return;
    }
    ret = mount_new(path, module_create);
    if (ret)
        pr_err("%s: %s\n", path, errno_name(ret));
}

/* Only the root must succeed: without memory for /dev, or with a damaged archive, which was reported,
 * the rest is of use. */
int mount_defaults(void)
{
    struct mount *root;
    int ret = memfs_create(0, &root);

    if (ret == 0)
        ret = mount_at("/", root);
    if (ret)
        return ret;
    ret = path_mkdir(NULL, "/tmp", 01777);
    if (ret)
        pr_err("/tmp: %s\n", errno_name(ret));
    ret = mount_new("/dev", devfs_create);
    if (ret)
        pr_err("/dev: %s\n", errno_name(ret));
    if (have_rom()) {
        ret = mount_new("/rom", rom_create);
        if (ret)
            pr_err("/rom: %s\n", errno_name(ret));
    }
    mount_module();
    return 0;
}
