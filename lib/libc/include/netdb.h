/* SPDX-License-Identifier: MIT */
/* Names of hosts, services and protocols. */
#ifndef RINGLET_NETDB_H
#define RINGLET_NETDB_H

#include <netinet/in.h>
#include <sys/socket.h>

/* ---- names and addresses of sockets ---- */

struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};

#define AI_PASSIVE     0x01
#define AI_CANONNAME   0x02
#define AI_NUMERICHOST 0x04
#define AI_V4MAPPED    0x08
#define AI_ALL         0x10
#define AI_ADDRCONFIG  0x20
#define AI_NUMERICSERV 0x400

#define NI_NUMERICHOST  0x01
#define NI_NUMERICSERV  0x02
#define NI_NOFQDN       0x04
#define NI_NAMEREQD     0x08
#define NI_DGRAM        0x10
#define NI_NUMERICSCOPE 0x100
#define NI_MAXHOST      1025
#define NI_MAXSERV      32

#define EAI_BADFLAGS (-1)
#define EAI_NONAME   (-2)
#define EAI_AGAIN    (-3)
#define EAI_FAIL     (-4)
#define EAI_FAMILY   (-6)
#define EAI_SOCKTYPE (-7)
#define EAI_SERVICE  (-8)
#define EAI_MEMORY   (-10)
#define EAI_SYSTEM   (-11)
#define EAI_OVERFLOW (-12)
#if __BSD_VISIBLE
#define EAI_NODATA     (-5)
#define EAI_ADDRFAMILY (-9)
#endif

int getaddrinfo(const char *__restrict host, const char *__restrict service,
                const struct addrinfo *__restrict hints, struct addrinfo **__restrict out);
void freeaddrinfo(struct addrinfo *list);
const char *gai_strerror(int error);
int getnameinfo(const struct sockaddr *__restrict address, socklen_t length, char *__restrict host,
                socklen_t host_size, char *__restrict service, socklen_t service_size, int flags);

/* ---- older functions, not for several threads: the result holds until the next call ---- */

struct hostent {
    char *h_name;
    char **h_aliases;
    int h_addrtype, h_length;
    char **h_addr_list;
};
#define h_addr h_addr_list[0]

extern int h_errno;
#define HOST_NOT_FOUND 1
#define TRY_AGAIN      2
#define NO_RECOVERY    3
#define NO_DATA        4
#define NO_ADDRESS     NO_DATA
#define NETDB_INTERNAL (-1)
#define NETDB_SUCCESS  0

struct hostent *gethostbyname(const char *name);
struct hostent *gethostbyaddr(const void *address, socklen_t length, int family);
#if __BSD_VISIBLE
struct hostent *gethostbyname2(const char *name, int family);
int gethostbyname_r(const char *name, struct hostent *out, char *buf, size_t size,
                    struct hostent **result, int *error);
int gethostbyname2_r(const char *name, int family, struct hostent *out, char *buf, size_t size,
                     struct hostent **result, int *error);
const char *hstrerror(int error);
void herror(const char *text);
#endif

struct servent {
    char *s_name;
    char **s_aliases;
    int s_port; /* in the order of the network */
    char *s_proto;
};
struct servent *getservbyname(const char *name, const char *protocol);
struct servent *getservbyport(int port, const char *protocol);

struct protoent {
    char *p_name;
    char **p_aliases;
    int p_proto;
};
struct protoent *getprotobyname(const char *name);
struct protoent *getprotobynumber(int number);

#endif
