# SPDX-License-Identifier: MIT
APP_SRCS_ext4-test    := $(wildcard tests/apps/ext4-test/*.c) tests/ext4/random_files.c
APP_CFLAGS_ext4-test  := -Itests/ext4 -D_GNU_SOURCE
APP_LDFLAGS_ext4-test := -lringlet-ext4
