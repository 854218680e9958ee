/* SPDX-License-Identifier: MIT */
/*
 * Shutdown and suspend of the guest, also on the toolstack's order: a word in control/shutdown. The
 * guest acknowledges a word by emptying the node, but only a word that it will act upon: any other
 * stays, so that the toolstack sees that it was not understood.
 */
#include <kernel/shutdown.h>

#include <kernel/arch.h>
#include <kernel/ratelimit.h>
#include <kernel/sysrq.h>
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
static struct thread *ending; /* the thread that runs the hooks */
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

static void run_functions(void)
{
    while (ending && ending != thread_current())
        thread_sleep(DEADLINE_NEVER); /* the first thread is still running the hooks */
    ending = thread_current();
    /* Each hook is removed before it runs: a second call from within one does not start over. */
    while (function_count)
        functions[--function_count]();
}

void domain_shutdown(enum shutdown_reason reason)
{
    struct sched_shutdown op = {.reason = reason};

    if (reason != SHUTDOWN_REASON_CRASH)
        run_functions();
    printk_drain();
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &op);
}

void domain_exit(int status)
{
    run_functions();
    if (status)
        print_raw("exit status %d: the domain ends as crashed\n", status);
    domain_shutdown(status ? SHUTDOWN_REASON_CRASH : SHUTDOWN_REASON_POWEROFF);
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

/* NULL: unknown */
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
    char *word; /* on the heap; NULL: there was none */
    const struct meaning *meaning;
};

/* Reads and acknowledges in one transaction, so that a word written between the two is not lost. */
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

#define FEATURES 3

static void feature_items(struct xs_batch_item items[FEATURES])
{
    static const char *const names[FEATURES] = {"feature-poweroff", "feature-reboot",
                                                "feature-suspend"};

    for (size_t i = 0; i < FEATURES; i++)
        items[i] = (struct xs_batch_item){
            .op = XS_OP_WRITE, .dir = "control", .node = names[i], .text = "1"};
}

static void check_features(const struct xs_batch_item items[FEATURES])
{
    for (size_t i = 0; i < FEATURES; i++)
        if (items[i].ret)
            pr_debug("control/%s cannot be written\n", items[i].node);
}

/* In another domain the features must be written again. */
static void say_features(void)
{
    struct xs_batch_item items[FEATURES];

    feature_items(items);
    xs_batch(XS_NO_TRANSACTION, items, FEATURES);
    check_features(items);
}

/* Sets the watch, writes the supported features, and checks for an early word: if there is one,
 * the watch has an event that was not seen, as with each later word. */
static int watch_orders(struct xs_watch *watch)
{
    struct xs_batch_item items[3 + FEATURES] = {
        {.op = XS_OP_WATCH, .dir = "control", .node = "shutdown", .watch = watch},
        {.op = XS_OP_READ, .dir = "control", .node = "shutdown"},
        {.op = XS_OP_WATCH, .dir = "control", .node = "sysrq", .watch = sysrq_watch()},
    };
    int ret;

    feature_items(&items[3]);
    ret = xs_batch(XS_NO_TRANSACTION, items, ARRAY_SIZE(items));
    check_features(&items[3]);
    if (items[0].ret)
        return ret ? ret : items[0].ret;
    if (!ret && (items[1].ret == -ENOENT || (!items[1].ret && !items[1].value[0])))
        watch->seen = MIN(watch->events, 1ULL); /* the initial event of each new watch */
    xs_batch_free(items, ARRAY_SIZE(items));
    return 0;
}

/* A domain that may write control/shutdown may do so at any rate. */
static struct ratelimit messages;

static void suspend(void)
{
    int ret = domain_suspend();

    if (ret == 0) {
        say_features();
        pr_info("resumed\n");
    } else if (ret == 1) {
        pr_info_limited(&messages, "the suspend was cancelled\n");
    } else {
        pr_warn_limited(&messages, "cannot suspend: %s\n", errno_name(ret));
    }
}

static void obey(const struct order *o)
{
    enum shutdown_request request;
    char shown[33];

    if (!o->meaning) {
        pr_warn_limited(&messages, "the toolstack asks for \"%s\", which is not supported\n",
                        xs_printable(o->word, strlen(o->word), shown, sizeof(shown)));
        return;
    }
    pr_info_limited(&messages, "the toolstack asks for %s\n", o->word);
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
    int ret = watch_orders(&watch);

    (void)arg;
    if (ret) {
        pr_warn("control/shutdown cannot be watched: %s\n", errno_name(ret));
        return;
    }
    while (xs_watch_wait(&watch, DEADLINE_NEVER) == 0) {
        struct order o = {0};

        ret = xs_transaction(take_order, &o);
        if (ret == 0 && o.word[0])
            obey(&o);
        else if (ret && ret != -ENOENT)
            pr_warn_limited(&messages, "control/shutdown cannot be read: %s\n", errno_name(ret));
        heap_free(o.word);
    }
}

int shutdown_init(void)
{
    function_count = 0;
    ending = NULL;
    requested = SHUTDOWN_NONE;
    messages = (struct ratelimit){.name = "control/shutdown"};
    if (!boot_info.xenstore)
        return -ENOTCONN;
    return thread_create(NULL, "shutdown", shutdown_thread, NULL, 0);
}
