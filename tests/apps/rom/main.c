/* SPDX-License-Identifier: MIT */
/* Uses what ringlet-cc --embed and --stack give, and a variable of each thread. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

static __thread int mine = 41;

/* On a stack of 64k this would hit the guard. */
static int __attribute__((noinline)) deep(int depth)
{
    volatile char room[4096];

    memset((char *)room, depth, sizeof(room));
    return depth ? deep(depth - 1) + room[17] : 0;
}

int main(void)
{
    char line[80] = "";
    FILE *f = fopen("/rom/sub/text", "r");
    DIR *d = opendir("/rom/sub");
    struct dirent *e;

    if (!f || !d || !fgets(line, sizeof(line), f)) {
        perror("/rom/sub");
        return 1;
    }
    printf("rom: %s", line);
    while ((e = readdir(d)))
        printf("rom: entry %s\n", e->d_name);
    closedir(d);
    fclose(f);
    if (fopen("/rom/sub/text", "w"))
        puts("rom: it can be written");
    printf("rom: deep %d, mine %d\n", deep(200), ++mine);
    return 0;
}
