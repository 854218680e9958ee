/* SPDX-License-Identifier: MIT */
/* Error numbers: ours are newlib's, and each of Xen's becomes the one of ours with its name. */
#include <kernel/errno.h>
#include <ringlet/compiler.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "host/seam.h"

/* Written down from newlib 3.3.0, newlib/libc/include/sys/errno.h, independently of the list. */
static const struct {
    const char *name;
    int number;
} newlib[] = {
    {"EPERM", 1},
    {"ENOENT", 2},
    {"ESRCH", 3},
    {"EINTR", 4},
    {"EIO", 5},
    {"ENXIO", 6},
    {"E2BIG", 7},
    {"ENOEXEC", 8},
    {"EBADF", 9},
    {"ECHILD", 10},
    {"EAGAIN", 11},
    {"ENOMEM", 12},
    {"EACCES", 13},
    {"EFAULT", 14},
    {"EBUSY", 16},
    {"EEXIST", 17},
    {"EXDEV", 18},
    {"ENODEV", 19},
    {"ENOTDIR", 20},
    {"EISDIR", 21},
    {"EINVAL", 22},
    {"ENFILE", 23},
    {"EMFILE", 24},
    {"ENOTTY", 25},
    {"ETXTBSY", 26},
    {"EFBIG", 27},
    {"ENOSPC", 28},
    {"ESPIPE", 29},
    {"EROFS", 30},
    {"EMLINK", 31},
    {"EPIPE", 32},
    {"EDOM", 33},
    {"ERANGE", 34},
    {"EDEADLK", 45},
    {"ENOLCK", 46},
    {"ENODATA", 61},
    {"ETIME", 62},
    {"EPROTO", 71},
    {"EBADMSG", 77},
    {"ENOSYS", 88},
    {"ENOTEMPTY", 90},
    {"ENAMETOOLONG", 91},
    {"ELOOP", 92},
    {"EOPNOTSUPP", 95},
    {"ECONNRESET", 104},
    {"ENOBUFS", 105},
    {"EAFNOSUPPORT", 106},
    {"EPROTOTYPE", 107},
    {"ENOTSOCK", 108},
    {"ENOPROTOOPT", 109},
    {"ESHUTDOWN", 110},
    {"ECONNREFUSED", 111},
    {"EADDRINUSE", 112},
    {"ECONNABORTED", 113},
    {"ENETUNREACH", 114},
    {"ENETDOWN", 115},
    {"ETIMEDOUT", 116},
    {"EHOSTDOWN", 117},
    {"EHOSTUNREACH", 118},
    {"EINPROGRESS", 119},
    {"EALREADY", 120},
    {"EDESTADDRREQ", 121},
    {"EMSGSIZE", 122},
    {"EPROTONOSUPPORT", 123},
    {"EADDRNOTAVAIL", 125},
    {"EISCONN", 127},
    {"ENOTCONN", 128},
    {"EILSEQ", 138},
    {"EOVERFLOW", 139},
    {"ECANCELED", 140},
};

static void test_numbers_are_newlibs(void **state)
{
    static const struct {
        const char *name;
        int number;
    } list[] = {
#define ENTRY(name, number) {#name, number},
        RINGLET_ERRNO_LIST(ENTRY)
#undef ENTRY
    };

    (void)state;
    assert_int_equal(ARRAY_SIZE(list), ARRAY_SIZE(newlib));
    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
        assert_string_equal(list[i].name, newlib[i].name);
        assert_int_equal(list[i].number, newlib[i].number);
    }
}

/* Xen's numbers, by their names, and the host's numbers (which are ours here) of the same names. */
static const struct {
    int xen, ours;
} pairs[] = {
#define XEN_ERRNO(name, value) {value, name},
#include <xen/errno.h>
};

static void test_each_of_xens_errors(void **state)
{
    bool known[4096] = {false};

    (void)state;
    assert_true(ARRAY_SIZE(pairs) > 40);
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        assert_int_equal(xen_error(-pairs[i].xen), -pairs[i].ours);
        assert_string_not_equal(errno_name(pairs[i].ours), "E?");
        known[pairs[i].xen] = true;
    }
    for (int n = 1; n < 4096; n++)
        if (!known[n])
            assert_int_equal(xen_error(-n), -EIO);
}

static void test_what_is_no_error_stays(void **state)
{
    (void)state;
    assert_int_equal(xen_error(0), 0);
    assert_int_equal(xen_error(38), 38);
    assert_int_equal(xen_error(-4096), -4096);
    assert_true(xen_error(INT64_MIN) == INT64_MIN);
    assert_true(xen_error(INT64_MAX) == INT64_MAX);
}

static long answer;

static long xen(unsigned nr, const unsigned long *arg)
{
    (void)nr;
    (void)arg;
    return answer;
}

static void test_hypercalls_give_our_numbers(void **state)
{
    (void)state;
    seam_init(1 << 20);
    seam_hypercall = xen;
    answer = -107;
    assert_int_equal(hypercall_sched_op(SCHEDOP_yield, NULL), -ENOTCONN);
    answer = -77; /* Xen has no such number */
    assert_int_equal(hypercall_memory_op(0, NULL), -EIO);
    answer = 0x40011;
    assert_int_equal(hypercall_xen_version(XENVER_version, NULL), 0x40011);
    seam_exit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_newlibs),
        cmocka_unit_test(test_each_of_xens_errors),
        cmocka_unit_test(test_what_is_no_error_stays),
        cmocka_unit_test(test_hypercalls_give_our_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
