# SPDX-License-Identifier: MIT
# The simulation: the drivers' unchanged sources on a simulated Xen (tests/sim, tests/README.md).
#
#   make sim [NET=1] [SEEDS=n] [SEED=s] [STRIDE=n] [SECS=n] [TRACE=1] [FAST=1] [WORKERS=n]
#   make sim-selftest
#
# Two builds: with AddressSanitizer and UndefinedBehaviorSanitizer (the default), and without
# (FAST=1), for many requests.

SIM      := $(BUILD)/sim$(if $(FAST),-fast)
SIM_SRCS := $(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS) tests/host/seam.c tests/host/foreign.c tests/host/context.c $(wildcard tests/sim/*.c)
SIM_OBJS := $(SIM_SRCS:%.c=$(SIM)/obj/%.o)
# its own barrier.h and compiler.h come first: at each barrier and each access to shared memory
# another domain may run
SIM_INCLUDES := -Itests/sim/include
CFLAGS_SIM := -std=gnu11 $(if $(FAST),-O2,-O1) -g -fno-omit-frame-pointer $(SIM_INCLUDES) $(INCLUDES) -Itests $(DEFINES) $(WARNINGS) \
	$(if $(FAST),,$(SANITIZE))

$(SIM)/flags: NOW = $(CC) $(CFLAGS_SIM)
$(SIM)/obj/%.o: %.c $(SIM)/flags | $(call stamp,build) $(call stamp,unit) $(XEN_LINK)
	$(call say,SIMCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_SIM) -MMD -MP -c $< -o $@
$(SIM)/sim: $(SIM_OBJS)
	$(call say,SIMLD,$@)
	$(Q)$(CC) $(CFLAGS_SIM) $^ -o $@

SEED  ?= 1
SEEDS ?= 20000
sim: $(SIM)/sim
	$(Q)ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1 $(SIM)/sim $(if $(NET),--net) --first $(SEED) --seeds $(SEEDS) $(if $(STRIDE),--stride $(STRIDE)) $(if $(SECS),--seconds $(SECS)) \
		$(if $(TRACE),--trace) $(if $(HASH),--hash) $(if $(ALL_PAIRS),--all-pairs) --workers $(or $(WORKERS),$(shell nproc))
.PHONY: sim

sim-selftest: $(SIM)/sim
	$(Q)CC='$(CC)' tests/sim/selftest $(SIM) $(CFLAGS_SIM) $(SIM_OBJS)
.PHONY: sim-selftest

HOST_PROGRAMS += $(SIM)/sim
# about a minute on two idle cores; some 520 seeds cover all pairs, 2500 seeds all failed
# allocations; with network interfaces 660 and 950
HOST_TESTS    += 'sum:sim=$(submake) -s sim SEED=1 SEEDS=2500 SECS=600 TRACE= FAST= ALL_PAIRS=1' 'sum:sim-net=$(submake) -s sim NET=1 SEED=1 SEEDS=1000 SECS=600 TRACE= FAST= ALL_PAIRS=1' \
	'sum:sim-selftest=$(submake) -s sim-selftest FAST='

-include $(SIM_OBJS:.o=.d)
