# Ringlet's build. `make help` lists the targets; options are in Config.mk.

include Config.mk

VERSION := 0.1.0

.DEFAULT_GOAL := guests
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(2)'
else
Q :=
say = @:
endif

ifneq ($(ARCH),x86_64)
$(error ARCH=$(ARCH): only x86_64 is there)
endif

B    := $(BUILD)/$(ARCH)
HOST := $(BUILD)/host

# ---- Debian packages: installed when they are missing, and only then ----

NEED := tests/lab/need
PACKAGES_BUILD := gcc binutils libxen-dev $(if $(findstring clang,$(CC)),clang)
PACKAGES_LINT  := clang clang-format cppcheck libclang-rt-14-dev
PACKAGES_UNIT  := libc6-dev libcmocka-dev
PACKAGES_LAB   := python3

# A stamp for each set, made anew when the set changes.
stamp = $(BUILD)/.packages-$(1)
define packages_rule
$$(call stamp,$(1)): Makefile $$(NEED)
	@mkdir -p $$(@D)
	$$(Q)$$(NEED) $(2)
	@touch $$@
endef
$(eval $(call packages_rule,build,$(PACKAGES_BUILD)))
$(eval $(call packages_rule,lint,$(PACKAGES_LINT)))
$(eval $(call packages_rule,unit,$(PACKAGES_UNIT)))
$(eval $(call packages_rule,lab,$(PACKAGES_LAB)))

# Xen's public headers, and nothing else of the host's.
XEN_HEADERS ?= /usr/include/xen
XEN_LINK := $(BUILD)/include/xen
$(XEN_LINK): | $(call stamp,build)
	@mkdir -p $(@D)
	$(Q)ln -sfn $(XEN_HEADERS) $@

# ---- flags ----

WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla -Wundef
DEFINES  := -D__XEN_INTERFACE_VERSION__=$(XEN_INTERFACE_VERSION) -DRINGLET_VERSION='"$(VERSION)"'
INCLUDES := -Iinclude -isystem $(BUILD)/include

# asked for when it is first needed, as the compiler may only then be there
CC_INCLUDE = $(eval CC_INCLUDE := $(shell $(CC) -print-file-name=include))$(CC_INCLUDE)

CFLAGS_KERNEL = -std=gnu11 $(OPT) -g -ffreestanding -nostdinc -isystem $(CC_INCLUDE) \
	$(INCLUDES) $(DEFINES) $(WARNINGS) -Wframe-larger-than=2048 \
	-mgeneral-regs-only -mno-red-zone -mcmodel=kernel -fno-pic -fno-pie -fno-stack-protector \
	-fno-omit-frame-pointer -fcf-protection=none -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-common
ifneq ($(findstring clang,$(CC)),)
CFLAGS_KERNEL += -Wno-unused-command-line-argument
endif
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_HOST := -std=gnu11 -O1 -g $(INCLUDES) -Itests $(DEFINES) $(WARNINGS) $(SANITIZE)

# Objects are made again when the compiler or a flag changes.
$(B)/flags: NOW = $(CC) $(CFLAGS_KERNEL) $(COLD)
$(HOST)/flags: NOW = $(CC) $(CFLAGS_HOST)
# ... and a library when a source comes or goes.
$(B)/objects: NOW = $(LIB_OBJS)
$(HOST)/objects: NOW = $(HOST_OBJS)
define write_if_changed
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(NOW))' | cmp -s - $@ || echo '$(subst ','\'',$(NOW))' >$@
endef
%/flags: always | $(call stamp,build)
	$(write_if_changed)
%/objects: always
	$(write_if_changed)
.PHONY: always

# ---- the kernel library ----

include arch/x86/arch.mk

CORE_SRCS   := $(wildcard lib/core/*.c)
DRIVER_SRCS := $(wildcard drivers/*/*.c)
# an object's name keeps the source's ending: context.c and context.S are two objects
LIB_OBJS    := $(patsubst %,$(B)/obj/%.o,$(ARCH_SRCS) $(CORE_SRCS) $(DRIVER_SRCS))
LIBRINGLET  := $(B)/libringlet.a

