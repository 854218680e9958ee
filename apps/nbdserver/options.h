/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef NBDSERVER_OPTIONS_H
#define NBDSERVER_OPTIONS_H

#include "export.h"

#define OPTIONS_EXPORTS 16u
#define OPTIONS_PORT    10809u /* IANA's for NBD */

struct options {
    uint16_t port;
    const char *listen; /* an address, or NULL: all */
    const char *tls;    /* files of tls_load(), or NULL: none */
    struct export_option export[OPTIONS_EXPORTS];
    unsigned exports; /* 0: all disks, by their names */
};

/* NULL, or the word that is wrong. The words must stay. */
const char *options_parse(int argc, char **argv, struct options *out);

#endif
