/* SPDX-License-Identifier: MIT */
/* Starts the kernel, in the order of dependencies, and runs the application. */
#include <kernel/application.h>
#include <kernel/arch.h>
#include <kernel/balloon.h>
#include <kernel/cmdline.h>
#include <kernel/console.h>
#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/page.h>
#include <kernel/shutdown.h>
#include <kernel/thread.h>
#include <kernel/xenstore.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/panic.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define MAIN_STACK_DEFAULT (64 * 1024)

/* The size of the stack that main() runs on: the value of a symbol that may be given to the linker
 * (--defsym=ringlet_main_stack=BYTES). */
extern char ringlet_main_stack[] __attribute__((weak));

static int app_argc;
static char **app_argv;

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};

static void must(int ret, const char *what)
{
    if (ret)
        panic("%s: %s", what, errno_name(ret));
}

/* A truncated word must not be mistaken for a complete one: iodepth=1 for iodepth=16. */
static void drop_torn_word(char *line)
{
    const size_t word = cmdline_last_word(line);

    pr_warn("the command line is longer than %zu bytes: \"%.40s\" and what follows is ignored\n",
            strlen(line), line + word);
    line[word] = '\0';
}

/* The words of the command line, NULL-terminated, and how many these are. Does not return when they
 * are not well formed. */
static int split_cmdline(char ***argv)
{
    char *const line = boot_info.cmdline;
    unsigned max;
    int argc;

    if (boot_info.cmdline_cut)
        drop_torn_word(line);
    max = (unsigned)strlen(line) / 2 + 2;
    *argv = heap_zalloc(max, sizeof(**argv), MEM_KERNEL);
    if (!*argv)
        panic("no memory for the command line");
    argc = cmdline_split(line, *argv, max);
    if (argc < 0) {
        pr_err("command line: a quote is not closed\n");
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    }
    return argc;
}

/* Takes the kernel's own words, loglevel=, out of argv and returns how many remain for the guest. It
 * does not use cmdline_parse(), which is then only in images that do. */
static int kernel_words(int argc, char **argv, unsigned *level)
{
    int rest = 0;

    for (int i = 0; i < argc; i++) {
        const char *value = argv[i] + strlen("loglevel=");
        unsigned l = 0;

        if (strncmp(argv[i], "loglevel=", strlen("loglevel="))) {
            argv[rest++] = argv[i];
            continue;
        }
        while (log_levels[l] && strcmp(log_levels[l], value))
            l++;
        if (log_levels[l]) {
            *level = l;
            continue;
        }
        pr_err("command line: %s: not one of error, warning, info, debug\n", argv[i]);
        argv[rest++] = argv[i]; /* the guest will not know it either, and must not run */
    }
    argv[rest] = NULL;
    return rest;
}

static void run_application(void)
{
    size_t size;
    void *stack = arch_boot_stack(&size);

    thread_set_handler_stack(stack, size);
    ringlet_application(app_argc, app_argv);
}

void kernel_main(void)
{
    unsigned level = LOG_INFO;
    char memory[32];
    size_t stack_size = (uintptr_t)ringlet_main_stack;
    int ret;

    console_init_early();
    balloon_boot();
    must(page_init_partly(boot_info.ram, boot_info.ram_regions, boot_info.populated),
         "page allocator");
    must(thread_init(), "threads");
    must(evtchn_init(), "event channels");
    must(gnttab_init(), "grant table");
    ret = console_init();
    if (ret)
        pr_warn("console: %s, output only\n", errno_name(ret));

    app_argc = split_cmdline(&app_argv);
    app_argc = kernel_words(app_argc, app_argv, &level);
    printk_set_level((enum log_level)level);
    pr_info("Ringlet " RINGLET_VERSION ", %s, %s\n", boot_info.type == GUEST_PV ? "PV" : "PVH",
            format_bytes(memory, sizeof(memory), boot_info.memory));

    ret = xs_init();
    if (ret) {
        pr_warn("XenStore: %s, no devices\n", errno_name(ret));
    } else {
        must(shutdown_init(), "shutdown watch");
        must(balloon_init(), "memory target");
    }

    if (!stack_size)
        stack_size = MAIN_STACK_DEFAULT;
    ret = thread_move_first(stack_size, run_application);
    panic("no stack of %zu KiB for main(): %s", stack_size >> 10, errno_name(ret));
}
