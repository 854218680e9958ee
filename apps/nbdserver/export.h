/* SPDX-License-Identifier: MIT */
/*
 * Exports: the disks by the names that clients ask for. The name of an export is that of its disk
 * ("xvda") unless the command line gives it another one; the empty name is the first export that is
 * there. An export whose disk was detached keeps its place until no connection uses it.
 */
#ifndef NBDSERVER_EXPORT_H
#define NBDSERVER_EXPORT_H

#include <ringlet/list.h>

#include "protocol.h"

#define EXPORT_NAME_MAX 64u /* bytes, with the NUL */

struct disk;

struct export
{
    struct list link;
    char name[EXPORT_NAME_MAX];
    char description[64];
    struct disk *disk;
    uint64_t size;        /* bytes; follows the disk's */
    uint32_t sector;      /* bytes: the smallest and the alignment of requests */
    bool read_only;       /* the disk is, or the command line says so */
    bool trim;            /* the backend discards */
    bool gone;            /* the disk is detached or lost: no request can succeed */
    unsigned connections; /* that use it */
};

/* By this name of len bytes, without a NUL; NULL: there is none. */
struct export *export_find(const struct list *exports, const char *name, size_t len);
/* Whether its disk serves as many connections as it can. */
bool export_is_full(const struct export *e);
/* The transmission flags; structured: structured replies were agreed on. */
uint16_t export_flags(const struct export *e, bool structured);
/* The preferred size of requests, bytes. */
uint32_t export_preferred(const struct export *e);

/* ---- the command line ---- */

/* What "export=DISK[:NAME][:ro]" says. */
struct export_option {
    char disk[16];
    char name[EXPORT_NAME_MAX];
    bool read_only;
};

/* text: what follows "export=". 0, or -EINVAL: no disk, a name of no or too many characters or with
 * control characters, or something behind "ro". */
int export_option_parse(const char *text, struct export_option *out);

#endif
