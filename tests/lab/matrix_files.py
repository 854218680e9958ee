# SPDX-License-Identifier: MIT
"""The cases of file systems: what a guest writes, dom0's Linux reads (tests/lab/dom0/filesystems)."""

from matrix import MIB, Case

MOUNT = "mount=/dev/xvda:/data"
DISK = f"ext4 {64 * MIB}"

CASES = [
    # The behaviours of files, as on Linux (tests/posix): /tmp is a disk.
    *[Case(f"ext4-posix-{behaviours}", image=f"ext4-{behaviours}", memory=64, args="mount=/dev/xvda:/tmp", disks=[f"{DISK} w"],
           types=("pv",), silent=("^not ok",), after="unmounted $d0") for behaviours in ("files", "names", "aio")],
    Case("ext4-write", image="ext4-test", app=True, memory=64, args=f"{MOUNT} write /data 120", disks=[f"{DISK} w"], timeout=200,
         options="-v", says=("^120 files are as they were written, 0 are not", "^xvda: ext4 at /data$"),
         after="unmounted $d0\nin_ext4 $d0 sums_hold 120"),
    # Other kinds of images: without checksums and with blocks of 1 KiB, with tables of blocks, without a journal.
    *[Case(f"ext4-write-{name}", image="ext4-test", app=True, memory=64, args=f"{MOUNT} write /data 60", disks=[f"{DISK} {options} w"],
           types=(kind,), timeout=200, says=("^60 files are as they were written",), after="unmounted $d0\nin_ext4 $d0 sums_hold 60")
      for name, kind, options in (("plain", "pv", "-O ^metadata_csum,^64bit -b 1024"), ("ext3", "pvh", "-t ext3"), ("ext2", "pv", "-t ext2"))],
    # Linux' files, written by Linux.
    Case("ext4-linux-wrote", image="ext4-test", app=True, memory=64, args=f"{MOUNT} check /data", disks=[f"{DISK} w"], types=("pv",),
         setup="in_ext4 $d0 linux_files || exit 4", says=("^30 files are as they were written, 0 are not",), after="unmounted $d0"),
    Case("ext4-destroy", image="ext4-test", app=True, memory=64, args=f"{MOUNT} acknowledge /data", disks=[f"{DISK} w"], timeout=200,
         meanwhile="console_says '^safe 20' && xl destroy \"$NAME\"", expect="CRASH|EXIT .*|ERROR",
         after="in_ext4 $d0 acknowledged"),
    Case("ext4-shutdown", image="ext4-test", app=True, memory=64, args=f"{MOUNT} acknowledge /data", disks=[f"{DISK} w"], timeout=200,
         types=("pvh",), options="-v", silent=("I/O error",), meanwhile="console_says '^safe 10' && xl shutdown \"$NAME\"", says=("the toolstack asks for poweroff",),
         after="unmounted $d0\nin_ext4 $d0 acknowledged"),
    # It is saved while it writes; restored, it has another connection to its disk.
    *[Case(f"ext4-save{'-long' if times > 1 else ''}", image="ext4-test", app=True, memory=64, args=f"{MOUNT} acknowledge /data 100", disks=[f"{DISK} w"],
           timeout=1500, types=(kind,), full=times > 1, silent=("not ok", "I/O error"),
           meanwhile=f"console_says '^safe 10' && repeat {times} save_restore && xl shutdown \"$NAME\"",
           after="unmounted $d0\nin_ext4 $d0 acknowledged") for times, kind in ((1, "pvh"), (20, "pv"))],
    # Its disk is taken away while it writes: an error for the program, and what was safe stays so.
    Case("ext4-detach", image="ext4-test", app=True, memory=64, args=f"{MOUNT} acknowledge /data 100", disks=[f"{DISK} w"], types=("pv",),
         timeout=200, meanwhile="console_says '^safe 20' && xl block-detach \"$NAME\" xvda", expect="EXIT 1", says=("^not ok",),
         after="in_ext4 $d0 acknowledged"),
    *[Case("ext4-destroy-long", image="ext4-test", app=True, memory=64, args=f"{MOUNT} full /data", disks=[f"{DISK} w"], types=(kind,),
           full=True, timeout=3000, setup=f"files_killed $d0 {kind} {times} || exit 4", says=("^filled with",), silent=("not ok",),
           after="unmounted $d0") for kind, times in (("pv", 50), ("pvh", 10))],
    Case("ext4-full", image="ext4-test", app=True, memory=64, args=f"{MOUNT} full /data", disks=[f"ext4 {24 * MIB} w"], types=("pv",), timeout=300,
         says=("^filled with",), silent=("not ok",), after="unmounted $d0"),
    Case("ext4-random", image="ext4-test", app=True, memory=128, args=f"{MOUNT} random /data 1 3000", disks=[f"{DISK} w"], types=("pvh",), timeout=300,
         says=("random operations: as the model",), after="unmounted $d0\nin_ext4 $d0 ls"),
    Case("ext4-read-only", image="ext4-test", app=True, memory=64, args=f"{MOUNT}:ro read-only /data", disks=[f"{DISK} r"], types=("pv",),
         setup="in_ext4 $d0 linux_files && md5sum $d0 >/tmp/before || exit 4", after="md5sum $d0 | cmp - /tmp/before",
         says=("^0 changes of a read-only", "^30 files are")),
    Case("ext4-none", image="ext4-test", app=True, memory=64, args=f"{MOUNT} check /data", disks=[f"ram {8 * MIB} w"], types=("pv",), expect="EXIT 1",
         setup="md5sum $d0 >/tmp/before || exit 4", after="md5sum $d0 | cmp - /tmp/before",
         says=("^error: xvda: there is no file system on it, but nothing that is known; in dom0: mke2fs -t ext4",), silent=("files are",)),
    Case("ext4-no-disk", image="ext4-test", app=True, memory=64, args="mount=/dev/xvdb:/data check /data", disks=[f"{DISK} w"], types=("pv",),
         expect="EXIT 1", says=("^error: /dev/xvdb: cannot be mounted at /data: there is no such disk",)),
    Case("ext4-archive", image="ext4-test", app=True, memory=64, args=f"{MOUNT} check /data", disks=[f"sparse {4 * MIB} r"], types=("pv",),
         setup="mkdir /tmp/tree && (cd /tmp/tree && linux_files && tar -cf /tmp/tree.tar .) && dd if=/tmp/tree.tar of=$d0 2>/dev/null && "
               "rm -r /tmp/tree /tmp/tree.tar || exit 4", options="-v", says=("^30 files are", "^xvda: romfs at /data, read-only")),
    # xl's ramdisk is a tar archive, for a program without one of its own.
    Case("ramdisk", image="ext4-test", app=True, memory=64, args="check /rom", options="--ramdisk /tmp/ramdisk.tar",
         setup="mkdir /tmp/tree && (cd /tmp/tree && linux_files && tar -cf /tmp/ramdisk.tar .) && rm -r /tmp/tree || exit 4",
         says=("^30 files are as they were written, 0 are not",)),
    # SQLite keeps its database in a file; dom0's reads it.
    Case("ext4-sqlite", image="sqlite-test", app=True, memory=64, disks=[f"{DISK} w"], types=("pv",), timeout=300,
         setup="sqlite_killed $d0 pv 5 || exit 4",
         args=f"{MOUNT} /data/t.db \"PRAGMA integrity_check; SELECT 'rows: ' || (count(*) > 20) FROM t\"",
         says=("^ok$", "^rows: 1"), after="unmounted $d0"),
    Case("ext4-write-mkfs", image="ext4-test", app=True, memory=64, args=f"{MOUNT}:mkfs write /data 60", disks=[f"sparse {200 * MIB} w"], types=("pvh",),
         timeout=200, options="-v", says=("^xvda: made an ext4", "^60 files are as they were written",), after="unmounted $d0\nin_ext4 $d0 sums_hold 60"),
]
