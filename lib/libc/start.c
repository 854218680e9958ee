/* SPDX-License-Identifier: MIT */
/*
 * Runs a program that uses the C library: the kernel calls ringlet_application() with the words of
 * the command line. Words in front that begin with "env." are the environment (env.TZ=UTC), in a
 * program with a network those that begin with "ip=" are its interfaces' configuration, and in one with
 * -lringlet-ext4 those that begin with "mount=" are disks to be mounted; argv[0] is the image's name, and
 * the others are the arguments.
 */
#include "thread_state.h"

#include <errno.h>
#include <reent.h>
#include <ringlet/heap.h>
#include <ringlet/panic.h>
#include <ringlet/shutdown.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENV "env."

extern int main(int argc, char *argv[], char *envp[]);
extern char **environ;
/* The linker's: the name that the image was given. */
extern const char ringlet_program_name[] __attribute__((weak));

void ringlet_application(int argc, char *argv[]) __attribute__((noreturn));
void __libc_init_array(void);
void _init(void);
void _fini(void);

/* Code of the sections .init and .fini would be called by these; there is none. */
void _init(void)
{
}

void _fini(void)
{
}

/* lib/lwip's, in a program with a network: lib/lwip/ifc/settings.h. */
#pragma redefine_extname net_take_words ringlet_net_take_words
int net_take_words(int count, char *const *word) __attribute__((weak));

/* lib/fs/ext4's, in a program that mounts disks: lib/fs/ext4/mount/words.h. */
#pragma redefine_extname mount_take_word ringlet_mount_take_word
#pragma redefine_extname mount_words ringlet_mount_words
int mount_take_word(char *word) __attribute__((weak));
void mount_words(void) __attribute__((weak));

/* Returns the number of words that are no arguments. Memory of the kernel's class: a program did not
 * allocate it, and never frees it. */
static int take_environment(int argc, char *argv[])
{
    int n = 0, words, variables = 0;

    environ = heap_zalloc((size_t)argc + 1, sizeof(*environ), MEM_KERNEL);
    if (!environ)
        panic("no memory for the environment");
    for (; n < argc; n += words) {
        words = 1;
        if (!strncmp(argv[n], ENV, strlen(ENV)) && strchr(argv[n], '='))
            environ[variables++] = argv[n] + strlen(ENV);
        else if (mount_take_word && mount_take_word(argv[n]))
            continue;
        else if (!net_take_words || !(words = net_take_words(argc - n, argv + n)))
            break;
    }
    return n;
}

static void take_main_thread(void)
{
    libc_main_thread.reent = _global_impure_ptr;
    libc_main_thread.thread = thread_current();
    list_add_tail(&libc_threads, &libc_main_thread.link);
    thread_set_data(libc_main_thread.thread, &libc_main_thread);
}

void ringlet_application(int argc, char *argv[])
{
    int first = take_environment(argc, argv);
    char **args = heap_zalloc((size_t)(argc - first) + 2, sizeof(*args), MEM_KERNEL);

    take_main_thread();
    if (!args)
        panic("no memory for the arguments");
    args[0] = (char *)(ringlet_program_name ? ringlet_program_name : "ringlet");
    memcpy(args + 1, argv + first, (size_t)(argc - first) * sizeof(*args));
    if (mount_words)
        mount_words();
    __libc_init_array();
    exit(main(argc - first + 1, args, environ));
}

/* As a parent process sees it: the low 8 bits. */
void _exit(int status)
{
    domain_exit(status & 0xff);
}
