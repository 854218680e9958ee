# SPDX-License-Identifier: MIT
# How fast: Ringlet beside Linux guests and dom0's own access to the disk, on a real Xen in QEMU (tests/bench/README.md).
#
#   make bench [QUICK=1|SCALING=1] [GUEST=pv|pvh|both] [FILTER=regex]     make bench-compare A=old.json B=new.json

PACKAGES_BENCH := gnuplot-nox
$(eval $(call packages_rule,bench,$(PACKAGES_BENCH)))

# for dom0 and the Linux guest: by the machine's own compiler, whatever builds Ringlet
AIOBENCH_CC   ?= gcc
AIOBENCH      := $(BUILD)/bench/aiobench
AIOBENCH_SRCS := tests/bench/aiobench.c tests/guests/blktest/permutation.c
$(AIOBENCH): $(AIOBENCH_SRCS) tests/guests/blktest/permutation.h tests/guests/blktest/mix.h | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(AIOBENCH_CC) -std=gnu11 -O2 -static -Iinclude $(WARNINGS) $(AIOBENCH_SRCS) -o $@

bench: $(call stamp,lab) $(call stamp,bench) guests $(AIOBENCH)
	$(Q)tests/lab/lab setup
	$(Q)tests/bench/bench run --guest "$$GUEST" $(if $(QUICK),--quick) $(if $(SCALING),--scaling) $(if $(FILTER),--filter "$$FILTER")
# (B is the build's folder for the architecture elsewhere: nothing is built here)
bench-compare: $(call stamp,lab)
	$(Q)tests/bench/bench compare "$$A" "$$B"
.PHONY: bench bench-compare

HOST_TESTS += 'sum:bench=tests/bench/test-bench --aiobench $(AIOBENCH)'
test-host test: $(AIOBENCH)
