/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest with a disk: opens xvda, reads its first 4 KiB, and prints the cost of the
 * start. It is as small, and starts as fast, as an image with the block driver can.
 */
#include "../started.h"
#include "../verdict.h"

#include <ringlet/blkfront.h>
#include <ringlet/errno.h>
#include <ringlet/page.h>

int main(int argc, char *argv[])
{
    struct blkfront_aiocb aiocb = {.aio_nbytes = PAGE_SIZE};
    int ret;

    (void)argc;
    (void)argv;
    started_begin();
    ret = blkfront_open_device("xvda", NULL, NULL, &aiocb.aio_dev);
    if (ret) {
        print_raw("block: xvda cannot be connected: -%s\n", errno_name(ret));
        return verdict_print(ret == -ENOENT ? ERROR : FAILURE);
    }
    started_connected();
    aiocb.aio_buf = page_alloc(1, MEM_APP);
    ret = aiocb.aio_buf ? blkfront_io(&aiocb, false) : -ENOMEM;
    if (ret)
        print_raw("block: xvda cannot be read: -%s\n", errno_name(ret));
    else
        started_read();
    started_report();
    ret = shutdown_blkfront(aiocb.aio_dev) ? -EIO : ret;
    return verdict_print(ret ? FAILURE : SUCCESS);
}
