# SPDX-License-Identifier: MIT
# Lua's interpreter (apps/lua) with tests of its language and libraries: Debian's source package has none.
LUA_TEST_FILES := $(wildcard tests/apps/lua-test/files/*)
LUA_OBJS := $(APP_SRCS_lua:%=$(B)/apps/obj/lua/%.o)
APP_FILES_lua-test := $(LUA_OBJS) $(LUA_TEST_FILES)
APP_LDFLAGS_lua-test := $(LUA_OBJS) $(APP_LDFLAGS_lua) --embed=tests/apps/lua-test/files
APPS_FETCHED += lua-test
