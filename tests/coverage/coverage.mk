# SPDX-License-Identifier: MIT
# Line and branch coverage of the drivers and lib/fs by the tests that run on the host: unit tests, the fuzz
# targets' corpus, the simulation.
#
#   make coverage          table; build/coverage/html, build/coverage/uncovered.txt

PACKAGES_COVERAGE := $(PACKAGES_CLANG) llvm $(PACKAGES_UNIT)
$(eval $(call packages_rule,coverage,$(PACKAGES_COVERAGE)))

COVERAGE_FLAGS := -fprofile-instr-generate -fcoverage-mapping
COVERAGE_SEEDS := 300

coverage: $(call stamp,coverage)
	$(Q)$(MAKE) --no-print-directory coverage-run CC=clang BUILD=$(BUILD)/coverage SANITIZE='$(COVERAGE_FLAGS)' FAST=
# programs only in recipes, as the fragments that define them may be read after this one
coverage-run:
	$(Q)$(submake) $(UNIT_PROGRAMS) $(FUZZ_REPLAYS) $(SIM)/sim
	$(Q)tests/coverage/report --out $(BUILD) --sources drivers/xen drivers/block drivers/net lib/fs \
		--group $(UNIT_PROGRAMS) $(FUZZ_REPLAYS) --runs $(UNIT_PROGRAMS) \
		$(foreach t,$(FUZZ_TARGETS),'$(HOST)/replay/$(t) $$(find tests/fuzz/corpus/$(t) tests/fuzz/regress/$(t) -type f 2>/dev/null)') \
		--group $(SIM)/sim --runs '$(SIM)/sim --first 1 --seeds $(COVERAGE_SEEDS) --workers 1' '$(SIM)/sim --net --first 1 --seeds $(COVERAGE_SEEDS) --workers 1'
.PHONY: coverage coverage-run
