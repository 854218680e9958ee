/* SPDX-License-Identifier: MIT */
/* Options that TCP, UDP and raw sockets have. */
#include "lib/lwip/socket/private.h"
#include "lwip/netif.h"

#define TTL_DEFAULT 64

void inet_init(struct inet_socket *s)
{
    s->ttl = TTL_DEFAULT;
}

void inet_apply(struct inet_socket *s)
{
    if (!s->ip)
        return;
    s->ip->so_options = s->so_options;
    s->ip->ttl = s->ttl;
    s->ip->tos = s->tos;
    s->ip->netif_idx = s->interface;
}

/* lwIP's flag for an option; 0: there is none. */
static uint8_t flag_of(enum socket_option option)
{
    switch (option) {
    case SOCKET_OPT_REUSE_ADDRESS:
        return SOF_REUSEADDR;
    case SOCKET_OPT_KEEPALIVE:
        return SOF_KEEPALIVE;
    case SOCKET_OPT_BROADCAST:
        return SOF_BROADCAST;
    default:
        return 0;
    }
}

static int set_byte(uint8_t *to, const struct socket_value *value, int64_t standard)
{
    if (value->number < -1 || value->number > UINT8_MAX)
        return -EINVAL;
    *to = (uint8_t)(value->number < 0 ? standard : value->number);
    return 0;
}

static int set_interface(struct inet_socket *s, int64_t index)
{
    if (index < 0 || index > UINT8_MAX)
        return -ENODEV;
    if (index && !netif_get_by_index((uint8_t)index))
        return -ENODEV;
    s->interface = (uint8_t)index;
    return 0;
}

static int set(struct inet_socket *s, enum socket_option option, const struct socket_value *value)
{
    const uint8_t flag = flag_of(option);

    if (flag) {
        s->so_options = (uint8_t)(value->number ? s->so_options | flag : s->so_options & ~flag);
        return 0;
    }
    switch (option) {
    case SOCKET_OPT_TTL:
        if (value->number == 0 && s->base.family == SOCKET_FAMILY_INET)
            return -EINVAL;
        return set_byte(&s->ttl, value, TTL_DEFAULT);
    case SOCKET_OPT_TOS:
        return set_byte(&s->tos, value, 0);
    case SOCKET_OPT_BIND_INTERFACE:
        return set_interface(s, value->number);
    default:
        return -ENOPROTOOPT;
    }
}

int inet_set(struct inet_socket *s, enum socket_option option, const struct socket_value *value)
{
    const int ret = set(s, option, value);

    if (!ret)
        inet_apply(s);
    return ret;
}

int inet_get(struct inet_socket *s, enum socket_option option, struct socket_value *value)
{
    const uint8_t flag = flag_of(option);

    if (flag) {
        value->number = (s->so_options & flag) != 0;
        return 0;
    }
    switch (option) {
    case SOCKET_OPT_TTL:
        value->number = s->ttl;
        return 0;
    case SOCKET_OPT_TOS:
        value->number = s->tos;
        return 0;
    case SOCKET_OPT_BIND_INTERFACE:
        value->number = s->interface;
        return 0;
    case SOCKET_OPT_V6ONLY:
        value->number = s->v6only;
        return s->base.family == SOCKET_FAMILY_INET6 ? 0 : -ENOPROTOOPT;
    default:
        return -ENOPROTOOPT;
    }
}
