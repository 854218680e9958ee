/* SPDX-License-Identifier: MIT */
/*
 * Waits for the console, for a pipe, and for time, all at once: prints each line that is typed in
 * reverse, a tick each second without input, and ends at the end of input or after TICKS ticks (10).
 *   select [TICKS]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

static void print_reversed(const char *text, size_t len)
{
    while (len)
        putchar(text[--len]);
    putchar('\n');
}

int main(int argc, char *argv[])
{
    int ticks = argc > 1 ? atoi(argv[1]) : 10, lines = 0;
    int p[2];

    if (pipe(p)) {
        perror("pipe");
        return 1;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    while (ticks > 0) {
        struct timeval second = {.tv_sec = 1};
        char text[256];
        fd_set set;
        int n;

        FD_ZERO(&set);
        FD_SET(0, &set);
        FD_SET(p[0], &set);
        n = select(p[0] + 1, &set, NULL, NULL, &second);
        if (n < 0) {
            perror("select");
            return 1;
        }
        if (n == 0) {
            printf("tick %d\n", ticks--);
            continue;
        }
        if (FD_ISSET(p[0], &set)) {
            ssize_t len = read(p[0], text, sizeof(text));

            if (len > 0)
                print_reversed(text, (size_t)len);
        }
        if (FD_ISSET(0, &set)) {
            ssize_t len = read(0, text, sizeof(text));

            if (len < 0 && errno == EAGAIN)
                continue;
            if (len <= 0)
                break;
            lines++;
            if (text[len - 1] == '\n')
                len--;
            /* through the pipe, to be read in the next turn */
            if (len && write(p[1], text, (size_t)len) != len)
                return 1;
        }
    }
    printf("%d lines, %d ticks left\n", lines, ticks);
    return 0;
}
