# SPDX-License-Identifier: MIT
# Fuzzing with clang's libFuzzer. A target is tests/fuzz/fuzz_NAME.c; tests/README.md describes how
# to add one.

FUZZ          := $(BUILD)/fuzz
FUZZ_TARGETS  := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(FUZZ)/bin/%)
FUZZ_REPLAYS  := $(FUZZ_TARGETS:%=$(HOST)/replay/%)
CLANG         ?= clang
FUZZ_SECS     := $(or $(SECS),60)

PACKAGES_FUZZ := $(PACKAGES_CLANG) $(PACKAGES_UNIT)
$(eval $(call packages_rule,fuzz,$(PACKAGES_FUZZ)))

# ---- the programs: kernel sources and target, both instrumented ----

CFLAGS_FUZZ := -std=gnu11 -O1 -g $(INCLUDES) -Itests $(DEFINES) $(WARNINGS) \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
$(FUZZ)/flags: NOW = $(CLANG) $(CFLAGS_FUZZ)

FUZZ_LIB_OBJS := $(HOST_SRCS:%.c=$(FUZZ)/obj/%.o)
FUZZ_LIB      := $(FUZZ)/libringlet-fuzz.a

$(FUZZ)/obj/%.o: %.c $(FUZZ)/flags | $(call stamp,build) $(call stamp,fuzz) $(XEN_LINK)
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_FUZZ) -MMD -MP -c $< -o $@
$(FUZZ_LIB): $(FUZZ_LIB_OBJS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(FUZZ)/bin/%: $(FUZZ)/obj/tests/fuzz/fuzz_%.o $(FUZZ_LIB)
	$(call say,FUZZLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_FUZZ) -fsanitize=fuzzer $< $(FUZZ_LIB) -lcmocka -o $@

# ---- the same without libFuzzer, with the compiler of the unit tests ----

$(HOST)/replay/%: $(HOST)/obj/tests/fuzz/fuzz_%.o $(HOST)/obj/tests/fuzz/replay.o $(LIBHOST)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $(filter %.o,$^) $(LIBHOST) -lcmocka -o $@

.SECONDARY: $(FUZZ_TARGETS:%=$(FUZZ)/obj/tests/fuzz/fuzz_%.o) $(FUZZ_TARGETS:%=$(HOST)/obj/tests/fuzz/fuzz_%.o) \
	$(HOST)/obj/tests/fuzz/replay.o
-include $(FUZZ_LIB_OBJS:.o=.d) $(wildcard $(FUZZ)/obj/tests/fuzz/*.d $(HOST)/obj/tests/fuzz/*.d)

# ---- commands ----

fuzz-programs: $(FUZZ_PROGRAMS)
fuzz-replays: $(FUZZ_REPLAYS)
fuzz: $(FUZZ_PROGRAMS)
	$(Q)tests/fuzz/run-fuzz live --build $(FUZZ) --secs $(FUZZ_SECS) $(or $(TARGET),$(FUZZ_TARGETS))
# adds new coverage, minimised, to tests/fuzz/corpus
fuzz-corpus: $(FUZZ_PROGRAMS)
	$(Q)tests/fuzz/run-fuzz merge --build $(FUZZ) $(or $(TARGET),$(FUZZ_TARGETS))
.PHONY: fuzz fuzz-programs fuzz-replays fuzz-corpus

HOST_PACKAGES += $(PACKAGES_FUZZ)
HOST_PROGRAMS += $(FUZZ_PROGRAMS) $(FUZZ_REPLAYS)
HOST_TESTS    += 'sum:fuzz-regress=tests/fuzz/run-fuzz regress --build $(FUZZ) --replays $(HOST)/replay $(FUZZ_TARGETS)' \
	'sum:fuzz-live=tests/fuzz/run-fuzz live --build $(FUZZ) --secs 15 $(FUZZ_TARGETS)'
