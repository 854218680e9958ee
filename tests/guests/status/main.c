/* SPDX-License-Identifier: MIT */
/*
 * A service that fails, for tests of its supervisor: it counts its starts in the XenStore node
 * count=PATH, and returns status=N (default 1) until it was started starts=N times (default 3),
 * from then on 0. Without count= it returns the status at once.
 */
#include "../verdict.h"

#include <ringlet/cmdline.h>
#include <ringlet/errno.h>
#include <ringlet/xenstore.h>

int main(int argc, char *argv[])
{
    uint64_t status = 1, starts = 3, started = 0;
    const char *count = NULL;
    struct option options[] = {
        {.name = "status", .type = OPT_UINT, .max = 255, .out = &status},
        {.name = "starts", .type = OPT_UINT, .min = 1, .max = 100, .out = &starts},
        {.name = "count", .type = OPT_STRING, .out = &count},
    };
    char err[192];
    int ret;

    if (cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err))) {
        print_raw("status: %s\n", err);
        return verdict_print(ERROR);
    }
    if (!count)
        return (int)status;
    ret = xs_read_u64(XS_NO_TRANSACTION, count, NULL, 0, 100, 0, &started);
    if (!ret)
        ret = xs_printf(XS_NO_TRANSACTION, count, NULL, "%llu", (unsigned long long)++started);
    if (ret) {
        print_raw("status: %s: -%s\n", count, errno_name(ret));
        return verdict_print(ERROR);
    }
    print_raw("status: start %llu\n", (unsigned long long)started);
    return started < starts ? (int)status : verdict_print(SUCCESS);
}
