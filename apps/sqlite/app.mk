# SPDX-License-Identifier: MIT
# SQLite's shell, from Debian's source package: the upstream archive, unmodified, made into the
# amalgamation by its own Makefile. The VFS "disk" (ringlet_vfs.h) is added, and file systems on disks:
#   make run APP=sqlite DISK=ext4.img ARGS='mount=/dev/xvda:/data /data/my.db "SELECT ..."'
$(eval $(call debian_source,sqlite,sqlite3,3.40.1-2+deb12u2,sqlite3_3.40.1.orig.tar.xz,aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655))

PACKAGES_SQLITE := tcl libc6-dev
$(eval $(call packages_rule,sqlite,$(PACKAGES_SQLITE)))
SQLITE := $(BUILD)/packages/sqlite-amalgamation
# (this make's options and variables are not for that one)
$(SQLITE)/.complete: $(DEBIAN_sqlite_READY) | $(call stamp,sqlite) $(call stamp,build)
	$(call say,SQLITE,$(SQLITE)/sqlite3.c)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)
	$(Q)cd $(@D) && { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(MAKE) -f $(abspath $(DEBIAN_sqlite))/main.mk TOP=$(abspath $(DEBIAN_sqlite)) \
		BCC="gcc -O1" sqlite3.c shell.c >log 2>&1 || { tail -n 20 log >&2; exit 1; }; }
	@touch $@
$(SQLITE)/%: | $(SQLITE)/.complete ;

APP_SRCS_sqlite := $(SQLITE)/sqlite3.c $(SQLITE)/shell.c $(wildcard apps/sqlite/*.c)
APP_DEPS_sqlite := $(SQLITE)/.complete
# There are no processes and no shared libraries. A memory map of a file is a copy of it, so a
# write-ahead log works with locking_mode=EXCLUSIVE only.
APP_CFLAGS_sqlite := -isystem $(SQLITE) -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_MAX_MMAP_SIZE=0 \
	-DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_ENABLE_DBSTAT_VTAB \
	-DHAVE_USLEEP=1 -DHAVE_FDATASYNC=1 -DHAVE_GMTIME_R=1 -DHAVE_LOCALTIME_R=1 -DHAVE_LSTAT=1 -DHAVE_READLINK=1 \
	-DSQLITE_EXTRA_INIT=ringlet_vfs_register -DSQLITE_NOHAVE_SYSTEM -DSQLITE_OMIT_POPEN
APP_LDFLAGS_sqlite := --stack=256k -lm -lringlet-ext4
APPS_FETCHED += sqlite
