# SPDX-License-Identifier: MIT
# SQLite's shell (apps/sqlite) with scripts for it, and its own benchmark as a test.
SQLITE_TEST_FILES := $(wildcard tests/apps/sqlite-test/files/*)
SQLITE_OBJS := $(APP_SRCS_sqlite:%=$(B)/apps/obj/sqlite/%.o)
APP_FILES_sqlite-test := $(SQLITE_OBJS) $(SQLITE_TEST_FILES)
APP_LDFLAGS_sqlite-test := $(SQLITE_OBJS) $(APP_LDFLAGS_sqlite) --embed=tests/apps/sqlite-test/files

SPEEDTEST_OBJS := $(filter-out %/shell.c.o,$(SQLITE_OBJS))
APP_SRCS_speedtest1 := $(DEBIAN_sqlite)/test/speedtest1.c
APP_DEPS_speedtest1 := $(SQLITE)/.complete
APP_CFLAGS_speedtest1 := -w -isystem $(SQLITE) -DSQLITE_OMIT_LOAD_EXTENSION
APP_FILES_speedtest1 := $(SPEEDTEST_OBJS)
APP_LDFLAGS_speedtest1 := $(SPEEDTEST_OBJS) $(APP_LDFLAGS_sqlite)
APPS_FETCHED += sqlite-test speedtest1
