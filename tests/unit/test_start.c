/* SPDX-License-Identifier: MIT */
/* The start of the kernel: the services at the start of the guest's main(), its arguments, and
 * missing parts. */
#include "fake_xenstored.h"

#include <kernel/application.h>
#include <kernel/shutdown.h>
#include <ringlet/clock.h>
#include <ringlet/console.h>
#include <ringlet/grant_table.h>
#include <ringlet/guest.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <xen/io/console.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

void kernel_main(void);

static bool booting, reached;
static const char *order; /* the toolstack's, for a guest that leaves it to the kernel */
static int words, status; /* main()'s value */
static enum log_level level;
static char *word[BOOT_CMDLINE_MAX];
static char typed[64 * 1024]; /* the console's ring, taken out by its backend */
static size_t typed_len;
static size_t absent; /* pages of the memory map that the domain does not have */
static bool target_watched;
static size_t away;      /* pages that the allocator knows to be absent */
static int grants_there; /* the answer to the grant table's first hypercall */

int main(int argc, char *argv[]);

/* In place of the library's, which would call the host program's constructors again. */
void ringlet_application(int argc, char *argv[])
{
    level = printk_level();
    domain_exit(main(argc, argv));
}

/* dom0's end of the console */
static void console_backend(void)
{
    struct xencons_interface *con = boot_info.console;

    while (con && con->out_cons != con->out_prod && typed_len < sizeof(typed) - 1)
        typed[typed_len++] = con->out[MASK_XENCONS_IDX(con->out_cons++, con->out)];
    typed[typed_len] = '\0';
    if (boot_info.xenstore)
        fake_run();
}

static long xen(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_memory_op && absent)
        return arg[0] == XENMEM_current_reservation
                   ? (long)((boot_info.memory >> PAGE_SHIFT) - absent)
                   : (long)((const struct xen_memory_reservation *)arg[1])->nr_extents;
    return nr == __HYPERVISOR_grant_table_op && grants_there ? grants_there : SEAM_DEFAULT;
}

static int setup(void **state)
{
    void *page;

    (void)state;
    seam_init(8 << 20);
    page = boot_info.xenstore; /* an end in an earlier test is forgotten */
    boot_info.xenstore = NULL;
    assert_int_equal(shutdown_init(), -ENOTCONN);
    boot_info.xenstore = page;
    memset(&fake, 0, sizeof(fake));
    fake_held_count = 0;
    seam_idle = console_backend;
    seam_hypercall = xen;
    booting = reached = false;
    order = NULL;
    words = -1;
    status = 0;
    typed_len = 0;
    typed[0] = '\0';
    grants_there = 0;
    absent = away = 0;
    target_watched = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    printk_set_level(LOG_DEBUG);
    seam_exit();
    return 0;
}

/* Boots until the domain shuts down. */
static void boot(const char *cmdline)
{
    jmp_buf end;

    strcpy(boot_info.cmdline, cmdline);
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        booting = true;
        kernel_main();
        fail();
    }
    booting = false;
    console_backend();
}

static bool noted(enum shutdown_request request)
{
    (void)request;
    return true;
}

static void guest(int argc, char *argv[])
{
    struct page_stats pages;
    struct gnttab_stats grants;
    char *value;

    reached = true;
    words = argc;
    assert_null(argv[argc]);
    for (int i = 0; i < argc; i++)
        word[i] = argv[i];
    page_get_stats(&pages);
    assert_true(pages.free > 0);
    away = pages.away;
    gnttab_get_stats(&grants);
    assert_int_equal(grants.frames, 1);
    if (boot_info.xenstore && boot_info.xenstore_port) {
        assert_int_equal(xs_read(XS_NO_TRANSACTION, "name", NULL, &value, NULL),
                         fake.error ? -EACCES : -ENOENT);
        if (fake.error) {
            thread_sleep(NSEC_PER_SEC);
            return;
        }
        if (order) {
            shutdown_on_request(NULL);
            fake_text("control/shutdown", order);
            thread_sleep(NSEC_PER_SEC);
            fail();
        }
        thread_sleep(2 * NSEC_PER_SEC);
        for (unsigned i = 0; i < FAKE_WATCHES; i++)
            target_watched |=
                fake.watches[i].used && !strcmp(fake.watches[i].path, "memory/target");
        /* the toolstack's wishes are heard */
        shutdown_on_request(noted);
        fake_text("control/shutdown", "poweroff");
        for (unsigned i = 0; i < 5 && shutdown_requested() == SHUTDOWN_NONE; i++)
            thread_sleep(NSEC_PER_MSEC);
        assert_int_equal(shutdown_requested(), SHUTDOWN_POWEROFF);
    } else {
        assert_int_equal(xs_read(XS_NO_TRANSACTION, "name", NULL, &value, NULL), -ENOTCONN);
    }
}

