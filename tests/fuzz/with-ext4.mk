# SPDX-License-Identifier: MIT
# What tests/fuzz/fuzz_ext4.c is linked with.

EXT4_FUZZ_SRCS := $(filter lib/fs/ext4/port/% lib/fs/ext4/store/%,$(EXT4_SRCS)) tests/ext4/memory_disk.c
EXT4_FUZZ_OBJS := $(EXT4_FUZZ_SRCS:%.c=$(FUZZ)/obj/%.o) $(EXT2FS_FILES:%=$(FUZZ)/obj/ext2fs/%.o)
$(EXT4_FUZZ_SRCS:%.c=$(FUZZ)/obj/%.o) $(FUZZ)/obj/tests/fuzz/fuzz_ext4.o: CFLAGS_FUZZ += -D_GNU_SOURCE -Diovec=iovec $(EXT4_INCLUDES)
$(EXT4_FUZZ_SRCS:%.c=$(FUZZ)/obj/%.o) $(FUZZ)/obj/tests/fuzz/fuzz_ext4.o $(HOST)/obj/tests/fuzz/fuzz_ext4.o: $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR)
$(HOST)/obj/tests/fuzz/fuzz_ext4.o: CFLAGS_HOST += -D_GNU_SOURCE -Diovec=iovec $(EXT4_INCLUDES)
# libext2fs reads structures where they are, so without UndefinedBehaviorSanitizer
$(FUZZ)/obj/ext2fs/%.o: $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(FUZZ)/flags | $(call stamp,fuzz) $(XEN_LINK)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(filter-out $(WARNINGS) -fsanitize=% -fno-sanitize-recover=%,$(CFLAGS_FUZZ)) -fsanitize=fuzzer-no-link,address -w -D_GNU_SOURCE \
		$(EXT2FS_INCLUDES) -MD -MP -c $(EXT2FS)/ext2fs/$*.c -o $@
$(FUZZ_LIB): $(EXT4_FUZZ_OBJS)
-include $(EXT4_FUZZ_OBJS:.o=.d)
$(HOST)/replay/ext4: $(EXT4_FUZZ_SRCS:%=$(EXT4_HOST)/%.o) $(EXT2FS_FILES:%=$(EXT4_HOST)/ext2fs/%.o)
