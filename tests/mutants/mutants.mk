# SPDX-License-Identifier: MIT
# Mutants of the drivers against the unit tests (tests/README.md).
#
#   make mutants [SECS=n] [SEED=s] [ONLY=file] [AGAIN=report]
#   ONLY: part of a source's path; AGAIN: only the survivors in that report
#   make mutants-list       patterns in survivors.txt that match no mutant any more

MUTANTS := $(BUILD)/mutants
# Two builds. The first is fast and optimised, so that a mutant that compiles to the same code can
# be discarded. Its survivors are run in the second, with sanitizers. Shared libraries, so that one
# link serves all test programs.
CFLAGS_MUTANTS := -std=gnu11 -fPIC $(INCLUDES) -Itests $(DEFINES) -Werror=incompatible-pointer-types -Werror=int-conversion \
	-Werror=implicit-function-declaration
CFLAGS_MUTANTS_plain := $(CFLAGS_MUTANTS) -O2
CFLAGS_MUTANTS_asan  := $(CFLAGS_MUTANTS) -O1 $(SANITIZE)

define mutants_rules
MUTANTS_OBJS_$(1)  := $$(HOST_SRCS:%.c=$$(MUTANTS)/$(1)/obj/%.o)
MUTANTS_TESTS_$(1) := $$(patsubst tests/unit/%.c,$$(MUTANTS)/$(1)/unit/%,$$(wildcard tests/unit/test_*.c))
$$(MUTANTS)/$(1)/flags: NOW = $$(CC) $$(CFLAGS_MUTANTS_$(1))
$$(MUTANTS)/$(1)/obj/%.o: %.c $$(MUTANTS)/$(1)/flags | $$(call stamp,build) $$(call stamp,unit) $$(XEN_LINK)
	$$(call say,CC $(1),$$<)
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

# A library that records which functions a test program enters, so that only the tests that enter a
# mutated function are run. Not worth its build for the few mutants of `make test`.
CFLAGS_REACH := $(CFLAGS_MUTANTS) -O0 -finstrument-functions
REACH_OBJS   := $(HOST_SRCS:%.c=$(MUTANTS)/reach/obj/%.o) $(MUTANTS)/reach/obj/tests/mutants/reach.o
$(MUTANTS)/reach/flags: NOW = $(CC) $(CFLAGS_REACH)
$(MUTANTS)/reach/obj/%.o: %.c $(MUTANTS)/reach/flags | $(call stamp,build) $(call stamp,unit) $(XEN_LINK)
	$(call say,CC reach,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_REACH) -MMD -MP -c $< -o $@
$(MUTANTS)/reach/libringlet-host.so: $(REACH_OBJS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS_REACH) -shared $^ -o $@
-include $(REACH_OBJS:.o=.d)

# The runner's input: the objects of all sources and the test programs, up to date.
mutants-base: $(call stamp,scripts)
mutants: mutants-base $(MUTANTS)/reach/libringlet-host.so
	$(Q)tests/mutants/mutants --base $(MUTANTS) $(if $(SECS),--secs $(SECS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(AGAIN),--again $(AGAIN))
mutants-share: mutants-base
	$(Q)tests/mutants/mutants --base $(MUTANTS) --count 20 --test
mutants-list: $(call stamp,scripts)
	$(Q)tests/mutants/mutants --check-list
.PHONY: mutants mutants-base mutants-share mutants-list

HOST_TESTS += 'sum:mutants=$(submake) -s mutants-share' 'sum:mutants-list=$(submake) -s mutants-list'
