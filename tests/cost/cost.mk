# SPDX-License-Identifier: MIT
# Instructions per request and per frame, counted on the kernel's objects and compared with the recorded figures.
#
#   make cost [UPDATE=1]      UPDATE=1 records the new figures
#   make size [UPDATE=1]      the same for the loaded size of the images

COST        := $(B)/cost
COST_KERNEL := $(patsubst %,$(B)/obj/%.o,$(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS))
COST_HOST   := $(patsubst %.c,$(B)/loads/obj/%.o,tests/host/seam.c tests/host/foreign.c tests/host/context.c tests/host/fake_disk.c)

PACKAGES_COST := valgrind
$(eval $(call packages_rule,cost,$(PACKAGES_COST)))

# built like tests/loads, whose rule makes the host's objects
$(COST)/cost $(COST)/net: $(COST)/%: $(COST_KERNEL) $(B)/loads/obj/tests/cost/%.o $(COST_HOST)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -no-pie $^ -lcmocka -o $@

cost: $(COST)/cost $(COST)/net | $(call stamp,cost)
	$(Q)tests/cost/check-cost $(COST)/cost tests/cost/baseline.txt $(UPDATE)
# programs as the SDK's users link them, without a table of names
$(B)/programs/%: tests/cost/programs/%.c $(SDK)/.complete
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -o $@ $<
size: guests $(B)/programs/write $(B)/programs/printf
	$(Q)tests/check-size $(B)/guests tests/cost/sizes.txt $(UPDATE)
.PHONY: cost size

HOST_PACKAGES += $(PACKAGES_COST)
HOST_PROGRAMS += $(COST)/cost $(COST)/net
HOST_TESTS    += 'sum:cost=$(submake) cost'

-include $(COST_HOST:.o=.d) $(B)/loads/obj/tests/cost/cost.d $(B)/loads/obj/tests/cost/net.d