static void main_finds_everything_up(void **state)
{
    (void)state;
    boot("guest one \"two words\"");
    assert_true(reached);
    assert_true(target_watched);
    assert_int_equal(words, 3);
    assert_string_equal(word[0], "guest");
    assert_string_equal(word[1], "one");
    assert_string_equal(word[2], "two words");
    assert_memory_equal(typed, "Ringlet " RINGLET_VERSION ", PVH, 8 MiB\r\n", 20);
    assert_null(strstr(typed, "probe")); /* it was not requested */
    assert_null(strstr(typed, "exit status"));
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
}

/* Memory that the domain does not have yet is returned before the page allocator counts it. */
static void memory_is_populated_on_demand(void **state)
{
    (void)state;
    absent = 512;
    boot("guest");
    assert_true(reached);
    assert_in_range(away, 512, 512 + 64);
}

static void the_guest_is_described(void **state)
{
    struct guest_info info;

    (void)state;
    memset(&info, 0xff, sizeof(info));
    boot_info.started = 4711;
    guest_get_info(&info);
    assert_int_equal(info.type, boot_info.type);
    assert_int_equal(info.memory, 8 << 20);
    assert_int_equal(info.started, 4711);
    assert_string_equal(info.clock_source, "fake");
    assert_string_equal(info.hypercalls, "call");
}

static void main_fails(void **state)
{
    (void)state;
    status = 3;
    boot("guest");
    assert_true(reached);
    assert_non_null(strstr(typed, "\nexit status 3: the domain ends as crashed\r\n"));
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_CRASH);
}

static void toolstack_ends_it(void **state)
{
    (void)state;
    order = "reboot";
    boot("guest");
    assert_true(reached);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_REBOOT);
}

static void toolstack_ends_it_for_good(void **state)
{
    (void)state;
    order = "poweroff";
    boot("guest");
    assert_true(reached);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
}

/* A XenStore that refuses everything: the guest runs, but cannot be ordered to end. */
static void toolstack_cannot_be_heard(void **state)
{
    (void)state;
    fake.error = "EACCES";
    order = "none";
    boot("guest");
    assert_true(reached);
    assert_non_null(strstr(typed, "control/shutdown cannot be watched: EACCES"));
    assert_null(strstr(typed, "cannot be read"));
}

static void pv_is_said(void **state)
{
    (void)state;
    boot_info.type = GUEST_PV;
    boot("");
    assert_true(reached);
    assert_int_equal(words, 0);
    assert_non_null(strstr(typed, ", PV, "));
}

/* The kernel's own words do not reach the guest, in any position. */
static void log_level_is_the_kernels(void **state)
{
    (void)state;
    boot("loglevel=error guest loglevel=");
    assert_int_equal(words, 2); /* the second one is none of the kernel's */
    assert_string_equal(word[0], "guest");
    assert_string_equal(word[1], "loglevel=");
    assert_non_null(strstr(typed, "command line: loglevel"));
}

static void the_application_finds_the_log_level(void **state)
{
    (void)state;
    boot("loglevel=debug guest");
    assert_int_equal(words, 1);
    assert_int_equal(level, LOG_DEBUG);
}

/* Nor does the kernel use words that only begin like its own. */
static void similar_words_are_the_guests(void **state)
{
    (void)state;
    boot("loglevels=none loglevel loglevel0=x");
    assert_int_equal(words, 3);
    assert_string_equal(word[0], "loglevels=none");
    assert_string_equal(word[1], "loglevel");
    assert_string_equal(word[2], "loglevel0=x");
    assert_null(strstr(typed, "command line:"));
}

