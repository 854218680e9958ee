/* SPDX-License-Identifier: MIT */
/* The smallest program with a C library: it uses no stream. */
#include <unistd.h>

int main(void)
{
    return write(STDOUT_FILENO, "hello\n", 6) == 6 ? 0 : 1;
}
