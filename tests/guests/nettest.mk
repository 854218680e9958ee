# SPDX-License-Identifier: MIT
# nettest for Ringlet, built with the SDK, and for Linux: dom0's side of it, and a Linux guest's.

NETTEST_SRCS  := $(wildcard tests/guests/nettest/*.c)
NETTEST_DEPS  := $(wildcard tests/guests/nettest/*.h) tests/guests/blktest/mix.h
NETTEST_LINUX := $(BUILD)/nettest-linux

# by the host's own compiler, whichever builds Ringlet
NETTEST_CC ?= gcc
$(NETTEST_LINUX): $(NETTEST_SRCS) $(NETTEST_DEPS) | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(NETTEST_CC) -std=gnu11 -O2 -static -pthread -Iinclude -I$(ARCH_DIR)/include $(WARNINGS) $(NETTEST_SRCS) -o $@

run lab test test-xen bench: $(NETTEST_LINUX)
HOST_PROGRAMS += $(NETTEST_LINUX)
HOST_TESTS    += 'sum:nettest=tests/guests/test-nettest $(NETTEST_LINUX)'

# guests/nettest, built with the SDK
$(B)/guests/nettest: $(NETTEST_SRCS) $(NETTEST_DEPS) $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g $(WARNINGS) -Wno-unused-command-line-argument $(NETTEST_SRCS) -o $@
guests test test-xen bench: $(B)/guests/nettest
HOST_PROGRAMS += $(B)/guests/nettest
