# SPDX-License-Identifier: MIT
# Programs written for Mini-OS, by ringlet-cc -mini-os: our own, guests/mini-os-NAME for tests/lab, and
# xenstored's stub domain from Debian's source package of Xen, unmodified.

MINI_OS_TESTS  := stub files grants
MINI_OS_IMAGES := $(MINI_OS_TESTS:%=$(B)/guests/mini-os-%)

$(B)/guests/mini-os-%: tests/mini-os/%.c tests/posix/tap.h $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -mini-os -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror $< -o $@
$(B)/guests/mini-os-%.cfg: tests/guests/hello/hello.cfg
	@mkdir -p $(@D)
	$(Q)sed -e 's|@IMAGE@|$(abspath $(@:.cfg=))|' -e 's|^name = .*|name = "mini-os-$*"|' $< >$@

test test-xen: $(MINI_OS_IMAGES) $(MINI_OS_IMAGES:%=%.cfg)
HOST_PROGRAMS += $(MINI_OS_IMAGES)

# ---- parts of lib/mini-os on the host ----

MINI_OS_HOST_TESTS := $(HOST)/mini-os/test_gntmap
$(HOST)/mini-os/test_gntmap: $(HOST)/obj/tests/mini-os/test_gntmap.o $(HOST)/obj/lib/mini-os/gnttab.o $(LIBHOST)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $^ -lcmocka -o $@
.SECONDARY: $(HOST)/obj/tests/mini-os/test_gntmap.o $(HOST)/obj/lib/mini-os/gnttab.o
-include $(wildcard $(HOST)/obj/*/mini-os/*.d)
HOST_PROGRAMS += $(MINI_OS_HOST_TESTS)
HOST_TESTS    += $(foreach t,$(MINI_OS_HOST_TESTS),'tap:mini-os-$(notdir $(t))=$(t)')
