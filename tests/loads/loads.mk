# SPDX-License-Identifier: MIT
# The loads of the kernel's machine code from the ring, counted: the kernel's own objects, made by
# any compiler, on the host's seam.
#
#   make ring-loads [CC=clang BUILD=build/clang]

LOADS          := $(B)/loads
LOADS_KERNEL   := $(patsubst %,$(B)/obj/%.o,$(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS))
LOADS_QUEUE    := $(B)/obj/drivers/block/path/ring.c.o
LOADS_HOST     := $(patsubst %.c,$(LOADS)/obj/%.o,$(filter-out tests/loads/net_loads.c,$(wildcard tests/loads/*.c)) tests/host/seam.c tests/host/foreign.c tests/host/context.c tests/host/fake_disk.c)
LOADS_MUTANTS  := $(patsubst tests/loads/%.sed,%,$(wildcard tests/loads/mutant-*.sed))
LOADS_UNMARKED := $(patsubst tests/loads/%.sed,%,$(wildcard tests/loads/unmarked-*.sed))
CFLAGS_LOADS   := -std=gnu11 -O1 -g -fno-pie $(INCLUDES) -Itests $(DEFINES) $(WARNINGS)

$(LOADS)/obj/%.o: %.c $(B)/flags tests/loads/loads.mk | $(call stamp,build) $(call stamp,unit) $(XEN_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LOADS) -MMD -MP -c $< -o $@
$(LOADS)/ring_loads: $(LOADS_KERNEL) $(LOADS_HOST)
	$(call say,LD,$@)
	$(Q)$(CC) -no-pie $^ -lcmocka -o $@

LOADS_NET := $(LOADS)/obj/tests/loads/net_loads.o $(filter-out %/ring_loads.o %/fake_disk.o,$(LOADS_HOST))
$(LOADS)/net_loads: $(LOADS_KERNEL) $(LOADS_NET)
	$(call say,LD,$@)
	$(Q)$(CC) -no-pie $^ -lcmocka -o $@

# The checks are checked, too: with an error added to ring.c (NAME.sed) they must fail.
$(LOADS)/%.c: tests/loads/%.sed drivers/block/path/ring.c | $(LOADS)/ring_loads
	$(Q)sed -f $< drivers/block/path/ring.c >$@
	$(Q)! cmp -s drivers/block/path/ring.c $@ || { echo "$<: changes nothing"; rm $@; exit 1; }
$(LOADS)/mutant-%: $(LOADS)/mutant-%.c $(LOADS)/ring_loads
	$(Q)$(CC) $(CFLAGS_KERNEL) -Idrivers/block/path -c $< -o $@.o
	$(Q)$(CC) -no-pie $(filter-out $(LOADS_QUEUE),$(LOADS_KERNEL)) $@.o $(LOADS_HOST) -lcmocka -o $@
.SECONDARY: $(LOADS_MUTANTS:%=$(LOADS)/%.c)

ring-loads: $(LOADS)/ring_loads $(LOADS)/net_loads $(LOADS_MUTANTS:%=$(LOADS)/%) $(LOADS_UNMARKED:%=$(LOADS)/%.c)
	$(Q)tests/run-tests $(LOADS) 'tap:ring-loads=$(LOADS)/ring_loads' 'tap:net-loads=$(LOADS)/net_loads' \
		'ring-accesses-are-marked=tests/loads/check-marks include/kernel/ring_index.h $(wildcard drivers/block/*/*.c)' \
		$(foreach m,$(LOADS_MUTANTS),'ring-loads-sees-$(m)=! $(LOADS)/$(m)') \
		$(foreach m,$(LOADS_UNMARKED),'ring-marks-sees-$(m)=! tests/loads/check-marks $(LOADS)/$(m).c')
.PHONY: ring-loads

HOST_PROGRAMS += $(LOADS)/ring_loads $(LOADS)/net_loads
HOST_TESTS    += 'sum:ring-loads-gcc=$(submake) ring-loads' 'sum:ring-loads-clang=$(submake) ring-loads CC=clang BUILD=$(BUILD)/clang'

-include $(LOADS_HOST:.o=.d) $(LOADS_NET:.o=.d)
