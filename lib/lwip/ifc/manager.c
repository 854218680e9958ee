/* SPDX-License-Identifier: MIT */
/*
 * Interfaces that come and go, and what is said about them. netfront's watcher opens and closes; the
 * manager's own thread does what takes its time: it prints, writes XenStore, and notices that nobody
 * answers.
 */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/net.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/ifc/settings.h"
#include "lwip/dhcp.h"

#define NO_ANSWER    (10 * NSEC_PER_SEC) /* DHCP: until it is said */
#define TRY_AGAIN    (60 * NSEC_PER_SEC) /* an address that was in use */
#define TICK         NSEC_PER_SEC
#define OPEN_TIMEOUT (10 * NSEC_PER_SEC) /* net_start waits for interfaces at most */
#define STACK        (32u * 1024)

static struct mutex list_lock = MUTEX_INIT(list_lock); /* held while one is opened or closed */
static struct wait_queue work = WAIT_QUEUE_INIT(work);
struct wait_queue addresses_changed = WAIT_QUEUE_INIT(addresses_changed);
static bool wanted;
static unsigned expected, tried; /* interfaces at the start */

static netif_ext_callback_t status_callback;

void manager_wake(void)
{
    wanted = true;
    wake_one(&work);
}

/* ---- coming and going ---- */

static struct ifc *find(unsigned handle)
{
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        if (ifc->limits.handle == handle)
            return ifc;
    }
    return NULL;
}

static void remove_nodes(const char *name)
{
    char path[40];

    format(path, sizeof(path), "data/net/%s", name);
    xs_rm(XS_NO_TRANSACTION, path, NULL);
}

static void hotplug(const char *name, enum netfront_change change, void *arg)
{
    struct net_config config;
    struct ifc *ifc;
    uint64_t handle;

    (void)arg;
    if (parse_u64(name, strlen(name), &handle))
        return;
    mutex_lock(&list_lock);
    ifc = find((unsigned)handle);
    if (change == NETFRONT_GONE && ifc) {
        pr_info("net: %s: removed\n", ifc->limits.name);
        remove_nodes(ifc->limits.name);
        ifc_close(ifc);
    } else if (change == NETFRONT_ARRIVED && !ifc) {
        settings_take((unsigned)handle, &config);
        ifc_open(name, &config);
        tried++;
    }
    mutex_unlock(&list_lock);
    wake_all(&addresses_changed);
    manager_wake();
}

/* ---- what is said ---- */

static void publish(struct ifc *ifc, const char *addresses)
{
    char path[40];
    int ret;

    format(path, sizeof(path), "data/net/%s", ifc->limits.name);
    ret = *addresses ? xs_write(XS_NO_TRANSACTION, path, "ip", addresses, strlen(addresses))
                     : xs_rm(XS_NO_TRANSACTION, path, "ip");
    if (ret && ret != -ENOENT)
        pr_warn("net: %s/ip cannot be written: %s\n", path, errno_name(ret));
}

static void tell(struct ifc *ifc)
{
    char line[IFC_TEXT], addresses[IFC_TEXT];
    const char *name = ifc->limits.name;

    net_core_lock();
    ifc->changed = false;
    ifc_describe(ifc, line, sizeof(line));
    ifc_addresses(ifc, addresses, sizeof(addresses));
    if (ifc_has_address(ifc))
        ifc->dhcp_answered |= !ip4_addr_isany(netif_ip4_addr(&ifc->netif));
    net_core_unlock();
    /* before there was an address, it is not said that there is none */
    if (strcmp(line, ifc->said) != 0 && (ifc->said[0] || strcmp(line, "no address") != 0)) {
        pr_info("net: %s: %s\n", name, line);
        format(ifc->said, sizeof(ifc->said), "%s", line);
    }
    publish(ifc, addresses);
    wake_all(&addresses_changed);
}

static void tell_conflict(struct ifc *ifc)
{
    const uint8_t *m = ifc->conflict_mac;
    char text[IP4ADDR_STRLEN_MAX];

    if (ifc->conflict == CONFLICT_NONE || ifc->conflict_said)
        return;
    ifc->conflict_said = true;
    ip4addr_ntoa_r(ifc->conflict == CONFLICT_SEEN ? netif_ip4_addr(&ifc->netif)
                                                  : &ifc->config.address,
                   text, sizeof(text));
    pr_err("net: %s: %s is used by %02x:%02x:%02x:%02x:%02x:%02x, too%s\n", ifc->limits.name, text,
           m[0], m[1], m[2], m[3], m[4], m[5],
           ifc->conflict == CONFLICT_GIVEN_UP ? ": it is not used here until it is free" : "");
}

