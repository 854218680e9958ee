/* SPDX-License-Identifier: MIT */
/* Between arguments.c, which knows the options, and arguments_disk.c, which knows those of disks. */
#ifndef STUBDM_ARGUMENTS_PRIVATE_H
#define STUBDM_ARGUMENTS_PRIVATE_H

#include "arguments.h"
#include "pairs.h"

#define ARGUMENT_IGNORED "not supported, and ignored"

struct parser {
    struct arguments *out;
    void (*note)(const char *text);
    char *why;
    size_t why_size;
    const char *option; /* the one that is parsed */
};

/* The guest is refused: says of the option and its value why. Returns error. */
int argument_refuse(struct parser *p, int error, const char *value, const char *what);
/* It is not; the log gets the same line. */
void argument_ignore(struct parser *p, const char *value, const char *what);
/* Ignores each key of the value that is not among the `count` known ones. */
void argument_unknown(struct parser *p, const char *value, const char *const *known, size_t count);

/* -drive; -device ide-cd and ide-hd. 0, or the guest is refused. */
int argument_drive(struct parser *p, const char *value);
int argument_ide_device(struct parser *p, const char *value, const char *const *argv,
                        unsigned argc);

#endif
