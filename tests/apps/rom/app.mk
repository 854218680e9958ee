APP_LDFLAGS_rom := --stack=1m --embed=tests/apps/rom/files
APP_FILES_rom := $(shell find tests/apps/rom/files -type f)
