# SPDX-License-Identifier: MIT
# Mini-OS' interface: libringlet-mini-os.a, which ringlet-cc -mini-os links, compiled as lib/libc is.

MINI_OS_SRCS := $(wildcard lib/mini-os/*.c)
MINI_OS_OBJS := $(MINI_OS_SRCS:%=$(B)/libc/%.o)
MINI_OS_HEADERS := $(wildcard include/mini-os/*.h)

$(MINI_OS_OBJS): CFLAGS_LIBC += -D__MINIOS__ -DHAVE_LIBC
$(B)/mini-os/objects: NOW = $(MINI_OS_OBJS)
LIB_MINI_OS := $(B)/libringlet-mini-os.a
$(LIB_MINI_OS): $(MINI_OS_OBJS) $(B)/mini-os/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(MINI_OS_OBJS)

-include $(MINI_OS_OBJS:.o=.d)
