/* SPDX-License-Identifier: MIT */
#include "toolstack.h"
#include "qmp.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/suspend.h>
#include <ringlet/vchan.h>
#include <ringlet/xenstore.h>

#define TOOLSTACK  0 /* its domain */
#define READ_AHEAD 16u
#define TURNS_MAX  16u /* pieces that are sent or received in one call of a handler */

static int report(const char *what, int ret)
{
    if (ret)
        pr_err("stubdm: %s: %s\n", what, errno_name(ret));
    return ret;
}

int toolstack_target(domid_t *domid)
{
    char *text;
    uint64_t n;
    int ret = xs_read(XS_NO_TRANSACTION, "target", NULL, &text, NULL);

    if (ret)
        return report("this domain has no target, as a device model has", ret);
    ret = parse_u64(text, strlen(text), &n) || n == 0 || n >= DOMID_FIRST_RESERVED ? -EINVAL : 0;
    heap_free(text);
    *domid = ret ? 0 : (domid_t)n;
    return report("its target is no domain", ret);
}

/* ---- arguments ---- */

struct words {
    char *word[ARGUMENTS_MAX];
    unsigned count;
};

static void words_free(struct words *w)
{
    for (unsigned i = 0; i < w->count; i++)
        heap_free(w->word[i]);
}

/* Up to READ_AHEAD words, of numbers from w->count + 1 on. 1: there may be more. */
static int read_some(const char *dir, struct words *w)
{
    struct xs_batch_item items[READ_AHEAD];
    char names[READ_AHEAD][8];
    int ret;

    memset(items, 0, sizeof(items));
    for (unsigned i = 0; i < READ_AHEAD; i++) {
        format(names[i], sizeof(names[i]), "%03u", w->count + i + 1);
        items[i] = (struct xs_batch_item){.op = XS_OP_READ, .dir = dir, .node = names[i]};
    }
    ret = xs_batch(XS_NO_TRANSACTION, items, READ_AHEAD);
    for (unsigned i = 0; i < READ_AHEAD && !ret; i++) {
        if (xs_absent(dir, items[i].ret))
            break;
        if (items[i].ret)
            ret = items[i].ret;
        else if (items[i].len > ARGUMENT_LENGTH_MAX || w->count == ARGUMENTS_MAX)
            ret = -E2BIG;
        else {
            w->word[w->count++] = items[i].value;
            items[i].value = NULL;
        }
    }
    if (!ret && items[READ_AHEAD - 1].ret == 0)
        ret = 1;
    xs_batch_free(items, READ_AHEAD);
    return ret;
}

static int read_words(domid_t domid, struct words *w)
{
    char *vm, dir[24], *folder;
    size_t len;
    int ret;

    format(dir, sizeof(dir), "/local/domain/%u", domid);
    ret = xs_read(XS_NO_TRANSACTION, dir, "vm", &vm, &len);
    if (ret)
        return ret;
    folder = heap_alloc(len + 16, MEM_APP);
    if (folder) {
        format(folder, len + 16, "%s/image/dm-argv", vm);
        do
            ret = read_some(folder, w);
        while (ret == 1);
    } else {
        ret = -ENOMEM;
    }
    heap_free(folder);
    heap_free(vm);
    return ret ? ret : w->count ? 0 : -ENOENT;
}

static void note(const char *text)
{
    pr_warn("stubdm: argument %s\n", text);
}

int toolstack_arguments(domid_t domid, struct arguments *out)
{
    struct words *w = heap_zalloc(1, sizeof(*w), MEM_APP);
    char why[256];
    int ret = w ? read_words(domid, w) : -ENOMEM;

    if (ret) {
        report("cannot read the arguments, image/dm-argv of the guest", ret);
    } else {
        ret = arguments_parse((const char *const *)w->word, w->count, out, note, why, sizeof(why));
        if (ret)
            pr_err("stubdm: argument refused: %s\n", why);
    }
    if (!ret && out->domid && out->domid != domid) {
        pr_err("stubdm: the arguments are for domain %u, the target is %u\n", out->domid, domid);
        ret = -EINVAL;
    }
    if (w)
        words_free(w);
    heap_free(w);
    return ret;
}

/* ---- QMP ---- */

static struct qmp qmp;
static struct vchan *vchan;
static uint64_t connection; /* that was greeted */
static struct timer rest;   /* goes on after other handlers and threads */

static void qmp_event(void *arg)
{
    char text[256];
    uint64_t now = vchan_connection(vchan);
    unsigned turns = 0;
    int n;

    (void)arg;
    if (now != connection && now)
        qmp_connected(&qmp);
    connection = now;
    if (!now)
        return;
    do {
        n = vchan_send(vchan, qmp.out, qmp.out_len);
        if (n > 0)
            qmp_sent(&qmp, (size_t)n);
        n = qmp.out_len ? 0 : vchan_receive(vchan, text, sizeof(text));
        if (n > 0)
            qmp_input(&qmp, text, (size_t)n);
    } while (n > 0 && ++turns < TURNS_MAX);
    if (n > 0)
        timer_start(&rest, 0);
}

static void qmp_rest(struct timer *t)
{
    (void)t;
    qmp_event(NULL);
}

int toolstack_serve_qmp(domid_t domid, void (*run)(void *arg, bool run), void *arg)
{
    char path[48];
    int ret;

    qmp.run = run;
    qmp.arg = arg;
    timer_init(&rest, qmp_rest);
    format(path, sizeof(path), "device-model/%u/qmp-vchan", domid);
    ret = vchan_listen(TOOLSTACK, path, &vchan);
    if (ret)
        return report("cannot offer QMP", ret);
    vchan_on_event(vchan, qmp_event, NULL);
    qmp_event(NULL);
    return 0;
}

void toolstack_refuse_suspend(void)
{
    suspend_forbid();
    report("cannot write control/feature-suspend",
           xs_write(XS_NO_TRANSACTION, "control", "feature-suspend", "0", 1));
}

int toolstack_ready(domid_t domid)
{
    char path[32];

    format(path, sizeof(path), "device-model/%u", domid);
    return report("cannot write the state",
                  xs_write(XS_NO_TRANSACTION, path, "state", "running", 7));
}
