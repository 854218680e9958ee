/* SPDX-License-Identifier: MIT */
/*
 * What is promised of the files: a history of operations, of which a crash must leave the first n, whole,
 * for one n that is not less than what was acknowledged. Operations are numbered from 1 on; each leaves its
 * number in the generation of the inode of /state. Only the data of a file may be newer than that: where
 * it was overwritten in place.
 *
 * A file's data is sectors of 512 bytes, each of which says whose it is, and its version.
 */
#ifndef RINGLET_TESTS_CRASH_MODEL_H
#define RINGLET_TESTS_CRASH_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define FILES       24
#define DIRS        5 /* 0: the root */
#define SECTORS_MAX 400
#define SECTOR      512u
#define NAME_BYTES  32

/* The number of a write that is not part of an operation yet. */
#define OP_NEVER UINT32_MAX

struct file_state {
    bool present;
    uint32_t id;
    unsigned dir, sectors;
    char name[NAME_BYTES];
    uint32_t version[SECTORS_MAX]; /* 0: never written, zeroes */
};

enum event_kind { EV_CREATE, EV_WRITE, EV_TRUNCATE, EV_REMOVE, EV_RENAME };

struct event {
    uint32_t op;
    enum event_kind kind;
    uint32_t id, version;
    unsigned first, count, dir;
    char name[NAME_BYTES];
};

struct history {
    struct file_state base; /* after all that is acknowledged */
    struct file_state now;
    struct event *events; /* since then, in order */
    unsigned count, size;
};

struct dir_history {
    bool base, now;
    struct {
        uint32_t op;
        bool present;
    } events[4096];
    unsigned count;
};

struct model {
    struct history file[FILES];
    struct dir_history dir[DIRS];
    uint32_t ops, acknowledged, versions, ids;
};

void model_init(struct model *m);
void model_exit(struct model *m);
/* Adds an event to a file's history, and applies it to its present state. The event stays where it is
 * until the next one is added. */
struct event *model_event(struct model *m, unsigned file, struct event e);
void model_dir(struct model *m, unsigned dir, bool present);
/* Everything up to op is stable. */
void model_acknowledge(struct model *m, uint32_t op);

void model_file_at(const struct model *m, unsigned file, uint32_t op, struct file_state *out);
bool model_dir_at(const struct model *m, unsigned dir, uint32_t op);
/* Whether a sector of the file that is in the state `at` after op may have this version instead. */
bool model_may_be(const struct model *m, unsigned file, uint32_t op, const struct file_state *at,
                  unsigned sector, uint32_t version);

void sector_fill(uint8_t data[SECTOR], uint32_t id, unsigned sector, uint32_t version);
/* The version of a sector of that file; false: it is none, or torn. */
bool sector_version(const uint8_t data[SECTOR], uint32_t id, unsigned sector, uint32_t *version);

#endif
