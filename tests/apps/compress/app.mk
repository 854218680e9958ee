# SPDX-License-Identifier: MIT
# bzip2 and zlib's minigzip, from Debian's source packages, unmodified, in one image: main.c calls their
# main(). zlib's library is the one of tests/packages/build.mk, which uses the same sources.
$(eval $(call debian_source,bzip2,bzip2,1.0.8-5,bzip2_1.0.8.orig.tar.gz,ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269))
$(eval $(call debian_source,zlib,zlib,1:1.2.13.dfsg-1,zlib_1.2.13.dfsg.orig.tar.bz2,71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1))

APP_SRCS_compress := tests/apps/compress/main.c \
	$(patsubst %,$(DEBIAN_bzip2)/%.c,bzip2 blocksort bzlib compress crctable decompress huffman randtable) \
	$(DEBIAN_zlib)/test/minigzip.c
ZLIB := $(B)/packages/zlib
APP_DEPS_compress := $(B)/apps/zlib-example $(DEBIAN_bzip2_READY)
APP_CFLAGS_compress := -I$(ZLIB) -I. -w
$(B)/apps/obj/compress/$(DEBIAN_bzip2)/bzip2.c.o: APP_CFLAGS += -Dmain=bzip2_main
$(B)/apps/obj/compress/$(DEBIAN_zlib)/test/minigzip.c.o: APP_CFLAGS += -Dmain=minigzip_main

COMPRESS_FILES := $(foreach i,1 2 3,sample$(i).ref sample$(i).bz2)
$(B)/packages/samples/.complete: $(DEBIAN_bzip2_READY)
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && cd $(DEBIAN_bzip2) && cp $(COMPRESS_FILES) $(abspath $(@D))/
	@touch $@
APP_FILES_compress := $(B)/packages/samples/.complete
APP_LDFLAGS_compress := $(ZLIB)/libz.a --stack=256k --embed=$(B)/packages/samples
APPS_FETCHED += compress
