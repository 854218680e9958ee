# SPDX-License-Identifier: MIT
# Sources of Debian's packages, for programs and tests that are built from them, unmodified.

# $(eval $(call debian_source,NAME,PACKAGE,VERSION,FILE,SHA256)): build/packages/NAME is what FILE, an
# archive of the source package, has in its uppermost folder. Afterwards DEBIAN_NAME is that folder, and
# DEBIAN_NAME_READY the stamp to depend on; each file in the folder depends on it. How the archive is
# loaded, and what to do without a network: see tests/packages/fetch.
# what tar needs for them
PACKAGES_SOURCES := bzip2 xz-utils
$(eval $(call packages_rule,sources,$(PACKAGES_SOURCES)))

define debian_source
DEBIAN_$(1) := $$(BUILD)/packages/$(1)
DEBIAN_$(1)_READY := $$(BUILD)/packages/$(1)/.$(5)
$$(DEBIAN_$(1)_READY): | $$(call stamp,sources)
	$$(Q)tests/packages/fetch $$(BUILD)/packages/dl $(2)=$(3) $(4) $(5)
	$$(Q)rm -rf $$(@D) && mkdir -p $$(@D) && tar -C $$(@D) --strip-components=1 --no-same-owner -mxf $$(BUILD)/packages/dl/$(4)
	@touch $$@
$$(DEBIAN_$(1))/%: | $$(DEBIAN_$(1)_READY) ;
endef
