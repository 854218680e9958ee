# SPDX-License-Identifier: MIT
# The same driver at every version of Xen's interface that the headers accept, and with another
# BLKIF_MAX_SEGMENTS_PER_REQUEST.
#
#   make interfaces

INTERFACE_OLDEST := 0x00030205
INTERFACE_NEWEST = $(shell sed -n 's/^\#define __XEN_LATEST_INTERFACE_VERSION__ *//p' $(XEN_HEADERS)/xen-compat.h)
INTERFACES       := $(BUILD)/interfaces
INTERFACE_SRCS   := $(filter %.c,$(ARCH_SRCS)) $(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS) $(filter-out tests/guests/nettest/%,$(wildcard tests/guests/*/*.c tests/guests/*.c))
# the flags of the build, with the version left to the check and the headers' folder replaced
INTERFACE_CC      = $(CC) $(filter-out -D__XEN_INTERFACE_VERSION__=%,$(subst -isystem $(BUILD)/include,-isystem @XEN@,$(CFLAGS_KERNEL)))
# the unit tests of the code that the headers may affect, without sanitizers
INTERFACE_TESTS  := $(patsubst %,$(HOST)/unit/%,$(notdir $(basename $(wildcard tests/unit/test_blkfront*.c tests/unit/test_negotiate*.c) \
	test_ring test_split)))

interface-same: $(call stamp,build) $(call stamp,scripts) | $(XEN_LINK)
	$(Q)tests/interfaces/check-interfaces --out $(INTERFACES) --headers $(XEN_HEADERS) --oldest $(INTERFACE_OLDEST) --same drivers/block --same drivers/net \
		--cc '$(subst ','\'',$(INTERFACE_CC))' $(INTERFACE_SRCS)
# a make of its own, with BUILD, XEN_HEADERS and the version of one build
interface-unit: $(INTERFACE_TESTS)
	$(Q)tests/run-tests $(BUILD)/logs $(foreach t,$(INTERFACE_TESTS),'tap:$(notdir $(t))-$(NAME)=$(t)')
.PHONY: interface-same interface-unit interfaces

# $(call interface_unit,NAME,VERSION[,HEADERS])
interface_unit = 'sum:interface-unit-$(1)=$(submake) interface-unit SANITIZE= NAME=$(1) BUILD=$(INTERFACES)/$(1) XEN_INTERFACE_VERSION=$(2) XEN_HEADERS=$(abspath $(or $(3),$(XEN_HEADERS)))'
# The first entry makes the headers that the last one uses. The build's unit tests all run at
# XEN_INTERFACE_VERSION, usually the newest.
INTERFACE_HOST_TESTS = 'wait:sum:interfaces=$(submake) interface-same' \
	$(call interface_unit,oldest,$(INTERFACE_OLDEST)) \
	$(if $(filter-out $(INTERFACE_NEWEST),$(XEN_INTERFACE_VERSION)),$(call interface_unit,newest,$(INTERFACE_NEWEST))) \
	$(call interface_unit,255-segments,$(INTERFACE_NEWEST),$(INTERFACES)/xen-with-255-segments/xen)
interfaces: $(call stamp,build) $(call stamp,unit)
	$(Q)tests/run-tests $(INTERFACES)/logs $(INTERFACE_HOST_TESTS)

HOST_TESTS += $(INTERFACE_HOST_TESTS)
