# SPDX-License-Identifier: MIT
# The stub domain of xenstored, as Xen's stubdom/ builds it for Mini-OS, from Debian's source package,
# unmodified: the C files of the daemon, and those of Xen's libraries that it needs.
#
#   make xenstored-stub      build/x86_64/packages/xenstored, and xenstored-pv, which init-xenstore-domain starts as PV
#   make run-xenstore [GUEST=pv|pvh|both] [MEMORY=16] [CYCLES=n] [SEVERAL=n] [LOST=1]     a dom0 whose XenStore it is (docs/xenstore-domain.md)

$(eval $(call debian_source,xen,xen,4.17.5+72-g01140da4e8-1,xen_4.17.5+72-g01140da4e8.orig.tar.xz,53922f4d0a02c577f2ea9d63f65989cd88715779eebeed879ca1d314103ee06e))

XENSTORED      := $(B)/packages/xenstored
XENSTORED_SRCS := $(addprefix tools/xenstore/,$(addsuffix .c,\
	$(addprefix xenstored_,core watch domain transaction control minios) xs_lib talloc utils tdb hashtable))
XENSTORED_SRCS += $(addprefix tools/libs/,$(addsuffix .c,\
	evtchn/core evtchn/minios gnttab/gnttab_core gnttab/gntshr_unimp gnttab/minios \
	foreignmemory/core foreignmemory/minios call/core call/buffer call/minios toolcore/handlereg \
	toollog/xtl_core toollog/xtl_logger_stdio devicemodel/core devicemodel/compat \
	ctrl/xc_private ctrl/xc_domain ctrl/xc_hcall_buf ctrl/xc_minios))
XENSTORED_OBJS := $(XENSTORED_SRCS:%=$(B)/packages/xen/%.o)

# What Xen's configure and stubdom/Makefile make: config.h, and folders in include/xen.
XENSTORED_INCLUDE := $(B)/packages/xen/include
$(XENSTORED_INCLUDE)/config.h: $(DEBIAN_xen_READY) | $(call stamp,build)
	@mkdir -p $(@D)/xen
	$(Q)ln -sfn $(abspath $(DEBIAN_xen))/tools/include/xen-sys/MiniOS $(@D)/xen/sys
	$(Q)ln -sfn $(XEN_HEADERS)/foreign $(@D)/xen/foreign
	$(Q)echo '#define INCLUDE_ENDIAN_H <endian.h>' >$@

# (Warnings are Xen's affair.)
XENSTORED_CFLAGS = -mini-os -O2 -w -include $(XENSTORED_INCLUDE)/config.h -I$(XENSTORED_INCLUDE) \
	-I$(DEBIAN_xen)/tools/include -I$(DEBIAN_xen)/tools/xenstore/include -I$(dir $(DEBIAN_xen)/$*) \
	-D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__ -D__XEN_TOOLS__ -DNO_SOCKETS=1 \
	-DXEN_RUN_STORED='"/var/run/xenstored"' -DXEN_LIB_STORED='"/var/lib/xenstored"'
$(XENSTORED_OBJS): $(B)/packages/xen/%.o: $(XENSTORED_INCLUDE)/config.h $(SDK)/.complete
	$(call say,CC,$(DEBIAN_xen)/$*)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) $(XENSTORED_CFLAGS) -c $(DEBIAN_xen)/$* -o $@
$(XENSTORED): $(XENSTORED_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -mini-os -g $^ -o $@

# init-xenstore-domain takes an image that can as PVH.
$(XENSTORED)-pv: $(XENSTORED) tests/lab/lablib/xenstore.py
	$(Q)PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lab python3 -c 'import sys; from lablib.xenstore import without_pvh; \
		open(sys.argv[2], "wb").write(without_pvh(open(sys.argv[1], "rb").read()))' $< $@

xenstored-stub: $(XENSTORED) $(XENSTORED)-pv
.PHONY: xenstored-stub

export MEMORY CYCLES SEVERAL LOST
run-xenstore: $(call stamp,lab) guests $(XENSTORED)
	$(Q)tests/lab/lab setup
	$(Q)tests/lab/lab xenstore --guest "$${GUEST:-pvh}" --memory "$${MEMORY:-16}" --cycles "$${CYCLES:-0}" --several "$${SEVERAL:-0}" $${LOST:+--lost}
.PHONY: run-xenstore
test test-xen: $(XENSTORED)

HOST_TESTS += 'xenstored-stub=$(submake) xenstored-stub'
