/* SPDX-License-Identifier: MIT */
/*
 * Many test programs in one image, one after the other. Their objects were changed: main is named
 * for the test, exit, atexit, pthread_create and
 * timer_create are those of harness.c, and nothing else of a test
 * is visible to another one.
 */
#ifndef TESTS_SUITES_HARNESS_H
#define TESTS_SUITES_HARNESS_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

struct suite_test {
    const char *name;
    int (*main)(int argc, char *argv[], char *envp[]);
};

/* The table of this image; the one behind the last has no name. */
extern const struct suite_test suite_tests[];

/*
 * What the tests call instead. suite_exit: in the first thread, ends only the test, unless functions
 * are to be called at the end of the process; otherwise it ends the process. suite_pthread_create
 * counts the threads that live, suite_timer_create notes the timers, which end with the test.
 */
void suite_exit(int status) __attribute__((noreturn));
int suite_atexit(void (*fn)(void));
int suite_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *),
                         void *arg);

int suite_timer_create(clockid_t clock, struct sigevent *event, timer_t *out);

/* The linker's names (--wrap) for the end of the process, which must tell of the test's end. */
void __wrap__exit(int status) __attribute__((noreturn));
void __real__exit(int status) __attribute__((noreturn));

#endif
