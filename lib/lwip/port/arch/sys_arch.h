/* SPDX-License-Identifier: MIT */
/* Types of lwIP's system layer, on Ringlet's threads. */
#ifndef RINGLET_LWIP_ARCH_SYS_ARCH_H
#define RINGLET_LWIP_ARCH_SYS_ARCH_H

struct net_sem;
struct net_mutex;
struct net_mbox;
typedef struct net_sem *sys_sem_t;
typedef struct net_mutex *sys_mutex_t;
typedef struct net_mbox *sys_mbox_t;
typedef void *sys_thread_t;

#define sys_sem_valid(s)         (*(s) != NULL)
#define sys_sem_set_invalid(s)   (*(s) = NULL)
#define sys_mutex_valid(s)       (*(s) != NULL)
#define sys_mutex_set_invalid(s) (*(s) = NULL)
#define sys_mbox_valid(s)        (*(s) != NULL)
#define sys_mbox_set_invalid(s)  (*(s) = NULL)

#endif
