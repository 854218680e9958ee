/* SPDX-License-Identifier: MIT */
/* blktest's command line. Names and meanings are fio's where fio has them. */
#ifndef BLKTEST_OPTIONS_H
#define BLKTEST_OPTIONS_H

#include <ringlet/blkfront.h>
#include <ringlet/cmdline.h>

enum workload {
    RW_READ,
    RW_WRITE,
    RW_RANDREAD,
    RW_RANDWRITE,
    RW_RW,
    RW_RANDRW,
    RW_TRIM,
    RW_COUNT,
    RW_READ_BACK = RW_COUNT, /* not an option: it follows a verified write job */
};

extern const char *const workload_name[];

static inline bool workload_writes(enum workload w)
{
    return w == RW_WRITE || w == RW_RANDWRITE || w == RW_RW || w == RW_RANDRW;
}

/* Is anything lost by it? */
static inline bool workload_destroys(enum workload w)
{
    return workload_writes(w) || w == RW_TRIM;
}

static inline bool workload_mixes(enum workload w)
{
    return w == RW_RW || w == RW_RANDRW;
}

static inline bool workload_random(enum workload w)
{
    return w == RW_RANDREAD || w == RW_RANDWRITE || w == RW_RANDRW;
}

struct options {
    const char *dev; /* "xvda", "51712", "all"; NULL = the first disk that is no cdrom */
    struct option_list rw, bs, iodepth;
    struct option_list ignore; /* indexes of ignorable[]: errors that requests may end with */
    uint64_t size, offset;     /* bytes; size 0 = to the end of the disk */
    uint64_t numjobs;
    uint64_t runtime_ns;
    uint64_t seed;
    uint64_t fsync; /* a flush after so many writes; 0 = none */
    uint64_t batch; /* requests per submit; 0 = as many as fit */
    uint64_t misalign;
    uint64_t hold_ns;
    uint64_t hotplug; /* so many disks are to come and go; 0 = none */
    bool verify, write;
    bool registered; /* buffers */
    struct blkfront_config driver;
};

/* Does ignore_error= name the error ret (-errno)? */
bool options_ignore(const struct options *o, int ret);

/* 0, or -EINVAL with a text for people in err. */
int options_parse(struct options *o, int argc, char *argv[], char *err, size_t err_size);

#endif
