/* SPDX-License-Identifier: MIT */
/*
 * An ordinary C program: prints its arguments and its environment, and returns what --status says.
 *   hello-posix [--status=N] [ARGUMENT...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static int constructed;

static void __attribute__((constructor)) construct(void)
{
    constructed = 1;
}

static void say_goodbye(void)
{
    puts("goodbye");
}

int main(int argc, char *argv[])
{
    int status = 0;

    atexit(say_goodbye);
    printf("Hello from %s, with %d argument%s\n", argv[0], argc - 1, argc == 2 ? "" : "s");
    if (!constructed)
        puts("the constructor did not run");
    for (int i = 1; i < argc; i++) {
        printf("  argument %d: [%s]\n", i, argv[i]);
        if (strncmp(argv[i], "--status=", 9) == 0)
            status = atoi(argv[i] + 9);
    }
    for (char **e = environ; *e; e++)
        printf("  environment: %s\n", *e);
    printf("  %.3f seconds are %d %%\n", 1.5, 100);
    return status;
}
