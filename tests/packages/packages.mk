# SPDX-License-Identifier: MIT
# Programs from Debian's source packages (apps/lua, apps/sqlite, tests/apps) are built for the lab's
# cases; the disk of SQLite's is tested by power failures, on the host, with Debian's SQLite.

SQLITE_CRASH := $(HOST)/packages/sqlite_crash
$(SQLITE_CRASH): tests/packages/sqlite_crash.c $(wildcard apps/sqlite/*.c apps/sqlite/*.h) $(HOST)/flags | $(call stamp,sqlite-host)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) -D_GNU_SOURCE $(filter %.c,$^) $(foreach f,open ioctl pread pwrite fsync,-Wl$(comma)--wrap=$(f)) -lsqlite3 -o $@
PACKAGES_SQLITE_HOST := libc6-dev libsqlite3-dev
$(eval $(call packages_rule,sqlite-host,$(PACKAGES_SQLITE_HOST)))

HOST_PROGRAMS += $(SQLITE_CRASH)
HOST_PACKAGES += $(PACKAGES_SQLITE) $(PACKAGES_SQLITE_HOST)
HOST_TESTS    += 'tap:sqlite-crash=$(SQLITE_CRASH) 500' 'sum:fetch=tests/packages/test-fetch'

test test-xen: packages

# The longer versions: all of BearSSL's tests, a larger benchmark of SQLite, and more power failures.
packages-test: $(call stamp,lab) $(SQLITE_CRASH) packages
	$(Q)$(SQLITE_CRASH) 20000
	$(Q)tests/lab/lab test --full --filter='^(lua|sqlite|compress|bearssl)'
.PHONY: packages-test
