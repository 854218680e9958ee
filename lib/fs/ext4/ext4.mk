# SPDX-License-Identifier: MIT
# ext4: libext2fs, from Debian's source package, unmodified (libext2fs.a, LGPL-2), and ours below and
# above it (libringlet-ext4.a, MIT). A program has them only if it asks for them.

$(eval $(call debian_source,e2fsprogs,e2fsprogs,1.47.0-2,e2fsprogs_1.47.0.orig.tar.gz,6667afde56eef0c6af26684974400e4d2288ea49e9441bf5e6229195d51a3578))
EXT2FS := $(DEBIAN_e2fsprogs)/lib

# Not among them, as they are under the GPL: crc16, crc32c (replaced by port/checksum.c), rbtree and
# blkmap64_rb (store/bitmap.c), nls_utf8, sha512 (port/absent.c), and mkjournal with kernel-jbd.h (store/ has a
# journal of its own, and ext2fs_zero_blocks2).
EXT2FS_FILES := alloc alloc_sb alloc_stats badblocks bb_compat bitmaps bitops blkmap64_ba blknum block bmap check_desc \
	closefs csum dir_iterate dirblock dirhash expanddir ext_attr extent fallocate fileio freefs gen_bitmap gen_bitmap64 \
	get_num_dirs hashmap i_block ind_block inline inline_data inode io_manager link lookup mkdir mmp namei native newdir \
	openfs orphan punch read_bb rw_bitmaps swapfs symlink unlink valid_blk

# the numbers of its errors
EXT2FS_GEN := $(BUILD)/ext2fs
EXT2FS_ERR := $(EXT2FS_GEN)/ext2fs/ext2_err.h
$(EXT2FS_ERR): $(DEBIAN_e2fsprogs_READY)
	@mkdir -p $(@D)
	$(Q)sed 's/@E2FSPROGS_VERSION@/1.47.0/' $(EXT2FS)/ext2fs/ext2_err.et.in >$(@D)/ext2_err.et
	$(Q)awk -f $(EXT2FS)/et/et_h.awk outfile=$@.new outfn=ext2_err.h $(@D)/ext2_err.et && mv $@.new $@

EXT4_INCLUDES := -Ilib/fs/ext4/port -isystem $(EXT2FS_GEN) -isystem $(EXT2FS)
# its own sources find each other, and ext2_types.h, in this order
EXT2FS_INCLUDES := -Ilib/fs/ext4/port -Ilib/fs/ext4/port/ext2fs -I$(EXT2FS_GEN) -I$(EXT2FS_GEN)/ext2fs -I$(EXT2FS) -I$(EXT2FS)/ext2fs

EXT4_SRCS := $(wildcard lib/fs/ext4/*/*.c)
EXT4_OBJS := $(EXT4_SRCS:%=$(B)/ext4/%.o)
EXT2FS_OBJS := $(EXT2FS_FILES:%=$(B)/ext4/ext2fs/%.o)
LIB_EXT4   := $(B)/libringlet-ext4.a
LIB_EXT2FS := $(B)/libext2fs.a

CFLAGS_EXT4 = $(CFLAGS_LIBC) $(EXT4_INCLUDES)
$(B)/ext4/flags: NOW = $(CC) $(CFLAGS_EXT4)
$(B)/ext4/objects: NOW = $(EXT4_OBJS) $(EXT2FS_OBJS)

# compiled without our warnings
$(B)/ext4/ext2fs/%.o: $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(B)/ext4/flags $(NEWLIB_LIBC) | $(call stamp,build)
	$(call say,CC,ext2fs/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(CFLAGS_LIBC)) $(EXT2FS_INCLUDES) -w -MD -MP -c $(EXT2FS)/ext2fs/$*.c -o $@
$(B)/ext4/lib/%.c.o: lib/%.c $(DEBIAN_e2fsprogs_READY) $(EXT2FS_ERR) $(B)/ext4/flags $(NEWLIB_LIBC) | $(call stamp,build) $(XEN_LINK)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_EXT4) $(LIBC_REGISTERS) -MD -MP -c $< -o $@
# One object, whose only global symbols are those for programs and for libext2fs: see libringlet.o.
$(LIB_EXT4): $(EXT4_OBJS) $(B)/ext4/objects lib/fs/ext4/ext4.mk
	$(call say,AR,$@)
	$(Q)$(LD) -r $(foreach s,text rodata data bss,--unique='.$(s).*') -o $(B)/ext4/libringlet-ext4.o $(EXT4_OBJS)
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='ringlet_*' --keep-global-symbol='ext2fs_*' $(B)/ext4/libringlet-ext4.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/ext4/libringlet-ext4.o
$(LIB_EXT2FS): $(EXT2FS_OBJS) $(B)/ext4/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(EXT2FS_OBJS)
ext4: $(LIB_EXT4) $(LIB_EXT2FS)
.PHONY: ext4
-include $(EXT4_OBJS:.o=.d) $(EXT2FS_OBJS:.o=.d)
