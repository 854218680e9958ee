# SPDX-License-Identifier: MIT
# ext4 on a disk that crashes: tests/crash/main.c.
#
#   make crash [POINTS=n] [SEED=s] [E2FSCK=n]

CRASH      := $(BUILD)/crash
CRASH_SRCS := $(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS) $(FS_SRCS) tests/host/seam.c tests/host/foreign.c tests/host/context.c \
	$(addprefix tests/ext4/,memory_disk.c random_files.c fs_calls.c) \
	$(filter lib/fs/ext4/port/% lib/fs/ext4/store/% lib/fs/ext4/files/%,$(EXT4_SRCS)) $(wildcard tests/crash/*.c)
CRASH_OBJS := $(CRASH_SRCS:%=$(CRASH)/obj/%.o) $(EXT2FS_FILES:%=$(CRASH)/obj/ext2fs/%.o)
# many crashes: without sanitizers, which make ext4-test has
CFLAGS_CRASH := -std=gnu11 -O2 -g -fno-omit-frame-pointer $(INCLUDES) -Itests $(DEFINES)

$(CRASH)/flags: NOW = $(CC) $(CFLAGS_CRASH) $(EXT4_INCLUDES)
$(CRASH)/obj/ext2fs/%.o: $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(CRASH)/flags | $(call stamp,build) $(call stamp,ext4)
	$(call say,CRASHCC,ext2fs/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_CRASH) -D_GNU_SOURCE $(EXT2FS_INCLUDES) -w -MD -MP -c $(EXT2FS)/ext2fs/$*.c -o $@
$(CRASH)/obj/%.c.o: %.c $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(CRASH)/flags | $(call stamp,build) $(call stamp,ext4) $(XEN_LINK)
	$(call say,CRASHCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_CRASH) $(WARNINGS) $(if $(findstring ext4,$<)$(findstring tests/crash,$<),-D_GNU_SOURCE -Diovec=iovec $(EXT4_INCLUDES)) -MD -MP -c $< -o $@
$(CRASH)/crash: $(CRASH_OBJS)
	$(call say,CRASHLD,$@)
	$(Q)$(CC) $(CFLAGS_CRASH) $^ -o $@
-include $(CRASH_OBJS:.o=.d)

crash: $(CRASH)/crash
	$(Q)$(CRASH)/crash --dir $(CRASH)/images --points $(or $(POINTS),10000) --seed $(or $(SEED),1) $(if $(E2FSCK),--e2fsck $(E2FSCK))
.PHONY: crash

crash-selftest: $(CRASH)/crash
	$(Q)CC='$(CC)' tests/crash/selftest $(CRASH) $(CFLAGS_CRASH) -D_GNU_SOURCE -Diovec=iovec $(EXT4_INCLUDES) $(CRASH_OBJS)
.PHONY: crash-selftest

# ten seconds and a minute on two idle cores
HOST_PROGRAMS += $(CRASH)/crash
HOST_TESTS    += 'crash=$(submake) -s crash POINTS=10000 SEED=1 E2FSCK=50' 'sum:crash-selftest=$(submake) -s crash-selftest'
