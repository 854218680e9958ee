# SPDX-License-Identifier: MIT
# The device-model stubdomain: the kernel library alone, without a C library.
APP_SRCS_stubdm    := $(wildcard apps/stubdm/*.c apps/stubdm/devices/*.c)
APP_CFLAGS_stubdm  := --no-libc -std=gnu11 -Wall -Wextra -Werror -ffunction-sections -fdata-sections
# no debugging information: the image is what the host keeps
APP_LDFLAGS_stubdm := --no-libc -Wl,--strip-debug
