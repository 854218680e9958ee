# SPDX-License-Identifier: MIT
# nbdserver with TLS by BearSSL, which tests/packages/build.mk builds by its own makefile.
$(eval $(call debian_source,bearssl,bearssl,0.6+dfsg.1-3,bearssl_0.6+dfsg.1.orig.tar.xz,102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004))
NBD_BEARSSL := $(B)/packages/bearssl
APP_SRCS_nbdserver-tls := $(filter-out %/notls.c,$(wildcard apps/nbdserver/*.c)) $(wildcard apps/nbdserver-tls/*.c)
APP_DEPS_nbdserver-tls := $(B)/apps/bearssl-test
APP_CFLAGS_nbdserver-tls := -Iapps/nbdserver -isystem $(NBD_BEARSSL)/inc
# ext4, for a disk with the certificates
APP_LDFLAGS_nbdserver-tls := $(NBD_BEARSSL)/build/libbearssl.a -lringlet-ext4
APPS_FETCHED += nbdserver-tls
