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

# The folder of arch/ for each ARCH.
ARCH_DIR := arch/$(patsubst x86_64,x86,$(ARCH))
ifeq ($(wildcard $(ARCH_DIR)/arch.mk),)
$(error ARCH=$(ARCH): there is no $(ARCH_DIR)/arch.mk)
endif

B    := $(BUILD)/$(ARCH)
HOST := $(BUILD)/host

# ---- Debian packages: installed when they are missing, and only then ----

NEED := tests/lab/need
# Each set is listed here and nowhere else; those of further kinds of tests are in their
# tests/*/*.mk.
PACKAGES_CLANG   := clang libclang-rt-14-dev
PACKAGES_BUILD   := gcc binutils libxen-dev $(if $(findstring clang,$(CC)),$(PACKAGES_CLANG))
PACKAGES_SCRIPTS := python3
PACKAGES_UNIT    := libc6-dev libcmocka-dev $(PACKAGES_SCRIPTS)
PACKAGES_LINT    := $(PACKAGES_CLANG) clang-format cppcheck
PACKAGES_LAB     := mmdebstrap qemu-system-x86 $(PACKAGES_SCRIPTS)

# A stamp for each set, renewed when the set changes.
stamp = $(BUILD)/.packages-$(1)
define packages_rule
$$(call stamp,$(1)): Makefile $$(NEED)
	@mkdir -p $$(@D)
	$$(Q)$$(NEED) $(2)
	@touch $$@
endef
$(eval $(call packages_rule,build,$(PACKAGES_BUILD)))
$(eval $(call packages_rule,scripts,$(PACKAGES_SCRIPTS)))
$(eval $(call packages_rule,lint,$(PACKAGES_LINT)))
$(eval $(call packages_rule,unit,$(PACKAGES_UNIT)))
$(eval $(call packages_rule,lab,$(PACKAGES_LAB)))

# Xen's public headers, and no other headers of the host.
XEN_HEADERS ?= /usr/include/xen
XEN_LINK := $(BUILD)/include/xen
$(XEN_LINK): | $(call stamp,build)
	@mkdir -p $(@D)
	$(Q)ln -sfn $(XEN_HEADERS) $@

# ---- flags ----

WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla -Wundef
DEFINES  := -D__XEN_INTERFACE_VERSION__=$(XEN_INTERFACE_VERSION) -DRINGLET_VERSION='"$(VERSION)"'
# include/ringlet and the headers of arch/*/include/arch that it uses are for applications;
# include/kernel, and paths from this folder, are for the kernel only
INCLUDES := -Iinclude -I$(ARCH_DIR)/include -I. -isystem $(BUILD)/include

# evaluated at first use, as the compiler may not be installed before
CC_INCLUDE = $(eval CC_INCLUDE := $(shell $(CC) -print-file-name=include))$(CC_INCLUDE)

CFLAGS_KERNEL = -std=gnu11 $(OPT) -g -ffreestanding -nostdinc -isystem $(CC_INCLUDE) \
	$(INCLUDES) $(DEFINES) $(WARNINGS) -Wframe-larger-than=2048 \
	$(ARCH_CFLAGS) -fno-pic -fno-pie -fno-stack-protector \
	-fno-omit-frame-pointer -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-common
ifneq ($(findstring clang,$(CC)),)
CFLAGS_KERNEL += -Wno-unused-command-line-argument
endif
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_HOST := -std=gnu11 -O1 -g $(INCLUDES) -Itests $(DEFINES) $(WARNINGS) $(SANITIZE)

# Objects are rebuilt when the compiler or a flag changes,
$(B)/flags: NOW = $(CC) $(CFLAGS_KERNEL) $(COLD)
$(HOST)/flags: NOW = $(CC) $(CFLAGS_HOST)
# and a library when a source is added or removed.
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

include $(ARCH_DIR)/arch.mk

