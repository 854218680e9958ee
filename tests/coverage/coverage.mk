# SPDX-License-Identifier: MIT
# Line and branch coverage of the drivers by the tests that run on the host: unit tests, the fuzz targets' kept inputs, the simulation.
#
#   make coverage          table; build/coverage/html, build/coverage/uncovered.txt

$(eval $(call packages_rule,coverage,clang llvm libclang-rt-14-dev libcmocka-dev python3))

COVERAGE_FLAGS := -fprofile-instr-generate -fcoverage-mapping
COVERAGE_SEEDS := 300

coverage: $(call stamp,coverage)
	$(Q)$(MAKE) --no-print-directory coverage-run CC=clang BUILD=$(BUILD)/coverage SANITIZE='$(COVERAGE_FLAGS)' FAST=
# programs in recipes, as other fragments, which name them, are still to be read here
coverage-run:
	$(Q)$(submake) $(UNIT_PROGRAMS) $(FUZZ_REPLAYS) $(SIM)/sim
	$(Q)tests/coverage/report --out $(BUILD) --sources drivers/xen drivers/block \
		--group $(UNIT_PROGRAMS) $(FUZZ_REPLAYS) --runs $(UNIT_PROGRAMS) \
		$(foreach t,$(FUZZ_TARGETS),'$(HOST)/replay/$(t) $$(find tests/fuzz/corpus/$(t) tests/fuzz/regress/$(t) -type f 2>/dev/null)') \
		--group $(SIM)/sim --runs '$(SIM)/sim --first 1 --seeds $(COVERAGE_SEEDS) --workers 1'
.PHONY: coverage coverage-run
