/* SPDX-License-Identifier: MIT */
/*
 * XenStore. Functions that return char * return NULL, or the name of an error ("ENOENT") that the
 * caller frees. What they return through pointers is the caller's to free, too. They may wait: for
 * threads only.
 */
#ifndef MINI_OS_XENBUS_H
#define MINI_OS_XENBUS_H

#include <mini-os/types.h>
#include <mini-os/waittypes.h>

#include <xen/xen.h>

#include <xen/io/xenbus.h>

typedef unsigned long xenbus_transaction_t;
#define XBT_NIL ((xenbus_transaction_t)0)

/* On an error *value is NULL. */
char *xenbus_read(xenbus_transaction_t xbt, const char *path, char **value);
char *xenbus_write(xenbus_transaction_t xbt, const char *path, const char *value);
/* Writes the formatted text to node/path. */
char *xenbus_printf(xenbus_transaction_t xbt, const char *node, const char *path, const char *fmt,
                    ...) __attribute__((format(printf, 4, 5)));
char *xenbus_rm(xenbus_transaction_t xbt, const char *path);
/* *contents: an array that ends with NULL; each name and the array are to be freed. */
char *xenbus_ls(xenbus_transaction_t xbt, const char *prefix, char ***contents);
/* *value: the permissions with a blank between, "n0 r5". */
char *xenbus_get_perms(xenbus_transaction_t xbt, const char *path, char **value);
/* Owner dom with permission perm ('n', 'r', 'w' or 'b') for all others. */
char *xenbus_set_perms(xenbus_transaction_t xbt, const char *path, domid_t dom, char perm);
/* dir/node. */
char *xenbus_read_string(xenbus_transaction_t xbt, const char *dir, const char *node, char **value);
/* A decimal number that fits; else "EINVAL". */
char *xenbus_read_unsigned(xenbus_transaction_t xbt, const char *dir, const char *node,
                           unsigned int *value);
/* A decimal number; -1: there is none. */
int xenbus_read_integer(const char *path);
/* 32 hexadecimal digits with any '-' between. 1: read; 0: not. */
int xenbus_read_uuid(const char *path, unsigned char uuid[16]);
domid_t xenbus_get_self_id(void);

/* ---- transactions ---- */

char *xenbus_transaction_start(xenbus_transaction_t *xbt);
/* *retry is 1 if nothing was done because others changed the same nodes meanwhile: then the caller
 * has to start again, and the result is NULL. Else it is 0. */
char *xenbus_transaction_end(xenbus_transaction_t xbt, int abort, int *retry);

/* ---- watches ---- */

struct xenbus_event {
    char *path;  /* what has changed: the watched path, or one below it */
    char *token; /* the caller's, of xenbus_watch_path_token */
    struct xenbus_event *next;
};

/* Events in the order in which they came. Initialised with NULL. */
typedef struct xenbus_event *xenbus_event_queue;

/* Events of a watch without a queue of its own. */
extern xenbus_event_queue xenbus_events;
/* Woken after an event was put into any queue. */
extern struct wait_queue_head xenbus_watch_queue;

/* The first event comes at once. xbt is not used: a watch is not part of a transaction. events may be
 * NULL: xenbus_events. It must stay until the watch is removed. */
char *xenbus_watch_path_token(xenbus_transaction_t xbt, const char *path, const char *token,
                              xenbus_event_queue *events);
/* "ENOENT": there is no such watch. Events that came before stay in the queue. */
char *xenbus_unwatch_path_token(xenbus_transaction_t xbt, const char *path, const char *token);

#define XENBUS_WATCH_PATH_TOKEN "xenbus_watch_path"
#define xenbus_watch_path(xbt, path) \
    xenbus_watch_path_token((xbt), (path), XENBUS_WATCH_PATH_TOKEN, NULL)
#define xenbus_unwatch_path(xbt, path) \
    xenbus_unwatch_path_token((xbt), (path), XENBUS_WATCH_PATH_TOKEN)

/* Waits for an event, and takes it out of the queue (NULL: xenbus_events). */
void xenbus_wait_for_watch(xenbus_event_queue *queue);
/* The same, and returns it: [0] is the path, [1] the token; all in one block to be freed. */
char **xenbus_wait_for_watch_return(xenbus_event_queue *queue);
/* Waits until the node, which a watch with this queue is for, has the value. */
char *xenbus_wait_for_value(const char *path, const char *value, xenbus_event_queue *queue);
/* Waits until the node has another state than *state, and sets *state to it. */
char *xenbus_wait_for_state_change(const char *path, XenbusState *state, xenbus_event_queue *queue);
/* Writes the state, unless the node has it. */
char *xenbus_switch_state(xenbus_transaction_t xbt, const char *path, XenbusState state);

#endif
