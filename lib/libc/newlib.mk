# SPDX-License-Identifier: MIT
# newlib, from Debian's package of its source, unpatched: built once into build/newlib, and again
# when the compiler or a setting changes.

NEWLIB_TAR    := /usr/src/newlib/newlib-3.3.0.tar.xz
NEWLIB_SHA256 := c6f3a88b9d93420904241b231ca8647303be3bfb3cfef6adc8d1ea9207291033
PACKAGES_NEWLIB := newlib-source xz-utils gcc libc6-dev binutils make
$(eval $(call packages_rule,newlib,$(PACKAGES_NEWLIB)))

# Always gcc's, also for CC=clang: the library is the same then, and a build by clang may use this one
# (NEWLIB=build/newlib).
NEWLIB         := $(BUILD)/newlib
NEWLIB_CC      := $(CROSS_COMPILE)gcc
NEWLIB_TARGET  := x86_64-elf
NEWLIB_OPTIONS := --disable-multilib --disable-libgloss --disable-newlib-supplied-syscalls \
	--enable-newlib-io-long-long --enable-newlib-io-c99-formats --enable-newlib-retargetable-locking \
	--enable-newlib-global-stdio-streams --enable-newlib-global-atexit
# what everything has in common that is linked with it
CFLAGS_TARGET := -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-ffunction-sections -fdata-sections -fno-omit-frame-pointer \
	-U__linux__ -U__linux -Ulinux -U__gnu_linux__ -U__unix__ -U__unix -Uunix \
	$(filter-out -mgeneral-regs-only,$(ARCH_CFLAGS))
# HAVE_FCNTL: fcntl() of ours; MISSING_SYSCALL_NAMES: the library calls write() and not _write()
NEWLIB_CFLAGS := -O2 -g $(CFLAGS_TARGET) -ffreestanding -DHAVE_FCNTL -DMISSING_SYSCALL_NAMES \
	-ffile-prefix-map=$(abspath $(dir $(NEWLIB)))=.
NEWLIB_HEADERS := $(wildcard lib/libc/include/sys/config.h lib/libc/include/sys/features.h lib/libc/include/machine/*.h \
	lib/libc/include/sys/signal.h lib/libc/include/sys/_*.h lib/libc/include/sys/dirent.h)

NEWLIB_ROOT := $(NEWLIB)/root/$(NEWLIB_TARGET)
NEWLIB_LIBC := $(NEWLIB_ROOT)/lib/libc.a

NEWLIB_TOOLS := CC_FOR_TARGET='$(NEWLIB_CC)' $(foreach t,AS LD AR RANLIB NM OBJDUMP STRIP READELF,\
	$(t)_FOR_TARGET=$(CROSS_COMPILE)$(shell echo $(t) | tr A-Z a-z))

$(NEWLIB)/flags: NOW = $(NEWLIB_CC) $(NEWLIB_CFLAGS) $(NEWLIB_OPTIONS) $(NEWLIB_SHA256)
$(NEWLIB)/source/configure: | $(call stamp,newlib)
	@echo '$(NEWLIB_SHA256)  $(NEWLIB_TAR)' | sha256sum --check --status || \
		{ echo '$(NEWLIB_TAR) is not the file that this was tested with: see NEWLIB_SHA256' >&2; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar xf $(NEWLIB_TAR) -C $(@D) --strip-components=1
	@touch $@
# Values from this make's command line, such as DESTDIR, are not for newlib's.
NEWLIB_ENV := env $(foreach v,MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX CC LD AR NM CFLAGS V,-u $(v))
# The output of configure and make is in build/newlib/log; a minute on an idle machine.
$(NEWLIB_LIBC): $(NEWLIB)/source/configure $(NEWLIB)/flags $(NEWLIB_HEADERS)
	$(call say,NEWLIB,$(NEWLIB)/root (about a minute))
	@rm -rf $(NEWLIB)/build $(NEWLIB)/root && mkdir -p $(NEWLIB)/build
	$(Q)cd $(NEWLIB)/build && { \
		$(NEWLIB_ENV) ../source/configure --target=$(NEWLIB_TARGET) --prefix=$(abspath $(NEWLIB)/root) $(NEWLIB_OPTIONS) $(NEWLIB_TOOLS) \
			CFLAGS_FOR_TARGET='-I$(abspath lib/libc/include) $(NEWLIB_CFLAGS)' MAKEINFO=: && \
		$(NEWLIB_ENV) make -j2 MAKEINFO=: all-target-newlib && \
		$(NEWLIB_ENV) make MAKEINFO=: install-target-newlib; } >../log 2>&1 || \
		{ tail -20 ../log; echo 'newlib was not built: see $(NEWLIB)/log' >&2; exit 1; }
	@rm -rf $(NEWLIB)/build $(NEWLIB_ROOT)/lib/libg.a
	@touch $@
