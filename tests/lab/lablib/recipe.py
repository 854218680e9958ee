# SPDX-License-Identifier: MIT
"""The contents of the dom0 image. After a change the next `lab setup` rebuilds the image."""

SUITE = "bookworm"

PACKAGES = [
    "busybox-static",           # most of dom0's user space
    "xen-hypervisor-4.17-amd64", "xen-utils-4.17", "xen-utils-common", "xenstore-utils",
    "linux-image-amd64",
    "mount",                    # util-linux's losetup: busybox's cannot choose the sector size
    "dmsetup", "nbd-client", "nbd-server",      # faults and remote disks
    "qemu-system-xen", "qemu-utils",            # the backend qdisk and its images
    "e2fsprogs",                # makes and checks a guest's file system
    "sqlite3",                  # reads what a guest's SQLite has written
    "iperf", "curl", "dnsmasq-base", "ethtool", "tcpdump",      # clients and servers of a guest's network
]

# Programs, as patterns of paths inside the packages. The shared objects that they name are added.
PROGRAMS = [
    "bin/busybox",
    "usr/lib/xen-*/bin/xl", "usr/lib/xen-*/bin/libxl-save-helper",
    "usr/lib/xen-*/bin/xenstored", "usr/lib/xen-*/bin/xenstore-control", "usr/lib/xen-*/bin/xenconsoled", "usr/lib/xen-*/bin/xenconsole",
    "usr/lib/xen-*/bin/xen-init-dom0", "usr/lib/xen-*/bin/init-xenstore-domain", "usr/lib/xen-*/bin/xenctx", "usr/lib/xen-*/bin/lsevtchn",
    "usr/bin/xenstore-*",
    "sbin/losetup", "sbin/dmsetup", "sbin/nbd-client",
]

# Shared objects that are only opened by name at run time (pthread_cancel needs this one).
EXTRA_LIBRARIES = ["libgcc_s.so.1"]

# Files for only some cases go into an archive of their own, which dom0 unpacks for a job that needs
# them (`backends` in dom0/steps): 34 MiB that the others need not load.
BACKEND_PROGRAMS = ["usr/libexec/xen-qemu-system-i386", "usr/bin/qemu-img", "usr/bin/qemu-io", "bin/nbd-server", "usr/bin/sqlite3",
                    "sbin/mke2fs", "sbin/e2fsck"]
BACKEND_FILES = ["usr/share/qemu/keymaps/en-us",       # QEMU does not start without it, even without a display
                 "etc/mke2fs.conf"]

# As well for guests with a network (`network` in dom0/network).
NETWORK_PROGRAMS = ["usr/bin/iperf", "usr/bin/curl", "usr/sbin/dnsmasq", "sbin/ethtool", "usr/bin/tcpdump"]

# Other files, with their own paths.
FILES = ["usr/lib/xen-*/boot/hvmloader"]

# Kernel modules. Their dependencies are added; init loads the first list, in this order.
MODULES_AT_BOOT = [
    "xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc",
    "virtio_pci", "virtio_blk", "9pnet_virtio", "9p",
]
MODULES_ON_DEMAND = [
    "xen-blkback", "configfs", "loop", "brd", "null_blk",
    "scsi_mod", "sd_mod", "crct10dif_common", "crct10dif_generic", "crc-t10dif", "scsi_debug",
    "dm-mod", "dm-flakey", "dm-delay", "nbd",
    "xen-netback", "bridge",
    "ext4", "crc32c_generic",
]

# As well for HVM guests (`hvm` in dom0/hvm): the firmware, and what connects xl with a device model in a stubdomain.
HVM_PROGRAMS = ["usr/lib/xen-*/bin/vchan-socket-proxy"]
HVM_FILES = ["usr/share/seabios/bios-256k.bin"]

# A Linux guest to compare with: the same kernel, and an initramfs with busybox and these, each behind those that it
# needs. The code that starts one appends an archive with /init.
LINUX_GUEST_FILES = ["bin/busybox"]
LINUX_GUEST_EXT4 = ["crc16", "crc32c_generic", "mbcache", "jbd2", "ext4"]
LINUX_GUEST_MODULES = ["xen-blkfront", "xen-netfront", *LINUX_GUEST_EXT4]

# A Linux guest that boots from a disk of its own (hvm_disk.py): the packed kernel, and an initramfs with these, to which
# hvm_disk.py appends /init. The emulated disk first, then what takes its place.
HVM_GUEST_FILES = ["bin/busybox"]
HVM_GUEST_MODULES = ["ata_piix", "sd_mod", "crct10dif_generic", "crc64_rocksoft_generic", "sr_mod", "xen-blkfront"]

# Appended as well for one that serves its disk by NBD (tests/bench).
LINUX_NBD_PROGRAMS = ["bin/nbd-server"]

# A Linux guest that serves disks to others (dom0/driver-domain): the same kernel, and an initramfs with these. dom0
# appends an archive with /init and the hotplug script.
DRIVER_DOMAIN_PROGRAMS = ["bin/busybox", "usr/lib/xen-*/bin/xl", "usr/bin/xenstore-*"]
DRIVER_DOMAIN_MODULES = ["xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-blkfront", "xen-blkback"]
