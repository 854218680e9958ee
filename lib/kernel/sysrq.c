/* SPDX-License-Identifier: MIT */
/*
 * `xl sysrq NAME LETTER` writes a letter to control/sysrq. The letter is acknowledged by emptying
 * the node. Events that find no letter there, as the first one of a watch, are ignored.
 */
#include <kernel/sysrq.h>

#include <kernel/thread.h>
#include <ringlet/format.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static bool running; /* the thread */
static bool again;   /* there was an event since it looked */

static void print_threads(void)
{
    thread_print_all(0, 0);
}

static void print_memory(void)
{
    struct page_stats pages;
    struct heap_stats heap;
    struct gnttab_stats grants;
    char used[16];

    page_get_stats(&pages);
    heap_get_stats(&heap);
    gnttab_get_stats(&grants);
    print_raw("%zu of %zu pages are free, %zu pinned, %zu quarantined\n", pages.free, pages.total,
              pages.pinned, pages.quarantined);
    print_raw("heap: %zu blocks\n", heap.blocks);
    for (unsigned i = 0; i < MEM_CLASSES; i++)
        if (heap.in_use[i] || pages.in_use[i])
            print_raw("  %-10s %s in blocks, %zu pages\n", mem_class_name[i],
                      format_bytes(used, sizeof(used), heap.in_use[i]), pages.in_use[i]);
    print_raw("grant table: %u of %u frames\n", grants.frames, grants.max_frames);
}

static void print_help(void);

static const struct {
    char letter;
    const char *does;
    void (*fn)(void);
} letters[] = {
    {'h', "this list", print_help},
    {'m', "memory", print_memory},
    {'t', "each thread, its state and its callers", print_threads},
};

static void print_help(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
        print_raw("  %c  %s\n", letters[i].letter, letters[i].does);
}

static void answer(const char *letter)
{
    for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
        if (letter[0] == letters[i].letter && !letter[1]) {
            print_raw("sysrq %c: %s\n", letter[0], letters[i].does);
            letters[i].fn();
            return;
        }
    }
    print_raw("sysrq: not known; what is:\n");
    print_help();
}

/* Reads and acknowledges at once, so that a letter written between the two is not lost. */
static int take_letter(xs_transaction_t t, void *arg)
{
    char **letter = arg;
    int ret;

    heap_free(*letter); /* a conflict's earlier attempt */
    *letter = NULL;
    ret = xs_read(t, "control", "sysrq", letter, NULL);
    return ret || !**letter ? ret : xs_write(t, "control", "sysrq", "", 0);
}

static void sysrq_thread(void *arg)
{
    (void)arg;
    do {
        char *letter = NULL;

        again = false;
        if (xs_transaction(take_letter, &letter) == 0 && letter[0])
            answer(letter);
        heap_free(letter);
    } while (again);
    running = false;
}

static void on_event(struct xs_watch *w)
{
    again = true;
    /* The first event is the registration's. */
    if (w->events > 1 && !running)
        running = thread_create(NULL, "sysrq", sysrq_thread, NULL, 0) == 0;
}

struct xs_watch *sysrq_watch(void)
{
    static struct xs_watch watch;

    running = again = false;
    watch.fn = on_event;
    return &watch;
}
