/* SPDX-License-Identifier: MIT */
#include "lib/lwip/socket/tcp.h"

#define KEEP_TIME_MAX  32767 /* s: Linux' limit */
#define KEEP_COUNT_MAX 127
#define LINGER_MAX     100000000 /* s */

void tcp_socket_apply(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb)
        return;
    inet_apply(&t->inet);
    if (pcb->state == LISTEN)
        return; /* connections get the rest */
    if (t->nodelay)
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
    pcb->keep_idle = t->keep_idle * 1000;
    pcb->keep_intvl = t->keep_interval * 1000;
    pcb->keep_cnt = t->keep_count;
}

static int set_time(uint32_t *to, int64_t seconds)
{
    if (seconds < 1 || seconds > KEEP_TIME_MAX)
        return -EINVAL;
    *to = (uint32_t)seconds;
    return 0;
}

static int set_own(struct tcp_socket *t, enum socket_option option, int64_t n)
{
    switch (option) {
    case SOCKET_OPT_NODELAY:
        t->nodelay = n;
        return 0;
    case SOCKET_OPT_CORK:
        t->cork = n;
        return 0;
    case SOCKET_OPT_KEEP_IDLE:
        return set_time(&t->keep_idle, n);
    case SOCKET_OPT_KEEP_INTERVAL:
        return set_time(&t->keep_interval, n);
    case SOCKET_OPT_KEEP_COUNT:
        if (n < 1 || n > KEEP_COUNT_MAX)
            return -EINVAL;
        t->keep_count = (uint8_t)n;
        return 0;
    case SOCKET_OPT_LINGER:
        t->linger = MIN(n, (int64_t)LINGER_MAX);
        return 0;
    case SOCKET_OPT_SEND_BUFFER: /* a hint, which is kept within bounds, as on Linux */
        n = MIN(n, (int64_t)SEND_BUFFER_MAX);
        t->send_buffer_size = n < SEND_BUFFER_MIN ? SEND_BUFFER_MIN : (uint32_t)n;
        t->send_buffer_set = true;
        return 0;
    case SOCKET_OPT_RECEIVE_BUFFER: /* the window is the same for all: what is asked tells its size */
        return 0;
    case SOCKET_OPT_V6ONLY:
        if (t->inet.base.family != SOCKET_FAMILY_INET6)
            return -ENOPROTOOPT;
        if (t->pcb)
            return -EINVAL; /* bound, or connected */
        t->inet.v6only = n;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int tcp_socket_set(struct socket *s, enum socket_option option, const struct socket_value *value)
{
    struct tcp_socket *t = tcp_of(s);
    int ret;

    LOCK_TCPIP_CORE();
    ret = inet_set(&t->inet, option, value);
    if (ret == -ENOPROTOOPT)
        ret = set_own(t, option, value->number);
    if (!ret)
        tcp_socket_apply(t);
    /* what was held back goes out */
    if (!ret && t->pcb && t->phase == TCP_CONNECTED &&
        (option == SOCKET_OPT_NODELAY || option == SOCKET_OPT_CORK))
        tcp_output(t->pcb);
    UNLOCK_TCPIP_CORE();
    return ret;
}

int tcp_socket_get(struct socket *s, enum socket_option option, struct socket_value *value)
{
    const struct tcp_socket *t = tcp_of(s);

    switch (option) {
    case SOCKET_OPT_NODELAY:
        value->number = t->nodelay;
        return 0;
    case SOCKET_OPT_CORK:
        value->number = t->cork;
        return 0;
    case SOCKET_OPT_KEEP_IDLE:
        value->number = t->keep_idle;
        return 0;
    case SOCKET_OPT_KEEP_INTERVAL:
        value->number = t->keep_interval;
        return 0;
    case SOCKET_OPT_KEEP_COUNT:
        value->number = t->keep_count;
        return 0;
    case SOCKET_OPT_LINGER:
        value->number = t->linger;
        return 0;
    case SOCKET_OPT_SEND_BUFFER:
        value->number = t->send_buffer_size;
        return 0;
    case SOCKET_OPT_RECEIVE_BUFFER:
        value->number = TCP_WND;
        return 0;
    case SOCKET_OPT_MAX_SEGMENT:
        value->number = t->pcb && t->phase == TCP_CONNECTED ? tcp_mss(t->pcb) : 536;
        return 0;
    default:
        return inet_get(inet_of(s), option, value);
    }
}
