/* SPDX-License-Identifier: MIT */
/* An interface's life, and its thread. */
#include "lib/lwip/ifc/ifc.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#include "lib/lwip/port/large.h"
#include "lwip/dhcp.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "lwip/tcpip.h"
#include "netif/ethernet.h"

/* Frames of a turn: then other threads run. */
#define BUDGET 64u
#define STACK  (32u * 1024)

struct list interfaces = LIST_INIT(interfaces);

/* ---- multicast groups ---- */

static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};

static void mac_v4(const ip4_addr_t *group, uint8_t mac[6])
{
    const uint8_t m[6] = {
        0x01, 0x00, 0x5e, ip4_addr2(group) & 0x7f, ip4_addr3(group), ip4_addr4(group)};

    memcpy(mac, m, sizeof(m));
}

static void mac_v6(const ip6_addr_t *group, uint8_t mac[6])
{
    mac[0] = mac[1] = 0x33;
    memcpy(mac + 2, &group->addr[3], 4);
}

/* Several groups share an address of Ethernet; all_nodes is no group of lwIP's. */
static bool is_wanted(struct netif *netif, const uint8_t mac[6])
{
    uint8_t other[6];

    for (const struct igmp_group *g = netif_igmp_data(netif); g; g = g->next) {
        mac_v4(&g->group_address, other);
        if (!memcmp(mac, other, sizeof(other)))
            return true;
    }
    for (const struct mld_group *g = netif_mld6_data(netif); g; g = g->next) {
        mac_v6(&g->group_address, other);
        if (!memcmp(mac, other, sizeof(other)))
            return true;
    }
    return !memcmp(mac, all_nodes, sizeof(all_nodes));
}

static err_t filter(struct netif *netif, const uint8_t mac[6], enum netif_mac_filter_action action)
{
    int ret;

    if (action != NETIF_ADD_MAC_FILTER && is_wanted(netif, mac))
        return ERR_OK;
    ret = netfront_multicast(ifc_of(netif)->dev, mac, action == NETIF_ADD_MAC_FILTER);
    return ret && ret != -EOPNOTSUPP ? ERR_MEM : ERR_OK;
}

static err_t filter_v4(struct netif *netif, const ip4_addr_t *group,
                       enum netif_mac_filter_action action)
{
    uint8_t mac[6];

    mac_v4(group, mac);
    return filter(netif, mac, action);
}

static err_t filter_v6(struct netif *netif, const ip6_addr_t *group,
                       enum netif_mac_filter_action action)
{
    uint8_t mac[6];

    mac_v6(group, mac);
    return filter(netif, mac, action);
}

/* ---- what the driver says ---- */

static void wake(struct ifc *ifc)
{
    ifc->ready = true;
    wake_one(&ifc->work);
}

static void ready(struct netfront_dev *dev, void *arg)
{
    (void)dev;
    wake(arg);
}

static void event(struct netfront_dev *dev, enum netfront_event what, void *arg)
{
    struct ifc *ifc = arg;

    (void)dev;
    switch (what) {
    case NETFRONT_EV_CARRIER:
    case NETFRONT_EV_MTU:
        ifc->carrier_event = true;
        break;
    case NETFRONT_EV_AWAY:
        ifc->away_event = true;
        break;
    case NETFRONT_EV_BACK:
        ifc->back_event = true;
        break;
    case NETFRONT_EV_FAILED:
        ifc->failed = true;
        manager_wake();
        break;
    }
    wake(ifc);
}

static void set_link(struct ifc *ifc, bool up)
{
    if (up == !!netif_is_link_up(&ifc->netif))
        return;
    pr_info("net: %s: link %s\n", ifc->limits.name, up ? "up" : "down");
    if (up)
        netif_set_link_up(&ifc->netif); /* DHCP asks again, the address is announced */
    else
        netif_set_link_down(&ifc->netif);
}

static void handle_events(struct ifc *ifc)
{
    const bool back = ifc->back_event;

    if (!back && !ifc->away_event && !ifc->carrier_event && !ifc->failed)
        return;
    ifc->back_event = ifc->away_event = ifc->carrier_event = false;
    ifc_set_offloads(ifc);
    if (back) /* the neighbours have to be told, also if nobody saw it go */
        set_link(ifc, false);
    set_link(ifc, ifc->limits.connected && ifc->limits.carrier && !ifc->failed);
    if (ifc->full) {
        ifc->full = false;
        ifc_send_again(ifc);
    }
}

/* ---- the thread ---- */

static bool turn(struct ifc *ifc)
{
    bool more;

    net_core_lock();
    handle_events(ifc);
    more = netfront_poll(ifc->dev, BUDGET);
    if (ifc->full) {
        ifc->full = false;
        ifc_send_again(ifc);
    }
    net_core_unlock();
    return more;
}

