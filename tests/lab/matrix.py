# SPDX-License-Identifier: MIT
"""What `lab test` runs: one Case per line of the report, each as a PV and as a PVH guest.

disks     words of make_disk in dom0/disks ("ram BYTES", "loop BYTES SECTOR", "qdisk qcow2 BYTES", "dm delay ...", ...),
          perhaps followed by r or w (else: writable exactly if the arguments say write=1); a qdisk also by
          discard or no-discard; or "stuck", a disk whose backend never gets beyond state 2
setup     shell lines in dom0 before the guest starts: the first disk is $d0, the next $d1
meanwhile ... while it runs     after: ... when it has ended; each of these must succeed
expect    the verdict that makes the case pass
says      regular expressions of which each must be found in the guest's console or in what xl said
silent    ... of which none may be found
checks    dom0's checks of which at least one must have been made and be ok; that none fails is a
          matter of the verdict. () where the guest ends before there is anything to check
full      only with `lab test --full`; so is one of the two types of what SHORT names
"""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 1 << 20
ALL_CHECKS = ("digest", "counters", "notifications")
# Each must end in a report with a backtrace that names functions.
TRAPS = ("page_fault", "null", "write_text", "exec_data", "stack_overflow", "divide", "invalid_opcode",
         "general_protection", "breakpoint", "guard", "panic")
TRAPS_QUICK = ("page_fault", "stack_overflow", "panic")
BACKTRACE = r"\w+\+0x[0-9a-f]+"
TIB = 1 << 40
# What each kind of backend is put through. Every write is read back, so a read of its own would only repeat;
# more of the same 4 KiB requests than 256 in a row would, too.
WRITE = "write=1 rw=write,randread bs=4k,64k iodepth=1,16 size=1m"
# The same for backends that are programs, and slow here.
SLOW_WRITE = "write=1 rw=write,randread bs=4k,64k iodepth=16 size=256k"


@dataclass
class Case:
    name: str
    image: str = "blktest"
    args: str = ""
    disks: list[str] = field(default_factory=list)
    memory: int = 32
    timeout: int = 120
    types: tuple[str, ...] = ("pv", "pvh")
    blkback: str = ""
    options: str = ""
    setup: str = ""
    meanwhile: str = ""
    after: str = ""
    expect: str = "SUCCESS"
    says: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    full: bool = False

    def is_full(self, kind: str) -> bool:
        return self.full or kind != SHORT.get(self.name, kind)


# What differs between backends or in dom0 does not differ between PV and PVH: these run as one of the two unless
# all is asked for.
SHORT = {
    "joined": "pv", "nomerges": "pvh", "persistent-few-known": "pv", "persistent-shared-out": "pvh",
    "detach": "pv", "detach-early": "pv", "detach-force": "pvh", "attach-detach": "pvh", "nbd": "pvh", "nbd-dies": "pv", "scsi-4096": "pv",
    "three-backends": "pv", "qdisk-qcow2": "pv", "qdisk-no-discard": "pvh", "qdisk-4096": "pv", "dm-delay": "pvh",
    "dm-error": "pv", "dm-flakey": "pvh", "stats-on-request": "pvh", "stalled-reported": "pv",
    "stalled-given-up": "pvh", "polled": "pv", "abi-64": "pv", "abi-32-trim": "pvh", "trim-loop": "pv",
    "trim-loop-4096": "pvh", "trim-null": "pv", "trim-ram": "pvh", "persistent-few": "pv",
    "persistent-few-plain": "pvh", "persistent-4096": "pv", "persistent-refused": "pvh",
    "no-persistent-grants": "pv", "no-persistent-registered": "pvh", "rebind": "pvh", "unbind": "pv", "resize": "pvh",
    "checkpoint": "pv", "save-twice": "pvh", "bad-value": "pv",
}


