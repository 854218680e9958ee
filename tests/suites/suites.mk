# SPDX-License-Identifier: MIT
# Public test suites: see tests/suites/suites. Their sources are those of Debian's packages, checked
# by SHA-256, and never part of this tree.

$(eval $(call debian_source,pts,posixtestsuite,1.5.2-8,posixtestsuite_1.5.2.orig.tar.gz,15a2185672127cba851d35ec9d538ff6148defdbb75f99c7e9c50aeba0f94757))
$(eval $(call debian_source,gnulib,gnulib,20230209+stable-1,gnulib_20230209+stable.orig.tar.gz,3d705dfeae9d4f17c3532e8663523206352b1f79c990b945bdcda2a847ba3546))

PACKAGES_SUITES := gcc libc6-dev binutils util-linux $(PACKAGES_SCRIPTS)
$(eval $(call packages_rule,suites,$(PACKAGES_SUITES)))

SUITES_READY := $(DEBIAN_pts_READY) $(DEBIAN_gnulib_READY) $(NEWLIB_LIBC) $(SDK)/.complete
SUITES := tests/suites/suites --build $(BUILD) --compiler $(RINGLET_CC) \
	--source pts=$(DEBIAN_pts) --source gnulib=$(DEBIAN_gnulib) --source newlib=$(NEWLIB)/source

# All of it, on Linux and in guests: long. UPDATE=1 records the results, SUITES_FILTER=regex: some.
export SUITES_FILTER
suites: $(call stamp,suites) $(call stamp,lab) $(SUITES_READY)
	$(Q)$(SUITES) all $(if $(UPDATE),--update) $(if $(HANGS),--hangs) $(if $(SUITES_FILTER),--filter "$$SUITES_FILTER")
	$(if $(UPDATE),$(Q)tests/posix/make-docs >docs/posix.md)
.PHONY: suites

# A share that must not be worse than recorded: interfaces whose tests mostly end without threads that
# are left, so that few domains are needed. Some minutes; the lab runs meanwhile.
SUITES_SHARE     := ^newlib/|^gnulib/([a-f]|s[t-z])|^pts/(aio_|lio_|sem_|timer_|clock_|nanosleep|sig[a-z]*set|pthread_(attr|key|once|[a-z]*attr))
SUITES_SHARE_PVH := ^newlib/|^pts/(aio_|sem_|timer_)
suites-check-pv suites-check-pvh: $(call stamp,suites) $(call stamp,lab) $(SUITES_READY)
suites-check-pv:
	$(Q)$(SUITES) check --filter "$(SUITES_SHARE)"
suites-check-pvh:
	$(Q)$(SUITES) check --kind pvh --filter "$(SUITES_SHARE_PVH)"
suites-check:
	$(Q)$(MAKE) --no-print-directory suites-check-pv
	$(Q)$(MAKE) --no-print-directory suites-check-pvh
.PHONY: suites-check suites-check-pv suites-check-pvh

# They wait for the lab, which is in use until the matrix has ended.
HOST_PACKAGES += $(PACKAGES_SUITES)
SUITES_TESTS  := 'sum:suites-pv=$(submake) suites-check-pv' 'sum:suites-pvh=$(submake) suites-check-pvh'
