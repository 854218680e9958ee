# SPDX-License-Identifier: MIT
# The models of the block ring, verified with Spin (tests/README.md).
#
#   make model [FULL=1]

PACKAGES_MODEL := spin gcc libc6-dev $(PACKAGES_SCRIPTS)
$(eval $(call packages_rule,model,$(PACKAGES_MODEL)))

model: $(call stamp,model)
	$(Q)tests/model/run-models $(BUILD)/model $(if $(FULL),--full)
.PHONY: model

# without FULL: in `make test FULL=1` that is for the lab
HOST_PACKAGES += $(PACKAGES_MODEL)
HOST_TESTS    += 'sum:model=$(submake) -s model FULL='
