/* SPDX-License-Identifier: MIT */
/* newlib's, with POSIX' errors for a name: newlib accepts any, and cuts it at a '='. */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>
#include <string.h>

static int check(const char *name)
{
    if (name && *name && !strchr(name, '='))
        return 0;
    errno = EINVAL;
    return -1;
}

int setenv(const char *name, const char *value, int overwrite)
{
    return check(name) ? -1 : _setenv_r(_REENT, name, value, overwrite);
}

int unsetenv(const char *name)
{
    return check(name) ? -1 : _unsetenv_r(_REENT, name);
}
