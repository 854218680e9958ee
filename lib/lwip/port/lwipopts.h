/* SPDX-License-Identifier: MIT */
/*
 * lwIP's configuration. Memory of pools is taken when it is first needed (memp.c), so the MEMP_NUM_
 * figures are bounds and cost nothing; docs/network.md says what they sum up to.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include "arch/symbols.h"

/* ---- threads: lwIP runs in whichever thread holds the core lock (core_lock.c) ---- */

#define NO_SYS                        0
#define SYS_LIGHTWEIGHT_PROT          1
#define LWIP_TCPIP_CORE_LOCKING       1
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#define LOCK_TCPIP_CORE()             net_core_lock()
#define UNLOCK_TCPIP_CORE()           net_core_unlock()
#define LWIP_ASSERT_CORE_LOCKED()     net_core_check()
#define TCPIP_THREAD_NAME             "tcpip"
#define TCPIP_THREAD_STACKSIZE        32768
#define DEFAULT_THREAD_STACKSIZE      32768
#define TCPIP_MBOX_SIZE               256
#define DEFAULT_ACCEPTMBOX_SIZE       256
/* A message for each segment of a receive window: a full mailbox delays a stream by a timer's tick.
 * Mailboxes grow as they fill (mbox.c). */
#define DEFAULT_TCP_RECVMBOX_SIZE 1024
#define DEFAULT_UDP_RECVMBOX_SIZE 512
#define DEFAULT_RAW_RECVMBOX_SIZE 128

/* ---- memory: pbufs from what netfront can send (mem.c), pools from the heap (memp.c) ---- */

#define MEM_LIBC_MALLOC                1
#define mem_clib_malloc                net_mem_alloc
#define mem_clib_calloc                net_mem_zalloc
#define mem_clib_free                  net_mem_free
#define MEMP_MEM_MALLOC                0
#define MEM_ALIGNMENT                  8
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1 /* they suppose that what is received lies in PBUF_POOL */
#define LWIP_SUPPORT_CUSTOM_PBUF       1
/* Received frames. Data that nobody reads takes at most PBUF_POOL_SHARED; beyond it each socket that has none
 * gets one (ifc_buffers_are_short), there are those of fragments, and the rest is for what keeps none:
 * handshakes, acknowledgements, ARP, DNS. */
#define PBUF_POOL_SHARED 1536
#define PBUF_POOL_SIZE \
    (PBUF_POOL_SHARED + MEMP_NUM_TCP_PCB + MEMP_NUM_UDP_PCB + IP_REASS_MAX_PBUFS + 192)
#define PBUF_POOL_BUFSIZE       (256 + 16) /* NETFRONT_HEAD and a VLAN tag */
#define MEMP_NUM_PBUF           4096
#define MEMP_NUM_NETCONN        768
#define MEMP_NUM_NETBUF         2048
#define MEMP_NUM_TCP_PCB        1024
#define MEMP_NUM_TCP_PCB_LISTEN 64
#define MEMP_NUM_TCP_SEG        16384
#define MEMP_NUM_UDP_PCB        256
#define MEMP_NUM_RAW_PCB        32
#define MEMP_NUM_TCPIP_MSG_API  256
#define MEMP_NUM_SYS_TIMEOUT    96
#define MEMP_NUM_NETDB          4
#define MEMP_NUM_ARP_QUEUE      256
#define MEMP_NUM_ND6_QUEUE      256
#define MEMP_NUM_IGMP_GROUP     64
#define MEMP_NUM_MLD6_GROUP     64
#define MEMP_NUM_FRAG_PBUF      256

/* ---- IP ---- */

#define LWIP_IPV4          1
#define LWIP_IPV6          1
#define IP_FORWARD         0
#define IP_OPTIONS_ALLOWED 1
#define IP_REASSEMBLY      1
#ifndef IP_FRAG /* 0 in ip4.c: ifc/output.c decides what becomes fragments */
#define IP_FRAG 1
#endif
#define MEMP_NUM_REASSDATA 16
/* of all datagrams together: three of 64 KiB, in frames of 1500 bytes with two pbufs each */
#define IP_REASS_MAX_PBUFS            288
#define IP_REASS_MAXAGE               15
#define IPV6_REASS_MAXAGE             15
#define IP_SOF_BROADCAST              1
#define IP_SOF_BROADCAST_RECV         0 /* broadcasts are for all sockets */
#define LWIP_MULTICAST_PING           0
#define LWIP_BROADCAST_PING           0
#define LWIP_IGMP                     1
#define LWIP_MULTICAST_TX_OPTIONS     1
#define LWIP_ICMP                     1
#define LWIP_RAW                      1
#define LWIP_DHCP                     1
#define LWIP_DHCP_MAX_DNS_SERVERS     3
#define DHCP_DOES_ARP_CHECK           1
#define LWIP_AUTOIP                   0
#define LWIP_DNS                      1
#define DNS_MAX_SERVERS               4
#define DNS_TABLE_SIZE                16
#define DNS_MAX_NAME_LENGTH           256
#define ARP_TABLE_SIZE                64
#define ARP_QUEUEING                  1
#define ARP_QUEUE_LEN                 16
#define ETHARP_SUPPORT_STATIC_ENTRIES 1
#define ETHARP_SUPPORT_VLAN           0

