# SPDX-License-Identifier: MIT
# The C library and the SDK: headers, libraries and ringlet-cc, in build/x86_64/sdk exactly as
# `make install` installs them. Programs of this tree are built with that ringlet-cc, too.

include lib/libc/newlib.mk

LIBC_SRCS := $(wildcard lib/libc/*.c)
# newlib's sources that it builds for no target like ours
NEWLIB_MORE := $(patsubst %,posix/%,collcmp fnmatch glob regcomp regerror regexec regfree) unix/basename unix/dirname
LIBC_OBJS := $(LIBC_SRCS:%=$(B)/libc/%.o) $(NEWLIB_MORE:%=$(B)/libc/newlib/%.o)

# As programs are compiled (ringlet-cc), with the kernel's headers and this tree's warnings.
CFLAGS_LIBC = -std=gnu11 $(OPT) -g $(CFLAGS_TARGET) -nostdinc -isystem lib/libc/include -isystem $(CC_INCLUDE) \
	-isystem $(NEWLIB_ROOT)/include $(INCLUDES) $(DEFINES) $(WARNINGS) -D_GNU_SOURCE -fno-common

$(B)/libc/flags: NOW = $(CC) $(CFLAGS_LIBC) $(LIBC_REGISTERS)
$(B)/libc/objects: NOW = $(LIBC_OBJS)
$(B)/libc/%.c.o: %.c $(B)/libc/flags $(NEWLIB_LIBC) | $(call stamp,build) $(XEN_LINK)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LIBC) $(LIBC_REGISTERS) -MMD -MP -c $< -o $@
# Xen may switch the registers of floating point lazily: the first use after each wait is a trap then.
# Only those use them that have such numbers, pass them on with their arguments, or say that they change.
LIBC_REGISTERS := $(if $(filter -mgeneral-regs-only,$(ARCH_CFLAGS)),-mgeneral-regs-only)
$(patsubst %,$(B)/libc/lib/libc/%.c.o,call_on_stack environment err syslog): LIBC_REGISTERS :=

$(B)/libc/newlib/%.o: $(NEWLIB_LIBC) $(B)/libc/flags
	$(call say,CC,$(NEWLIB)/$*.c)
	@mkdir -p $(@D)
	$(Q)$(NEWLIB_CC) $(NEWLIB_CFLAGS) -w -D_GNU_SOURCE -nostdinc -isystem lib/libc/include -isystem "$$($(NEWLIB_CC) -print-file-name=include)" \
		-isystem $(NEWLIB_ROOT)/include -c $(NEWLIB)/source/newlib/libc/$*.c -o $@
# ours of this name calls it
$(B)/libc/newlib/posix/glob.o: NEWLIB_CFLAGS += -Dglob=newlib_glob

# What cannot be, failing with ENOSYS, for programs that only mention it (-lringlet-nosys).
NOSYS := $(B)/libc/libringlet-nosys.a
NOSYS_OBJS := $(patsubst %,$(B)/libc/%.o,$(wildcard lib/libc/nosys/*.c))
$(NOSYS): $(NOSYS_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(NOSYS_OBJS)

# One libc.a of ours and newlib's.
LIBC := $(B)/libc/libc.a
$(LIBC): $(LIBC_OBJS) $(NEWLIB_LIBC) $(B)/libc/objects lib/libc/merge-libc.sh
	$(call say,AR,$@)
	$(Q)AR="$(AR)" NM="$(NM)" sh lib/libc/merge-libc.sh $@ $(NEWLIB_LIBC) $(LIBC_OBJS)

-include $(patsubst %,$(B)/libc/%.d,$(LIBC_SRCS) $(wildcard lib/libc/nosys/*.c lib/libc/check/*.c))

include lib/mini-os/mini-os.mk
include lib/lwip/lwip.mk
include lib/fs/ext4/ext4.mk

# What --check-heap puts in front of libc.a: the same malloc() on another heap.
CHECK_HEAP := $(B)/libc/libringlet-check-heap.a
$(B)/libc/check/malloc.o: lib/libc/malloc.c lib/libc/check/check_heap.h $(B)/libc/flags $(NEWLIB_LIBC) | $(call stamp,build) $(XEN_LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_LIBC) -include lib/libc/check/check_heap.h -MMD -MP -c $< -o $@
$(CHECK_HEAP): $(B)/libc/check/malloc.o $(B)/libc/lib/libc/check/check_heap.c.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# ---- the SDK ----

SDK     := $(B)/sdk
SDK_LIB := $(SDK)/lib/ringlet
RINGLET_CC := $(SDK)/bin/ringlet-cc

# Other systems have these libraries; here everything is in libc.a.
SDK_EMPTY := pthread rt dl util nsl resolv socket

# ringlet-cc, with the flags that this tree uses
$(RINGLET_CC): lib/sdk/ringlet-cc Makefile Config.mk lib/libc/newlib.mk $(ARCH_DIR)/arch.mk
	@mkdir -p $(@D)
	$(Q)sed -e 's|@FLAGS@|$(CFLAGS_TARGET)|' -e 's|@VERSION@|$(VERSION)|' $< >$@ && chmod +x $@

SDK_PARTS := $(LIBRINGLET) $(LIBFS) $(LIBC) $(LIB_LWIP) $(LIB_EXT4) $(LIB_EXT2FS) $(CHECK_HEAP) $(LIB_MINI_OS) $(NOSYS) $(ARCH_LINK_DEPS)
SDK_HEADERS := $(MINI_OS_HEADERS) $(wildcard include/ringlet/*.h $(ARCH_DIR)/include/arch/*.h) $(shell find lib/libc/include -name '*.h') \
	$(wildcard lib/lwip/port/*.h lib/lwip/port/arch/*.h)
$(SDK)/.complete: $(SDK_PARTS) $(RINGLET_CC) lib/sdk/tools/ld $(SDK_HEADERS)
	$(call say,SDK,$(SDK))
	$(Q)rm -rf $(SDK_LIB) && mkdir -p $(SDK_LIB)/include
	$(Q)cp -r include/ringlet include/mini-os $(ARCH_DIR)/include/arch $(SDK_LIB)/include/
	$(Q)mkdir -p $(SDK_LIB)/include/xen && cd $(XEN_HEADERS) && cp -r --parents *.h io hvm xsm arch-x86 $(abspath $(SDK_LIB))/include/xen/
	$(Q)cp -r lib/libc/include $(SDK_LIB)/include/posix
	$(Q)cp -r $(NEWLIB_ROOT)/include $(SDK_LIB)/include/newlib
	$(Q)mkdir -p $(SDK_LIB)/include/ringlet-lwip && cp -r $(LWIP)/src/include/lwip $(LWIP)/src/include/netif lib/lwip/port/lwipopts.h lib/lwip/port/arch $(SDK_LIB)/include/ringlet-lwip/
	$(Q)cp $(LIBRINGLET) $(LIBFS) $(LIBC) $(LIB_LWIP) $(LIB_EXT4) $(LIB_EXT2FS) $(CHECK_HEAP) $(LIB_MINI_OS) $(NOSYS) $(NEWLIB_ROOT)/lib/libm.a $(ARCH_LDS) $(ARCH_DIR)/symbols.sh $(SDK_LIB)/
	$(Q)mkdir -p $(SDK_LIB)/tools && cp lib/sdk/tools/ld $(SDK_LIB)/tools/
	$(Q)for l in $(SDK_EMPTY); do $(AR) rcs $(SDK_LIB)/lib$$l.a; done
	@touch $@
sdk: $(SDK)/.complete
.PHONY: sdk