# What no request passes through is built for size.
COLD := $(filter-out $(addprefix arch/x86/,clock.c context.c grant.c hypercall.c),$(wildcard arch/x86/*.c)) $(wildcard drivers/console/*.c) \
	$(filter-out drivers/xen/event_channel.c drivers/xen/grant_table.c,$(wildcard drivers/xen/*.c)) \
	$(patsubst %,drivers/block/%.c,away device hotplug names negotiate properties replay stats_store watchdog) \
	$(patsubst %,lib/core/%.c,cmdline errno format json panic parse printk)
$(COLD:%=$(B)/obj/%.o): OPT := -Os

$(B)/obj/%.c.o: %.c $(B)/flags | $(call stamp,build) $(XEN_LINK)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_KERNEL) -MMD -MP -c $< -o $@
$(B)/obj/%.S.o: %.S $(B)/flags | $(call stamp,build) $(XEN_LINK)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_KERNEL) -MMD -MP -c $< -o $@

# One object in which only what the public headers name, and what the link script asks for, is global: a guest's own
# queue_init() and the block driver's do not meet.
$(B)/libringlet.o: $(LIB_OBJS) $(B)/objects $(wildcard include/ringlet/*.h)
	$(Q)$(LD) -r -o $@.all $(LIB_OBJS)
	$(Q){ grep -ohE '[a-z_][a-z0-9_]+' include/ringlet/*.h; echo entry_pv; echo entry_pvh; echo xen_notes; } | sort -u >$@.public
	$(Q)$(OBJCOPY) --keep-global-symbols=$@.public $@.all $@
	$(Q)rm -f $@.all
$(LIBRINGLET): $(B)/libringlet.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# ---- guests: a folder each ----

GUESTS       := $(notdir $(patsubst %/main.c,%,$(wildcard tests/guests/*/main.c)))
GUEST_IMAGES := $(GUESTS:%=$(B)/guests/%)
GUEST_CFGS   := $(GUEST_IMAGES:%=%.cfg)

