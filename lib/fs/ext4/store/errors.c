/* SPDX-License-Identifier: MIT */
#include "lib/fs/ext4/store/private.h"

int store_errno(errcode_t err)
{
    switch (err) {
    case EXT2_ET_NO_MEMORY:
        return -ENOMEM;
    case EXT2_ET_BLOCK_ALLOC_FAIL:
    case EXT2_ET_INODE_ALLOC_FAIL:
    case EXT2_ET_DIR_NO_SPACE:
    case EXT2_ET_EA_NO_SPACE:
        return -ENOSPC;
    case EXT2_ET_FILE_NOT_FOUND:
        return -ENOENT;
    case EXT2_ET_DIR_EXISTS:
    case EXT2_ET_FILE_EXISTS:
        return -EEXIST;
    case EXT2_ET_NO_DIRECTORY:
        return -ENOTDIR;
    case EXT2_ET_FILE_TOO_BIG:
        return -EFBIG;
    case EXT2_ET_RO_FILSYS:
        return -EROFS;
    case EXT2_ET_SYMLINK_LOOP:
        return -ELOOP;
    case EXT2_ET_INVALID_ARGUMENT:
        return -EINVAL;
    default:
        /* the library passes on the numbers of errno.h; its own begin far above */
        return err >= 0 && err < 1000 ? -(int)err : -EIO;
    }
}

void store_abort(struct store *s, const char *what, int err)
{
    if (s->aborted)
        return;
    s->aborted = true;
    pr_err("%s: %s: %s: nothing is written any more\n", s->disk->name, what, errno_name(err));
    wake_all(&s->thread_wake);
}
