# SPDX-License-Identifier: MIT
# Lua's interpreter, from Debian's source package: the upstream archive, unmodified. popen() is what
# luaconf.h lets a system without processes leave out.
$(eval $(call debian_source,lua,lua5.4,5.4.4-3+deb12u1,lua5.4_5.4.4.orig.tar.gz,164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61))

LUA_CORE := lapi lcode lctype ldebug ldo ldump lfunc lgc llex lmem lobject lopcodes lparser lstate lstring ltable ltm \
	lundump lvm lzio
LUA_LIBRARY := lauxlib lbaselib lcorolib ldblib liolib lmathlib loadlib loslib lstrlib ltablib lutf8lib linit
APP_SRCS_lua := $(patsubst %,$(DEBIAN_lua)/src/%.c,$(LUA_CORE) $(LUA_LIBRARY) lua)
APP_CFLAGS_lua := -std=gnu99 -DLUA_COMPAT_5_3 -DLUA_USE_POSIX '-Dl_popen(L,c,m)=(luaL_error(L,"popen not supported"),(FILE*)0)' '-Dl_pclose(L,f)=((void)(f),-1)'
# 200 levels of calls of Lua from C, as LUAI_MAXCCALLS allows, with a luaL_Buffer or two each
APP_LDFLAGS_lua := --stack=1m -lm
APPS_FETCHED += lua
