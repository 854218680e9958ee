/* SPDX-License-Identifier: MIT */
/*
 * What the toolstack wants of a device model, as libxl writes it: the arguments of QEMU, one in each key
 * of image/dm-argv. What is understood is in struct arguments; what is not is reported, and if the guest
 * would not be what its configuration says without it, refused. Pure: no Xen, no memory but the caller's.
 */
#ifndef STUBDM_ARGUMENTS_H
#define STUBDM_ARGUMENTS_H

#include <ringlet/compiler.h>

#define ARGUMENTS_MAX       256u  /* of an image */
#define ARGUMENT_LENGTH_MAX 1024u /* of each */
#define DRIVES_MAX          4u    /* hda .. hdd */

struct drive {
    bool present;
    bool cdrom;
    bool readonly;
    bool empty; /* no file: a cdrom without a medium */
};

struct arguments {
    unsigned domid;     /* -xen-domid; 0: not given */
    uint64_t memory;    /* -m, bytes; 0: not given */
    unsigned vcpus;     /* -smp, with maxcpus; 1 if it is not given */
    bool xen_platform;  /* -machine xenfv */
    bool serial;        /* -serial: there is a serial port */
    unsigned console;   /* its console: 3 for /dev/hvc3; 0: its output goes nowhere */
    char boot_order[4]; /* -boot order=: of a, c, d, n, without others, at most three */
    char name[64];      /* -name, printable */
    struct drive drive[DRIVES_MAX];
};

/*
 * Parses argv[0..argc). note(text) is called with a line for each argument that is not honoured. 0;
 * -EINVAL or -EOPNOTSUPP with a line in why that names the argument.
 */
int arguments_parse(const char *const *argv, unsigned argc, struct arguments *out,
                    void (*note)(const char *text), char *why, size_t why_size);

#endif
