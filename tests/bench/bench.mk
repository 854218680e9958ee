# SPDX-License-Identifier: MIT
# Throughput and cost: Ringlet compared with Linux guests and dom0's own access to the disk, on a
# real Xen in QEMU (tests/bench/README.md).
#
#   make bench [QUICK=1|SCALING=1] [GUEST=pv|pvh|both] [FILTER=regex]     make bench-compare A=old.json B=new.json
#   make bench APP=posix [QUICK=1] [GUEST=pv|pvh|both]    files and threads of the C library beside the kernel's
#   make bench APP=net [QUICK=1] [GUEST=pv|pvh|both]      the network beside a Linux guest's
#   make bench APP=fio [QUICK=1] [GUEST=pv|pvh|both]      fio beside blktest
#   make bench APP=fs|sqlite [QUICK=1] [GUEST=pv|pvh|both]   ext4 beside a Linux guest's
#   make bench APP=stubdom [QUICK=1]    an HVM guest's device model beside QEMU in dom0 (needs the packages of run-stubdom)
#   make bench APP=nbd [QUICK=1] [GUEST=pv|pvh|both]      nbdserver beside nbd-server in a Linux guest

PACKAGES_BENCH := gnuplot-nox
$(eval $(call packages_rule,bench,$(PACKAGES_BENCH)))

# for dom0 and the Linux guest: built by the host's own compiler, whichever builds Ringlet
AIOBENCH_CC   ?= gcc
AIOBENCH      := $(BUILD)/bench/aiobench
AIOBENCH_SRCS := tests/bench/aiobench.c tests/guests/blktest/permutation.c
$(AIOBENCH): $(AIOBENCH_SRCS) tests/guests/blktest/permutation.h tests/guests/blktest/mix.h | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(AIOBENCH_CC) -std=gnu11 -O2 -static -Iinclude -I$(ARCH_DIR)/include $(WARNINGS) $(AIOBENCH_SRCS) -o $@

# Programs built with the SDK that also use lib/fs and the kernel, to compare both: guests/bench-NAME.
BENCH_POSIX := $(patsubst tests/bench/posix/%.c,$(B)/guests/bench-%,$(wildcard tests/bench/posix/*.c))
$(B)/guests/bench-%: tests/bench/posix/%.c $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D) $(B)/bench
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g $(WARNINGS) -Wno-unused-command-line-argument -I. -MMD -MP -MF $(B)/bench/$*.d -MT $@ $< -o $@
test test-xen: $(BENCH_POSIX)
-include $(BENCH_POSIX:$(B)/guests/bench-%=$(B)/bench/%.d)

# On ext4, each as a guest of Ringlet's and for a Linux guest: files, and SQLite with the same options.
FSBENCH      := $(BUILD)/bench/fsbench
FSBENCH_SRCS := tests/bench/fsbench.c tests/guests/blktest/permutation.c
FSBENCH_DEPS := $(FSBENCH_SRCS) tests/guests/blktest/permutation.h tests/guests/blktest/mix.h
$(FSBENCH): $(FSBENCH_DEPS) | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(AIOBENCH_CC) -std=gnu11 -O2 -static -I. -Iinclude -I$(ARCH_DIR)/include $(WARNINGS) $(FSBENCH_SRCS) -o $@
$(B)/apps/bench-fs: $(FSBENCH_DEPS) $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g $(WARNINGS) -Wno-unused-command-line-argument -I. $(FSBENCH_SRCS) -lringlet-ext4 -o $@

SQLITEBENCH        := $(BUILD)/bench/sqlitebench
SPEEDTEST_LINUX    := $(BUILD)/bench/speedtest1-linux
SQLITE_LINUX       := $(BUILD)/bench/sqlite3.o
# without what belongs to a system
SQLITE_LINUX_FLAGS = -std=gnu11 -O2 $(filter-out -DSQLITE_EXTRA_INIT=%,$(APP_CFLAGS_sqlite))
$(SQLITE_LINUX): $(SQLITE)/.complete tests/bench/bench.mk apps/sqlite/app.mk | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(AIOBENCH_CC) $(SQLITE_LINUX_FLAGS) -w -c $(SQLITE)/sqlite3.c -o $@
$(SQLITEBENCH): tests/bench/sqlitebench.c $(SQLITE_LINUX)
	$(call say,HOSTCC,$@)
	$(Q)$(AIOBENCH_CC) $(SQLITE_LINUX_FLAGS) $(WARNINGS) -static -pthread $^ -lm -o $@
$(SPEEDTEST_LINUX): $(SQLITE_LINUX)
	$(call say,HOSTCC,$@)
	$(Q)$(AIOBENCH_CC) $(SQLITE_LINUX_FLAGS) -w -static -pthread $(DEBIAN_sqlite)/test/speedtest1.c $^ -lm -o $@
$(B)/apps/bench-sqlite: tests/bench/sqlitebench.c $(SPEEDTEST_OBJS) $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g -isystem $(SQLITE) $(WARNINGS) -Wno-unused-command-line-argument $< $(SPEEDTEST_OBJS) $(APP_LDFLAGS_sqlite) -o $@
packages: $(SQLITEBENCH) $(SPEEDTEST_LINUX) $(B)/apps/bench-sqlite

# for dom0
DOMAINTIME      := $(BUILD)/bench/domaintime
DOMAINTIME_SRCS := tests/bench/domaintime.c tests/guests/nettest/domains.c
$(DOMAINTIME): $(DOMAINTIME_SRCS) tests/guests/nettest/domains.h | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(AIOBENCH_CC) -std=gnu11 -O2 -static -Iinclude -I$(ARCH_DIR)/include $(WARNINGS) $(DOMAINTIME_SRCS) -o $@

BENCH_FIO    = guests $(B)/apps/fio
BENCH_FS     = $(FSBENCH) $(B)/apps/bench-fs
BENCH_STUBDOM = $(call stamp,stubdom) $(B)/apps/stubdm
BENCH_NBD    = $(DOMAINTIME) $(B)/apps/nbdserver
BENCH_SQLITE = $(SQLITEBENCH) $(SPEEDTEST_LINUX) $(B)/apps/bench-sqlite $(B)/apps/speedtest1

BENCH_RUN = tests/bench/bench run --guest "$${GUEST:-both}" $(if $(QUICK),--quick) $(if $(FILTER),--filter "$$FILTER")
ifeq ($(APP),)
bench: $(call stamp,lab) $(call stamp,bench) guests $(AIOBENCH)
	$(Q)tests/lab/lab setup
	$(Q)$(BENCH_RUN) $(if $(SCALING),--scaling)
else
bench: $(call stamp,lab) $(BENCH_$(shell echo '$(APP)' | tr a-z A-Z))
	$(Q)tests/lab/lab setup
	$(Q)$(BENCH_RUN) --app "$$APP"
endif
# (B is the build's folder for the architecture elsewhere: nothing is built here)
bench-compare: $(call stamp,scripts)
	$(Q)tests/bench/bench compare "$$A" "$$B"
.PHONY: bench bench-compare

HOST_PACKAGES += $(PACKAGES_BENCH)
HOST_PROGRAMS += $(AIOBENCH) $(FSBENCH) $(DOMAINTIME) $(B)/apps/bench-fs $(BENCH_POSIX)
HOST_TESTS    += 'sum:bench=tests/bench/test-bench --aiobench $(AIOBENCH) --fsbench $(FSBENCH)'
