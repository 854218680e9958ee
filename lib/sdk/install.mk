# SPDX-License-Identifier: MIT
# make install [DESTDIR=] [PREFIX=/usr/local] | uninstall. What is installed needs neither this tree nor
# its path: everything is found from where ringlet-cc lies.

PREFIX  ?= /usr/local
DESTDIR ?=
TO      := $(DESTDIR)$(PREFIX)

# Only what `make uninstall` removes again, file by file where others have files, too.
INSTALLED_FILES := bin/ringlet-cc bin/ringlet-run lib/pkgconfig/ringlet.pc \
	bin/ringlet-core share/man/man1/ringlet-cc.1 share/man/man1/ringlet-run.1 share/man/man7/ringlet.7
INSTALLED_FOLDERS := lib/ringlet share/ringlet share/doc/ringlet
# the programs that are of use as they are, and need no sources but ours
INSTALLED_APPS := httpd iperf nbdserver stubdm tftpd

# An example's image is where it was installed.
install: $(SDK)/.complete guests $(foreach a,$(INSTALLED_APPS),$(B)/apps/$(a) $(B)/apps/$(a).cfg) $(NEWLIB_LIBC)
	$(call say,INSTALL,$(TO))
	$(Q)rm -rf $(addprefix "$(TO)"/,$(INSTALLED_FOLDERS))
	$(Q)mkdir -p $(addprefix "$(TO)"/,bin lib/pkgconfig share/man/man1 share/man/man7 share/ringlet/images \
		share/ringlet/cmake share/ringlet/examples share/doc/ringlet)
	$(Q)cp -R $(SDK_LIB) "$(TO)/lib/"
	$(Q)install -m 755 $(RINGLET_CC) tests/lab/ringlet-run lib/sdk/ringlet-core "$(TO)/bin/"
	$(Q)sed 's|@VERSION@|$(VERSION)|' lib/sdk/ringlet.pc.in >"$(TO)/lib/pkgconfig/ringlet.pc"
	$(Q)for page in ringlet-cc.1 ringlet-run.1 ringlet.7; do \
		sed 's|@VERSION@|$(VERSION)|' lib/sdk/man/$$page >"$(TO)/share/man/man$${page##*.}/$$page" || exit 1; done
	$(Q)install -m 644 lib/sdk/ringlet-toolchain.cmake "$(TO)/share/ringlet/cmake/"
	$(Q)install -m 644 lib/sdk/ringlet-gdb.py "$(TO)/share/ringlet/"
	$(Q)cp apps/hello-posix/main.c "$(TO)/share/ringlet/examples/hello-posix.c"
	$(Q)sed -e 's|@IMAGE@|/path/to/image|' -e 's|@NAME@|app|' apps/app.cfg >"$(TO)/share/ringlet/examples/app.cfg"
	$(Q)for guest in $(GUESTS); do \
		install -m 755 $(B)/guests/$$guest "$(TO)/share/ringlet/images/" && \
		sed 's|^kernel = .*|kernel = "$(PREFIX)/share/ringlet/images/'$$guest'"|' $(B)/guests/$$guest.cfg \
			>"$(TO)/share/ringlet/$$guest.cfg" || exit 1; done
	$(Q)for app in $(INSTALLED_APPS); do \
		install -m 755 $(B)/apps/$$app "$(TO)/share/ringlet/images/" && \
		sed 's|$(abspath $(B)/apps)/|$(PREFIX)/share/ringlet/images/|' $(B)/apps/$$app.cfg \
			>"$(TO)/share/ringlet/$$app.cfg" || exit 1; done
	$(Q)cp LICENSE "$(TO)/share/doc/ringlet/"
	$(Q)for page in *.md docs/* tests/README.md tests/*/README.md; do \
		install -D -m 644 $$page "$(TO)/share/doc/ringlet/$$page" || exit 1; done
	$(Q)cp $(NEWLIB)/source/COPYING.NEWLIB "$(TO)/share/doc/ringlet/COPYING.newlib"
	$(Q)cp $(LWIP)/COPYING "$(TO)/share/doc/ringlet/COPYING.lwip"
	$(Q){ echo 'libext2fs.a and what is linked with it contain libext2fs, which is under the GNU Library General Public'; \
		echo 'License, version 2, the second one below. docs/ext4.md says what follows from that.'; echo; cat $(EXT2FS)/../NOTICE; } \
		>"$(TO)/share/doc/ringlet/COPYING.libext2fs"
	$(Q){ echo 'The files in lib/ringlet/include/xen are public headers of the Xen project. Their authors are named in'; \
		echo 'each file; their licence is this, MIT:'; sed '1,/^Copyright/d' LICENSE; } >"$(TO)/share/doc/ringlet/COPYING.xen-headers"
	$(Q)chmod -R a+rX $(addprefix "$(TO)"/,$(INSTALLED_FOLDERS) $(INSTALLED_FILES))
uninstall:
	$(Q)rm -rf $(addprefix "$(TO)"/,$(INSTALLED_FOLDERS))
	$(Q)rm -f $(addprefix "$(TO)"/,$(INSTALLED_FILES))
.PHONY: install uninstall
