/* SPDX-License-Identifier: MIT */
/*
 * Blocks within pages that a backend may read: an arena takes pages one by one, cuts each into
 * blocks of one size, and keeps it. A page on which somebody holds (a frame in flight refers to it)
 * gets no block again that was freed meanwhile. Nothing is written into the pages. Any context.
 */
#ifndef RINGLET_NET_ARENA_H
#define RINGLET_NET_ARENA_H

#include <ringlet/list.h>
#include <ringlet/xen.h>

/* Blocks of 128, 256, 512, 1024, 2048 bytes and a page. */
#define ARENA_SHIFT_MIN 7u
#define ARENA_CLASSES   6u

struct arena_page {
    struct list link; /* in `partial` of its class or in `empty`; else empty */
    uint8_t *va;
    unsigned hold;    /* frames' slots in flight, and grants that could not be ended */
    uint32_t avail;   /* blocks that can be given out */
    uint32_t pending; /* freed, but not before hold is 0 */
    unsigned index;   /* in its arena */
    unsigned class;
    grant_ref_t ref; /* of an arena with one peer; 0: none */
    bool held_back;  /* a grant of it could not be ended: that counts in hold */
    bool
        foreign; /* its memory is somebody else's, or (va NULL) it has none: no block of it is given out */
};

#define ARENA_GROUP 16u

struct arena_group {
    struct arena_page page[ARENA_GROUP];
};

struct arena {
    struct list empty; /* pages without a class */
    struct list partial[ARENA_CLASSES];
    struct arena_group **group; /* pages by index */
    unsigned groups;            /* room in group[] */
    unsigned count, limit;      /* pages; the limit is of those that are not foreign */
    unsigned foreign;           /* pages */
    struct list spare;          /* foreign pages without memory */
    unsigned blocks;            /* given out */
    bool held_back;             /* some page is */
    /* Called for a page that the arena has just taken; an error: it is not used. May be NULL. */
    int (*taken)(struct arena *a, struct arena_page *p);
};

void arena_init(struct arena *a, unsigned limit, int (*taken)(struct arena *, struct arena_page *));
/* Frees it all; nobody uses a block. Pages with a hold are free when that ends (quarantine). */
void arena_destroy(struct arena *a);

static inline struct arena_page *arena_at(const struct arena *a, unsigned index)
{
    return &a->group[index / ARENA_GROUP]->page[index % ARENA_GROUP];
}

/* A block of at least `bytes`, 1 to PAGE_SIZE, aligned to its size; its page is *page. NULL: no
 * memory, or the limit. */
void *arena_alloc(struct arena *a, size_t bytes, struct arena_page **page);
/* block: any address within it. False: it is not given out. */
bool arena_free(struct arena *a, struct arena_page *p, const void *block);

static inline size_t arena_block_size(const struct arena_page *p)
{
    return (size_t)1 << (ARENA_SHIFT_MIN + p->class);
}

static inline void arena_hold(struct arena_page *p)
{
    p->hold++;
}

/* A page whose memory is the caller's: it counts as one block that is given out. NULL: no memory, or
 * `taken` refused it. */
struct arena_page *arena_add(struct arena *a, uint8_t *va);
/* Its memory is not the arena's any more. There is no hold on it. */
void arena_remove(struct arena *a, struct arena_page *p);

/* Takes over a grant of the page that could not be ended: the page is held until it is. */
void arena_quarantine(struct arena *a, struct arena_page *p, grant_ref_t ref);

/* The last hold went: pending blocks can be given out. */
void arena_settle(struct arena *a, struct arena_page *p);

static inline void arena_unhold(struct arena *a, struct arena_page *p)
{
    if (!--p->hold && p->pending)
        arena_settle(a, p);
}

#endif
