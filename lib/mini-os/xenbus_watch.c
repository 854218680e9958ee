/* SPDX-License-Identifier: MIT */
/* XenStore's watches, and their events in queues. */
#include "kernel.h"

#include "xenbus_private.h"

#include <errno.h>
#include <mini-os/wait.h>
#include <stdlib.h>
#include <string.h>

struct watch {
    struct xs_watch kernel;
    char *token; /* the caller's, behind the path */
    xenbus_event_queue *events;
    struct watch *next;
    char path[];
};

static struct watch *watches;

xenbus_event_queue xenbus_events;
DECLARE_WAIT_QUEUE_HEAD(xenbus_watch_queue);

static xenbus_event_queue *queue_or_default(xenbus_event_queue *queue)
{
    return queue ? queue : &xenbus_events;
}

/* The event and its texts are one block. */
static struct xenbus_event *new_event(const char *path, const char *token)
{
    const size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;
    struct xenbus_event *event = malloc(sizeof(*event) + path_size + token_size);

    if (!event)
        return NULL;
    event->path = memcpy(event + 1, path, path_size);
    event->token = memcpy(event->path + path_size, token, token_size);
    event->next = NULL;
    return event;
}

/* In handler context. Without memory the event is lost: as Mini-OS' programs expect one for each
 * change, it is reported. */
static void fired(struct xs_watch *w)
{
    const struct watch *watch = container_of(w, struct watch, kernel);
    const char *path = xs_watch_path();
    struct xenbus_event *event = new_event(path ? path : watch->path, watch->token);
    struct xenbus_event **at = watch->events;

    if (!event) {
        kernel_printk(LOG_ERROR, "no memory for an event of XenStore about %s\n", watch->path);
        return;
    }
    while (*at)
        at = &(*at)->next;
    *at = event;
    wake_up(&xenbus_watch_queue);
}

static int add(const char *path, const char *token, xenbus_event_queue *events)
{
    const size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;
    struct watch *w = calloc(1, sizeof(*w) + path_size + token_size);
    int ret;

    if (!w)
        return -ENOMEM;
    memcpy(w->path, path, path_size);
    w->token = memcpy(w->path + path_size, token, token_size);
    w->events = queue_or_default(events);
    w->kernel.fn = fired;
    ret = xs_watch(&w->kernel, path, NULL);
    if (ret) {
        free(w);
        return ret;
    }
    w->next = watches;
    watches = w;
    return 0;
}

char *xenbus_watch_path_token(xenbus_transaction_t xbt, const char *path, const char *token,
                              xenbus_event_queue *events)
{
    (void)xbt;
    return minios_xenbus_error(add(path, token, events));
}

char *xenbus_unwatch_path_token(xenbus_transaction_t xbt, const char *path, const char *token)
{
    (void)xbt;
    for (struct watch **at = &watches; *at; at = &(*at)->next) {
        struct watch *w = *at;
        int ret;

        if (strcmp(w->path, path) || strcmp(w->token, token))
            continue;
        *at = w->next;
        ret = xs_unwatch(&w->kernel);
        free(w);
        return minios_xenbus_error(ret);
    }
    return minios_xenbus_error(-ENOENT);
}

/* ---- waiting ---- */

char **xenbus_wait_for_watch_return(xenbus_event_queue *queue)
{
    struct xenbus_event *event;

    queue = queue_or_default(queue);
    wait_event(xenbus_watch_queue, *queue);
    event = *queue;
    *queue = event->next;
    return &event->path;
}

void xenbus_wait_for_watch(xenbus_event_queue *queue)
{
    free(xenbus_wait_for_watch_return(queue));
}

_Static_assert(offsetof(struct xenbus_event, path) == 0, "an event is its path and token");
_Static_assert(offsetof(struct xenbus_event, token) == sizeof(char *), "in that order");

char *xenbus_wait_for_value(const char *path, const char *value, xenbus_event_queue *queue)
{
    for (;;) {
        char *now, *error = xenbus_read(XBT_NIL, path, &now);
        bool same;

        if (error)
            return error;
        same = !strcmp(now, value);
        free(now);
        if (same)
            return NULL;
        xenbus_wait_for_watch(queue);
    }
}

char *xenbus_wait_for_state_change(const char *path, XenbusState *state, xenbus_event_queue *queue)
{
    for (;;) {
        unsigned now;
        char *error = xenbus_read_unsigned(XBT_NIL, path, NULL, &now);

        if (error)
            return error;
        if (now != (unsigned)*state) {
            *state = (XenbusState)now;
            return NULL;
        }
        xenbus_wait_for_watch(queue);
    }
}
