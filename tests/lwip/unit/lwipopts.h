/* SPDX-License-Identifier: MIT */
/*
 * lwIP's own unit tests with our options, but for what the tests themselves need: they are not
 * multithreaded, they count in small windows, and they use parts that we leave out.
 */
#ifndef RINGLET_TESTS_LWIPOPTS_H
#define RINGLET_TESTS_LWIPOPTS_H

#include "lib/lwip/port/lwipopts.h"

#define LWIP_TESTMODE 1
#define TCPIP_THREAD_TEST
#define LWIP_MDNS_RESPONDER 1
#undef SYS_LIGHTWEIGHT_PROT
#define SYS_LIGHTWEIGHT_PROT 0
#undef LWIP_TCPIP_CORE_LOCKING_INPUT
#define LWIP_TCPIP_CORE_LOCKING_INPUT 0
#undef LWIP_ASSERT_CORE_LOCKED
#define LWIP_NETCONN_FULLDUPLEX     1
#define LWIP_NETCONN_SEM_PER_THREAD 1
#define LWIP_NUM_NETIF_CLIENT_DATA  1

/* lwIP's heap, which its tests of it need */
#undef MEM_LIBC_MALLOC
#undef mem_clib_malloc
#undef mem_clib_calloc
#undef mem_clib_free
#define MEM_SIZE 160000
#undef MEM_STATS
#define MEM_STATS  1
#define MIB2_STATS 1
#define LWIP_MEM_ILLEGAL_FREE(msg)

#undef LWIP_DNS /* it takes memory at the start */
#define LWIP_DNS 0
#undef LWIP_ND6_RDNSS_MAX_DNS_SERVERS
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 0

#undef LWIP_HOOK_TCP_ISN /* they know lwIP's own numbers */
#undef SO_REUSE_RXTOALL  /* a datagram for one */
#define SO_REUSE_RXTOALL 0

/* names and numbers of lwIP's sockets, which we do not use */
#include <fcntl.h>
#undef O_RDONLY
#define O_RDONLY 2
#undef O_WRONLY
#define O_WRONLY 4
#undef O_RDWR
#define O_RDWR 6
#undef LWIP_COMPAT_SOCKETS
#define LWIP_COMPAT_SOCKETS 1
#undef LWIP_POSIX_SOCKETS_IO_NAMES
#define LWIP_POSIX_SOCKETS_IO_NAMES 1

/* figures that the tests are written for */
#undef TCP_MSS
#define TCP_MSS 536
#undef TCP_WND
#define TCP_WND (10 * TCP_MSS)
#undef TCP_SND_BUF
#define TCP_SND_BUF (12 * TCP_MSS)
#undef TCP_SND_QUEUELEN
#define TCP_SND_QUEUELEN 40
#undef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG TCP_SND_QUEUELEN
#undef TCP_RCV_SCALE
#define TCP_RCV_SCALE 0

#endif
