# SPDX-License-Identifier: MIT
# Mutants of the drivers against the unit tests (tests/README.md).
#
#   make mutants [SECS=n] [SEED=s] [ONLY=file] [AGAIN=report]    ONLY: part of a source's path; AGAIN: only what survived in that report

MUTANTS := $(BUILD)/mutants
# Two builds of everything. The first is fast and optimised, so that a mutant that compiles to the same code is known to be none; what
# survives there meets the second, with sanitizers. Shared libraries, so that one link serves every test program.
CFLAGS_MUTANTS := -std=gnu11 -fPIC $(INCLUDES) -Itests $(DEFINES) -Werror=incompatible-pointer-types -Werror=int-conversion \
	-Werror=implicit-function-declaration
CFLAGS_MUTANTS_plain := $(CFLAGS_MUTANTS) -O2
CFLAGS_MUTANTS_asan  := $(CFLAGS_MUTANTS) -O1 $(SANITIZE)

define mutants_rules
MUTANTS_OBJS_$(1)  := $$(HOST_SRCS:%.c=$$(MUTANTS)/$(1)/obj/%.o)
MUTANTS_TESTS_$(1) := $$(patsubst tests/unit/%.c,$$(MUTANTS)/$(1)/unit/%,$$(wildcard tests/unit/test_*.c))
$$(MUTANTS)/$(1)/flags: NOW = $$(CC) $$(CFLAGS_MUTANTS_$(1))
$$(MUTANTS)/$(1)/obj/%.o: %.c $$(MUTANTS)/$(1)/flags | $$(call stamp,build) $$(call stamp,unit) $$(XEN_LINK)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_MUTANTS_$(1)) -MMD -MP -c $$< -o $$@
$$(MUTANTS)/$(1)/libringlet-host.so: $$(MUTANTS_OBJS_$(1))
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(CFLAGS_MUTANTS_$(1)) -shared $$^ -o $$@
$$(MUTANTS)/$(1)/unit/%: $$(MUTANTS)/$(1)/obj/tests/unit/%.o | $$(MUTANTS)/$(1)/libringlet-host.so
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_MUTANTS_$(1)) $$< -L$$(MUTANTS)/$(1) -lringlet-host -lcmocka -o $$@
.SECONDARY: $$(MUTANTS_TESTS_$(1):$$(MUTANTS)/$(1)/unit/%=$$(MUTANTS)/$(1)/obj/tests/unit/%.o)
mutants-base: $$(MUTANTS)/$(1)/libringlet-host.so $$(MUTANTS_TESTS_$(1))
-include $$(MUTANTS_OBJS_$(1):.o=.d) $$(wildcard $$(MUTANTS)/$(1)/obj/tests/unit/*.d)
endef
$(eval $(call mutants_rules,plain))
$(eval $(call mutants_rules,asan))

# What the runner starts from: the objects of all sources and the test programs, all up to date.
mutants-base: $(call stamp,lab)
mutants: mutants-base
	$(Q)tests/mutants/mutants --base $(MUTANTS) $(if $(SECS),--secs $(SECS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(AGAIN),--again $(AGAIN))
mutants-share: mutants-base
	$(Q)tests/mutants/mutants --base $(MUTANTS) --count 20 --test
.PHONY: mutants mutants-base mutants-share

HOST_TESTS += 'sum:mutants=$(submake) -s mutants-share'
