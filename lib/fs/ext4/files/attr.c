/* SPDX-License-Identifier: MIT */
/* Attributes of a file. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "node.h"

#define NS   1000000000ll
#define DAY  (24 * 3600 * NS)
#define STEP (4 * NSEC_PER_MSEC)
#define LINK_MAX \
    65000u /* a directory's count is 1 beyond it, if the file system has that feature */

/* Seconds are a signed 32-bit number. An inode of more than 128 bytes has two more bits for them, and the
 * nanoseconds above. */
#define EXTRA_BITS 2u

static bool has_extra(const struct ext4_node *n, const uint32_t *field)
{
    const ptrdiff_t end = (const char *)(field + 1) - (const char *)&n->inode;

    return end <= EXT2_GOOD_OLD_INODE_SIZE + n->inode.i_extra_isize &&
           end <= (ptrdiff_t)EXT2_INODE_SIZE(ext4_fs_of(n)->ext2->super);
}

static int64_t get_time(const struct ext4_node *n, uint32_t seconds, const uint32_t *extra)
{
    int64_t s = (int32_t)seconds;

    if (!has_extra(n, extra))
        return s * NS;
    s += (int64_t)(*extra & ((1u << EXTRA_BITS) - 1)) << 32;
    if (s >= INT64_MAX / NS) /* the disk's times end in 2446, ours in 2262 */
        return INT64_MAX;
    return s * NS + MIN(*extra >> EXTRA_BITS, NS - 1);
}

static void set_time(const struct ext4_node *n, uint32_t *seconds, uint32_t *extra, int64_t ns)
{
    int64_t s = ns / NS, rest = ns % NS;

    if (rest < 0) {
        rest += NS;
        s--;
    }
    if (!has_extra(n, extra)) {
        *seconds = (uint32_t)(s > INT32_MAX ? INT32_MAX : s < INT32_MIN ? INT32_MIN : s);
        return;
    }
    s = MAX(MIN(s, (3ll << 32) + INT32_MAX), (int64_t)INT32_MIN);
    *seconds = (uint32_t)s;
    *extra = (uint32_t)((s - (int32_t)s) >> 32) | ((uint32_t)rest << EXTRA_BITS);
}

void ext4_set_times(struct ext4_node *n, unsigned which, int64_t ns)
{
    struct ext2_inode_large *i = &n->inode;

    if (which & EXT4_ATIME)
        set_time(n, &i->i_atime, &i->i_atime_extra, ns);
    if (which & EXT4_MTIME)
        set_time(n, &i->i_mtime, &i->i_mtime_extra, ns);
    if (which & EXT4_CTIME)
        set_time(n, &i->i_ctime, &i->i_ctime_extra, ns);
    if ((which & EXT4_CRTIME) && has_extra(n, &i->i_crtime_extra))
        set_time(n, &i->i_crtime, &i->i_crtime_extra, ns);
}

/* In steps, as on Linux: many writes within one of them change an inode once. */
static int64_t present(void)
{
    uint64_t now = clock_wall();

    return (int64_t)(now - now % STEP);
}

void ext4_touch(struct ext4_node *n, unsigned which)
{
    ext4_set_times(n, which, present());
}

bool ext4_modified(const struct ext4_node *n)
{
    const struct ext2_inode_large *i = &n->inode;
    int64_t now = present();

    return has_extra(n, &i->i_mtime_extra) && has_extra(n, &i->i_ctime_extra) &&
           get_time(n, i->i_mtime, &i->i_mtime_extra) == now &&
           get_time(n, i->i_ctime, &i->i_ctime_extra) == now;
}

static uint64_t device_number(const struct ext4_node *n)
{
    uint32_t old = n->inode.i_block[0], new = n->inode.i_block[1];

    if (old)
        return old & 0xffff; /* major and minor, 8 bits each */
    return ((uint64_t)(new & 0xfff00) >> 8 << 8) | (new & 0xff) | (new >> 12 & 0xfff00);
}

