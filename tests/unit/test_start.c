/* SPDX-License-Identifier: MIT */
/* The start of the kernel: what is up when the guest's main() runs, which words it gets, and what
 * happens when something is not there. */
#include "fake_xenstored.h"

#include <ringlet/clock.h>
#include <ringlet/console.h>
#include <ringlet/grant_table.h>
#include <ringlet/page.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <xen/io/console.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

void kernel_main(void);

static bool booting, reached;
static const char *order; /* the toolstack's, for a guest that leaves it to the kernel */
static int words;
static char *word[70];
static char typed[64 * 1024]; /* the console's ring, taken out by its backend */
static size_t typed_len;
static int grants_there; /* what the grant table's first question is answered with */

int main(int argc, char *argv[]);

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
    (void)arg;
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
    typed_len = 0;
    typed[0] = '\0';
    grants_there = 0;
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
    gnttab_get_stats(&grants);
    assert_int_equal(grants.frames, 1);
    if (boot_info.xenstore) {
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
    assert_int_equal(words, 3);
    assert_string_equal(word[0], "guest");
    assert_string_equal(word[1], "one");
    assert_string_equal(word[2], "two words");
    assert_memory_equal(typed, "Ringlet " RINGLET_VERSION ", PVH, 8 MiB\r\nXen ", 20);
    assert_non_null(strstr(typed, "RESULT {\"type\":\"probe\""));
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
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

/* A XenStore that refuses everything: a guest that cannot be asked to end, but a guest. */
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

/* The kernel's own words do not reach the guest, wherever they are. */
static void log_level_is_the_kernels(void **state)
{
    (void)state;
    boot("loglevel=error guest loglevel=");
    assert_int_equal(words, 2); /* the second one is none of the kernel's */
    assert_string_equal(word[0], "guest");
    assert_string_equal(word[1], "loglevel=");
    assert_non_null(strstr(typed, "command line: loglevel"));
}

/* Nor does the kernel look at words that only begin like its own. */
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

/* Set before XenStore is asked for, whose absence is then not worth a line. */
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

static void most_words(void **state)
{
    char line[300] = "";

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        strcat(line, "w ");
    boot(line);
    assert_int_equal(words, 64);
    assert_string_equal(word[63], "w");
}

static void too_many_words(void **state)
{
    char line[300] = "";

    (void)state;
    for (unsigned i = 0; i < 65; i++)
        strcat(line, "w ");
    boot(line);
    assert_false(reached);
    assert_non_null(strstr(typed, "command line: more than 64 words"));
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
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

static void goes_on_with_half_a_console(void **state)
{
    (void)state;
    boot_info.console_port = 0;
    boot("guest");
    assert_int_equal(words, 1);
    assert_non_null(strstr(typed, "console: EINVAL, output only"));
}

/* There is no guest without a grant table or memory. */
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
        cmocka_unit_test_setup_teardown(toolstack_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(toolstack_ends_it_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(toolstack_cannot_be_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(pv_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(log_level_is_the_kernels, setup, teardown),
        cmocka_unit_test_setup_teardown(similar_words_are_the_guests, setup, teardown),
        cmocka_unit_test_setup_teardown(log_level_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_command_line_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(most_words, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_words, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_without_xenstore, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_with_half_a_console, setup, teardown),
        cmocka_unit_test_setup_teardown(crashes_without_what_it_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(crashes_without_memory, setup, teardown),
    };

    if (booting) {
        guest(argc, argv);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
