/* SPDX-License-Identifier: MIT */
/* A program with streams, files and floating point. */
#include <stdio.h>

int main(int argc, char *argv[])
{
    return printf("hello, %s %.3f\n", argv[0], argc / 3.0) < 0;
}
