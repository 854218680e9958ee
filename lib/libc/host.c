/* SPDX-License-Identifier: MIT */
/* Names of the system: the host's name is the domain's, which XenStore knows, until it is set. */
#include <errno.h>
#include <ringlet/guest.h>
#include <ringlet/heap.h>
#include <ringlet/xenstore.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "posix.h"

#define NAME_SIZE sizeof(((struct utsname *)0)->nodename)

static char name[NAME_SIZE];

static const char *host_name(void)
{
    char *value = NULL;
    size_t len = 0;

    if (*name)
        return name;
    if (!xs_read(XS_NO_TRANSACTION, "name", NULL, &value, &len) && len)
        xs_printable(value, len, name, sizeof(name));
    heap_free(value);
    if (!*name)
        strcpy(name, "ringlet");
    return name;
}

int gethostname(char *buf, size_t size)
{
    const char *host = host_name();

    if (size <= strlen(host))
        return (int)posix_result(-ENAMETOOLONG);
    strcpy(buf, host);
    return 0;
}

int sethostname(const char *to, size_t len)
{
    if (len >= sizeof(name))
        return (int)posix_result(-EINVAL);
    memcpy(name, to, len);
    name[len] = '\0';
    return 0;
}

int uname(struct utsname *out)
{
    struct guest_info guest;

    guest_get_info(&guest);
    *out = (struct utsname){.sysname = "Ringlet", .release = RINGLET_VERSION, .machine = "x86_64"};
    strcpy(out->nodename, host_name());
    strcpy(out->version, guest.type == GUEST_PV ? "Xen PV" : "Xen PVH");
    return 0;
}