CASES = [
    Case("hello", image="hello", says=("^Hello from Ringlet",)),
    # the smallest guest with a disk; what it was started for is measured by make bench
    Case("block", image="block", disks=[f"ram {4 * MIB}"], memory=8, options="--no-digest",
         says=(r'"type":"start".*"xenstore_waits":[1-9]',)),

    # Backends and disks.
    Case("null", args="dev=xvda rw=read,randread bs=4k,64k iodepth=1,32 size=4m verify=0", disks=["null"],
         options="--no-digest", checks=("counters", "notifications")),
    Case("ram", args=f"dev=xvda {WRITE}", disks=[f"ram {16 * MIB}"], checks=ALL_CHECKS),
    Case("ram-read-only-use", args="dev=xvda rw=read,randread bs=64k iodepth=16", disks=[f"ram {4 * MIB} r"],
         checks=ALL_CHECKS, says=('"readonly":true',)),
    Case("loop-512", args=f"dev=xvda {WRITE}", disks=[f"loop {16 * MIB} 512"], checks=ALL_CHECKS),
    Case("loop-4096", args=f"dev=xvda {WRITE}", disks=[f"loop {16 * MIB} 4096"],
         checks=ALL_CHECKS, says=('"sector_size":4096',)),
    Case("file", args=f"dev=xvda {WRITE}", disks=[f"file {16 * MIB}"], checks=ALL_CHECKS),
    Case("one-sector", args="dev=xvda write=1 rw=write,read bs=4k iodepth=4", disks=["loop 512 512"],
         checks=ALL_CHECKS, says=('"sectors":1,',)),
    Case("odd-size", args="dev=xvda write=1 rw=write,read bs=4k,64k iodepth=16",
         disks=[f"loop {MIB + 3 * 512} 512"], checks=ALL_CHECKS, says=('"sectors":2051,',)),
    Case("odd-size-large", args="dev=xvda write=1 rw=write,read bs=64k,1m iodepth=4",
         disks=[f"loop {12345 * 512} 512"], checks=ALL_CHECKS, says=('"sectors":12345,',)),
    Case("two-disks", args="dev=all write=1 rw=write,read bs=64k iodepth=8 size=4m",
         disks=[f"ram {4 * MIB}", f"loop {4 * MIB} 4096"], checks=ALL_CHECKS,
         says=('"dev":"xvda"', '"dev":"xvdb"')),
    # Small requests beside each other share ring requests, or not.
    Case("joined", args="dev=xvda write=1 rw=write,randread bs=4k iodepth=32 size=4m", disks=[f"ram {4 * MIB}"],
         checks=ALL_CHECKS, says=(r'"writes":32,', r'"joined":[1-9]\d{3}\b')),
    Case("nomerges", args="dev=xvda write=1 rw=write,randread bs=4k iodepth=32 size=4m nomerges=1",
         disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS, says=(r'"writes":1024,', '"joined":0,')),
    Case("one-ring-page", args=f"dev=xvda {WRITE}", disks=[f"ram {4 * MIB}"],
         blkback="max_ring_page_order=0", checks=ALL_CHECKS, says=('"ring_pages":1,',)),
    Case("queues", args=f"dev=xvda {WRITE} queues=3", disks=[f"ram {4 * MIB}"],
         blkback="max_queues=4", checks=ALL_CHECKS, says=('"queues":3,"queues_offered":4,',)),
    # blkback keeps grants mapped: plain buffers are copied, registered ones are not (512 bytes are what blktest
    # reads with a plain one to see which content is there).
    Case("persistent-plain", args=f"dev=xvda {WRITE}", disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,"grants_kept":[1-9]', r'"bytes_copied":\d{7,8}\b')),
    Case("persistent-registered", args=f"dev=xvda {WRITE} buffers=registered", disks=[f"ram {4 * MIB}"],
         checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,"grants_kept":[1-9]', r'"bytes_copied":512\b')),
    # More grants than it keeps: it maps and unmaps the others for each request.
    Case("persistent-few", args=f"dev=xvda {WRITE} buffers=registered", disks=[f"ram {4 * MIB}"],
         blkback="max_persistent_grants=24", checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,', r'"bytes_copied":512\b')),
    # The same when Ringlet knows; and more than one queue keeps, which several do.
    Case("persistent-few-known", args=f"dev=xvda {WRITE} buffers=registered persistent_grants=24",
         disks=[f"ram {4 * MIB}"], blkback="max_persistent_grants=24", checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,"grants_kept":[12]\d\b', r'"bytes_copied":\d{7,8}\b')),
    Case("persistent-shared-out", args="dev=xvda write=1 rw=randwrite,read bs=1m iodepth=8 queues=4 buffers=registered",
         disks=[f"ram {16 * MIB}"], memory=64, blkback="max_queues=4", checks=ALL_CHECKS,
         says=('"queues":4,', r'"grants_kept":2\d{3}\b', r'"bytes_copied":512\b')),
    Case("persistent-few-plain", args=f"dev=xvda {WRITE}", disks=[f"ram {4 * MIB}"],
         blkback="max_persistent_grants=24", checks=ALL_CHECKS, says=(r'"used":\{"persistent":true', r'"grants_ended":0,')),
    Case("persistent-4096", args=f"dev=xvda {WRITE} buffers=registered misalign=512", disks=[f"loop {4 * MIB} 4096"],
         checks=ALL_CHECKS, says=(r'"used":\{"persistent":true', r'"bytes_copied":\d{7,8}\b')),
    Case("persistent-refused", args=f"dev=xvda {WRITE} persistent=0", disks=[f"ram {4 * MIB}"],
         checks=ALL_CHECKS, says=('"persistent":"persistent=0 was given"', r'"bytes_copied":0\b')),
    Case("no-persistent-grants", args=f"dev=xvda {WRITE}", disks=[f"ram {4 * MIB}"],
         blkback="feature_persistent=N", checks=ALL_CHECKS, says=(r'"used":\{"persistent":false', r'"bytes_copied":0\b')),
    Case("no-persistent-registered", args=f"dev=xvda {WRITE} buffers=registered", disks=[f"ram {4 * MIB}"],
         blkback="feature_persistent=N", checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":false', r'"bytes_copied":0\b')),
    # Without events: the backend has nobody to wake.
    Case("polled", args=f"dev=xvda {WRITE} polled=1 queues=2", disks=[f"ram {4 * MIB}"], blkback="max_queues=4",
         checks=ALL_CHECKS, says=('"polled":true', '"queues":2,', '"events":0,')),
    # As a 32-bit guest lays out its ring: reads, writes, indirect ones, discards.
    Case("abi-32", args="dev=xvda write=1 rw=write,randread bs=4k,1m iodepth=1,16 size=2m abi=32", disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS, says=('"abi":32,',)),
    Case("abi-32-trim", args="dev=xvda write=1 rw=trim bs=64k iodepth=8 size=1m fsync=8 abi=32",
         disks=[f"loop {4 * MIB} 512"], checks=ALL_CHECKS, says=('"abi":32,', '"discards":16,')),
    Case("abi-64", args=f"dev=xvda {WRITE} abi=64", disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS, says=('"abi":64,',)),
    # A loop device discards by punching holes into its file: what is discarded then reads as zeroes.
    Case("trim-loop", args="dev=xvda write=1 rw=trim,read bs=64k,6k iodepth=8 size=1m", disks=[f"loop {4 * MIB} 512"],
         checks=ALL_CHECKS, says=('"rw":"trim"', '"discards":[1-9]')),
    Case("trim-loop-4096", args="dev=xvda write=1 rw=trim bs=64k iodepth=8 size=1m", disks=[f"loop {4 * MIB} 4096"],
         checks=ALL_CHECKS, says=('"rw":"trim"', '"discards":16,"discarded_sectors":2048')),
    Case("trim-null", args="dev=xvda write=1 rw=trim bs=64k iodepth=8 size=1m", disks=["null-memory"],
         checks=ALL_CHECKS, says=('"rw":"trim"', '"discards":16,"discarded_sectors":2048')),
    Case("trim-ram", args="dev=xvda write=1 rw=trim bs=64k", disks=[f"ram {4 * MIB}"], expect="SKIP",
         says=("does not discard",), checks=("counters",)),
    # Beyond 2 TiB a sector's number does not fit 32 bits: far behind that line, and across it. The disk is
    # sparse. A driver that cut the number would find its data again; dom0 would not.
    Case("beyond-2tib", args="dev=xvda write=1 rw=write,randread bs=64k iodepth=4 offset=2560g size=1m",
         disks=[f"sparse {3 * TIB} 512"], checks=ALL_CHECKS, says=(f'"sectors":{3 * TIB // 512},',)),
    Case("across-2tib", args=f"dev=xvda write=1 rw=write,read bs=64k iodepth=4 offset={2 * TIB - MIB // 2} size=1m",
         disks=[f"sparse {3 * TIB} 4096"], checks=ALL_CHECKS, says=('"sector_size":4096',)),
    Case("memory-6", args="dev=xvda write=1 rw=write,read bs=64k iodepth=8 size=8m", disks=[f"ram {8 * MIB}"],
         memory=6, checks=ALL_CHECKS),

    # Other backends than blkback, and other disks under it.
    Case("qdisk-raw", args=f"dev=xvda {SLOW_WRITE}", disks=[f"qdisk raw {16 * MIB}"], checks=("digest",),
         says=('"backend":"qdisk"', '"max_segments":11,', '"discard":true')),
    Case("qdisk-qcow2", args=f"dev=xvda {SLOW_WRITE}", disks=[f"qdisk qcow2 {16 * MIB}"],
         after="qemu-img check -q $d0", says=('"backend":"qdisk"',)),
    # (QEMU 7.2 does not start a read-only disk at all.)
    Case("qdisk-no-discard", args="dev=xvda rw=read bs=64k size=256k", disks=[f"qdisk raw {4 * MIB} no-discard w"],
         checks=("digest",), says=('"discard":false',)),
    # QEMU counts 4096-byte sectors on the ring in its own way: such a disk must not be touched.
    Case("qdisk-4096", args="dev=xvda write=1 rw=write bs=64k", disks=[f"qdisk raw {4 * MIB}"],
         setup="qemu_options -global xen-disk.logical_block_size=4096 -global xen-disk.physical_block_size=4096\n"
               "before=$(sha256sum $d0)",
         after='[ "$before" = "$(sha256sum $d0)" ]', expect="FAILURE", says=('sector-size="4096": qdisk counts',)),
    Case("nbd", args=f"dev=xvda {SLOW_WRITE}", disks=[f"nbd {4 * MIB}"], checks=ALL_CHECKS),
    Case("scsi-4096", args=f"dev=xvda {SLOW_WRITE}", disks=[f"scsi {16 * MIB} 4096 discard"], checks=ALL_CHECKS,
         says=('"sector_size":4096', '"discard":true')),
    Case("dm-delay", args="dev=xvda write=1 rw=write,randread bs=64k iodepth=1,16 size=256k",
         disks=[f"dm delay {4 * MIB} 50"], checks=ALL_CHECKS, says=(r'"min":[5-9]\d{7},',)),

    # Backends in trouble: exactly what is broken fails, everything else is verified.
    # (What is in flight when a disk goes ends with EIO, what comes after it with ENODEV.)
    Case("dm-error", args="dev=xvda write=1 rw=write,randread bs=4k iodepth=16 size=256k ignore_error=EIO",
         disks=[f"dm error {4 * MIB} 96 40"],        # blocks 12 to 16 of 64
         says=('"rw":"write".*"errors":0,"ignored":5,', '"rw":"randread".*"verified_bytes":241664,"errors":0,"ignored":5,')),
    Case("dm-flakey", args="dev=xvda write=1 rw=randrw bs=4k iodepth=4 size=128k runtime=4s ignore_error=EIO",
         options="--no-digest",     # dom0 would read it now and then while it fails
         disks=[f"dm flakey {4 * MIB} 2 1"], says=('"rw":"randrw".*"errors":0,"ignored":[1-9]',)),
    Case("nbd-dies", args="dev=xvda write=1 rw=write bs=4k iodepth=8 size=128k runtime=6s ignore_error=EIO",
         disks=[f"nbd {4 * MIB}"], meanwhile="console_says 'xvda write' && nbd_server stop",
         says=('"rw":"write".*"errors":0,"ignored":[1-9]',), checks=("counters", "notifications")),
    Case("detach", args="dev=all write=1 rw=randrw bs=4k iodepth=8 size=256k runtime=8s ignore_error=ENODEV,EIO",
         disks=[f"ram {4 * MIB}"] * 2, meanwhile="console_says 'xvdb write' && xl block-detach $(xl domid $NAME) xvdb",
         says=("^xvdb: gone", '"dev":"xvda","rw":"randrw".*"errors":0,"ignored":0,')),
    Case("detach-force", args="dev=all write=1 rw=randrw bs=4k iodepth=8 size=256k runtime=8s ignore_error=ENODEV,EIO",
         disks=[f"ram {4 * MIB}"] * 2,
         meanwhile="console_says 'xvdb write' && xl block-detach $(xl domid $NAME) xvdb --force",
         says=("^xvdb: gone", '"dev":"xvda","rw":"randrw".*"errors":0,"ignored":0,')),
    # Disks that come and go while another one works: xl waits each time until the guest has let go.
    *[Case(name, args=f"dev=xvda write=1 rw=randrw bs=4k iodepth=4 size=128k runtime={seconds}s hotplug={2 * count} "
                      "ignore_error=ENODEV,EIO", disks=[f"ram {MIB}"], timeout=seconds, full=full,
           setup="d1=$(make_disk ram 1048576)",
           meanwhile=f"console_says '^blktest' && attach_detach {count} $d1 xvdb",
           says=(f'"type":"hotplug","arrived":{2 * count},"gone":{2 * count}',
                 '"dev":"xvda","rw":"(write|randrw)".*"errors":0,"ignored":0,'))
      for name, count, seconds, full in (("attach-detach", 1, 60, False), ("attach-detach-50", 50, 1500, True))],
    # One that goes while it is being connected, at eight different times; then one that may stay.
    Case("detach-early", args="dev=xvda write=1 rw=randrw bs=4k iodepth=4 size=128k runtime=60s hotplug=1000 "
                              "ignore_error=ENODEV,EIO", disks=[f"ram {MIB}"], timeout=150,
         setup="d1=$(make_disk ram 1048576)",
         meanwhile="console_says '^blktest' && detach_early 8 $d1 xvdb && attach_detach 1 $d1 xvdb; xl shutdown \"$NAME\"",
         says=("(?s)^xvdb: gone.*^xvdb: .*-byte sectors", '"dev":"xvda","rw":"(write|randrw)".*"errors":0,"ignored":0,')),
    # A backend that goes and comes back: what is in flight waits, and nothing fails. One that does not come back in time.
    Case("rebind", args="dev=xvda write=1 rw=randrw bs=4k,64k iodepth=16 size=1m runtime=10s", disks=[f"ram {4 * MIB}"],
         meanwhile="console_says 'xvda write' && usleep 1000000 && rebind 2000000 && usleep 2000000 && rebind 0",
         checks=("digest",), says=('"rw":"randrw".*"errors":0,"ignored":0,',)),
    Case("unbind", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=30s reconnect_timeout=3s",
         disks=[f"ram {4 * MIB}"], meanwhile="console_says '^blktest' && usleep 2000000 && backend_closes",
         expect="FAILURE|ERROR", says=("requests wait for it to come back", "did not come back within 3 s", "ETIMEDOUT")),
    # blkback looks at the size with each batch of requests, and writes its state again.
    Case("resize", args="dev=xvda rw=randread bs=4k iodepth=8 size=1m runtime=12s", disks=[f"loop {4 * MIB}"],
         meanwhile=f"console_says '^blktest' && usleep 2000000 && resize_loop $d0 {8 * MIB} && "
                   f"console_says 'resized from 8192 to 16384 sectors' && resize_loop $d0 {2 * MIB} && "
                   "console_says 'resized from 16384 to 4096 sectors'",
         says=('"errors":0,',)),
    # Three kinds of backend at once, one of which goes.
    Case("three-backends", args="dev=all write=1 rw=randrw bs=16k iodepth=8 size=256k runtime=9s ignore_error=ENODEV,EIO",
         disks=[f"ram {4 * MIB}", f"qdisk raw {4 * MIB}", f"dm delay {4 * MIB} 30"],
         meanwhile="console_says 'xvdc write' && xl block-detach $(xl domid $NAME) xvdc",
         says=("^xvdc: gone", '"dev":"xvda","rw":"randrw".*"errors":0,"ignored":0,',
               '"dev":"xvdb","rw":"randrw".*"errors":0,"ignored":0,')),

    # Things that must fail, in words and in time.
    Case("write-to-read-only", args="dev=xvda write=1 rw=write bs=4k", disks=[f"ram {4 * MIB} r"],
         says=("EROFS",), checks=("counters",)),
    Case("no-disk", args="dev=all rw=read", expect="ERROR", timeout=60, says=("(?i)no (block )?(disk|device)",)),
    Case("bad-value", args="dev=xvda bs=banana", disks=["ram 1048576"], expect="ERROR", timeout=60,
         says=("banana",)),
    Case("unknown-word", args="dev=xvda nosuch=1", disks=["ram 1048576"], expect="ERROR", timeout=60,
         says=("nosuch",)),
    Case("never-connects", args="dev=xvda rw=read connect_timeout=3s", disks=["stuck"], expect="ERROR",
         timeout=60, says=("InitWait|state 2",)),
    # Too little memory: the end must come by itself and have a reason. (2 MiB are enough as PVH.)
    Case("memory-1", args="dev=xvda rw=read", disks=["ram 1048576"], memory=1, expect="ERROR|CRASH", timeout=60,
         silent=("timeout",), says=(".",)),
    Case("memory-2", args="dev=xvda rw=read", disks=["ram 1048576"], memory=2, expect="SUCCESS|ERROR|CRASH",
         timeout=60, silent=("timeout",), says=(".",)),
    *[Case(f"trap-{trap}", image="traps", args=f"trap={trap}", expect="CRASH", timeout=60, full=trap not in TRAPS_QUICK,
           types=("pvh",) if trap == "stack_overflow" else ("pv", "pvh"),
           says=(f"traps: provoking {trap}", BACKTRACE)) for trap in TRAPS],
    # As a PV guest it has no other stack to report on: Xen ends the domain.
    Case("trap-stack_overflow", image="traps", args="trap=stack_overflow", expect="CRASH", timeout=60, types=("pv",),
         says=("traps: provoking stack_overflow",)),
    Case("trap-heap", image="traps", args="trap=heap", timeout=60, says=("still alive",)),

    # What the toolstack may ask of a running guest.
    Case("shutdown-request", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=60s", disks=[f"ram {4 * MIB}"],
         timeout=90, meanwhile="console_says 'blktest' && usleep 1000000 && xl shutdown \"$NAME\"",
         says=("(?i)poweroff|shutdown",)),
    Case("reboot-request", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=60s", disks=[f"ram {4 * MIB}"],
         timeout=90, meanwhile="console_says 'blktest' && usleep 1000000 && xl reboot \"$NAME\"",
         says=("(?i)reboot",)),
    Case("stats-on-request", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=12s hold=1s", disks=[f"ram {4 * MIB}"],
         timeout=90, meanwhile="console_says 'blktest' && usleep 1000000 && stats_grow",
         silent=("statistics cannot be",)),

    # A backend that does not answer: reported, and answered in the end; or given up.
    Case("stalled-reported", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=10s watchdog=1s",
         disks=[f"dm linear {4 * MIB} {4 * MIB}"], timeout=90,
         meanwhile="console_says 'blktest' && usleep 2000000 && stall_until 'still waiting'",
         says=(r"backend 0 has not answered a read of sector \d+ \+ \d+ for [12]\.\d+ s", "notifying it again"),
         silent=("the device fails",)),
    Case("stalled-given-up", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=60s request_timeout=3s",
         disks=[f"dm linear {4 * MIB} {4 * MIB}"], timeout=90, expect="FAILURE|ERROR",
         meanwhile="console_says 'blktest' && usleep 2000000 && stall_until 'the device fails'",
         says=("notifying it again", "the device fails", "ETIMEDOUT")),

    # Saved and restored, or only saved.
    Case("save", image="idle", args="seconds=12", timeout=90, says=("^idle: resumed 1 times, cancelled 0 times",),
         meanwhile="console_says 'idle: 2' && save_restore"),
    Case("save-twice", image="idle", args="seconds=20", timeout=120,
         says=("^idle: resumed 2 times, cancelled 0 times",),
         meanwhile="console_says 'idle: 2' && save_restore && save_restore"),
    Case("checkpoint", image="idle", args="seconds=20", timeout=120,
         says=("^idle: resumed 1 times, cancelled 2 times",),
         meanwhile="console_says 'idle: 2' && checkpoint; checkpoint full; save_restore"),

    # Time stands still while the guest is away: there are always some seconds of load left.
    Case("save-load", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=8s", disks=[f"ram {4 * MIB}"],
         timeout=200, says=("(?s)^resumed.*^resumed", "is there: [1-9][0-9]* requests go on",
                            '"rw":"randrw".*"verified_bytes":[1-9].*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && usleep 1000000 && save_restore && usleep 500000 && save_restore"),
    Case("checkpoint-load", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=8s",
         disks=[f"ram {4 * MIB}"], timeout=200, checks=("counters",),
         says=("(?s)^the suspend was can.*^the suspend was can",
               '"rw":"randrw".*"verified_bytes":[1-9].*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && usleep 1000000 && checkpoint; checkpoint full"),

    # The wish to end comes while the guest is away, and is seen while its disks connect again.
    Case("restore-to-end", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=60s", disks=[f"ram {4 * MIB}"],
         timeout=200, says=("(?s)^resumed.*the toolstack asks for poweroff", "is there: [1-9][0-9]* requests go on",
                            '"rw":"(write|randrw)".*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && usleep 1000000 && restore_to_end"),

    # Longer ones.
    Case("save-50", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=60s",
         disks=[f"ram {4 * MIB}"], timeout=1700, full=True,
         says=(r"(?s)(?:^resumed.*?){50}", '"rw":"(write|randrw)".*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && repeat 50 save_restore && xl shutdown \"$NAME\""),
    # 16 * 2 times 16384 blocks written and read back: 1048576 requests.
    Case("million", args=f"dev=xvda write=1 rw={','.join(['randwrite'] * 16)} bs=4k iodepth=16,32",
         disks=[f"ram {64 * MIB}"], timeout=1800, checks=ALL_CHECKS, full=True),
    Case("grid", args="dev=xvda write=1 rw=write,read,randwrite,randread bs=512,4k,44k,64k,1m iodepth=1,8,32 size=16m",
         disks=[f"ram {16 * MIB}"], timeout=560, checks=ALL_CHECKS, full=True),
    Case("loop-large", args="dev=xvda write=1 rw=write,read bs=1m iodepth=8", disks=[f"loop {128 * MIB} 512"],
         timeout=560, checks=ALL_CHECKS, full=True),
]
