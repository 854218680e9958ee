/* SPDX-License-Identifier: MIT */
#include <ringlet/errno.h>

#include "node.h"

int ext4_sync_file(struct file *f, bool data_only)
{
    struct ext4_node *n = ext4_node_of(f->node);
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = ext4_commit(fs); /* there is one journal for data and metadata */
    unsigned errors;

    (void)data_only;
    if (fs->gone)
        return ret;
    errors = store_data_errors(fs->store);
    /* the commit told one of those who wait for it; the data may have been this file's */
    if (ret == 0 && n->data_errors != errors)
        ret = -EIO;
    n->data_errors = errors;
    return ret;
}
