# SPDX-License-Identifier: MIT
# Packages that are built as their users build them, by their own configure scripts and makefiles, with
# ringlet-cc as the compiler and nothing modified. Their programs are images beside those of apps/.

# (zlib and bzip2: tests/apps/compress/app.mk; bearssl: apps/nbdserver-tls/app.mk)
$(eval $(call debian_source,lzo,lzo2,2.10-2,lzo2_2.10.orig.tar.gz,c0f892943208266f9b6543b3ae308fab6284c5c90e627931446fb49b4221a072))
$(eval $(call debian_source,libevent,libevent,2.1.12-stable-8,libevent_2.1.12-stable.orig.tar.gz,92e6de1be9ec176428fd2367677e61ceffc2ee1cb119035037a27d346b0403bb))
$(eval $(call debian_source,fio,fio,3.33-3,fio_3.33.orig.tar.gz,d2410e13e0f379d061d077cc5ae325835bb7c6186aa7bafc1df954cbc9b014fc))
$(eval $(call debian_source,mosquitto,mosquitto,2.0.11-1.2+deb12u2,mosquitto_2.0.11.orig.tar.gz,7b36a7198bce85cf31b132f5c6ee36dcf5dadf86fb768501eb1e11ce95d4f78a))

# $(call package_rule,NAME,PROGRAMS,COMMANDS[,FILES]): makes $(B)/apps/PROGRAM, which the commands leave
# under that name, where they run: in a copy of the sources. They may use FILES of this tree, too. Their
# output is in build/packages/NAME.log.
define package_rule
$(addprefix $(B)/apps/,$(2)) &: $$(DEBIAN_$(1)_READY) $$(SDK)/.complete tests/packages/build.mk $(4)
	$$(call say,PACKAGE,$(1))
	@mkdir -p $$(B)/packages $$(B)/apps
	$$(Q)rm -rf $$(B)/packages/$(1) && cp -R $$(DEBIAN_$(1)) $$(B)/packages/$(1)
	$$(Q)cd $$(B)/packages/$(1) && { PATH="$$(abspath $$(SDK)/bin):$$$$PATH"; unset MAKEFLAGS MFLAGS MAKELEVEL; $(3); } \
		>$$(abspath $$(BUILD)/packages)/$(1).log 2>&1 || { tail -n 20 $$(abspath $$(BUILD)/packages)/$(1).log; exit 1; }
	$$(Q)$$(foreach p,$(2),cp $$(B)/packages/$(1)/$$(p) $$(B)/apps/$$(p) &&) true
PACKAGE_IMAGES += $(addprefix $(B)/apps/,$(2))
endef

# zlib's configure is its own, bzip2 has only a makefile, lzo's is autoconf's with libtool
$(eval $(call package_rule,zlib,zlib-example minigzip,chmod +x configure && CHOST=x86_64-ringlet-elf CC=ringlet-cc AR=ar RANLIB=ranlib CFLAGS=-O2 \
	./configure --static && make -j2 && cp example zlib-example))
$(eval $(call package_rule,bzip2,bzip2,mkdir rom && cp sample?.bz2 rom && make -j2 CC=ringlet-cc LDFLAGS=--embed=rom libbz2.a bzip2))
$(eval $(call package_rule,lzo,lzo-test,./configure CC=ringlet-cc --host=x86_64-ringlet-elf && make -j2 && cp minilzo/testmini lzo-test))
$(eval $(call package_rule,bearssl,bearssl-test,make -j2 CC=ringlet-cc LD=ringlet-cc AR=ar CFLAGS=-O2 LDFLAGS=--stack=256k tests && cp build/testcrypto bearssl-test))
# Its tests mention fork() and mkfifo(). The files that autoconf and automake have made are newer than what they are made of, as upstream.
$(eval $(call package_rule,libevent,libevent-regress,touch aclocal.m4 && touch configure config.h.in Makefile.in && ./configure CC=ringlet-cc --host=x86_64-ringlet-elf --disable-openssl && make -j2 LIBS=-lringlet-nosys \
	&& cp test/regress libevent-regress))

# Programs that people run have a folder in apps/, with NAME.cfg and what they need of ours.
# fio's configure takes the compiler's word for the system, and knows OpenBSD: port/os-ringlet.h is what fio gets
# instead of OpenBSD's header. FreeBSD's list of sources is OpenBSD's and trim.c. smalloc.o is there already,
# so that make does not build it from fio's smalloc.c: port/smalloc.c says why.
FIO_PORT := $(abspath apps/fio/port)
FIO_WITHOUT := native numa rdma rados rbd http gfapi pmem xnvme libnfs libzbc dfs tcmalloc shm
$(eval $(call package_rule,fio,fio,CFLAGS=-D__OpenBSD__ ./configure --cc=ringlet-cc $(FIO_WITHOUT:%=--disable-%) && \
	ringlet-cc -O2 -I. -c $(FIO_PORT)/smalloc.c -o smalloc.o && \
	make -j2 fio CONFIG_TARGET_OS=FreeBSD CFLAGS="-include $(FIO_PORT)/os-ringlet.h -I$(FIO_PORT)" OPTFLAGS=-ffast-math \
	LDFLAGS=-g EXTLIBS="-lringlet-nosys -lringlet-ext4",$(wildcard apps/fio/port/*.[ch] apps/fio/port/*/*.h)))
# UNAME: its makefile asks the machine that it is built on.
$(eval $(call package_rule,mosquitto,mosquitto,make -j2 -C src mosquitto UNAME=Ringlet CC=ringlet-cc CFLAGS=-O2 WITH_TLS=no WITH_CJSON=no WITH_DOCS=no \
	WITH_SHARED_LIBRARIES=no WITH_EPOLL=no LDFLAGS="-g --embed=$(abspath apps/mosquitto/rom)" BROKER_LDADD="-lm -lringlet-nosys -lringlet-ext4" && cp src/mosquitto .,$(wildcard apps/mosquitto/rom/*)))

PACKAGE_CFGS := $(foreach p,$(PACKAGE_IMAGES),$(if $(wildcard apps/$(notdir $(p))/*.cfg),$(p).cfg))
$(foreach p,$(PACKAGE_CFGS:$(B)/apps/%.cfg=%),$(eval $(call app_cfg_rule,$(p),apps/$(p))))

packages: $(PACKAGE_IMAGES) $(PACKAGE_CFGS)
ifneq ($(APP),)
run: $(filter $(B)/apps/$(APP),$(PACKAGE_IMAGES))
endif
test test-xen: $(PACKAGE_IMAGES)
