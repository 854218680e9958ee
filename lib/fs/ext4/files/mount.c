/* SPDX-License-Identifier: MIT */
/* The file system as a whole: opened, measured, closed. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#include "lib/fs/ext4/files/ext4.h"
#include "node.h"

static struct ext4_fs *fs_of(struct mount *mount)
{
    return container_of(mount, struct ext4_fs, mount);
}

static int ext4_statfs(struct mount *mount, struct fs_stat *out)
{
    struct ext4_fs *fs = fs_of(mount);
    struct ext2_super_block *super = fs->ext2->super;
    uint64_t free = ext2fs_free_blocks_count(super), reserved = ext2fs_r_blocks_count(super);

    if (fs->gone)
        return ext4_gone(fs);
    out->block_size = fs->block_size;
    out->blocks = ext2fs_blocks_count(super);
    out->blocks_free = free > reserved ? free - reserved : 0;
    out->files = super->s_inodes_count;
    out->files_free = super->s_free_inodes_count;
    memcpy(&out->id, super->s_uuid, sizeof(out->id));
    return 0;
}

/* One that has failed is as far as it will ever be, and can be unmounted: fsync says that it has failed. */
static int ext4_sync(struct mount *mount)
{
    struct ext4_fs *fs = fs_of(mount);

    return !fs->gone && store_aborted(fs->store) ? 0 : ext4_commit(fs);
}

static int ext4_unmount(struct mount *mount)
{
    struct ext4_fs *fs = fs_of(mount);
    int ret = 0;

    if (mount->root)
        node_put(mount->root);
    if (!fs->gone)
        ret = store_close(fs->store);
    heap_free(fs);
    return ret;
}

static const struct mount_ops ext4_mount_ops = {
    .statfs = ext4_statfs,
    .sync = ext4_sync,
    .unmount = ext4_unmount,
};

static int get_root(struct ext4_fs *fs)
{
    struct ext4_node *root;
    int ret = ext4_read_begin(fs);

    if (ret)
        return ret;
    ret = ext4_read_end(fs, ext4_node_get(fs, EXT2_ROOT_INO, &root));
    if (ret)
        return ret;
    fs->mount.root = &root->node;
    return ext4_is_dir(root) && root->inode.i_links_count ? 0 : -EIO;
}

int ext4_open(struct ext4_disk *disk, const struct store_config *config, struct mount **out)
{
    struct ext4_fs *fs = heap_zalloc(1, sizeof(*fs), MEM_APP);
    int ret;

    if (!fs) {
        disk->ops->close(disk);
        return -ENOMEM;
    }
    ret = store_open(disk, config, &fs->store);
    if (ret) {
        heap_free(fs);
        return ret;
    }
    fs->ext2 = store_fs(fs->store);
    fs->block_size = fs->ext2->blocksize;
    list_init(&fs->orphans);
    wait_queue_init(&fs->unused);
    for (unsigned i = 0; i < EXT4_HASH; i++)
        list_init(&fs->nodes[i]);
    fs->node_ops = &ext4_node_ops;
    fs->mount.ops = &ext4_mount_ops;
    fs->mount.type = "ext4";
    fs->mount.read_only = store_read_only(fs->store);
    ret = get_root(fs);
    if (ret == 0 && !fs->mount.read_only)
        ret = ext4_orphans_process(fs);
    if (ret) {
        ext4_unmount(&fs->mount);
        return ret;
    }
    *out = &fs->mount;
    return 0;
}

/* Files that have no names any more are freed now, as nobody will use them. */
static void free_orphans(struct ext4_fs *fs)
{
    struct list *l = fs->orphans.next;

    while (l != &fs->orphans) {
        struct ext4_node *n = list_entry(l, struct ext4_node, orphan);

        if (n->inode.i_links_count) { /* is being cut */
            l = l->next;
            continue;
        }
        if (ext4_free_inode(n))
            return;
        n->inode.i_links_count = 1; /* not once more, when it is released */
        l = fs->orphans.next;
    }
}

int ext4_end_use(struct mount *mount, uint64_t deadline)
{
    struct ext4_fs *fs = fs_of(mount);
    bool unused;

    if (mount->ops != &ext4_mount_ops || fs->gone)
        return 0;
    if (!mount->read_only)
        free_orphans(fs);
    fs->gone = thread_current();
    for (unsigned i = 0; i < EXT4_HASH; i++)
        list_for_each (l, &fs->nodes[i])
            wake_all(&list_entry(l, struct ext4_node, hash)->lock.wq);
    unused = wait_event(&fs->unused, !fs->users, deadline);
    if (!unused || store_lock(fs->store)) {
        pr_warn("ext4: still in use, not unmounted: the journal has what was committed\n");
        return -EBUSY;
    }
    store_unlock(fs->store);
    return store_close(fs->store);
}
