/* SPDX-License-Identifier: MIT */
/*
 * Round trips of bzip2's samples through bzip2 and zlib's minigzip. bzip2's output must be the files
 * that its source has for that.
 */
#include "tests/posix/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int bzip2_main(int argc, char *argv[]);
int minigzip_main(int argc, char *argv[]);

static bool equal(const char *a, const char *b)
{
    FILE *one = fopen(a, "rb"), *two = fopen(b, "rb");
    int c = 0;

    while (one && two && (c = getc(one)) == getc(two) && c != EOF)
        ;
    bool same = one && two && c == EOF && feof(two) && !ferror(one) && !ferror(two);

    if (one)
        fclose(one);
    if (two)
        fclose(two);
    return same;
}

static bool copy(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char buffer[1000];
    size_t n;
    bool ok = in && out;

    while (ok && (n = fread(buffer, 1, sizeof(buffer), in)) > 0)
        ok = fwrite(buffer, 1, n, out) == n;
    ok = ok && !ferror(in);
    if (in)
        fclose(in);
    if (out && fclose(out) != 0)
        ok = false;
    return ok;
}

/* Runs a program; -1: its status was not 0. */
static int run(int (*program)(int, char **), const char *name, const char *option, const char *file)
{
    char *argv[] = {strdup(name), strdup(option), strdup(file), NULL};
    int status = program(3, argv);

    for (int i = 0; i < 3; i++)
        free(argv[i]);
    return status ? -1 : 0;
}

int main(void)
{
    static const char *const levels[] = {"-1", "-2", "-3"}; /* of bzip2's own `make test` */
    char name[40], compressed[40], reference[40];

    for (int i = 1; i <= 3; i++) {
        snprintf(name, sizeof(name), "/tmp/sample%d", i);
        snprintf(reference, sizeof(reference), "/rom/sample%d.ref", i);
        CHECK("a copy", copy(reference, name));
        snprintf(compressed, sizeof(compressed), "%s.bz2", name);
        CHECK("bzip2 compresses",
              run(bzip2_main, "bzip2", levels[i - 1], name) == 0 && access(name, F_OK) != 0);
        snprintf(reference, sizeof(reference), "/rom/sample%d.bz2", i);
        CHECK("to the bytes that it should", equal(compressed, reference));
        CHECK("bzip2 decompresses",
              run(bzip2_main, "bzip2", i == 3 ? "-ds" : "-d", compressed) == 0 &&
                  access(compressed, F_OK) != 0);
        snprintf(reference, sizeof(reference), "/rom/sample%d.ref", i);
        CHECK("to the bytes that there were", equal(name, reference));
        snprintf(compressed, sizeof(compressed), "%s.gz", name);
        CHECK("minigzip compresses",
              run(minigzip_main, "minigzip", "-6", name) == 0 && access(compressed, F_OK) == 0);
        CHECK("minigzip decompresses", run(minigzip_main, "minigzip", "-d", compressed) == 0);
        CHECK("to the bytes that there were", equal(name, reference));
    }
    return tap_end();
}
