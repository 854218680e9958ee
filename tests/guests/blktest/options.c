/* SPDX-License-Identifier: MIT */
/* blktest's command line: defaults, options, and excluded combinations. */
#include "options.h"

#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

const char *const workload_name[] = {
    [RW_READ] = "read",
    [RW_WRITE] = "write",
    [RW_RANDREAD] = "randread",
    [RW_RANDWRITE] = "randwrite",
    [RW_RW] = "rw",
    [RW_RANDRW] = "randrw",
    [RW_TRIM] = "trim",
    [RW_READ_BACK] = "read_back",
};

/* The names for ignore_error=. */
static const char *const ignorable[] = {"EIO", "ENODEV", "ETIMEDOUT", NULL};
static const int ignorable_errno[] = {EIO, ENODEV, ETIMEDOUT};

_Static_assert(ARRAY_SIZE(ignorable) == ARRAY_SIZE(ignorable_errno) + 1, "a number for each name");

bool options_ignore(const struct options *o, int ret)
{
    for (unsigned i = 0; i < o->ignore.count; i++)
        if (ret == -ignorable_errno[o->ignore.value[i]])
            return true;
    return false;
}

#define MIB (1024 * 1024ULL)
/* Not given: the driver's default, as with 0 of the others. */
#define RING_ORDER_DEFAULT UINT64_MAX

static int check(const struct options *o, char *err, size_t err_size)
{
    for (unsigned i = 0; i < o->rw.count; i++) {
        enum workload w = (enum workload)o->rw.value[i];

        if (workload_destroys(w) && !o->write) {
            format(err, err_size, "rw=%s %s the disk: add write=1 if its content may be lost",
                   workload_name[w], w == RW_TRIM ? "empties" : "overwrites");
            return -EINVAL;
        }
    }
    return 0;
}

int options_parse(struct options *o, int argc, char *argv[], char *err, size_t err_size)
{
    static const char *const workloads[] = {"read", "write",  "randread", "randwrite",
                                            "rw",   "randrw", "trim",     NULL};
    static const char *const verifies[] = {"0", "crc32c", NULL};
    static const char *const buffer_kinds[] = {"plain", "registered", NULL};
    static const char *const abis[] = {"native", "32", "64", NULL};
    unsigned verify = 1, buffers = 0, abi = 0;
    bool persistent = true;
    uint64_t ring_order = RING_ORDER_DEFAULT, queues = 0, segments = 0, keeps = 0;
    struct option words[] = {
        {.name = "dev", .type = OPT_STRING, .out = &o->dev},
        {.name = "rw", .type = OPT_CHOICES, .out = &o->rw, .choices = workloads},
        {.name = "bs", .type = OPT_SIZES, .out = &o->bs, .min = 1, .max = 16 * MIB},
        {.name = "iodepth", .type = OPT_UINTS, .out = &o->iodepth, .min = 1, .max = 4096},
        {.name = "size", .type = OPT_SIZE, .out = &o->size, .min = 1, .max = INT64_MAX},
        {.name = "offset", .type = OPT_SIZE, .out = &o->offset, .max = INT64_MAX},
        {.name = "numjobs", .type = OPT_UINT, .out = &o->numjobs, .min = 1, .max = 64},
        {.name = "ignore_error", .type = OPT_CHOICES, .out = &o->ignore, .choices = ignorable},
        {.name = "runtime", .type = OPT_DURATION, .out = &o->runtime_ns},
        {.name = "verify", .type = OPT_CHOICE, .out = &verify, .choices = verifies},
        {.name = "seed", .type = OPT_UINT, .out = &o->seed},
        {.name = "fsync", .type = OPT_UINT, .out = &o->fsync},
        {.name = "write", .type = OPT_BOOL, .out = &o->write},
        {.name = "ring_order", .type = OPT_UINT, .out = &ring_order, .max = 4},
        {.name = "queues", .type = OPT_UINT, .out = &queues, .min = 1, .max = 16},
        {.name = "segments", .type = OPT_UINT, .out = &segments, .min = 1, .max = 4096},
        {.name = "abi", .type = OPT_CHOICE, .out = &abi, .choices = abis},
        {.name = "nomerges", .type = OPT_BOOL, .out = &o->driver.nomerges},
        {.name = "polled", .type = OPT_BOOL, .out = &o->driver.polled},
        {.name = "buffers", .type = OPT_CHOICE, .out = &buffers, .choices = buffer_kinds},
        {.name = "persistent", .type = OPT_BOOL, .out = &persistent},
        {.name = "persistent_grants", .type = OPT_UINT, .out = &keeps, .max = 1 << 20},
        {.name = "connect_timeout",
         .type = OPT_DURATION,
         .out = &o->driver.connect_timeout_ns,
         .min = 1},
        {.name = "reconnect_timeout", .type = OPT_DURATION, .out = &o->driver.reconnect_timeout_ns},
        {.name = "request_timeout", .type = OPT_DURATION, .out = &o->driver.request_timeout_ns},
        {.name = "watchdog", .type = OPT_DURATION, .out = &o->driver.watchdog_ns},
        {.name = "hold", .type = OPT_DURATION, .out = &o->hold_ns},
        {.name = "hotplug", .type = OPT_UINT, .out = &o->hotplug},
        {.name = "batch", .type = OPT_UINT, .out = &o->batch},
        {.name = "misalign", .type = OPT_UINT, .out = &o->misalign, .max = PAGE_MASK},
    };
    int ret;

    *o = (struct options){
        .rw = {.count = 1, .value = {RW_READ}},
        .bs = {.count = 1, .value = {4096}},
        .iodepth = {.count = 1, .value = {32}},
        .numjobs = 1,
        .seed = 1,
    };
    ret = cmdline_parse(argc, argv, words, ARRAY_SIZE(words), err, err_size);
    if (ret)
        return ret;
    o->registered = buffers != 0;
    o->driver.persistent = persistent ? 0 : -1;
    o->driver.persistent_grants = (unsigned)keeps;
    o->verify = verify != 0;
    o->driver.ring_pages = ring_order == RING_ORDER_DEFAULT ? 0 : 1U << ring_order;
    o->driver.queues = (unsigned)queues;
    o->driver.abi = 32 * abi;
    o->driver.max_segments = (unsigned)segments;
    return check(o, err, err_size);
}