CORE_SRCS   := $(wildcard lib/core/*.c)
DRIVER_SRCS := $(wildcard drivers/*/*.c drivers/*/*/*.c)
KERNEL_SRCS := $(wildcard lib/kernel/*.c)
STRING_SRCS := lib/core/string.c
FS_SRCS     := $(wildcard lib/fs/*.c)
# calls main(); a member of its own, so that a C library can have another
APP_SRC     := lib/kernel/application.c
# an object's name keeps the source's ending: context.c and context.S are two objects
LIB_OBJS    := $(patsubst %,$(B)/obj/%.o,$(ARCH_SRCS) $(CORE_SRCS) $(DRIVER_SRCS) $(filter-out $(APP_SRC),$(KERNEL_SRCS)))
LIBRINGLET  := $(B)/libringlet.a
FS_OBJS     := $(patsubst %,$(B)/obj/%.o,$(FS_SRCS) $(ARCH_FS_SRCS))
LIBFS       := $(B)/libringlet-fs.a

# Sources that no request passes through are built for size.
COLD := $(ARCH_COLD) $(KERNEL_SRCS) $(wildcard drivers/console/*.c) \
	$(filter-out drivers/xen/event_channel.c drivers/xen/grant_table.c,$(wildcard drivers/xen/*.c)) \
	$(wildcard drivers/block/life/*.c drivers/net/life/*.c) $(patsubst %,drivers/block/path/%.c,discard rmw smaller) \
	$(patsubst %,lib/core/%.c,cmdline errno format heap json nmi page panic parse printk ratelimit sync thread) \
	$(filter-out $(patsubst %,lib/fs/%.c,blockdev chacha20 fd file file_io pipe poll wait),$(FS_SRCS))
$(COLD:%=$(B)/obj/%.o): OPT := -Os

$(B)/obj/%.c.o: %.c $(B)/flags | $(call stamp,build) $(XEN_LINK)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_KERNEL) -MMD -MP -c $< -o $@
$(B)/obj/%.S.o: %.S $(B)/flags | $(call stamp,build) $(XEN_LINK)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_KERNEL) -MMD -MP -c $< -o $@

# One object whose only global symbols are those of include/ringlet/symbols.h and of the link
# script: an application's own panic() or pool_get() does not collide with the kernel's. The
# functions of string.h are beside it, weak, for applications without a C library. Sections that have
# one name in several sources, as that of a static function, stay apart: an image may need one only.
EXPORTS := include/ringlet/symbols.h
$(B)/libringlet.o: $(LIB_OBJS) $(B)/objects $(EXPORTS)
	$(Q)$(LD) -r $(foreach s,text rodata data bss,--unique='.$(s).*') -o $@.all $(LIB_OBJS)
	$(Q){ sed -n 's/^#pragma redefine_extname [a-z0-9_]* //p' $(EXPORTS); printf '%s\n' $(ARCH_EXPORTS); } >$@.public
	$(Q)$(OBJCOPY) --keep-global-symbols=$@.public $@.all $@
	$(Q)rm -f $@.all
$(B)/string.o: $(STRING_SRCS:%=$(B)/obj/%.o)
	$(Q)$(LD) -r -o $@ $^ && $(OBJCOPY) --weaken $@
$(LIBRINGLET): $(B)/libringlet.o $(B)/string.o $(B)/obj/$(APP_SRC).o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Files, beside the kernel: objects of their own, so that a program has only those that it uses.
$(B)/fs/objects: NOW = $(FS_OBJS)
$(LIBFS): $(FS_OBJS) $(B)/fs/objects
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(FS_OBJS)
guests: $(LIBFS)

# ---- guests: a folder each ----

GUESTS       := $(notdir $(patsubst %/main.c,%,$(wildcard tests/guests/*/main.c)))
GUEST_IMAGES := $(GUESTS:%=$(B)/guests/%)
GUEST_CFGS   := $(GUEST_IMAGES:%=%.cfg)

# it uses floating point, and has a main stack of its own size
$(B)/obj/tests/guests/program/%: ARCH_CFLAGS := $(filter-out -mgeneral-regs-only,$(ARCH_CFLAGS))
GUEST_LINK_program := -Wl,--defsym=ringlet_main_stack=200000

