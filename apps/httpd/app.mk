# SPDX-License-Identifier: MIT
APP_FILES_httpd   := $(wildcard apps/httpd/rom/*)
APP_LDFLAGS_httpd := --embed=apps/httpd/rom -lringlet-ext4