static void tell_no_answer(struct ifc *ifc, uint64_t now)
{
    if (ifc->config.method != NET_DHCP || ifc->dhcp_answered || now - ifc->asked_since < NO_ANSWER)
        return;
    ifc->dhcp_answered = true;
    pr_warn("net: %s: no DHCP server has answered yet\n", ifc->limits.name);
}

/* The address that was in use: the answer to the probe has a second. */
static void try_again(struct ifc *ifc, uint64_t now)
{
    if (ifc->conflict != CONFLICT_GIVEN_UP || now - ifc->address_since < TRY_AGAIN)
        return;
    net_core_lock();
    if (now - ifc->address_since < TRY_AGAIN + 2 * TICK) {
        ifc_arp_probe(ifc);
    } else {
        ifc->conflict_said = false;
        ifc_configure(ifc);
    }
    net_core_unlock();
}

/* The first with a gateway, or else the first: where packets to other networks go. */
static void choose_default(void)
{
    struct netif *chosen = NULL;

    net_core_lock();
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        if (!chosen)
            chosen = &ifc->netif;
        if (netif_is_link_up(&ifc->netif) && !ip4_addr_isany(netif_ip4_gw(&ifc->netif))) {
            chosen = &ifc->netif;
            break;
        }
    }
    if (chosen)
        netif_set_default(chosen);
    net_core_unlock();
}

static void close_failed(void)
{
    for (struct list *at = interfaces.next, *next; at != &interfaces; at = next) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        next = at->next;
        if (!ifc->failed)
            continue;
        pr_err("net: %s: the interface is lost\n", ifc->limits.name);
        remove_nodes(ifc->limits.name);
        ifc_close(ifc);
    }
}

static void look(void)
{
    mutex_lock(&list_lock);
    close_failed();
    choose_default();
    list_for_each (at, &interfaces) {
        struct ifc *ifc = list_entry(at, struct ifc, link);

        tell_conflict(ifc);
        if (ifc->changed)
            tell(ifc);
        /* the time of now: tell() waits, and an interface may be configured meanwhile */
        tell_no_answer(ifc, clock_now());
        try_again(ifc, clock_now());
    }
    mutex_unlock(&list_lock);
}

/* Whether something is due at a time that nobody announces. */
static bool waiting(void)
{
    list_for_each (at, &interfaces) {
        const struct ifc *ifc = list_entry(at, struct ifc, link);

        if (ifc->conflict == CONFLICT_GIVEN_UP ||
            (ifc->config.method == NET_DHCP && !ifc->dhcp_answered))
            return true;
    }
    return false;
}

static void run(void *arg)
{
    (void)arg;
    for (;;) {
        wait_event(&work, wanted, waiting() ? clock_deadline(TICK) : DEADLINE_NEVER);
        wanted = false;
        look();
    }
}

static void status(struct netif *netif, netif_nsc_reason_t reason,
                   const netif_ext_callback_args_t *args)
{
    const netif_nsc_reason_t wanted_reasons =
        LWIP_NSC_IPV4_ADDRESS_CHANGED | LWIP_NSC_IPV4_GATEWAY_CHANGED |
        LWIP_NSC_IPV4_NETMASK_CHANGED | LWIP_NSC_IPV4_SETTINGS_CHANGED | LWIP_NSC_IPV6_SET |
        LWIP_NSC_IPV6_ADDR_STATE_CHANGED | LWIP_NSC_LINK_CHANGED;

    (void)args;
    if (netif->linkoutput != ifc_send || !(reason & wanted_reasons))
        return;
    ifc_of(netif)->changed = true;
    manager_wake();
}

static int count(const char *name, void *arg)
{
    (void)name;
    ++*(unsigned *)arg;
    return 0;
}

int manager_start(void)
{
    int ret;

    ret = thread_create(NULL, "net", run, NULL, STACK);
    if (ret)
        return ret;
    settings_read();
    net_core_lock();
    netif_add_ext_callback(&status_callback, status);
    net_core_unlock();
    ret = netfront_enumerate(count, &expected);
    if (ret == 0)
        pr_info("net: there is no network interface (vif)\n");
    ret = netfront_watch(hotplug, NULL);
    if (ret) {
        pr_err("net: interfaces cannot be found: %s\n", errno_name(ret));
        return 0;
    }
    wait_event(&addresses_changed, tried >= expected, clock_deadline(OPEN_TIMEOUT));
    return 0;
}