define guest_rules
GUEST_OBJS_$(1) := $$(patsubst %,$$(B)/obj/%.o,$$(wildcard tests/guests/$(1)/*.c tests/guests/*.c))
# a guest without a configuration of its own gets hello's
GUEST_CFG_$(1) := $$(or $$(wildcard tests/guests/$(1)/$(1).cfg),tests/guests/hello/hello.cfg)
$$(B)/guests/$(1): $$(GUEST_OBJS_$(1)) $$(LIBFS) $$(LIBRINGLET) $$(ARCH_LINK_DEPS)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(call link_image,$$@,$$(GUEST_OBJS_$(1)) $$(GUEST_LINK_$(1)) $$(LIBFS))
$$(B)/guests/$(1).cfg: $$(GUEST_CFG_$(1))
	@mkdir -p $$(@D)
	$$(Q)sed -e 's|@IMAGE@|$$(abspath $$(B)/guests/$(1))|' -e 's|^name = .*|name = "$(1)"|' $$< >$$@
endef
$(foreach g,$(GUESTS),$(eval $(call guest_rules,$(g))))

guests: $(GUEST_IMAGES) $(GUEST_CFGS)
.PHONY: guests

# ---- the C library and the programs that are built with it ----

include tests/packages/source.mk
include lib/libc/libc.mk
include apps/apps.mk
include lib/sdk/install.mk

# ---- host programs: the same sources on the host's seam ----

GUEST_LOGIC    := $(filter-out %/main.c,$(wildcard tests/guests/blktest/*.c tests/guests/*.c))
HOST_SRCS      := $(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS) $(FS_SRCS) $(GUEST_LOGIC) $(wildcard tests/host/*.c)
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

SOURCES_C    := $(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS) $(FS_SRCS) $(LIBC_SRCS) $(LWIP_SRCS) $(EXT4_SRCS) $(MINI_OS_SRCS) $(wildcard tests/bench/posix/*.c arch/*/*.c arch/*/*/*.c tests/*/*.c tests/guests/*/*.c apps/*/*.c apps/*/*/*.c tests/apps/*/*.c)
SOURCES_H    := $(wildcard apps/*/*.h apps/*/*/*.h lib/fs/ext4/*/*.h lib/lwip/*/*.h lib/lwip/*/*/*.h include/*/*.h arch/*/include/*/*.h lib/*/*.h $(shell find lib/libc/include -name '*.h') drivers/*/*.h drivers/*/*/*.h arch/*/*.h arch/*/*/*.h tests/*/*.h tests/guests/*/*.h tests/bench/posix/*.h)
SCRIPTS      := $(shell grep -lE '^\#!/bin/sh' -r .ci tests arch lib 2>/dev/null)

submake = $(MAKE) --no-print-directory -j2
# The entries of tests/run-tests. Files that several of them need are built first, by one make;
# tests/*/*.mk add to all of these lists.
HOST_PROGRAMS = $(UNIT_PROGRAMS)
HOST_PACKAGES = $(PACKAGES_BUILD) $(PACKAGES_UNIT) $(PACKAGES_LINT) $(PACKAGES_NEWLIB) $(PACKAGES_SOURCES)
HOST_TESTS = \
	'build:build=$(submake) host-programs FAST=' \
	'wait:build-clang=$(submake) guests apps posix-images CC=clang BUILD=$(BUILD)/clang NEWLIB=$(NEWLIB)' \
	'sum:run-tests=tests/test-run-tests' \
	'sum:need=tests/lab/test-need' \
	$(foreach t,$(UNIT_PROGRAMS),'tap:$(notdir $(t))=$(t)') \
	$(foreach g,$(GUESTS),'image-$(g)=$(call check_image,$(B)/guests/$(g),$(LIB_OBJS))') \
	'sum:size=$(submake) size' \
	'clang-format=clang-format --dry-run -Werror $(SOURCES_C) $(SOURCES_H)' \
	'cppcheck=tests/run-cppcheck $(BUILD) $(CORE_SRCS) $(DRIVER_SRCS) $(KERNEL_SRCS) $(FS_SRCS) $(LIBC_SRCS) $(LWIP_SRCS) $(EXT4_SRCS) $(MINI_OS_SRCS) $(filter %.c,$(ARCH_SRCS) $(ARCH_FS_SRCS)) $(wildcard tests/guests/*/*.c)' \
	'scripts=for s in $(SCRIPTS); do sh -n $$s || exit 1; done' \
	'sum:ringlet-run=tests/lab/test-ringlet-run' \
	'lab-parts=tests/lab/lab test --list | sort >$(BUILD)/lab-cases && for p in 1/3 2/3 3/3; do tests/lab/lab test --list --part $$p; done | sort | cmp - $(BUILD)/lab-cases'
# The lab in parts, so that it can use two CPUs; the first part, and the others.
xen_test  = 'long:sum:$(1)=tests/lab/lab test $(if $(FULL),--full) $(2)'
XEN_FIRST = $(if $(FILTER),$(call xen_test,xen,--filter="$$FILTER"),$(call xen_test,xen-1,--part 1/3))
XEN_REST  = $(if $(FILTER),,$(call xen_test,xen-2,--part 2/3) $(call xen_test,xen-3,--part 3/3))

# All packages are installed together, before anything runs.
test-host: $(call stamp,test-host) guests
	$(Q)tests/run-tests $(BUILD)/test-host $(HOST_TESTS)
test-xen: $(call stamp,lab) guests apps
	$(Q)tests/run-tests $(BUILD)/test-xen $(XEN_FIRST) $(XEN_REST)
# A part of the lab mostly uses one CPU and takes long; beside the first one run the other tests.
test: $(call stamp,test) guests apps
	$(Q)tests/run-tests $(BUILD)/test $(XEN_FIRST) $(HOST_TESTS) $(XEN_REST) $(SUITES_TESTS)
.PHONY: test test-host test-xen host-programs

# The README's commands on a machine that has only git and make.
fresh:
	$(Q)tests/fresh $(if $(FRESH),"$$FRESH")
.PHONY: fresh

# ---- the lab ----

# Values given by the user are passed in the environment, as they may contain any character.
export DISK GUEST FILTER FRESH
ifeq ($(APP),)
run: $(call stamp,lab) guests
	$(Q)tests/lab/lab setup
	$(Q)tests/lab/lab run --guest "$${GUEST:-both}" $(if $(DISK),--disk "$$DISK") $(if $(NET),--net)
else
run: $(call stamp,lab) $(filter $(B)/apps/$(APP),$(APP_IMAGES))
	$(Q)tests/lab/lab setup
	$(Q)$(app_run)
endif
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

# The lab's dom0 takes longest to make and depends on nothing here: clean preserves it, distclean
# does not.
clean:
	$(Q)rm -rf $(B) $(HOST) $(BUILD)/clang $(BUILD)/interfaces $(BUILD)/suites $(BUILD)/test* $(BUILD)/run $(BUILD)/bench $(BUILD)/backends $(BUILD)/include \
		$(BUILD)/sim* $(BUILD)/crash $(BUILD)/fuzz $(BUILD)/model $(BUILD)/mutants $(BUILD)/coverage $(BUILD)/rooms
distclean:
	$(Q)rm -rf $(BUILD)

help:
	@echo 'make run [DISK=file] [NET=1] [GUEST=pv|pvh|both]   boot the test guest on a real Xen in QEMU, print a report'
	@echo 'make run APP=name [ARGS=...] [GUEST=pv|pvh|both] [DISK=file] [NET=1] [MEMORY=mib] [GDB=1]   boot a program of apps/'
	@echo 'make apps | make sdk   build the programs in apps/ | ringlet-cc and its libraries'
	@echo 'make packages | make packages-test   programs of Debian packages, such as APP=lua and APP=sqlite | all their tests'
	@echo 'make install [DESTDIR=] [PREFIX=/usr/local]   ringlet-cc, ringlet-run, libraries, images | make uninstall'
	@echo 'make run-stubdom [BOOTS=raw,qcow2,unplugged] [MODEL=qemu]   Linux in an HVM guest whose device model is a Ringlet domain'
	@echo 'make test            everything that must pass (make test-host, then make test-xen)'
	@echo 'make test-host       unit tests, builds with gcc and clang, static checks'
	@echo 'make test-xen        the guests on a real Xen; FULL=1: all cases, FILTER=regex: some'
	@echo 'make fresh [FRESH=cmd]   make run and make test, or cmd, in a bare Debian 12 made for it (as root)'
	@echo 'make backends        write docs/backends.md: the offers of each kind of backend, and their use'
	@echo 'make bench [QUICK=1] [GUEST=pv|pvh|both]   throughput and cost, compared with Linux and dom0'
	@echo 'make bench SCALING=1   the cost of a request against queues, disks, depth, size and memory'
	@echo 'make bench APP=posix [QUICK=1] [GUEST=...]   files and threads of the C library beside the kernel'"'"'s'
	@echo 'make bench APP=net [QUICK=1] [GUEST=...]   the network beside a Linux guest'"'"'s'
	@echo 'make bench APP=fio [QUICK=1] [GUEST=...]   fio beside blktest: the same requests'
	@echo 'make bench APP=fs|sqlite|nbd [QUICK=1] [GUEST=...]   files and databases on ext4, and an NBD server, beside a Linux guest'"'"'s'
	@echo 'make bench APP=stubdom [QUICK=1]   an HVM guest with Ringlet as its device model beside QEMU'
	@echo 'make bench-compare A=old.json B=new.json   the differences; fails if Ringlet is slower'
	@echo 'make run-xenstore [GUEST=pv|pvh|both] [MEMORY=mib] [CYCLES=n] [SEVERAL=n] [LOST=1]   a dom0 whose XenStore is a Ringlet domain'
	@echo 'make lab             an interactive dom0 shell with the images in /guests'
	@echo 'make guests          build the images: $(B)/guests/{$(subst $(eval) ,$(comma),$(GUESTS))}'
	@echo 'make unit            only the unit tests'
	@echo 'make cost | make size [UPDATE=1]   instructions per request, sizes of images, against the record'
	@echo 'make ext4-test | make crash POINTS=n   ext4 on disks in memory, and on one that crashes'
	@echo 'make lwip-test | nbd-test | stubdm-test   the network, the NBD server and the device model on the host'
	@echo 'make sim SEEDS=n [SEED=s] [TRACE=1]   the drivers on a simulated Xen with hostile backends'
	@echo 'make fuzz SECS=n | model | mutants | coverage | interfaces | rooms   see tests/README.md'
	@echo 'make suites [SUITES_FILTER=regex] [UPDATE=1]   public test suites, on Linux and in guests (long); make suites-check: a share'
	@echo 'make format          clang-format over the sources'
	@echo 'make clean           remove the build but not the dom0 of the lab; make distclean: remove all'
	@echo 'Options: V=1 shows commands, CC=clang, more in Config.mk'
comma := ,
.PHONY: format clean distclean help

# further kinds of tests have their own rules
-include $(filter-out tests/packages/source.mk,$(wildcard tests/*/*.mk))

# the packages of all tests together, after all fragments have added theirs
$(eval $(call packages_rule,test-host,$(sort $(HOST_PACKAGES))))
$(eval $(call packages_rule,test,$(sort $(HOST_PACKAGES) $(PACKAGES_LAB))))
host-programs: $(HOST_PROGRAMS)

-include $(LIB_OBJS:.o=.d) $(FS_OBJS:.o=.d) $(HOST_OBJS:.o=.d) $(wildcard $(B)/obj/tests/guests/*/*.d $(B)/obj/tests/guests/*.d $(HOST)/obj/tests/unit/*.d)
