/* SPDX-License-Identifier: MIT */
/* Names of hosts, by lwIP's DNS client. */
#include <ringlet/heap.h>
#include <ringlet/net.h>
#include <ringlet/string.h>

#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/socket/private.h"
#include "lwip/dns.h"

/* lwIP tries each server a few times, a second and more apart: this only bounds its mistakes. */
#define PATIENCE (60 * 1000000000ull) /* ns */

/* lwIP answers by a callback, perhaps when nobody waits any more: then that frees the query. */
#define CODE_OK      0 /* and no address of the kind */
#define CODE_NO_NAME 3

struct query {
    struct wait_queue answered;
    bool done, found, denied, abandoned;
    ip_addr_t address;
};

static void answer(const char *name, const ip_addr_t *address, void *arg)
{
    struct query *q = arg;
    const int code = resolve_code();

    (void)name;
    resolve_unwatch();
    if (q->abandoned) {
        heap_free(q);
        return;
    }
    q->done = true;
    q->found = address != NULL;
    q->denied = code == CODE_OK || code == CODE_NO_NAME;
    if (address)
        ip_addr_copy(q->address, *address);
    wake_all(&q->answered);
}

static int await(struct query *q)
{
    const uint64_t deadline = socket_deadline(PATIENCE);
    int ret = 0;

    while (!q->done && !ret)
        ret = socket_wait(&q->answered, true, deadline);
    if (!ret || q->done)
        return 0;
    q->abandoned = true;
    return ret;
}

/* -ENOENT: a server has said that there is none; -EAGAIN: none has answered, or all that they could not. */
static int ask(const char *name, u8_t type, ip_addr_t *out)
{
    struct query *q = heap_zalloc(1, sizeof(*q), MEM_KERNEL);
    int ret = 0;
    err_t err;

    if (!q)
        return -ENOMEM;
    wait_queue_init(&q->answered);
    LOCK_TCPIP_CORE();
    resolve_watch();
    err = dns_gethostbyname_addrtype(name, &q->address, answer, q, type);
    if (err != ERR_INPROGRESS)
        resolve_unwatch();
    UNLOCK_TCPIP_CORE();
    if (err == ERR_OK)
        q->found = true;
    else if (err == ERR_INPROGRESS)
        ret = await(q);
    else
        ret = err == ERR_VAL || err == ERR_MEM ? -EAGAIN : -EINVAL;
    if (ret && err == ERR_INPROGRESS)
        return ret; /* the query is answer()'s */
    if (!ret && !q->found)
        ret = q->denied ? -ENOENT : -EAGAIN;
    ip_addr_copy(*out, q->address);
    heap_free(q);
    return ret;
}

static bool has_server(void)
{
    for (u8_t i = 0; i < DNS_MAX_SERVERS; i++)
        if (!ip_addr_isany(dns_getserver(i)))
            return true;
    return false;
}

int inet_resolve(const char *name, bool v4, bool v6, struct socket_address *out, unsigned max)
{
    const struct {
        bool wanted;
        u8_t type;
        struct inet_socket family;
    } kinds[] = {{v4, LWIP_DNS_ADDRTYPE_IPV4, {.base.family = SOCKET_FAMILY_INET}},
                 {v6, LWIP_DNS_ADDRTYPE_IPV6, {.base.family = SOCKET_FAMILY_INET6}}};
    unsigned count = 0;
    int ret = net_start();

    if (ret)
        return ret;
    if (!*name || strlen(name) >= DNS_MAX_NAME_LENGTH)
        return -EINVAL;
    LOCK_TCPIP_CORE();
    ifc_set_name_servers();
    UNLOCK_TCPIP_CORE();
    if (!has_server())
        return -EAGAIN;
    for (unsigned i = 0; i < 2 && count < max; i++) {
        ip_addr_t ip;
        int error;

        if (!kinds[i].wanted)
            continue;
        error = ask(name, kinds[i].type, &ip);
        if (!error)
            inet_from_ip(&kinds[i].family, &ip, 0, &out[count++]);
        else if (!ret || ret == -ENOENT)
            ret = error;
        if (error == -EINTR)
            return error;
    }
    return count ? (int)count : ret ? ret : -ENOENT;
}
