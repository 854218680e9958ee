/* SPDX-License-Identifier: MIT */
/*
 * lwIP's lwiperf, for measurements with iperf 2 on another host:
 *
 *     iperf                     a server on port 5001; `iperf -c GUEST` sends to it, with -r or -d also
 *                               receives from it
 *     iperf ADDRESS [dual|tradeoff]     a client of `iperf -s`; ends with its result
 *
 * A line for each result. net_wait_address() comes first: the address is on the console by then.
 */
#include <lwip/apps/lwiperf.h>
#include <lwip/tcpip.h>
#include <ringlet/net.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sem_t done;
static int result;

static void report(void *arg, enum lwiperf_report_type type, const ip_addr_t *local,
                   u16_t local_port, const ip_addr_t *remote, u16_t remote_port, u32_t bytes,
                   u32_t ms, u32_t kbits)
{
    static const char *const name[] = {"received",   "sent",   "aborted here",
                                       "wrong data", "failed", "aborted there"};
    char address[IPADDR_STRLEN_MAX];

    (void)arg;
    (void)local;
    (void)local_port;
    ipaddr_ntoa_r(remote, address, sizeof(address));
    printf("iperf: %s %u: %s %u bytes in %u ms, %u kbit/s\n", address, remote_port, name[type],
           (unsigned)bytes, (unsigned)ms, (unsigned)kbits);
    result = type != LWIPERF_TCP_DONE_CLIENT;
    sem_post(&done);
}

static int client(const char *address, const char *how)
{
    enum lwiperf_client_type type = LWIPERF_CLIENT;
    ip_addr_t remote;
    void *session;

    if (how && !strcmp(how, "dual"))
        type = LWIPERF_DUAL;
    else if (how && !strcmp(how, "tradeoff"))
        type = LWIPERF_TRADEOFF;
    if (!ipaddr_aton(address, &remote)) {
        fprintf(stderr, "iperf: %s is no address\n", address);
        return 2;
    }
    LOCK_TCPIP_CORE();
    session = lwiperf_start_tcp_client(&remote, LWIPERF_TCP_PORT_DEFAULT, type, report, NULL);
    UNLOCK_TCPIP_CORE();
    if (!session) {
        fprintf(stderr, "iperf: the client cannot be started\n");
        return 1;
    }
    sem_wait(&done);
    return result;
}

int main(int argc, char **argv)
{
    void *session;

    sem_init(&done, 0, 0);
    if (net_wait_address(60000000000ull)) {
        fprintf(stderr, "iperf: there is no network\n");
        return 1;
    }
    if (argc > 1)
        return client(argv[1], argv[2]);
    LOCK_TCPIP_CORE();
    session = lwiperf_start_tcp_server_default(report, NULL);
    UNLOCK_TCPIP_CORE();
    if (!session) {
        fprintf(stderr, "iperf: the server cannot be started\n");
        return 1;
    }
    printf("iperf: a server on port %u\n", LWIPERF_TCP_PORT_DEFAULT);
    for (;;)
        sem_wait(&done);
}
