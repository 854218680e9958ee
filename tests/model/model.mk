# SPDX-License-Identifier: MIT
# The models of the block ring, searched with Spin (tests/README.md).
#
#   make model [FULL=1]

PACKAGES_MODEL := spin gcc libc6-dev python3-minimal
$(eval $(call packages_rule,model,$(PACKAGES_MODEL)))

model: $(call stamp,model)
	$(Q)tests/model/run-models $(BUILD)/model $(if $(FULL),--full)
.PHONY: model

# also what `make test FULL=1` runs: FULL is for the lab there
HOST_TESTS += 'sum:model=$(submake) -s model FULL='