/* Set before XenStore is looked for, so that its absence is not printed. */
static void log_level_counts(void **state)
{
    void *page = boot_info.xenstore;

    (void)state;
    boot_info.xenstore = NULL;
    boot("a loglevel=error b");
    boot_info.xenstore = page;
    assert_int_equal(words, 2);
    assert_string_equal(word[0], "a");
    assert_string_equal(word[1], "b");
    assert_null(strstr(typed, "XenStore:"));
}

static void wrong_command_line_ends_it(void **state)
{
    (void)state;
    boot("guest \"half");
    assert_false(reached);
    assert_non_null(strstr(typed, "command line: a quote is not closed"));
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
}

/* A line of maximum length, with the maximum number of words. */
static void most_words(void **state)
{
    static char line[BOOT_CMDLINE_MAX + 1];

    (void)state;
    for (unsigned i = 0; i < BOOT_CMDLINE_MAX; i++)
        line[i] = i % 2 ? ' ' : 'w';
    boot(line);
    assert_int_equal(words, (BOOT_CMDLINE_MAX + 1) / 2);
    assert_string_equal(word[0], "w");
    assert_null(strstr(typed, "longer than"));
}

/* A truncated word is not used, as its rest may mean something else. */
static void torn_word_is_dropped(void **state)
{
    static const struct {
        const char *line, *dropped;
        int words;
    } cases[] = {
        {"guest size=4m iodepth=1", "longer than 23 bytes: \"iodepth=1\" and", 2},
        {"guest size=4m ", "longer than 14 bytes: \"\" and", 2},
        {"guest \"two words\" \"and th", "longer than 25 bytes: \"\"and th\" and", 2},
        {"guest name=\"a b\" c", ": \"c\" and", 2},
        {"guest", ": \"guest\" and", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        typed_len = 0;
        boot_info.cmdline_cut = true;
        boot(cases[i].line);
        assert_int_equal(words, cases[i].words);
        assert_non_null(strstr(typed, cases[i].dropped));
        seam_exit();
        setup(state);
    }
}

static void goes_on_without_xenstore(void **state)
{
    void *page = boot_info.xenstore;

    (void)state;
    boot_info.xenstore = NULL;
    boot("guest");
    boot_info.xenstore = page;
    assert_int_equal(words, 1);
    assert_non_null(strstr(typed, "XenStore: ENOTCONN, no devices"));
}

/* As in the domain in which XenStore itself runs. */
static void goes_on_with_half_a_xenstore(void **state)
{
    evtchn_port_t port = boot_info.xenstore_port;

    (void)state;
    boot_info.xenstore_port = 0;
    boot("--event 3");
    boot_info.xenstore_port = port;
    assert_int_equal(words, 2);
    assert_non_null(strstr(typed, "XenStore: ENOTCONN, no devices"));
}

static void goes_on_with_half_a_console(void **state)
{
    (void)state;
    boot_info.console_port = 0;
    boot("guest");
    assert_int_equal(words, 1);
    assert_non_null(strstr(typed, "console: EINVAL, output only"));
}

/* A guest without a grant table or memory does not start. */
static void crashes_without_what_it_needs(void **state)
{
    (void)state;
    grants_there = -EPERM;
    boot("guest");
    assert_false(reached);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_CRASH);
}

static void crashes_without_memory(void **state)
{
    (void)state;
    boot_info.ram_regions = 0;
    boot("guest");
    assert_false(reached);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_CRASH);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(main_finds_everything_up, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_is_populated_on_demand, setup, teardown),
        cmocka_unit_test_setup_teardown(the_guest_is_described, setup, teardown),
        cmocka_unit_test_setup_teardown(main_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(toolstack_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(toolstack_ends_it_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(toolstack_cannot_be_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(pv_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(log_level_is_the_kernels, setup, teardown),
        cmocka_unit_test_setup_teardown(similar_words_are_the_guests, setup, teardown),
        cmocka_unit_test_setup_teardown(log_level_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_command_line_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(most_words, setup, teardown),
        cmocka_unit_test_setup_teardown(torn_word_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(the_application_finds_the_log_level, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_without_xenstore, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_with_half_a_xenstore, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_with_half_a_console, setup, teardown),
        cmocka_unit_test_setup_teardown(crashes_without_what_it_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(crashes_without_memory, setup, teardown),
    };

    if (booting) {
        guest(argc, argv);
        return status;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
