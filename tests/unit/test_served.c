/* SPDX-License-Identifier: MIT */
/* The names that clients of apps/httpd and apps/tftpd may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "apps/httpd/served.c"

static char folder[] = "/tmp/served-XXXXXX";

static void make(const char *name, const char *content)
{
    char path[100];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static int set_up(void **state)
{
    char path[100];

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/in", folder);
    if (mkdir(path, 0700))
        return -1;
    make("secret", "not served");
    make("in/file", "four");
    make("in/..file", "with dots");
    snprintf(path, sizeof(path), "%s/in/pipe", folder);
    return mkfifo(path, 0600);
}

static int tear_down(void **state)
{
    static const char *const left[] = {"in/pipe", "in/..file", "in/file", "secret"};
    char path[100];

    (void)state;
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, left[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/in", folder);
    rmdir(path);
    return rmdir(folder);
}

static int result(const char *name, off_t *size)
{
    int fd = served_open(name, size);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

static void test_files_of_the_root_only(void **state)
{
    static const char *const refused[] = {
        "..", "../secret", "/../secret", "x/../../secret", "//..//secret", "../in/file", "file/..",
    };
    char root[100], name[400];
    off_t size = 0;

    (void)state;
    snprintf(root, sizeof(root), "%s/in", folder);
    served_root(root);
    assert_int_equal(result("file", &size), 0);
    assert_int_equal(size, 4);
    assert_int_equal(result("//file", &size), 0);
    assert_int_equal(result("..file", &size), 0);
    assert_int_equal(size, 9);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        assert_int_equal(result(refused[i], &size), -EACCES);
    assert_int_equal(result("none", &size), -ENOENT);
    assert_int_equal(result("", &size), -ENOENT);
    assert_int_equal(result(".", &size), -ENOENT);
    assert_int_equal(result("pipe", &size), -ENOENT); /* and does not wait */
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(result(name, &size), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files_of_the_root_only)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
