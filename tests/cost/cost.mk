# SPDX-License-Identifier: MIT
# Instructions per request, counted on the kernel's objects and compared with what is on record.
#
#   make cost [UPDATE=1]      UPDATE=1 puts what was measured on record
#   make size [UPDATE=1]      the same for what is loaded of the images

COST        := $(B)/cost
COST_KERNEL := $(patsubst %,$(B)/obj/%.o,$(CORE_SRCS) $(DRIVER_SRCS))
COST_HOST   := $(patsubst %.c,$(B)/loads/obj/%.o,tests/cost/cost.c tests/host/seam.c tests/host/context.c tests/host/fake_disk.c)

$(eval $(call packages_rule,cost,valgrind))

# built like tests/loads, whose rule makes the host's objects
$(COST)/cost: $(COST_KERNEL) $(COST_HOST)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -no-pie $^ -lcmocka -o $@

cost: $(COST)/cost | $(call stamp,cost)
	$(Q)tests/cost/check-cost $(COST)/cost tests/cost/baseline.txt $(UPDATE)
size: guests
	$(Q)tests/check-size $(B)/guests tests/cost/sizes.txt $(UPDATE)
.PHONY: cost size

HOST_TESTS += 'sum:cost=$(submake) cost'

-include $(COST_HOST:.o=.d)