static void run(void *arg)
{
    struct ifc *ifc = arg;

    while (!ifc->stop) {
        ifc->ready = false;
        while (turn(ifc) && !ifc->stop)
            thread_yield();
        wait_event(&ifc->work, ifc->ready || ifc->stop, DEADLINE_NEVER);
    }
}

static void flush(void)
{
    if (net_large)
        net_large->settle();
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        ifc_send_joined(ifc);
        netfront_flush(ifc->dev);
    }
}

static void wake_some(void)
{
    struct ifc *first = list_first(&interfaces, struct ifc, link);

    if (first)
        wake(first);
}

static bool refers(const void *data, size_t len)
{
    list_for_each (at, &interfaces)
        if (join_refers(&list_entry(at, struct ifc, link)->join, data, len))
            return true;
    return false;
}

/* ---- opening and closing ---- */

static err_t init(struct netif *netif)
{
    struct ifc *ifc = ifc_of(netif);

    netif->name[0] = 'v';
    netif->name[1] = 'i';
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, ifc->limits.mac, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    netif->output = ifc_output;
    netif->output_ip6 = ifc_output_ip6;
    netif->linkoutput = ifc_send;
    ifc_set_offloads(ifc);
    netif->chksum_flags &= (u16_t) ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    netif_set_igmp_mac_filter(netif, filter_v4);
    netif_set_mld_mac_filter(netif, filter_v6);
    return ERR_OK;
}

static void insert(struct ifc *ifc)
{
    struct list *at = interfaces.next;

    while (at != &interfaces &&
           list_entry(at, struct ifc, link)->limits.handle < ifc->limits.handle)
        at = at->next;
    list_add_tail(at, &ifc->link);
}

static void attach(struct ifc *ifc)
{
    net_core_lock();
    net_core_flush = flush;
    net_core_wake = wake_some;
    net_core_refers = refers;
    net_large_taken = ifc_takes_large;
    netif_add_noaddr(&ifc->netif, ifc, init, ethernet_input);
    insert(ifc);
    netfront_multicast(ifc->dev, all_nodes, true);
    netif_create_ip6_linklocal_address(&ifc->netif, 1);
    if (ifc->limits.carrier)
        netif_set_link_up(&ifc->netif);
    netif_set_up(&ifc->netif);
    ifc_configure(ifc);
    net_core_unlock();
}

static void reached(void *arg)
{
    semaphore_up(arg);
}

/* Until lwIP's thread has done what it was told before: netif_poll() of an interface. */
static void wait_for_thread(void)
{
    struct semaphore up;

    semaphore_init(&up, 0);
    while (tcpip_callback(reached, &up) != ERR_OK)
        thread_sleep(10 * NSEC_PER_MSEC);
    semaphore_down(&up, DEADLINE_NEVER);
}

static void detach(struct ifc *ifc)
{
    net_core_lock();
    dhcp_release_and_stop(&ifc->netif);
    dhcp_cleanup(&ifc->netif);
    netif_remove(&ifc->netif); /* resets its connections: sends, if it can */
    ifc_send_joined(ifc);
    join_drop(&ifc->join);
    list_del(&ifc->link);
    netif_poll(&ifc->netif); /* what it has sent to itself */
    net_core_unlock();
    wait_for_thread();
}

struct ifc *ifc_open(const char *name, const struct net_config *config)
{
    struct ifc *ifc = heap_zalloc(1, sizeof(*ifc), MEM_KERNEL);
    struct netfront_config nc = {
        .multicast = 1, .ready = ready, .receive = ifc_receive, .event = event, .arg = ifc};
    int ret = -ENOMEM;

    if (!ifc)
        goto failed;
    ifc->config = *config;
    wait_queue_init(&ifc->work);
    ret = netfront_open_device(name, &nc, &ifc->dev);
    if (ret)
        goto failed;
    netfront_get_limits(ifc->dev, &ifc->limits);
    attach(ifc);
    ret = thread_create(&ifc->thread, ifc->limits.name, run, ifc, STACK);
    if (!ret)
        return ifc;
    detach(ifc);
    shutdown_netfront(ifc->dev);
failed:
    pr_err("net: vif%s: cannot be opened: %s\n", name, errno_name(ret));
    heap_free(ifc);
    return NULL;
}

void ifc_close(struct ifc *ifc)
{
    ifc->stop = true;
    wake_all(&ifc->work);
    thread_join(ifc->thread);
    detach(ifc);
    shutdown_netfront(ifc->dev);
    heap_free(ifc);
}
