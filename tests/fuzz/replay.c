/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target once on each of the named files, without libFuzzer: for other compilers than
 * clang, and for coverage.
 */
#include "fuzz.h"

#define INPUT_MAX (1 << 20)

static int replay(const char *name)
{
    uint8_t *data = malloc(INPUT_MAX), *exact;
    FILE *f = fopen(name, "rb");
    size_t size;

    if (!data || !f) {
        perror(name);
        return 1;
    }
    size = fread(data, 1, INPUT_MAX, f);
    fclose(f);
    /* a block of just this size, so that a read beyond the input is seen */
    exact = malloc(size ? size : 1);
    if (!exact)
        return 1;
    memcpy(exact, data, size);
    free(data);
    fprintf(stderr, "running %s\n", name); /* the last one is the one that failed */
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char *argv[])
{
    /* a failed assertion of tests/host ends the process too */
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]))
            return 1;
    printf("%d inputs\n", argc - 1);
    return 0;
}
