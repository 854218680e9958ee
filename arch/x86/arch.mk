# SPDX-License-Identifier: MIT
# The part of the build that depends on x86: sources, flags, and how a guest is linked.

ARCH_SRCS := $(wildcard $(ARCH_DIR)/*.c $(ARCH_DIR)/*/*.c) $(filter-out %.lds.S,$(wildcard $(ARCH_DIR)/*.S $(ARCH_DIR)/*/*.S))
# part of the archive of files, which uses it
ARCH_FS_SRCS := $(ARCH_DIR)/boot_module.c
ARCH_SRCS := $(filter-out $(ARCH_FS_SRCS),$(ARCH_SRCS))
# the kernel leaves the floating-point and vector registers to applications
ARCH_CFLAGS := -mgeneral-regs-only -mno-red-zone -mcmodel=kernel -fcf-protection=none
# what the link script and the notes of the image name
ARCH_EXPORTS := entry_pv entry_pvh xen_notes
# sources that no request passes through
ARCH_COLD := $(filter-out $(addprefix $(ARCH_DIR)/,clock.c context.c hypercall.c),$(filter %.c,$(ARCH_SRCS) $(ARCH_FS_SRCS)))

# The link script as the linker reads it.
ARCH_LDS := $(BUILD)/$(ARCH)/ringlet.lds
$(ARCH_LDS): $(ARCH_DIR)/ringlet.lds.S $(call stamp,build)
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -o $@ $<

# $(call link_image,IMAGE,OBJECTS): a recipe line that links with the kernel library. The rule depends
# on $(ARCH_LINK_DEPS), too.
ARCH_LINK_DEPS := $(ARCH_LDS) $(addprefix $(ARCH_DIR)/,link-image.sh symbols.sh)
link_image = NAMES=1 NM="$(NM)" CC="$(CC)" \
	sh $(ARCH_DIR)/link-image.sh $(1) $(ARCH_LDS) $(2) $(LIBRINGLET)

# $(call check_image,IMAGE,KERNEL-OBJECTS): a recipe line that fails when the image is not as it must be.
check_image = READELF="$(CROSS_COMPILE)readelf" OBJDUMP="$(CROSS_COMPILE)objdump" \
	sh $(ARCH_DIR)/check-image.sh $(1) $(2)
