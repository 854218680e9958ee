# SPDX-License-Identifier: MIT
# lwIP and its port in host processes: lib/lwip on the threads of tests/host, with a fake netfront.

LWIP_HOST      := $(HOST)/lwip
LWIP_HOST_OBJS := $(LWIP_FILES:%=$(LWIP_HOST)/src/%.o) $(LWIP_SRCS:%=$(LWIP_HOST)/%.o)
LIB_LWIP_HOST  := $(LWIP_HOST)/libringlet-lwip-host.a
LWIP_TESTS     := $(patsubst tests/lwip/%.c,$(LWIP_HOST)/%,$(wildcard tests/lwip/test_*.c))

# glibc has struct iovec
CFLAGS_LWIP_HOST = $(CFLAGS_HOST) -D_GNU_SOURCE -Diovec=iovec $(LWIP_INCLUDES)
$(LWIP_HOST)/flags: NOW = $(CC) $(CFLAGS_LWIP_HOST)
$(LWIP_HOST)/objects: NOW = $(LWIP_HOST_OBJS)

$(LWIP_HOST)/src/%.o: $(DEBIAN_lwip_READY) $(LWIP_HOST)/flags | $(call stamp,build) $(call stamp,unit) $(XEN_LINK)
	$(call say,HOSTCC,lwip/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(CFLAGS_LWIP_HOST)) $(LWIP_DEFINES) -w -MD -MP -c $(LWIP)/src/$*.c -o $@
