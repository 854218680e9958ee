# SPDX-License-Identifier: MIT
# Programs whose results must be the same on Linux and in a guest: tests/posix/NAME.c, built by the
# host's compiler for the one and by ringlet-cc for the other (guests/posix-NAME, in tests/lab).

# Linux' names of services and protocols are files of this package
PACKAGES_POSIX := netbase
HOST_PACKAGES  += $(PACKAGES_POSIX)

POSIX_TESTS    := threads signals ends stress spin connections
POSIX_PROGRAMS := $(POSIX_TESTS:%=$(HOST)/posix/%)
POSIX_IMAGES   := $(POSIX_TESTS:%=$(B)/guests/posix-%)

$(HOST)/posix/%: tests/posix/%.c tests/posix/tap.h $(HOST)/flags | $(call stamp,unit)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g $(WARNINGS) -pthread $< -o $@
$(B)/guests/posix-%: tests/posix/%.c tests/posix/tap.h $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g $(WARNINGS) -pthread $< -o $@
$(B)/guests/posix-%.cfg $(B)/guests/ext4-%.cfg $(B)/guests/clang-%.cfg: tests/guests/hello/hello.cfg
	@mkdir -p $(@D)
	$(Q)sed -e 's|@IMAGE@|$(abspath $(@:.cfg=))|' -e 's|^name = .*|name = "$(notdir $(@:.cfg=))"|' $< >$@

# Programs of behaviours, which call functions wrongly on purpose (-w): what Linux does is on record in tests/posix/NAME.txt, see behaviour.h.
BEHAVIOURS          := files names events system aio sockets
BEHAVIOUR_PROGRAMS  := $(BEHAVIOURS:%=$(HOST)/posix/%)
BEHAVIOUR_IMAGES    := $(BEHAVIOURS:%=$(B)/guests/posix-%)
BEHAVIOUR_RECORDERS := $(BEHAVIOURS:%=$(HOST)/posix/record-%)

$(HOST)/posix/%-linux.h: tests/posix/%.txt tests/posix/make-header
	@mkdir -p $(@D)
	$(Q)tests/posix/make-header linux $< >$@
$(HOST)/posix/%-ringlet.h: tests/posix/%.txt tests/posix/make-header
	@mkdir -p $(@D)
	$(Q)tests/posix/make-header ringlet $< >$@
$(BEHAVIOUR_PROGRAMS): $(HOST)/posix/%: tests/posix/%.c tests/posix/behaviour.h $(HOST)/posix/%-linux.h $(HOST)/flags | $(call stamp,unit)
	$(call say,HOSTCC,$<)
	$(Q)$(CC) -O2 -g -w -DBEHAVIOUR_RECORD='"$(abspath $(HOST))/posix/$*-linux.h"' -pthread $< -o $@ -lrt
$(BEHAVIOUR_RECORDERS): $(HOST)/posix/record-%: tests/posix/%.c tests/posix/behaviour.h $(HOST)/flags | $(call stamp,unit)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -w -pthread $< -o $@ -lrt
$(BEHAVIOUR_IMAGES): $(B)/guests/posix-%: tests/posix/%.c tests/posix/behaviour.h $(HOST)/posix/%-ringlet.h $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g -w -DBEHAVIOUR_RECORD='"$(abspath $(HOST))/posix/$*-ringlet.h"' $< -o $@
# The same on ext4, which is mounted at /tmp: tests/lab/matrix_files.py.
EXT4_BEHAVIOURS := files names aio
EXT4_BEHAVIOUR_IMAGES := $(EXT4_BEHAVIOURS:%=$(B)/guests/ext4-%)
$(EXT4_BEHAVIOUR_IMAGES): $(B)/guests/ext4-%: tests/posix/%.c tests/posix/behaviour.h $(HOST)/posix/%-ringlet.h $(SDK)/.complete
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC="$(CC)" $(RINGLET_CC) -O2 -g -w -DBEHAVIOUR_RECORD='"$(abspath $(HOST))/posix/$*-ringlet.h"' $< -o $@ -lringlet-ext4
.SECONDARY: $(BEHAVIOURS:%=$(HOST)/posix/%-linux.h) $(BEHAVIOURS:%=$(HOST)/posix/%-ringlet.h)

# What Linux does, anew; and docs/posix.md from all records.
posix-record: $(BEHAVIOUR_RECORDERS)
	$(Q)for t in $(BEHAVIOURS); do tests/posix/record $(HOST)/posix/record-$$t tests/posix/$$t.txt || exit 1; done
	$(Q)tests/posix/make-docs >docs/posix.md
.PHONY: posix-record

POSIX_TESTS    += $(BEHAVIOURS)
POSIX_PROGRAMS += $(BEHAVIOUR_PROGRAMS)
POSIX_IMAGES   += $(BEHAVIOUR_IMAGES) $(EXT4_BEHAVIOUR_IMAGES)
HOST_TESTS     += 'posix-docs=tests/posix/make-docs | cmp - docs/posix.md'

# One that clang makes, as a user of the SDK does: libraries of the SDK, and clang for the program.
$(eval $(call packages_rule,clang,$(PACKAGES_CLANG)))
$(B)/guests/clang-threads: tests/posix/threads.c tests/posix/tap.h $(SDK)/.complete | $(call stamp,clang)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)RINGLET_GCC=clang $(RINGLET_CC) -O2 -g $(WARNINGS) -pthread $< -o $@
POSIX_IMAGES   += $(B)/guests/clang-threads
posix-images: $(POSIX_IMAGES)
.PHONY: posix-images

test test-xen: $(POSIX_IMAGES) $(POSIX_IMAGES:%=%.cfg)
HOST_PROGRAMS += $(POSIX_PROGRAMS) $(POSIX_IMAGES)
HOST_TESTS    += $(foreach t,$(POSIX_TESTS),'tap:posix-$(t)=$(HOST)/posix/$(t)')
