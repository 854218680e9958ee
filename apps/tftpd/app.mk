# SPDX-License-Identifier: MIT
APP_SRCS_tftpd    := $(wildcard apps/tftpd/*.c) apps/httpd/served.c apps/httpd/http_files.c
APP_FILES_tftpd   := $(wildcard apps/tftpd/rom/*)
APP_CFLAGS_tftpd  := -I.
APP_LDFLAGS_tftpd := --embed=apps/tftpd/rom -lringlet-ext4
