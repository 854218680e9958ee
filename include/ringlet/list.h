/* SPDX-License-Identifier: MIT */
/* An intrusive doubly linked list; an empty list is a node that points to itself. */
#ifndef RINGLET_LIST_H
#define RINGLET_LIST_H

#include <ringlet/compiler.h>

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert(struct list *node, struct list *prev, struct list *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

static inline void list_add_head(struct list *l, struct list *node)
{
    list_insert(node, l, l->next);
}

static inline void list_add_tail(struct list *l, struct list *node)
{
    list_insert(node, l->prev, l);
}

/* The node becomes an empty list of its own: removing it twice does no harm. */
static inline void list_del(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

/* first entry or NULL */
#define list_first(l, type, member) (list_empty(l) ? NULL : list_entry((l)->next, type, member))

#define list_for_each(pos, l) for (struct list *pos = (l)->next; pos != (l); pos = pos->next)
/* the body may remove pos */
#define list_for_each_safe(pos, l)                                          \
    for (struct list *pos = (l)->next, *pos##_next = pos->next; pos != (l); \
         pos = pos##_next, pos##_next = pos->next)

#endif
