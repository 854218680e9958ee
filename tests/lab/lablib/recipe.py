# SPDX-License-Identifier: MIT
"""What goes into the dom0 image. Changing this file rebuilds the image at the next `lab setup`."""

SUITE = "bookworm"

PACKAGES = [
    "busybox-static",           # dom0's whole user space, apart from what follows
    "xen-hypervisor-4.17-amd64", "xen-utils-4.17", "xen-utils-common", "xenstore-utils",
    "linux-image-amd64",
    "mount",                    # util-linux's losetup: busybox's cannot choose the sector size
    "dmsetup", "nbd-client", "nbd-server",      # faults and remote disks
    "qemu-system-xen", "qemu-utils",            # the backend qdisk and its images
]

# Programs, as patterns of paths inside the packages. The shared objects that they name come along.
PROGRAMS = [
    "bin/busybox",
    "usr/lib/xen-*/bin/xl", "usr/lib/xen-*/bin/libxl-save-helper",
    "usr/lib/xen-*/bin/xenstored", "usr/lib/xen-*/bin/xenconsoled", "usr/lib/xen-*/bin/xenconsole",
    "usr/lib/xen-*/bin/xen-init-dom0", "usr/lib/xen-*/bin/xenctx", "usr/lib/xen-*/bin/lsevtchn",
    "usr/bin/xenstore-*",
    "sbin/losetup", "sbin/dmsetup", "sbin/nbd-client",
]

# Shared objects that are only ever opened by name at run time (pthread_cancel wants this one).
EXTRA_LIBRARIES = ["libgcc_s.so.1"]

# What only some cases want goes into an archive of its own, which dom0 unpacks when a job asks for it
# (`backends` in dom0/steps): 34 MiB that the others need not load.
BACKEND_PROGRAMS = ["usr/libexec/xen-qemu-system-i386", "usr/bin/qemu-img", "bin/nbd-server"]
BACKEND_FILES = ["usr/share/qemu/keymaps/en-us"]       # QEMU does not start without, display or not

# Other files, kept under their own paths.
FILES = ["usr/lib/xen-*/boot/hvmloader"]

# Kernel modules. Their dependencies come along; init loads the first list, in this order.
MODULES_AT_BOOT = [
    "xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc",
    "virtio_pci", "virtio_blk", "9pnet_virtio", "9p",
]
MODULES_ON_DEMAND = [
    "xen-blkback", "configfs", "loop", "brd", "null_blk",
    "scsi_mod", "sd_mod", "crct10dif_common", "crct10dif_generic", "crc-t10dif", "scsi_debug",
    "dm-mod", "dm-flakey", "dm-delay", "nbd",
]

# A Linux guest to measure beside ours: the same kernel, and an initramfs with busybox and these. Whoever
# starts one appends an archive with /init.
LINUX_GUEST_FILES = ["bin/busybox"]
LINUX_GUEST_MODULES = ["xen-blkfront"]
