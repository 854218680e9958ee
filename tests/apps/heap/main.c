/* SPDX-License-Identifier: MIT */
/* Mistakes that --check-heap finds: the first argument says which. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *volatile p;

int main(int argc, char *argv[])
{
    const char *what = argc > 1 ? argv[1] : "none";

    p = malloc(33);
    memset(p, 0, 33);
    if (!strcmp(what, "behind"))
        p[33] = 1;
    else if (!strcmp(what, "front"))
        p[-1] = 1;
    else if (!strcmp(what, "freed")) {
        free(p);
        p[3] = 1;
        return 0;
    } else if (!strcmp(what, "twice"))
        free(p);
    else if (!strcmp(what, "wrong"))
        free(p + (argc > 1 ? 16 : 0));
    else if (!strcmp(what, "leak"))
        return 0;
    free(p);
    for (int i = 1; i < 2000; i++) {
        char *q = i % 3 ? malloc((size_t)i) : memalign(256, (size_t)i);

        memset(q, i, (size_t)i);
        q = realloc(q, (size_t)i * 2);
        free(q);
    }
    puts("heap: done");
    return 0;
}
