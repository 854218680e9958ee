# SPDX-License-Identifier: MIT
"""The cases of `lab test` with programs that people run as guests, and their clients in dom0 (dom0/servers)."""

from __future__ import annotations

from matrix import MIB, Case

FIO = "--filename=/dev/xvda --ioengine=posixaio --eta=never --verify=crc32c --stonewall"
# Each block has a header with its place and the data's checksum. A job of writes reads its blocks back; one of reads
# finds what the job before it has left.
FIO_JOBS = " ".join(f"--name={rw}-{bs}-{depth} --rw={rw} --bs={bs} --iodepth={depth} --size={size} --offset={offset}" for rw, bs, depth, size, offset in (
    ("randwrite", "4k", 32, "1m", 0), ("randread", "4k", 32, "1m", 0), ("randwrite", "4k", 1, "128k", 0),
    ("randwrite", "1m", 32, "32m", "1m"), ("randread", "1m", 1, "2m", "1m")))
FIO_ENGINES = " ".join(f"--name={engine} --ioengine={engine} --rw=randrw --bs=4k --size=128k --fsync=16" for engine in ("sync", "psync", "vsync", "pvsync", "posixaio")) + " --name=trim --rw=randtrim --bs=4k --size=64k"

NET = "ip=10.0.0.2/24,gw=10.0.0.1"

CASES = [
    # An independent judge of the way to the disk.
    Case("fio", image="fio", app=True, args=f"{FIO} {FIO_JOBS}", disks=[f"ram {33 * MIB} w"], memory=128, timeout=200, types=("pv",),
         says=(r"^randread-4k-32: .*err= 0", r"^randwrite-4k-1: .*err= 0", r"^randwrite-1m-32: .*err= 0", r"^randread-1m-1: .*err= 0"),
         silent=("verify:", "err= ?[1-9]")),
    Case("fio-engines", image="fio", app=True, args=f"{FIO} {FIO_ENGINES}", disks=[f"loop {4 * MIB} 4096 w"], memory=64, types=("pvh",),
         says=(r"^sync: .*err= 0", r"^vsync: .*err= 0", r"^posixaio: .*err= 0", r"^trim: .*err= 0", "  trim: IOPS="), silent=("verify:", "err= ?[1-9]")),
    # What it finds on a disk of another pattern is an error.
    Case("fio-finds", image="fio", app=True, args=f"{FIO} --name=other --rw=randread --bs=4k --size=64k", disks=[f"ram {4 * MIB} w"],
         memory=64, types=("pv",), expect="EXIT 1", says=("verify: bad (magic )?header",)),

    Case("tftpd", image="tftpd", app=True, args=f"mount=/dev/xvda:/data:ro {NET} write=/tmp http=1", memory=32, options="--vif",
         disks=[f"loop {MIB} 512 r"], setup="network && on_disk $d0 || exit 4", types=("pvh",),
         meanwhile='tftp_serves || { xl destroy "$NAME"; false; }'),
    Case("httpd-root", image="httpd", app=True, args=f"{NET} root=/tmp make=100k", memory=32, options="--vif", setup="network", types=("pvh",),
         meanwhile='httpd_has_root || { xl destroy "$NAME"; false; }'),
    Case("mosquitto", image="mosquitto", app=True, args=f"{NET} -c /rom/mosquitto.conf", memory=32, options="--vif", setup="network", types=("pv",),
         meanwhile='broker_works || { xl destroy "$NAME"; false; }'),
    # What is retained is on the disk when it has ended, and there for the next one.
    Case("mosquitto-keeps", image="mosquitto", app=True, args=f"mount=/dev/xvda:/data {NET} -c /rom/data.conf", memory=64, options="--vif", setup="network",
         disks=[f"ext4 {16 * MIB} w"], types=("pvh",), meanwhile='broker_keeps || { xl destroy "$NAME"; false; }',
         after="unmounted $d0\nin_ext4 $d0 grep -q 'kept by the broker' mosquitto.db"),
]