int ext4_stat(struct node *node, struct file_stat *out)
{
    struct ext4_node *n = ext4_node_of(node);
    const struct ext2_inode_large *i = &n->inode;
    uint32_t type = node->mode & MODE_TYPE;

    out->ino = node->ino;
    out->mode = node->mode;
    out->nlink = i->i_links_count;
    out->uid = i->i_uid | (uint32_t)i->osd2.linux2.l_i_uid_high << 16;
    out->gid = i->i_gid | (uint32_t)i->osd2.linux2.l_i_gid_high << 16;
    out->size = (int64_t)ext4_size(n);
    out->blocks = ext2fs_get_stat_i_blocks(ext4_fs_of(n)->ext2, ext4_inode(n));
    out->blksize = ext4_fs_of(n)->block_size;
    if (type == MODE_CHAR || type == MODE_BLOCK)
        out->rdev = device_number(n);
    out->atime = get_time(n, i->i_atime, &i->i_atime_extra);
    out->mtime = get_time(n, i->i_mtime, &i->i_mtime_extra);
    out->ctime = get_time(n, i->i_ctime, &i->i_ctime_extra);
    return 0;
}

static void set_owner(uint16_t *low, uint16_t *high, uint32_t id)
{
    *low = (uint16_t)id;
    *high = (uint16_t)(id >> 16);
}

int ext4_setattr(struct node *node, const struct node_attr *attr)
{
    struct ext4_node *n = ext4_node_of(node);
    struct ext4_fs *fs = ext4_fs_of(n);
    struct ext2_inode_large *i = &n->inode;
    int ret;

    if (i->i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
        return -EPERM;
    ret = ext4_begin(fs);
    if (ret)
        return ret;
    if (attr->set & ATTR_MODE)
        i->i_mode = (uint16_t)((i->i_mode & MODE_TYPE) | (attr->mode & MODE_PERM));
    if (attr->set & ATTR_OWNER)
        set_owner(&i->i_uid, &i->osd2.linux2.l_i_uid_high, attr->uid);
    if (attr->set & ATTR_GROUP)
        set_owner(&i->i_gid, &i->osd2.linux2.l_i_gid_high, attr->gid);
    if (attr->set & ATTR_ATIME)
        ext4_set_times(n, EXT4_ATIME, attr->atime);
    if (attr->set & ATTR_MTIME)
        ext4_set_times(n, EXT4_MTIME, attr->mtime);
    ext4_touch(n, EXT4_CTIME);
    ret = ext4_node_write(n);
    if (ret)
        ext4_node_reload(n);
    node->mode = i->i_mode;
    return ext4_end(fs, ret);
}

void ext4_accessed(struct ext4_node *n)
{
    const struct ext2_inode_large *i = &n->inode;
    struct ext4_fs *fs = ext4_fs_of(n);
    int64_t atime = get_time(n, i->i_atime, &i->i_atime_extra), now = present();

    if (fs->mount.read_only || (i->i_flags & EXT2_NOATIME_FL) || atime == now ||
        (atime > get_time(n, i->i_mtime, &i->i_mtime_extra) &&
         atime > get_time(n, i->i_ctime, &i->i_ctime_extra) && now - atime < DAY))
        return;
    if (ext4_begin(fs))
        return;
    ext4_set_times(n, EXT4_ATIME, now);
    ext4_end(fs, ext4_node_write(n));
}

int ext4_link_more(struct ext4_node *n)
{
    uint16_t *links = &n->inode.i_links_count;

    if (ext4_is_dir(n)) {
        if (*links == 1)
            return 0;
        if (*links >= LINK_MAX - 1 && ext2fs_has_feature_dir_nlink(ext4_fs_of(n)->ext2->super)) {
            *links = 1;
            return 0;
        }
    }
    if (*links >= LINK_MAX)
        return -EMLINK;
    (*links)++;
    return 0;
}

void ext4_link_less(struct ext4_node *n)
{
    uint16_t *links = &n->inode.i_links_count;

    if (*links && !(ext4_is_dir(n) && *links == 1))
        (*links)--;
}
