# SPDX-License-Identifier: MIT
# The kernel library exports exactly the symbols that include/ringlet/symbols.h lists and the
# headers declare.

EXPORT_CHECK = tests/exports/check-exports $(B)/libringlet.o "$(NM)" $(ARCH_EXPORTS)
FS_CHECK = tests/exports/check-fs $(LIBFS) $(LIBRINGLET) "$(NM)"
MINI_OS_CHECK = tests/exports/check-mini-os $(LIB_MINI_OS) "$(NM)"
LWIP_CHECK = tests/exports/check-lwip $(LIB_LWIP) "$(NM)"
EXT4_CHECK = tests/exports/check-ext4 $(LIB_EXT4) $(LIB_EXT2FS) "$(NM)"
exports: $(LIB_LWIP) $(LIB_EXT4) $(LIB_EXT2FS) $(B)/libringlet.o $(LIBRINGLET) $(LIBFS) $(LIB_MINI_OS)
	$(Q)$(EXPORT_CHECK)
	$(Q)$(FS_CHECK)
	$(Q)$(MINI_OS_CHECK)
	$(Q)$(LWIP_CHECK)
	$(Q)$(EXT4_CHECK)
.PHONY: exports

HOST_TESTS += 'sum:exports=$(EXPORT_CHECK)' 'sum:exports-fs=$(FS_CHECK)' 'sum:exports-mini-os=$(MINI_OS_CHECK)' 'sum:exports-lwip=$(LWIP_CHECK)' \
	'sum:exports-ext4=$(EXT4_CHECK)'
HOST_PROGRAMS += $(LIB_MINI_OS) $(LIB_LWIP) $(LIB_EXT4) $(LIB_EXT2FS)
