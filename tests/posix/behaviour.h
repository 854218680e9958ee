/* SPDX-License-Identifier: MIT */
/*
 * Behaviours of functions, as a table of rows, each "group/what: how". What Linux does is on record in
 * tests/posix/NAME.txt, with what Ringlet does otherwise, and why. The program runs on Linux and in a
 * guest, and compares with the record, in the Test Anything Protocol; `make posix-record` makes the
 * record anew. A row must not depend on the machine, the time or the order of threads: no addresses,
 * times, descriptors' numbers, or text that POSIX leaves to the system (strerror).
 *
 *     GROUP(open)                          a function with rows; ROWS(open) calls it, in main
 *     {
 *         VALUE("enoent", open("none", O_RDONLY));      open/enoent: -1 ENOENT
 *         SUCCEEDS("create", fd = open("f", ...));      open/create: ok
 *     }
 */
#ifndef TESTS_POSIX_BEHAVIOUR_H
#define TESTS_POSIX_BEHAVIOUR_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *behaviour_group = "";

/* The error's name: its number is the system's own affair. */
static inline const char *error_name(long number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
#define E(name) {name, #name}
        E(E2BIG),           E(EACCES),       E(EADDRINUSE),      E(EADDRNOTAVAIL),
        E(EAFNOSUPPORT),    E(EAGAIN),       E(EALREADY),        E(EBADF),
        E(EBADMSG),         E(EBUSY),        E(ECANCELED),       E(ECHILD),
        E(ECONNABORTED),    E(ECONNREFUSED), E(ECONNRESET),      E(EDEADLK),
        E(EDESTADDRREQ),    E(EDOM),         E(EEXIST),          E(EFAULT),
        E(EFBIG),           E(EHOSTUNREACH), E(EIDRM),           E(EILSEQ),
        E(EINPROGRESS),     E(EINTR),        E(EINVAL),          E(EIO),
        E(EISCONN),         E(EISDIR),       E(ELOOP),           E(EMFILE),
        E(EMLINK),          E(EMSGSIZE),     E(ENAMETOOLONG),    E(ENETDOWN),
        E(ENETUNREACH),     E(ENFILE),       E(ENOBUFS),         E(ENODEV),
        E(ENOENT),          E(ENOEXEC),      E(ENOLCK),          E(ENOMEM),
        E(ENOMSG),          E(ENOPROTOOPT),  E(ENOSPC),          E(ENOSYS),
        E(ENOTBLK),         E(ENOTCONN),     E(ENOTDIR),         E(ENOTEMPTY),
        E(ENOTRECOVERABLE), E(ENOTSOCK),     E(ENOTTY),          E(ENXIO),
        E(EOPNOTSUPP),      E(EOVERFLOW),    E(EOWNERDEAD),      E(EPERM),
        E(EPIPE),           E(EPROTO),       E(EPROTONOSUPPORT), E(EPROTOTYPE),
        E(ERANGE),          E(EROFS),        E(ESPIPE),          E(ESRCH),
        E(ESTALE),          E(ETIMEDOUT),    E(ETXTBSY),         E(EXDEV),
        E(ENOTSUP),
#undef E
    };

    if (!number)
        return "no error";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].number == number)
            return names[i].name;
    return "an error without a name";
}

/* ---- comparing ---- */

struct behaviour_expected {
    const char *name, *how;
};

#ifdef BEHAVIOUR_RECORD
#include BEHAVIOUR_RECORD /* behaviour_record[], in the order of the rows; its last name is NULL */
#else
static const struct behaviour_expected behaviour_record[] = {{NULL, NULL}};
#endif

static unsigned behaviour_count, behaviour_failed;

static inline void behaviour_line(const char *what, const char *how)
{
    const struct behaviour_expected *expected = behaviour_record;
    char name[128];

    snprintf(name, sizeof(name), "%s/%s", behaviour_group, what);
#ifdef BEHAVIOUR_RECORD
    while (expected->name && strcmp(expected->name, name))
        expected++;
    behaviour_count++;
    if (expected->name && !strcmp(expected->how, how)) {
        printf("ok %u - %s: %s\n", behaviour_count, name, how);
    } else {
        behaviour_failed++;
        printf("not ok %u - %s: %s; expected: %s\n", behaviour_count, name, how,
               expected->name ? expected->how : "no such row");
    }
#else
    (void)expected;
    printf("%s: %s\n", name, how);
#endif
    fflush(stdout);
}

static inline void behaviour_value(const char *what, long value, int error)
{
    char how[64];

    if (value == -1 && error)
        snprintf(how, sizeof(how), "-1 %s", error_name(error));
    else
        snprintf(how, sizeof(how), "%ld", value);
    behaviour_line(what, how);
}

/* text NULL: the error. */
static inline void behaviour_text(const char *what, const char *text, int error)
{
    char how[128];

    if (text)
        snprintf(how, sizeof(how), "\"%s\"", text);
    else
        snprintf(how, sizeof(how), "NULL %s", error_name(error));
    behaviour_line(what, how);
}

/* ---- rows ---- */

/* The value, with the name of errno if it is -1 and errno was set. */
#define VALUE(what, expression)               \
    do {                                      \
        errno = 0;                            \
        long value_ = (long)(expression);     \
        behaviour_value(what, value_, errno); \
    } while (0)
/* "ok" for any value but -1; for functions that return a descriptor, for example. */
#define SUCCEEDS(what, expression)                \
    do {                                          \
        errno = 0;                                \
        long value_ = (long)(expression);         \
        if (value_ == -1)                         \
            behaviour_value(what, value_, errno); \
        else                                      \
            behaviour_line(what, "ok");           \
    } while (0)
/* Functions that return an error's number: its name. */
#define RETURNS(what, expression) behaviour_line(what, error_name((long)(expression)))
/* A string, or NULL with the name of errno. */
#define TEXT(what, expression)              \
    do {                                    \
        errno = 0;                          \
        const char *text_ = (expression);   \
        behaviour_text(what, text_, errno); \
    } while (0)
/* A pointer: "ok", or NULL with the name of errno. */
#define POINTER(what, expression)              \
    do {                                       \
        errno = 0;                             \
        const void *pointer_ = (expression);   \
        if (pointer_)                          \
            behaviour_line(what, "ok");        \
        else                                   \
            behaviour_text(what, NULL, errno); \
    } while (0)
#define TRUTH(what, condition) behaviour_line(what, (condition) ? "yes" : "no")

#define GROUP(name) static void rows_##name(void)
#define ROWS(name)               \
    do {                         \
        behaviour_group = #name; \
        rows_##name();           \
    } while (0)

/* Makes an empty directory below /tmp and enters it. The program may leave things in it. */
static inline void behaviour_directory(void)
{
    static char path[] = "/tmp/behaviour.XXXXXX";

    if (!mkdtemp(path) || chdir(path)) {
        perror(path);
        exit(2);
    }
}

/* The last thing that a program does; its value is main's. Each row on record must have been run. */
static inline int behaviour_end(void)
{
#ifdef BEHAVIOUR_RECORD
    unsigned on_record = 0;

    while (behaviour_record[on_record].name)
        on_record++;
    if (on_record != behaviour_count) {
        behaviour_failed++;
        printf("not ok %u - rows on record: %u\n", ++behaviour_count, on_record);
    }
    printf("1..%u\n", behaviour_count);
#ifdef __ringlet__
    printf("Test result: %s\n", behaviour_failed ? "FAILURE" : "SUCCESS");
#endif
    fflush(stdout);
#endif
    return behaviour_failed != 0;
}

#endif
