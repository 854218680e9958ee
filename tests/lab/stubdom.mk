# SPDX-License-Identifier: MIT
# HVM guests with apps/stubdm as their device model (tests/lab/lablib/stubdom.py, docs/stubdomains.md).
#
#   make run-stubdom [MODEL=qemu] [BOOTS=raw,qcow2,unplugged]     Linux boots from its own disk; MODEL=qemu: with QEMU in dom0

PACKAGES_STUBDOM := syslinux mtools dosfstools qemu-utils
$(eval $(call packages_rule,stubdom,$(PACKAGES_STUBDOM)))

# Disks with a few sectors of code of their own.
HVM_DISKS := $(patsubst tests/lab/hvm/%.S,$(B)/hvm/%.img,$(wildcard tests/lab/hvm/*.S))
$(B)/hvm/%.img: tests/lab/hvm/%.S $(B)/flags | $(call stamp,build)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -c -o $@.o $< && $(LD) -m elf_i386 -Ttext=0x7c00 --oformat=binary -o $@ $@.o
	$(Q)rm -f $@.o

STUBDM := $(filter $(B)/apps/stubdm,$(APP_IMAGES))
export MODEL BOOTS
run-stubdom: $(call stamp,lab) $(call stamp,stubdom) $(STUBDM)
	$(Q)tests/lab/lab setup
	$(Q)tests/lab/lab stubdom --model "$${MODEL:-stubdom}" $(if $(BOOTS),--boots "$$BOOTS")
.PHONY: run-stubdom

# the cases of tests/lab/matrix_stubdom.py; those that boot Linux are long
test test-xen: $(HVM_DISKS)
ifneq ($(FULL),)
test test-xen: $(call stamp,stubdom)
endif
