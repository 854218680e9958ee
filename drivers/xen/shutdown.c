/* SPDX-License-Identifier: MIT */
/*
 * The end of the guest, and the toolstack's wish for it, or for a suspend: a word in
 * control/shutdown. The word is acknowledged by emptying the node, but only one that will be acted
 * upon: another stays, for the toolstack to see that nobody understood it.
 */
#include <ringlet/shutdown.h>

#include <ringlet/arch.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>
#include <ringlet/xenstore.h>

#define FUNCTIONS_MAX 16

_Static_assert(SHUTDOWN_REASON_POWEROFF == SHUTDOWN_poweroff, "Xen's number");
_Static_assert(SHUTDOWN_REASON_REBOOT == SHUTDOWN_reboot, "Xen's number");
_Static_assert(SHUTDOWN_REASON_CRASH == SHUTDOWN_crash, "Xen's number");
_Static_assert(sizeof(struct sched_shutdown) == 4, "sched_shutdown ABI");

static void (*functions[FUNCTIONS_MAX])(void);
static unsigned function_count;
static struct thread *ending; /* who runs them */
static enum shutdown_request requested;
static bool (*request_fn)(enum shutdown_request request);

int shutdown_register(void (*fn)(void))
{
    if (ending)
        return -ESHUTDOWN;
    for (unsigned i = 0; i < function_count; i++)
        if (functions[i] == fn)
            return 0;
    if (function_count == FUNCTIONS_MAX)
        return -ENOSPC;
    functions[function_count++] = fn;
    return 0;
}

void domain_shutdown(enum shutdown_reason reason)
{
    struct sched_shutdown op = {.reason = reason};

    if (reason != SHUTDOWN_REASON_CRASH) {
        while (ending && ending != thread_current())
            thread_sleep(DEADLINE_NEVER); /* the domain must not go under the first one's feet */
        ending = thread_current();
        /* Each is taken out before it runs: a second call from within one does not start over. */
        while (function_count)
            functions[--function_count]();
    }
    printk_drain();
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &op);
}

enum shutdown_request shutdown_requested(void)
{
    return requested;
}

void shutdown_on_request(bool (*fn)(enum shutdown_request request))
{
    request_fn = fn;
}

/* ---- control/shutdown ---- */

struct meaning {
    const char *word;
    enum shutdown_request request;
    bool suspend;
};

/* NULL: not known. */
static const struct meaning *meaning_of(const char *word)
{
    static const struct meaning words[] = {
        {"poweroff", SHUTDOWN_POWEROFF, false},
        {"halt", SHUTDOWN_HALT, false},
        {"reboot", SHUTDOWN_REBOOT, false},
        {"suspend", SHUTDOWN_NONE, true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return &words[i];
    return NULL;
}

struct order {
    char *word; /* heap; NULL: none was there */
    const struct meaning *meaning;
};

/* Reads and acknowledges at once, so that a word written between the two is not lost. */
static int take_order(xs_transaction_t t, void *arg)
{
    struct order *o = arg;
    int ret;

    heap_free(o->word); /* a conflict's earlier attempt */
    o->word = NULL;
    ret = xs_read(t, "control", "shutdown", &o->word, NULL);
    if (ret)
        return ret;
    o->meaning = meaning_of(o->word);
    return o->meaning ? xs_write(t, "control", "shutdown", "", 0) : 0;
}

/* In another domain all is to be said again. */
static void say_features(void)
{
    static const char *const features[] = {"feature-poweroff", "feature-reboot", "feature-suspend"};

    for (size_t i = 0; i < ARRAY_SIZE(features); i++)
        if (xs_write(XS_NO_TRANSACTION, "control", features[i], "1", 1))
            pr_debug("control/%s cannot be written\n", features[i]);
}

static void suspend(void)
{
    int ret = domain_suspend();

    if (ret == 0) {
        say_features();
        pr_info("resumed\n");
    } else if (ret == 1) {
        pr_info("the suspend was cancelled\n");
    } else {
        pr_warn("cannot suspend: %s\n", errno_name(ret));
    }
}

static void obey(const struct order *o)
{
    enum shutdown_request request;

    if (!o->meaning) {
        pr_warn("the toolstack asks for \"%.32s\", which is not supported\n", o->word);
        return;
    }
    pr_info("the toolstack asks for %s\n", o->word);
    if (o->meaning->suspend) {
        suspend();
        return;
    }
    request = requested = o->meaning->request;
    if (request_fn && request_fn(request))
        return;
    domain_shutdown(request == SHUTDOWN_REBOOT ? SHUTDOWN_REASON_REBOOT : SHUTDOWN_REASON_POWEROFF);
}

static void shutdown_thread(void *arg)
{
    static struct xs_watch watch;
    int ret = xs_watch(&watch, "control", "shutdown");

    (void)arg;
    if (ret) {
        pr_warn("control/shutdown cannot be watched: %s\n", errno_name(ret));
        return;
    }
    say_features();
    while (xs_watch_wait(&watch, DEADLINE_NEVER) == 0) {
        struct order o = {0};

        ret = xs_transaction(take_order, &o);
        if (ret == 0 && o.word[0])
            obey(&o);
        else if (ret && ret != -ENOENT)
            pr_warn("control/shutdown cannot be read: %s\n", errno_name(ret));
        heap_free(o.word);
    }
}

int shutdown_init(void)
{
    function_count = 0;
    ending = NULL;
    requested = SHUTDOWN_NONE;
    if (!boot_info.xenstore)
        return -ENOTCONN;
    return thread_create(NULL, "shutdown", shutdown_thread, NULL, 0);
}
