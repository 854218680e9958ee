# SPDX-License-Identifier: MIT
# Programs, a folder each: apps/NAME/*.c, and those of tests, tests/apps/NAME/*.c, built with the SDK's
# ringlet-cc. A file app.mk in the folder may set, with NAME's dashes as they are:
#   APP_SRCS_NAME     the sources, instead of the folder's
#   APP_DEPS_NAME     what must be there before they are compiled
#   APP_FILES_NAME    what else the image is made of, such as files that it embeds
#   APP_CFLAGS_NAME, APP_LDFLAGS_NAME     options of ringlet-cc, the latter of linking
#   APPS_FETCHED  += NAME: the sources are Debian's, and are loaded when they are first needed.
#                 `make apps` leaves these programs out; `make packages` builds them
#   APP_RUN_NAME      what `make run APP=NAME` does, if the user gives neither arguments nor devices
# The configuration for xl is NAME.cfg in the folder, or apps/app.cfg.

APP_DIRS   := $(sort $(patsubst %/,%,$(dir $(wildcard apps/*/*.c apps/*/app.mk tests/apps/*/*.c tests/apps/*/app.mk))))
APPS       := $(notdir $(APP_DIRS))
APP_IMAGES := $(APPS:%=$(B)/apps/%)
APP_CFGS   := $(APP_IMAGES:%=%.cfg)
APP_CFLAGS := -O2 -g

include $(wildcard apps/*/app.mk tests/apps/*/app.mk)

# $(1): the app, $(2): a source
define app_object
$$(B)/apps/obj/$(1)/$(2).o: $(2) $$(SDK)/.complete $$(APP_DEPS_$(1)) $$(B)/apps/flags
	$$(call say,CC,$(2))
	@mkdir -p $$(@D)
	$$(Q)RINGLET_GCC="$$(CC)" $$(RINGLET_CC) $$(APP_CFLAGS) $$(APP_CFLAGS_$(1)) -MMD -MP -c $(2) -o $$@
endef
# $(1): the app, $(2): its folder
define app_cfg_rule
$$(B)/apps/$(1).cfg: $$(or $$(wildcard $(2)/$(1).cfg),apps/app.cfg)
	@mkdir -p $$(@D)
	$$(Q)sed -e 's|@IMAGE@|$$(abspath $$(B)/apps/$(1))|' -e 's|@NAME@|$(1)|' $$< >$$@
endef
define app_rules
APP_SRCS_$(1) := $$(or $$(APP_SRCS_$(1)),$$(wildcard $(2)/*.c))
APP_OBJS_$(1) := $$(patsubst %,$$(B)/apps/obj/$(1)/%.o,$$(APP_SRCS_$(1)))
$$(foreach s,$$(APP_SRCS_$(1)),$$(eval $$(call app_object,$(1),$$(s))))
$$(B)/apps/$(1): $$(APP_OBJS_$(1)) $$(APP_FILES_$(1)) $$(SDK)/.complete
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)RINGLET_GCC="$$(CC)" $$(RINGLET_CC) -g $$(APP_OBJS_$(1)) $$(APP_LDFLAGS_$(1)) -o $$@
$(call app_cfg_rule,$(1),$(2))
-include $$(APP_OBJS_$(1):.o=.d)
endef
$(B)/apps/flags: NOW = $(CC) $(APP_CFLAGS) $(foreach a,$(APPS),$(APP_CFLAGS_$(a)))
$(foreach d,$(APP_DIRS),$(eval $(call app_rules,$(notdir $(d)),$(d))))

packages: $(foreach a,$(APPS_FETCHED),$(B)/apps/$(a) $(B)/apps/$(a).cfg)
apps: $(foreach a,$(filter-out $(APPS_FETCHED),$(APPS)),$(B)/apps/$(a) $(B)/apps/$(a).cfg)
.PHONY: apps packages

# make run APP=NAME: values are passed in the environment, as they may contain any character
export APP ARGS MEMORY
app_run = $(if $(and $(APP_RUN_$(APP)),$(if $(ARGS)$(DISK)$(NET)$(GDB),,yes)),$(APP_RUN_$(APP)),$(app_run_alone))
app_run_alone = tests/lab/lab app "$$APP" --guest "$(if $(GUEST),$(GUEST),pv)" --args "$$ARGS" \
	$(if $(DISK),--disk "$$DISK") $(if $(MEMORY),--memory "$$MEMORY") $(if $(NET),--net) \
	$(if $(GDB),--gdb) $(if $(filter-out 0,$(V)),--verbose)
