/* SPDX-License-Identifier: MIT */
/* What lwIP's options name, for its unit tests, which have one thread. */
#include "arch/cc.h"

#include <stdarg.h>

#include "arch/hooks.h"
#include "lwip/err.h"

void net_diag(const char *fmt, ...)
{
    (void)fmt;
}

void net_assert_failed(const char *what, const char *file, int line)
{
    printf("lwIP: %s (%s:%d)\n", what, file, line);
    abort();
}

uint32_t net_random(void)
{
    return (uint32_t)rand();
}

void net_core_lock(void)
{
}

void net_core_unlock(void)
{
}

u32_t net_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                  u16_t remote_port)
{
    static u32_t next = 6510; /* lwIP's own */

    (void)local;
    (void)local_port;
    (void)remote;
    (void)remote_port;
    return next += 1000;
}

err_t net_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    (void)pcb;
    (void)header;
    (void)p;
    return ERR_OK;
}
