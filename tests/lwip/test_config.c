/* SPDX-License-Identifier: MIT */
/* The value of `ip=`: every part, and the message for a wrong one. */
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/lwip/ifc/config.h"

static struct net_config c;
static char err[160];

static int parse(const char *text)
{
    err[0] = '\0';
    return net_config_parse(text, strlen(text), &c, err, sizeof(err));
}

static void wrong(const char *text, const char *message)
{
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(err, message);
    /* nothing of it is used */
    assert_int_equal(c.method, NET_DHCP);
    assert_int_equal(c.address.addr, 0);
    assert_int_equal(c.dns_count + c.v6_count, 0);
}

static void test_dhcp_and_none(void **state)
{
    (void)state;
    assert_int_equal(parse("dhcp"), 0);
    assert_int_equal(c.method, NET_DHCP);
    assert_int_equal(c.handle, -1);
    assert_int_equal(parse("none,if=vif7"), 0);
    assert_int_equal(c.method, NET_NONE);
    assert_int_equal(c.handle, 7);
}

static void test_static(void **state)
{
    (void)state;
    assert_int_equal(parse("10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.3,dns=fd00::3,if=vif0"), 0);
    assert_int_equal(c.method, NET_STATIC);
    assert_int_equal(c.address.addr, PP_HTONL(0x0a000002));
    assert_int_equal(c.netmask.addr, PP_HTONL(0xffffff00));
    assert_int_equal(c.gateway.addr, PP_HTONL(0x0a000001));
    assert_int_equal(c.handle, 0);
    assert_int_equal(c.dns_count, 2);
    assert_true(IP_IS_V4(&c.dns[0]) && IP_IS_V6(&c.dns[1]));
    assert_int_equal(parse("192.168.255.254/32"), 0);
    assert_int_equal(c.netmask.addr, 0xffffffff);
    assert_int_equal(parse("1.2.3.4/1"), 0);
    assert_int_equal(c.netmask.addr, PP_HTONL(0x80000000));
}

static void test_v6(void **state)
{
    (void)state;
    assert_int_equal(parse("fd00::2/64,2001:db8::1/48"), 0);
    assert_int_equal(c.method, NET_DHCP); /* of IPv4 */
    assert_int_equal(c.v6_count, 2);
    assert_int_equal(c.v6[0].addr[0], PP_HTONL(0xfd000000));
    assert_int_equal(c.v6[0].addr[3], PP_HTONL(2));
    assert_int_equal(c.v6_prefix[1], 48);
    assert_int_equal(parse("10.0.0.2/24,fd00::2/64"), 0);
    assert_int_equal(c.method, NET_STATIC);
    assert_int_equal(c.v6_count, 1);
}

#define NO_ADDRESS "neither dhcp, none, nor an address with a prefix such as /24"

static void test_wrong(void **state)
{
    static const char *const bad[] = {
        "10.0.0.2",      "10.0.0.2/",    "10.0.0.2/0",   "10.0.0.2/33",   "10.0.0.2/24x",
        "10.0.2/24",     "010.0.0.2/24", "0x0a.0.0.2/8", "10.0.0.256/24", "10.0.0.2 /24",
        "10.0.0.2.3/24", "fd00::2",      "fd00::2/129",  "fe80::1%1/64",  "fd00:::2/64",
        "/24",           "banana",       "DHCP",         "10.0.0.2/-1",   "10.0.0.2/+8"};
    char text[200];

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "\"%s\": " NO_ADDRESS, bad[i]);
        wrong(bad[i], text);
    }
    wrong("", "\"\": " NO_ADDRESS);
    wrong("dhcp,", "\"\": " NO_ADDRESS);
    wrong("dhcp,,none", "\"\": " NO_ADDRESS);
    wrong("dhcp,none", "\"none\": beside another address, dhcp or none");
    wrong("10.0.0.2/24,dhcp", "\"dhcp\": beside another address, dhcp or none");
    wrong("dhcp,10.0.0.2/24", "\"10.0.0.2/24\": a second address, or one beside dhcp or none");
    wrong("0.0.0.1/8", "\"0.0.0.1/8\": no address that an interface can have");
    wrong("127.0.0.1/8", "\"127.0.0.1/8\": no address that an interface can have");
    wrong("224.0.0.1/8", "\"224.0.0.1/8\": no address that an interface can have");
    wrong("::1/128", "\"::1/128\": no address that an interface can have");
    wrong("ff02::1/64", "\"ff02::1/64\": no address that an interface can have");
    wrong("fd00::1/64,fd00::2/64,fd00::3/64,fd00::4/64", "\"fd00::4/64\": too many IPv6 addresses");
}

static void test_wrong_parts(void **state)
{
    (void)state;
    wrong("10.0.0.2/24,gw=10.0.1.1",
          "\"10.0.0.2/24,gw=10.0.1.1\": the gateway is in another network than the address");
    wrong("dhcp,gw=10.0.0.1", "\"dhcp,gw=10.0.0.1\": a gateway without an IPv4 address");
    wrong("10.0.0.2/24,gw=", "\"gw=\": not the IPv4 address of a gateway");
    wrong("10.0.0.2/24,gw=fd00::1", "\"gw=fd00::1\": not the IPv4 address of a gateway");
    wrong("10.0.0.2/24,gw=10.0.0.1,gw=10.0.0.3", "\"gw=10.0.0.3\": a second gateway");
    wrong("dhcp,dns=x", "\"dns=x\": not the address of a name server");
    wrong("dhcp,dns=1.1.1.1,dns=1.1.1.2,dns=1.1.1.3,dns=1.1.1.4",
          "\"dns=1.1.1.4\": too many name servers");
    wrong("dhcp,if=eth0", "\"if=eth0\": not an interface such as vif0");
    wrong("dhcp,if=vif", "\"if=vif\": not an interface such as vif0");
    wrong("dhcp,if=vif01", "\"if=vif01\": not an interface such as vif0");
    wrong("dhcp,if=vif70000", "\"if=vif70000\": not an interface such as vif0");
    wrong("dhcp,if=vif1,if=vif2", "\"if=vif2\": a second interface");
    assert_int_equal(c.handle, 1); /* it has DHCP, and not what is meant for the next */
}

static void test_message_is_printable(void **state)
{
    (void)state;
    wrong("\n\x1b[2J", "\"??[2J\": " NO_ADDRESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dhcp_and_none),
        cmocka_unit_test(test_static),
        cmocka_unit_test(test_v6),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_wrong_parts),
        cmocka_unit_test(test_message_is_printable),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
