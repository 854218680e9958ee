/* SPDX-License-Identifier: MIT */
/* Doubly linked lists; an empty one is a head that points to itself. */
#ifndef MINI_OS_LIST_H
#define MINI_OS_LIST_H

#include <stddef.h>

struct minios_list_head {
    struct minios_list_head *next, *prev;
};

#define MINIOS_LIST_HEAD_INIT(name) \
    {                               \
        &(name), &(name)            \
    }
#define MINIOS_LIST_HEAD(name)      struct minios_list_head name = MINIOS_LIST_HEAD_INIT(name)
#define MINIOS_INIT_LIST_HEAD(head) ((void)((head)->next = (head)->prev = (head)))

static inline void minios_list_insert(struct minios_list_head *node, struct minios_list_head *prev,
                                      struct minios_list_head *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = next->prev = node;
}

static inline void minios_list_add(struct minios_list_head *node, struct minios_list_head *head)
{
    minios_list_insert(node, head, head->next);
}

static inline void minios_list_add_tail(struct minios_list_head *node,
                                        struct minios_list_head *head)
{
    minios_list_insert(node, head->prev, head);
}

static inline void minios_list_del(struct minios_list_head *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
}

static inline void minios_list_del_init(struct minios_list_head *node)
{
    minios_list_del(node);
    MINIOS_INIT_LIST_HEAD(node);
}

static inline int minios_list_empty(const struct minios_list_head *head)
{
    return head->next == head;
}

#define minios_list_top(head, type, member) \
    (minios_list_empty(head) ? NULL : minios_list_entry((head)->next, type, member))
#define minios_list_entry(ptr, type, member) \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define minios_list_for_each(pos, head) \
    for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)
#define minios_list_for_each_safe(pos, n, head) \
    for ((pos) = (head)->next, (n) = (pos)->next; (pos) != (head); (pos) = (n), (n) = (pos)->next)
#define minios_list_for_each_entry(pos, head, member)                         \
    for ((pos) = minios_list_entry((head)->next, __typeof__(*(pos)), member); \
         &(pos)->member != (head);                                            \
         (pos) = minios_list_entry((pos)->member.next, __typeof__(*(pos)), member))

#endif
