/* SPDX-License-Identifier: MIT */
/* Brings the kernel up, in the order of what needs what, and runs the guest's main(). */
#include <ringlet/arch.h>
#include <ringlet/cmdline.h>
#include <ringlet/console.h>
#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/grant_table.h>
#include <ringlet/printk.h>
#include <ringlet/probe.h>
#include <ringlet/shutdown.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <ringlet/xenstore.h>

#define WORDS_MAX 64

/* The guest's program. */
int main(int argc, char *argv[]);

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

static void must(int ret, const char *what)
{
    if (ret)
        panic("%s: %s", what, errno_name(ret));
}

/* The kernel's own words are taken out of argv; what remains is the guest's. The number of words
 * that remain. */
static int kernel_words(int argc, char **argv)
{
    unsigned level = LOG_INFO;
    struct option options[] = {
        {.name = "loglevel", .type = OPT_CHOICE, .out = &level, .choices = log_levels},
    };
    int rest = 0;
    char err[200];

    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "loglevel=", 9)) {
            argv[rest++] = argv[i];
            continue;
        }
        if (cmdline_parse(1, &argv[i], options, ARRAY_SIZE(options), err, sizeof(err))) {
            pr_err("command line: %s\n", err);
            argv[rest++] = argv[i]; /* the guest, which does not know it either, must not run on */
        }
    }
    argv[rest] = NULL;
    printk_set_level((enum log_level)level);
    return rest;
}

void kernel_main(void)
{
    static char *argv[WORDS_MAX + 1];
    char memory[32];
    int argc, ret;

    console_init_early();
    must(page_init(boot_info.ram, boot_info.ram_regions), "page allocator");
    must(thread_init(), "threads");
    must(evtchn_init(), "event channels");
    must(gnttab_init(), "grant table");
    ret = console_init();
    if (ret)
        pr_warn("console: %s, output only\n", errno_name(ret));
    pr_info("Ringlet " RINGLET_VERSION ", %s, %s\n", boot_info.type == GUEST_PV ? "PV" : "PVH",
            format_bytes(memory, sizeof(memory), boot_info.memory));

    argc = cmdline_split(boot_info.cmdline, argv, ARRAY_SIZE(argv));
    if (argc < 0) {
        pr_err("command line: %s\n",
               argc == -E2BIG ? "more than 64 words" : "a quote is not closed");
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    }
    argc = kernel_words(argc, argv);

    ret = xs_init();
    if (ret)
        pr_warn("XenStore: %s, no devices\n", errno_name(ret));
    else
        must(shutdown_init(), "shutdown watch");
    probe_print();

    main(argc, argv);
    domain_shutdown(SHUTDOWN_REASON_POWEROFF);
}