$(LWIP_HOST)/%.c.o: %.c $(DEBIAN_lwip_READY) $(LWIP_HOST)/flags | $(call stamp,build) $(call stamp,unit) $(XEN_LINK)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LWIP_HOST) -MD -MP -c $< -o $@
$(LIB_LWIP_HOST): $(LWIP_HOST_OBJS) $(LWIP_HOST)/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(LWIP_HOST_OBJS)
$(LWIP_TESTS): $(LWIP_HOST)/%: $(LWIP_HOST)/tests/lwip/%.c.o $(LIB_LWIP_HOST) $(LIBHOST)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $(filter %.o,$^) $(LIB_LWIP_HOST) $(LIBHOST) -lcmocka -o $@
$(LWIP_HOST)/test_interface $(LWIP_HOST)/test_hostile $(LWIP_HOST)/test_large $(LWIP_HOST)/test_hold: $(addprefix $(LWIP_HOST)/tests/lwip/,fake_netfront.c.o peer.c.o)
-include $(LWIP_HOST_OBJS:.o=.d) $(wildcard $(LWIP_HOST)/tests/lwip/*.d)

# ---- lwIP's own unit tests ----

PACKAGES_LWIP_UNIT := check pkg-config $(PACKAGES_UNIT)
$(eval $(call packages_rule,lwip-unit,$(PACKAGES_LWIP_UNIT)))
LWIP_UNIT       := $(LWIP_HOST)/lwip-unit
# each is a test of what is built here
LWIP_UNIT_FILES := $(addprefix test/unit/,lwip_unittests api/test_sockets arch/sys_arch core/test_def core/test_mem core/test_netif \
	core/test_pbuf core/test_timers dhcp/test_dhcp etharp/test_etharp ip4/test_ip4 ip6/test_ip6 mdns/test_mdns mqtt/test_mqtt \
	tcp/tcp_helper tcp/test_tcp_oos tcp/test_tcp udp/test_udp) \
	$(addprefix src/,$(filter-out apps/%,$(LWIP_FILES)) core/memp api/if_api api/netdb api/sockets core/altcp core/altcp_alloc core/altcp_tcp apps/mdns/mdns apps/mqtt/mqtt)
LWIP_UNIT_OBJS  := $(LWIP_UNIT_FILES:%=$(LWIP_UNIT)/%.o) $(LWIP_UNIT)/port.o $(LWIP_UNIT)/checksum.o
CFLAGS_LWIP_UNIT := -O1 -g -w -D_GNU_SOURCE -Diovec=iovec -fsanitize=address,undefined -Itests/lwip/unit -I$(LWIP)/test/unit $(INCLUDES) $(LWIP_INCLUDES)
$(LWIP_UNIT)/flags: NOW = $(CC) $(CFLAGS_LWIP_UNIT)
$(LWIP_UNIT)/%.o: $(DEBIAN_lwip_READY) $(LWIP_UNIT)/flags | $(call stamp,lwip-unit) $(XEN_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LWIP_UNIT) -MD -MP -c $(LWIP)/$*.c -o $@
$(LWIP_UNIT)/port.o $(LWIP_UNIT)/checksum.o: $(LWIP_UNIT)/%.o: $(LWIP_UNIT)/flags $(DEBIAN_lwip_READY) | $(call stamp,lwip-unit) $(XEN_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LWIP_UNIT) -MD -MP -c $(firstword $(wildcard tests/lwip/unit/$*.c lib/lwip/port/$*.c)) -o $@
$(LWIP_UNIT)/lwip-unit: $(LWIP_UNIT_OBJS)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_LWIP_UNIT) $(LWIP_UNIT_OBJS) $$(pkg-config --libs check) -o $@
-include $(LWIP_UNIT_OBJS:.o=.d)
HOST_PACKAGES += $(PACKAGES_LWIP_UNIT)
HOST_PROGRAMS += $(LWIP_UNIT)/lwip-unit
# it leaves a report in its folder
HOST_TESTS    += 'lwip-unit=cd $(LWIP_UNIT) && ./lwip-unit'

lwip-test: $(LWIP_TESTS)
	$(Q)tests/run-tests $(BUILD)/test-host $(foreach t,$(LWIP_TESTS),'tap:lwip-$(notdir $(t))=$(t)')
.PHONY: lwip-test
HOST_PROGRAMS += $(LWIP_TESTS)
HOST_TESTS    += $(foreach t,$(LWIP_TESTS),'tap:lwip-$(notdir $(t))=$(t)')

# ---- fuzzing: tests/fuzz/fuzz_ip.c ----

LWIP_FUZZ_SRCS := lib/lwip/ifc/config.c
LWIP_FUZZ_OBJS := $(LWIP_FUZZ_SRCS:%.c=$(FUZZ)/obj/%.o) $(FUZZ)/obj/lwip/core/ipv4/ip4_addr.o $(FUZZ)/obj/lwip/core/ipv6/ip6_addr.o $(FUZZ)/obj/lwip/core/def.o
$(LWIP_FUZZ_SRCS:%.c=$(FUZZ)/obj/%.o) $(FUZZ)/obj/tests/fuzz/fuzz_ip.o: CFLAGS_FUZZ += -D_GNU_SOURCE -Diovec=iovec $(LWIP_INCLUDES)
$(LWIP_FUZZ_SRCS:%.c=$(FUZZ)/obj/%.o) $(FUZZ)/obj/tests/fuzz/fuzz_ip.o $(HOST)/obj/tests/fuzz/fuzz_ip.o: $(DEBIAN_lwip_READY)
$(HOST)/obj/tests/fuzz/fuzz_ip.o: CFLAGS_HOST += -D_GNU_SOURCE -Diovec=iovec $(LWIP_INCLUDES)
$(FUZZ)/obj/lwip/%.o: $(DEBIAN_lwip_READY) $(FUZZ)/flags | $(call stamp,fuzz) $(XEN_LINK)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_FUZZ) -w -D_GNU_SOURCE -Diovec=iovec $(LWIP_INCLUDES) -MD -MP -c $(LWIP)/src/$*.c -o $@
$(FUZZ_LIB): $(LWIP_FUZZ_OBJS)
-include $(LWIP_FUZZ_OBJS:.o=.d)
$(HOST)/replay/ip: $(patsubst %,$(LWIP_HOST)/%.c.o,lib/lwip/ifc/config) $(addprefix $(LWIP_HOST)/src/core/,ipv4/ip4_addr.o ipv6/ip6_addr.o def.o)
