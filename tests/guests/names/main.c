/* SPDX-License-Identifier: MIT */
/*
 * An application's own panic(), format(), memcpy() and others (own.c) beside the kernel's: each
 * side calls its own.
 */
#include "../verdict.h"
#include "own.h"

#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>
#include <ringlet/xenstore.h>

static unsigned failures;

static void expect(bool good, const char *what)
{
    print_raw("names: %s: %s\n", what, good ? "ok" : "wrong");
    failures += !good;
}

static void in_thread(void *arg)
{
    *(bool *)arg = true;
}

int main(int argc, char *argv[])
{
    struct thread *thread;
    bool ran = false;
    char text[16];
    char *name, *copy;

    (void)argc;
    (void)argv;
    expect(own_names_wrong() == 0, "the application's functions are its own");
    expect(format(text, sizeof(text), "%d", 42) == 2 && text[0] == '4', "the kernel's format()");
    expect(thread_create(&thread, "t", in_thread, &ran, 0) == 0 && thread_join(thread) == 0 && ran,
           "the kernel's threads");
    expect(xs_read(XS_NO_TRANSACTION, "name", NULL, &name, NULL) == 0, "the kernel's XenStore");
    heap_free(name);
    copy = heap_strndup("copied", 6, MEM_APP);
    expect(copy && copy[5] == 'd', "the kernel copies");
    heap_free(copy);
    expect(own_memcpy_calls == 0, "the kernel does not use the application's memcpy()");
    return verdict_print(failures ? FAILURE : SUCCESS);
}