define guest_rules
GUEST_OBJS_$(1) := $$(patsubst %,$$(B)/obj/%.o,$$(wildcard tests/guests/$(1)/*.c tests/guests/*.c))
# a guest without a configuration of its own gets hello's
GUEST_CFG_$(1) := $$(or $$(wildcard tests/guests/$(1)/$(1).cfg),tests/guests/hello/hello.cfg)
$$(B)/guests/$(1): $$(GUEST_OBJS_$(1)) $$(LIBRINGLET) $$(ARCH_LINK_DEPS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(call link_image,$$@,$$(GUEST_OBJS_$(1)))
$$(B)/guests/$(1).cfg: $$(GUEST_CFG_$(1))
	@mkdir -p $$(@D)
	$$(Q)sed -e 's|@IMAGE@|$$(abspath $$(B)/guests/$(1))|' -e 's|^name = .*|name = "$(1)"|' $$< >$$@
endef
$(foreach g,$(GUESTS),$(eval $(call guest_rules,$(g))))

guests: $(GUEST_IMAGES) $(GUEST_CFGS)
.PHONY: guests

# ---- host programs: the same sources on the host's seam ----

GUEST_LOGIC    := $(filter-out %/main.c,$(wildcard tests/guests/blktest/*.c tests/guests/*.c))
HOST_SRCS      := $(CORE_SRCS) $(DRIVER_SRCS) $(GUEST_LOGIC) $(wildcard tests/host/*.c)
HOST_OBJS      := $(HOST_SRCS:%.c=$(HOST)/obj/%.o)
LIBHOST        := $(HOST)/libringlet-host.a
UNIT_PROGRAMS  := $(patsubst tests/unit/%.c,$(HOST)/unit/%,$(wildcard tests/unit/test_*.c))

$(HOST)/obj/%.o: %.c $(HOST)/flags | $(call stamp,build) $(call stamp,unit) $(XEN_LINK)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -MMD -MP -c $< -o $@
$(LIBHOST): $(HOST_OBJS) $(HOST)/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(HOST_OBJS)
$(HOST)/unit/%: $(HOST)/obj/tests/unit/%.o $(LIBHOST)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $< $(LIBHOST) -lcmocka -o $@
.SECONDARY: $(UNIT_PROGRAMS:$(HOST)/unit/%=$(HOST)/obj/tests/unit/%.o)

unit: $(UNIT_PROGRAMS)
	$(Q)tests/run-tests $(BUILD)/test-host $(foreach t,$(UNIT_PROGRAMS),'tap:$(notdir $(t))=$(t)')
.PHONY: unit

# ---- tests ----

SOURCES_C    := $(CORE_SRCS) $(DRIVER_SRCS) $(wildcard arch/*/*.c tests/*/*.c tests/guests/*/*.c)
SOURCES_H    := $(wildcard include/ringlet/*.h lib/*/*.h drivers/*/*.h arch/*/*.h tests/*/*.h tests/guests/*/*.h)
SCRIPTS      := $(shell grep -lE '^\#!/bin/sh' -r tests arch 2>/dev/null)

submake = $(MAKE) --no-print-directory -j2
HOST_TESTS = \
	$(foreach t,$(UNIT_PROGRAMS),'tap:$(notdir $(t))=$(t)') \
	'build-clang=$(submake) guests CC=clang BUILD=$(BUILD)/clang' \
	$(foreach g,$(GUESTS),'image-$(g)=$(call check_image,$(B)/guests/$(g),$(LIB_OBJS))') \
	'sum:size=tests/check-size $(B)/guests tests/cost/sizes.txt' \
	'clang-format=clang-format --dry-run -Werror $(SOURCES_C) $(SOURCES_H)' \
	'cppcheck=tests/run-cppcheck $(BUILD) $(CORE_SRCS) $(DRIVER_SRCS) $(wildcard arch/*/*.c tests/guests/*/*.c)' \
	'scripts=for s in $(SCRIPTS); do sh -n $$s || exit 1; done' \
	'sum:ringlet-run=tests/lab/test-ringlet-run'
XEN_TESTS = 'sum:xen=tests/lab/lab test $(if $(FULL),--full) $(if $(FILTER),--filter="$$FILTER")'

test_packages := $(call stamp,build) $(call stamp,unit) $(call stamp,lint) $(call stamp,lab)

test-host: $(test_packages) guests $(UNIT_PROGRAMS)
	$(Q)tests/run-tests $(BUILD)/test-host $(HOST_TESTS)
test-xen: $(call stamp,lab) guests
	$(Q)tests/lab/lab setup
	$(Q)tests/run-tests $(BUILD)/test-xen $(XEN_TESTS)
test: $(test_packages) guests $(UNIT_PROGRAMS)
	$(Q)tests/lab/lab setup
	$(Q)tests/run-tests $(BUILD)/test $(HOST_TESTS) $(XEN_TESTS)
.PHONY: test test-host test-xen

# ---- the lab ----

# What a person gives goes by the environment, whatever characters it has.
GUEST ?= both
export DISK GUEST FILTER
run: $(call stamp,lab) guests
	$(Q)tests/lab/lab setup
	$(Q)tests/lab/lab run --guest "$$GUEST" $(if $(DISK),--disk "$$DISK")
lab: $(call stamp,lab) guests
	$(Q)tests/lab/lab setup
	$(Q)tests/lab/lab shell
backends: $(call stamp,lab) guests
	$(Q)tests/lab/lab setup
	$(Q)tests/lab/lab backends
.PHONY: run lab backends

# ---- the rest ----

format: $(call stamp,lint)
	$(Q)clang-format -i $(SOURCES_C) $(SOURCES_H)

# The lab's dom0 takes longest to make and depends on nothing here: clean keeps it, distclean does not.
clean:
	$(Q)rm -rf $(B) $(HOST) $(BUILD)/clang $(BUILD)/interfaces $(BUILD)/test* $(BUILD)/run $(BUILD)/bench $(BUILD)/backends $(BUILD)/include \
		$(BUILD)/sim* $(BUILD)/fuzz $(BUILD)/model $(BUILD)/mutants $(BUILD)/coverage
distclean:
	$(Q)rm -rf $(BUILD)

help:
	@echo 'make run [DISK=file] [GUEST=pv|pvh|both]   boot the test guest on a real Xen in QEMU, print a report'
	@echo 'make test            everything that must pass (make test-host, then make test-xen)'
	@echo 'make test-host       unit tests, builds with gcc and clang, static checks'
	@echo 'make test-xen        the matrix of guests and disks on a real Xen; FULL=1 more of it, FILTER=regex less'
	@echo 'make backends        write docs/backends.md from a run: what each kind of backend offers, what is used'
	@echo 'make bench [QUICK=1] [GUEST=pv|pvh|both]   how fast, beside Linux guests and dom0 itself (tests/bench/README.md)'
	@echo 'make bench SCALING=1   what a request costs with more queues, disks, depth, bytes and memory: does it grow?'
	@echo 'make bench-compare A=old.json B=new.json   what has changed; fails if Ringlet is slower'
	@echo 'make lab             an interactive dom0 shell with the images in /guests'
	@echo 'make guests          build the images: $(B)/guests/{$(subst $(eval) ,$(comma),$(GUESTS))}'
	@echo 'make unit            only the unit tests'
	@echo 'make cost | make size [UPDATE=1]   instructions per request and sizes of images, against what is on record'
	@echo 'make sim SEEDS=n [SEED=s] [TRACE=1]   the drivers on a simulated Xen with every bad backend'
	@echo 'make fuzz SECS=n | make model | make mutants | make coverage | make interfaces   the long versions (tests/README.md)'
	@echo 'make format          clang-format over the sources'
	@echo 'make clean           remove what was built but keep the dom0 of the lab; make distclean: remove all'
	@echo 'Options: V=1 shows commands, CC=clang, more in Config.mk'
comma := ,
.PHONY: format clean distclean help

# further kinds of tests bring their own rules
-include $(wildcard tests/*/*.mk)

-include $(LIB_OBJS:.o=.d) $(HOST_OBJS:.o=.d) $(wildcard $(B)/obj/tests/guests/*/*.d $(B)/obj/tests/guests/*.d $(HOST)/obj/tests/unit/*.d)