#define LWIP_IPV6_NUM_ADDRESSES 5
#define LWIP_IPV6_MLD           1
#ifndef LWIP_IPV6_FRAG /* 0 in ip6.c, as IP_FRAG */
#define LWIP_IPV6_FRAG 1
#endif
#define LWIP_IPV6_REASS                1
#define LWIP_IPV6_FORWARD              0
#define IPV6_FRAG_COPYHEADER           1 /* pointers are larger than a fragment header */
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT  1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS  1
#define LWIP_IPV6_DHCP6                0
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_ND6_QUEUEING              1
#define LWIP_ND6_NUM_NEIGHBORS         32
#define LWIP_ND6_NUM_DESTINATIONS      32

/* ---- TCP: windows as large as those of 64 KiB frames need ---- */

#define TCP_MSS        1460
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE  4
#define TCP_WND        (512 * 1024)
/* of a connection by lwIP's own API: nothing else bounds its memory */
#define TCP_SND_BUF (256 * 1024)
/* a socket's largest buffer, and what fills a segment */
#define SOCKET_SND_BUF   (832 * 1024)
#define TCP_SND_QUEUELEN (4 * SOCKET_SND_BUF / TCP_MSS)
/* a window that opens is told in steps of this */
#define TCP_WND_UPDATE_THRESHOLD   (TCP_WND / 4)
#define TCP_QUEUE_OOSEQ            1
#define TCP_OOSEQ_MAX_BYTES        TCP_WND
#define TCP_OOSEQ_MAX_PBUFS        512
#define LWIP_TCP_SACK_OUT          1
#define LWIP_TCP_MAX_SACK_NUM      4
#define TCP_LISTEN_BACKLOG         1
#define TCP_DEFAULT_LISTEN_BACKLOG 128
#define LWIP_TCP_KEEPALIVE         1
#define LWIP_TCP_PCB_NUM_EXT_ARGS  1

/* ---- sockets ---- */

#define LWIP_NETCONN                1
#define LWIP_SOCKET                 1
#define LWIP_COMPAT_SOCKETS         0
#define LWIP_POSIX_SOCKETS_IO_NAMES 0
#define LWIP_SOCKET_OFFSET          0
#define LWIP_SO_RCVTIMEO            1
#define LWIP_SO_SNDTIMEO            1
#define LWIP_SO_RCVBUF              1
#define RECV_BUFSIZE_DEFAULT        (256 * 1024)
#define LWIP_SO_LINGER              1
#define SO_REUSE                    1
#define SO_REUSE_RXTOALL            1
#define LWIP_NETBUF_RECVINFO        1

/* ---- interfaces ---- */

#define LWIP_NETIF_HOSTNAME            1
#define LWIP_NETIF_API                 1
#define LWIP_NETIF_STATUS_CALLBACK     0
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK       0
#define LWIP_NETIF_HWADDRHINT          1
#define LWIP_NETIF_LOOPBACK            1
#define LWIP_HAVE_LOOPIF               1
#define LWIP_LOOPBACK_MAX_PBUFS        0
/* The flag of each interface says what lwIP computes and checks, the glue does the rest. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHECKSUM_ON_COPY        0
#define LWIP_CHKSUM                  net_checksum

/* ---- lwIP's HTTP server: files are the program's (fs_open_custom and others, lwip/apps/fs.h) ---- */

#define HTTPD_FSDATA_FILE               "arch/fsdata.h"
#define HTTPD_SERVER_AGENT              "lwIP"
#define LWIP_HTTPD_CUSTOM_FILES         1
#define LWIP_HTTPD_DYNAMIC_FILE_READ    1
#define LWIP_HTTPD_DYNAMIC_HEADERS      1
#define LWIP_HTTPD_SUPPORT_11_KEEPALIVE 1
#define LWIP_HTTPD_SUPPORT_V09          0
#define HTTPD_MAX_RETRIES               30 /* of 2 s each, without progress */
#define LWIP_HTTPD_REQ_QUEUELEN         8
#define LWIP_HTTPD_MAX_REQ_LENGTH       1023
#define LWIP_HTTPD_MAX_REQUEST_URI_LEN  255
#define HTTPD_MAX_WRITE_LEN(pcb)        32768 /* bytes read from a file at once */

/* ---- lwIP's TFTP server ---- */

#define TFTP_MAX_FILENAME_LEN 255
#define TFTP_TIMEOUT_MSECS    2000 /* until a block is sent again */

/* ---- the rest ---- */

#define LWIP_STATS            1
#define LWIP_STATS_LARGE      1
#define LWIP_STATS_DISPLAY    0
#define MEM_STATS             0
#define SYS_STATS             0
#define LWIP_ERRNO_STDINCLUDE 1
#define LWIP_TIMEVAL_PRIVATE  0
#define LWIP_HOOK_FILENAME    "arch/hooks.h"
#define LWIP_HOOK_TCP_ISN     net_tcp_isn
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, optlen, opt1len, opt2, p) \
    net_tcp_input(pcb, header, p)

#endif
