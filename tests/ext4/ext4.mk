# SPDX-License-Identifier: MIT
# ext4 in host processes: lib/fs/ext4 on the threads of tests/host, with disks in memory.

EXT4_HOST      := $(HOST)/ext4
EXT4_HOST_OBJS := $(EXT2FS_FILES:%=$(EXT4_HOST)/ext2fs/%.o) $(EXT4_SRCS:%=$(EXT4_HOST)/%.o) \
	$(patsubst %,$(EXT4_HOST)/%.o,$(filter-out $(wildcard tests/ext4/test_*.c),$(wildcard tests/ext4/*.c)) tests/crash/model_disk.c tests/crash/sectors.c)
LIB_EXT4_HOST  := $(EXT4_HOST)/libringlet-ext4-host.a
EXT4_TESTS     := $(patsubst tests/ext4/%.c,$(EXT4_HOST)/%,$(wildcard tests/ext4/test_*.c))

# mke2fs, e2fsck, debugfs
PACKAGES_EXT4 := e2fsprogs $(PACKAGES_UNIT)
$(eval $(call packages_rule,ext4,$(PACKAGES_EXT4)))

CFLAGS_EXT4_HOST = $(CFLAGS_HOST) -D_GNU_SOURCE -Diovec=iovec $(EXT4_INCLUDES)
$(EXT4_HOST)/flags: NOW = $(CC) $(CFLAGS_EXT4_HOST)
$(EXT4_HOST)/objects: NOW = $(EXT4_HOST_OBJS)

# The library's own sources are not for UndefinedBehaviorSanitizer: they read structures where they are.
$(EXT4_HOST)/ext2fs/%.o: $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(EXT4_HOST)/flags | $(call stamp,build) $(call stamp,ext4)
	$(call say,HOSTCC,ext2fs/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS) $(SANITIZE),$(CFLAGS_HOST)) -fsanitize=address -D_GNU_SOURCE $(EXT2FS_INCLUDES) -w -MD -MP \
		-c $(EXT2FS)/ext2fs/$*.c -o $@
$(EXT4_HOST)/%.c.o: %.c $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(EXT4_HOST)/flags | $(call stamp,build) $(call stamp,ext4) $(XEN_LINK)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_EXT4_HOST) -MD -MP -c $< -o $@
$(LIB_EXT4_HOST): $(EXT4_HOST_OBJS) $(EXT4_HOST)/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(EXT4_HOST_OBJS)
$(EXT4_TESTS): $(EXT4_HOST)/%: $(EXT4_HOST)/tests/ext4/%.c.o $(LIB_EXT4_HOST) $(LIBHOST)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $(filter %.o,$^) $(LIB_EXT4_HOST) $(LIBHOST) -lcmocka -o $@
-include $(EXT4_HOST_OBJS:.o=.d) $(wildcard $(EXT4_HOST)/tests/ext4/*.d)

ext4-test: $(EXT4_TESTS)
	$(Q)tests/run-tests $(BUILD)/test-host $(foreach t,$(EXT4_TESTS),'tap:ext4-$(notdir $(t))=$(t)')
.PHONY: ext4-test
HOST_PACKAGES += $(PACKAGES_EXT4)
HOST_PROGRAMS += $(EXT4_TESTS) $(LIB_EXT4) $(LIB_EXT2FS)
HOST_TESTS    += $(foreach t,$(EXT4_TESTS),'tap:ext4-$(notdir $(t))=$(t)')
