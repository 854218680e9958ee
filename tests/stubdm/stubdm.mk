# SPDX-License-Identifier: MIT
# The devices of apps/stubdm on the host: a world that is played (world.c), and a test for each.

STUBDM_DEVICES   := $(wildcard apps/stubdm/devices/*.c)
STUBDM_HOST_OBJS := $(patsubst %.c,$(HOST)/obj/%.o,$(STUBDM_DEVICES) tests/stubdm/world.c)
STUBDM_TESTS     := $(patsubst tests/stubdm/%.c,$(HOST)/stubdm/%,$(wildcard tests/stubdm/test_*.c))

$(patsubst %.c,$(HOST)/obj/%.o,$(wildcard tests/stubdm/*.c)): CFLAGS_HOST += -Iapps/stubdm
$(STUBDM_TESTS): $(HOST)/stubdm/%: $(HOST)/obj/tests/stubdm/%.o $(STUBDM_HOST_OBJS)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $^ -lcmocka -o $@
.SECONDARY: $(STUBDM_TESTS:$(HOST)/stubdm/%=$(HOST)/obj/tests/stubdm/%.o)
-include $(wildcard $(HOST)/obj/tests/stubdm/*.d $(HOST)/obj/apps/stubdm/devices/*.d)

# What is between the devices and Xen: without main(), and with a machine of the test's own.
STUBDM_CORE_OBJS  := $(patsubst %.c,$(HOST)/obj/%.o,$(filter-out %/main.c,$(wildcard apps/stubdm/*.c)))
STUBDM_CORE_TESTS := $(patsubst tests/stubdm/%.c,$(HOST)/stubdm/%,$(wildcard tests/stubdm/core_*.c))
$(HOST)/stubdm/libcore.a: $(STUBDM_CORE_OBJS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(STUBDM_CORE_TESTS): $(HOST)/stubdm/%: $(HOST)/obj/tests/stubdm/%.o $(HOST)/stubdm/libcore.a $(LIBHOST)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $^ -lcmocka -o $@
.SECONDARY: $(STUBDM_CORE_TESTS:$(HOST)/stubdm/%=$(HOST)/obj/tests/stubdm/%.o)
-include $(wildcard $(HOST)/obj/apps/stubdm/*.d)
STUBDM_TESTS += $(STUBDM_CORE_TESTS)

STUBDM_ENTRIES := $(foreach t,$(STUBDM_TESTS),'tap:stubdm-$(notdir $(t))=$(t)')
stubdm-test: $(call stamp,unit) $(STUBDM_TESTS)
	$(Q)tests/run-tests $(BUILD)/test-host $(STUBDM_ENTRIES)
.PHONY: stubdm-test
HOST_PROGRAMS += $(STUBDM_TESTS)
HOST_TESTS    += $(STUBDM_ENTRIES)

# ---- fuzzing: tests/fuzz/fuzz_ioreq.c ----

STUBDM_FUZZ_OBJS := $(patsubst %.c,$(FUZZ)/obj/%.o,$(STUBDM_DEVICES) tests/stubdm/world.c)
$(STUBDM_FUZZ_OBJS) $(FUZZ)/obj/tests/fuzz/fuzz_ioreq.o: CFLAGS_FUZZ += -Iapps/stubdm
$(HOST)/obj/tests/fuzz/fuzz_ioreq.o: CFLAGS_HOST += -Iapps/stubdm
$(FUZZ_LIB): $(STUBDM_FUZZ_OBJS)
$(HOST)/replay/ioreq: $(STUBDM_HOST_OBJS)
-include $(STUBDM_FUZZ_OBJS:.o=.d)
