# SPDX-License-Identifier: MIT
# The SDK as its users see it.

HOST_PROGRAMS += $(SDK)/.complete
HOST_PACKAGES += $(PACKAGES_NEWLIB) $(PACKAGES_CLANG)
HOST_TESTS    += 'sum:ringlet-cc=tests/sdk/test-ringlet-cc $(SDK)' 'sum:install=BUILD=$(BUILD) CC="$(CC)" tests/sdk/test-install'
