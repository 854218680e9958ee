/* SPDX-License-Identifier: MIT */
/*
 * The archive: any bytes are shown as a whole tree, or refused with a message that names an entry. So
 * that mutations get further than the first header, checksums are made right here, unless the first
 * byte of the input says otherwise.
 */
#include "fs_tree.h"
#include "unit/tar.h"

#include "lib/core/mem_private.h"
#include "lib/fs/memfs.h"
#include "lib/fs/romfs.h"

static void seal_all(uint8_t *archive, size_t size)
{
    for (size_t at = 0; at + 512 <= size;) {
        uint8_t *h = archive + at;
        size_t bytes = 0;
        bool zero = true;

        for (unsigned i = 0; i < 512; i++)
            zero &= h[i] == 0;
        if (!zero)
            tar_seal(h);
        for (unsigned i = 124; i < 135 && h[i] >= '0' && h[i] <= '7'; i++)
            bytes = bytes * 8 + (size_t)(h[i] - '0');
        if (h[156] >= '1' && h[156] <= '6')
            bytes = 0;
        if (bytes > size)
            break;
        at += 512 + (bytes + 511) / 512 * 512;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mount *root, *rom;
    uint8_t *archive, how;
    size_t blocks;
    int ret;

    if (size < 1)
        return 0;
    how = data[0];
    data++;
    size--;
    seam_init(2 << 20);
    must(evtchn_init() == 0);
    blocks = blocks_in_use();
    fs_forget();
    archive = malloc(size ? size : 1); /* so that a step beyond its end is seen */
    if (!archive)
        abort();
    if (size)
        memcpy(archive, data, size);
    if (how != 255)
        seal_all(archive, size);
    must(memfs_create(0, &root) == 0 && fs_mount("/", root) == 0);
    must(path_mkdir(NULL, "/rom", 0755) == 0);
    mem_fail_nth(how >= 200 && how < 255 ? how - 199u : 0);
    ret = romfs_create(archive, size, &rom);
    mem_fail_nth(0);
    must(ret == 0 || ret == -EINVAL || (ret == -ENOMEM && how >= 200));
    must((ret == -EINVAL) == (strstr(seam_console(), "archive: entry \"") != NULL));
    if (ret == 0) {
        must(fs_mount("/rom", rom) == 0);
        tree_check(rom);
        must(fs_unmount("/rom") == 0);
    }
    must(path_rmdir(NULL, "/rom") == 0);
    must(root->ops->unmount(root) == 0);
    must(blocks_in_use() == blocks);
    free(archive);
    seam_exit();
    return 0;
}
