/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* setenv() makes a new list when the last one ends at once. */
int clearenv(void)
{
    static char *none[] = {NULL};

    environ = none;
    return 0;
}

char *secure_getenv(const char *name)
{
    return getenv(name);
}

/* No load is measured. */
int getloadavg(double averages[], int count)
{
    (void)averages;
    (void)count;
    return -1;
}
