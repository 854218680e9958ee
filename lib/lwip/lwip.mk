# SPDX-License-Identifier: MIT
# lwIP, from Debian's source package, unpatched, with its port to Ringlet's threads, the interfaces on
# netfront, and sockets: libringlet-lwip.a. A program has the members that it uses.

$(eval $(call debian_source,lwip,lwip,2.1.3+dfsg1-2,lwip_2.1.3+dfsg1.orig.tar.xz,0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24))
LWIP := $(DEBIAN_lwip)

# lwIP's Filelists.mk without what lwipopts.h has no use for; port/memp.c replaces its memp.c
LWIP_FILES := \
	$(addprefix core/,init def dns inet_chksum ip mem netif pbuf raw stats sys tcp tcp_in tcp_out timeouts udp) \
	$(addprefix core/ipv4/,dhcp etharp icmp igmp ip4_frag ip4 ip4_addr) \
	$(addprefix core/ipv6/,ethip6 icmp6 inet6 ip6 ip6_addr ip6_frag mld6 nd6) \
	$(addprefix api/,api_lib api_msg err netbuf netifapi tcpip) \
	netif/ethernet \
	apps/http/httpd apps/http/fs apps/lwiperf/lwiperf apps/tftp/tftp_server
LWIP_SRCS := $(wildcard lib/lwip/*.c lib/lwip/*/*.c)
LWIP_OBJS := $(LWIP_FILES:%=$(B)/lwip/src/%.o) $(LWIP_SRCS:%=$(B)/lwip/%.o)
LIB_LWIP  := $(B)/libringlet-lwip.a

LWIP_INCLUDES := -Ilib/lwip/port -isystem $(LWIP)/src/include
CFLAGS_LWIP = $(CFLAGS_LIBC) $(LWIP_INCLUDES)
$(B)/lwip/flags: NOW = $(CC) $(CFLAGS_LWIP)
$(B)/lwip/objects: NOW = $(LWIP_OBJS)

# fragments are made by lib/lwip/ifc/output.c, also on the host
%/lwip/src/core/ipv4/ip4.o: LWIP_DEFINES := -DIP_FRAG=0
%/lwip/src/core/ipv6/ip6.o: LWIP_DEFINES := -DLWIP_IPV6_FRAG=0
# timers of groups: lib/lwip/port/groups.h
%/lwip/src/core/timeouts.o: LWIP_DEFINES := -include lib/lwip/port/timers.h
%/lwip/src/core/ipv4/igmp.o %/lwip/src/core/ipv6/mld6.o: LWIP_DEFINES := -DNET_GROUPS

# lwIP's own sources are compiled without our warnings
$(B)/lwip/src/%.o: $(DEBIAN_lwip_READY) $(B)/lwip/flags $(NEWLIB_LIBC) | $(call stamp,build) $(XEN_LINK)
	$(call say,CC,lwip/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(CFLAGS_LWIP)) $(LWIP_DEFINES) -w -MD -MP -c $(LWIP)/src/$*.c -o $@
$(B)/lwip/lib/%.c.o: lib/%.c $(DEBIAN_lwip_READY) $(B)/lwip/flags $(NEWLIB_LIBC) | $(call stamp,build) $(XEN_LINK)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LWIP) -MD -MP -c $< -o $@
$(LIB_LWIP): $(LWIP_OBJS) $(B)/lwip/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LWIP_OBJS)
lwip: $(LIB_LWIP)
.PHONY: lwip
-include $(LWIP_OBJS:.o=.d)
