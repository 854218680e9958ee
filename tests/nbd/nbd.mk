# SPDX-License-Identifier: MIT
# apps/nbdserver on the host: its protocol with a disk and a transport in memory (test_*.c), and as a
# server on the host's sockets for other people's clients (test-clients).

PACKAGES_NBD := qemu-utils libnbd-bin openssl $(PACKAGES_UNIT)
$(eval $(call packages_rule,nbd,$(PACKAGES_NBD)))
NBD_HOST  := $(HOST)/nbd
# all but what is on blkfront and lwIP
NBD_SRCS  := $(filter-out $(patsubst %,apps/nbdserver/%.c,disk link main report server),$(wildcard apps/nbdserver/*.c))
NBD_OBJS  := $(patsubst %.c,$(NBD_HOST)/%.o,$(NBD_SRCS) tests/nbd/file_disk.c)
NBD_TESTS := $(patsubst tests/nbd/%.c,$(NBD_HOST)/%,$(wildcard tests/nbd/test_*.c))

# glibc has struct iovec
CFLAGS_NBD = -D_GNU_SOURCE -Diovec=iovec -Iapps/nbdserver -Itests/nbd
$(NBD_HOST)/%.o: %.c $(HOST)/flags tests/nbd/nbd.mk | $(call stamp,build) $(call stamp,unit)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_HOST) $(CFLAGS_NBD) -MMD -MP -c $< -o $@
$(filter-out %/test_link %/test_disk,$(NBD_TESTS)): $(NBD_HOST)/%: $(NBD_HOST)/tests/nbd/%.o $(NBD_HOST)/tests/nbd/session.o $(NBD_OBJS)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $^ -lcmocka -o $@
# with lwIP, on the threads of tests/host
NBD_LWIP_OBJS := $(NBD_HOST)/apps/nbdserver/link.o $(NBD_HOST)/tests/nbd/test_link.o
$(NBD_LWIP_OBJS): CFLAGS_NBD += $(LWIP_INCLUDES)
$(NBD_LWIP_OBJS): $(DEBIAN_lwip_READY)
$(NBD_HOST)/test_link: $(NBD_LWIP_OBJS) $(NBD_HOST)/tests/nbd/session.o $(NBD_OBJS) $(LIB_LWIP_HOST) $(LIBHOST)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $(filter %.o,$^) $(LIB_LWIP_HOST) $(LIBHOST) -lcmocka -o $@
# disk.c itself, in place of file_disk.c
$(NBD_HOST)/test_disk: $(NBD_HOST)/tests/nbd/test_disk.o $(LIBHOST)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $(filter %.o,$^) $(LIBHOST) -lcmocka -o $@
$(NBD_HOST)/host-nbdserver: $(NBD_HOST)/tests/nbd/host_server.o $(NBD_OBJS)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $^ -o $@
# with TLS, by the library's own makefile
BEARSSL_HOST := $(NBD_HOST)/bearssl/libbearssl.a
$(BEARSSL_HOST): $(DEBIAN_bearssl_READY) | $(call stamp,build)
	$(call say,PACKAGE,$@)
	@mkdir -p $(@D)
	$(Q)env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(MAKE) -j2 -C $(DEBIAN_bearssl) BUILD=$(abspath $(@D)) CC=gcc AR=ar CFLAGS=-O2 lib >$(@D).log 2>&1 || { tail -n 20 $(@D).log; exit 1; }
NBD_TLS_OBJS := $(patsubst %.c,$(NBD_HOST)/%.o,$(wildcard apps/nbdserver-tls/*.c))
$(NBD_TLS_OBJS): CFLAGS_NBD += -isystem $(DEBIAN_bearssl)/inc
$(NBD_TLS_OBJS): $(DEBIAN_bearssl_READY)
$(NBD_HOST)/host-nbdserver-tls: $(NBD_HOST)/tests/nbd/host_server.o $(filter-out %/notls.o,$(NBD_OBJS)) $(NBD_TLS_OBJS) $(BEARSSL_HOST)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) $(CFLAGS_HOST) $^ -o $@
# for the lab
NBD_CERTS := $(B)/apps/nbd-certs.tar
$(NBD_CERTS): tests/nbd/make-certs | $(call stamp,nbd)
	$(call say,OPENSSL,$@)
	@mkdir -p $(@D)
	$(Q)rm -rf $@.d && mkdir -p $@.d && { tests/nbd/make-certs $@.d >$@.d/log 2>&1 || { tail $@.d/log; exit 1; }; } && \
		tar -C $@.d -cf $@ good && rm -rf $@.d
test test-xen: $(NBD_CERTS) $(B)/apps/nbdserver-tls
.SECONDARY: $(NBD_TESTS:$(NBD_HOST)/%=$(NBD_HOST)/tests/nbd/%.o)
-include $(wildcard $(NBD_HOST)/*/*/*.d)

NBD_ENTRIES := $(foreach t,$(NBD_TESTS),'tap:nbd-$(notdir $(t))=$(t)') \
	'sum:nbd-clients=tests/nbd/test-clients $(NBD_HOST)/host-nbdserver' 'sum:nbd-tls=tests/nbd/test-tls $(NBD_HOST)/host-nbdserver-tls'
nbd-test: $(call stamp,nbd) $(NBD_TESTS) $(NBD_HOST)/host-nbdserver $(NBD_HOST)/host-nbdserver-tls
	$(Q)tests/run-tests $(BUILD)/test-host $(NBD_ENTRIES)
.PHONY: nbd-test
HOST_PACKAGES += $(PACKAGES_NBD)
HOST_PROGRAMS += $(NBD_TESTS) $(NBD_HOST)/host-nbdserver $(NBD_HOST)/host-nbdserver-tls
HOST_TESTS    += $(NBD_ENTRIES)

# ---- fuzzing: tests/fuzz/fuzz_nbd.c ----

NBD_FUZZ_OBJS := $(patsubst %.c,$(FUZZ)/obj/%.o,$(NBD_SRCS) tests/nbd/file_disk.c tests/nbd/session.c)
$(NBD_FUZZ_OBJS) $(FUZZ)/obj/tests/fuzz/fuzz_nbd.o: CFLAGS_FUZZ += $(CFLAGS_NBD)
$(HOST)/obj/tests/fuzz/fuzz_nbd.o: CFLAGS_HOST += $(CFLAGS_NBD)
$(FUZZ_LIB): $(NBD_FUZZ_OBJS)
$(HOST)/replay/nbd: $(NBD_OBJS) $(NBD_HOST)/tests/nbd/session.o
-include $(NBD_FUZZ_OBJS:.o=.d)
