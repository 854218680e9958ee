/* SPDX-License-Identifier: MIT */
/* The names and numbers of network interfaces. */
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lwip/socket/inet.h"
#include "socket.h"

_Static_assert(IF_NAMESIZE == sizeof(((struct inet_interface *)0)->name), "inet.h's");

/* Calls for each interface, by number, until fn returns false. */
#define FOR_EACH(i) for (struct inet_interface i = {.index = 0}; !inet_interface(i.index + 1, &i);)

unsigned if_nametoindex(const char *name)
{
    FOR_EACH(i)
    {
        if (!strcmp(i.name, name))
            return i.index;
    }
    errno = ENODEV;
    return 0;
}

char *if_indextoname(unsigned index, char *name)
{
    struct inet_interface i;

    if (index && !inet_interface(index, &i) && i.index == index)
        return strcpy(name, i.name);
    errno = ENXIO;
    return NULL;
}

unsigned posix_interface_of(const struct in_addr *address)
{
    FOR_EACH(i)
    {
        for (unsigned n = 0; n < i.count; n++)
            if (i.address[n].family == AF_INET &&
                !memcmp(i.address[n].ip, address, sizeof(*address)))
                return i.index;
    }
    return 0;
}

struct if_nameindex *if_nameindex(void)
{
    struct if_nameindex *list = NULL;
    size_t count = 0;

    for (;;) {
        struct inet_interface i = {.index = count ? list[count - 1].if_index : 0};
        struct if_nameindex *more = realloc(list, (count + 1) * sizeof(*list));

        if (!more)
            break;
        list = more;
        list[count] = (struct if_nameindex){0};
        if (inet_interface(i.index + 1, &i))
            return list;
        list[count].if_name = strdup(i.name);
        if (!list[count].if_name)
            break;
        list[count++].if_index = i.index;
    }
    while (count)
        free(list[--count].if_name);
    free(list);
    errno = ENOBUFS;
    return NULL;
}

void if_freenameindex(struct if_nameindex *list)
{
    for (struct if_nameindex *i = list; i && i->if_index; i++)
        free(i->if_name);
    free(list);
}
