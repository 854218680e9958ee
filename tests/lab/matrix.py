# SPDX-License-Identifier: MIT
"""The cases of `lab test`: one per line of the report, each as a PV and as a PVH guest.

disks     arguments of make_disk in dom0/disks ("ram BYTES", "loop BYTES SECTOR", "qdisk qcow2 BYTES",
          "dm delay ...", ...), after "driver" where a driver domain serves it, or after "cdrom" for
          a cdrom as hdc; then optionally r or w (default: writable exactly if the arguments contain
          write=1); a qdisk also discard or no-discard; or "stuck", a disk whose backend stays in
          state 2
setup     shell lines in dom0 before the guest starts: the first disk is $d0, the next $d1
meanwhile shell lines while it runs; each must succeed
after     shell lines when it has ended; each must succeed
expect    the verdict with which the case passes
says      regular expressions, all of which must match the guest's console or xl's output
silent    regular expressions, none of which may match
checks    dom0's checks of which at least one must have been made and be ok; a failed one changes the
          verdict. () where the guest ends before there is anything to check
app       a program of apps/ or tests/apps/ instead of a test: its exit status N is the verdict "EXIT N", 0 is SUCCESS
input     what a program reads from its standard input
hvm       shell lines that make up the case, instead of ringlet-run: HVM guests (dom0/hvm); with
linux     what its Linux does (lablib/hvm_disk.py); its disk is then /lab/disks/CASE.img
also      further guests' images that its lines use
xenstore  pv or pvh: in a dom0 whose XenStore is a Ringlet domain of that type (dom0/xenstore), which needs a boot of its own
full      only with `lab test --full`; so is one of the two types of the cases in SHORT
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lablib import hvm_disk

MIB = 1 << 20
ALL_CHECKS = ("digest", "counters", "notifications")
# Each must end in a report with a backtrace that names functions.
TRAPS = ("page_fault", "null", "write_text", "exec_data", "stack_overflow", "divide", "invalid_opcode",
         "general_protection", "breakpoint", "guard", "panic")
TRAPS_QUICK = ("page_fault", "stack_overflow", "panic")
BACKTRACE = r"\w+\+0x[0-9a-f]+"
TIB = 1 << 40
# The arguments for each kind of backend. Each write is read back, so a read test of its own would
# repeat that; so would more than 256 requests of 4 KiB in a row.
WRITE = "write=1 rw=write,randread bs=4k,64k iodepth=1,16 size=1m"
# The largest rings and most queues; the defaults are the smallest.
LARGE = "ring_order=4 queues=4"
# The same for backends in user space, which are slow here.
SLOW_WRITE = "write=1 rw=write,randread bs=4k,64k iodepth=16 size=256k"

# The 1023rd byte is the 1 of iodepth=16.
LONG_LINE = "dev=xvda rw=read size=64k seed=".ljust(1012, "0") + "7 iodepth=16 bs=4k"

# The tests of BearSSL that take at most a few seconds here.
BEARSSL = ("MD5 SHA1 SHA224 SHA256 SHA384 SHA512 MD5_SHA1 HMAC_DRBG AESCTR_DRBG PRF AES_big AES_x86ni AES_CTRCBC_x86ni ChaCha20_ct"
           " ChaCha20_sse2 Poly1305_ctmul Poly1305_ctmulq GHASH_ctmul64 GHASH_pclmul EAX GCM EC_p256_m31 EC_c25519_m31")


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
    app: bool = False
    input: str = ""
    hvm: str = ""
    linux: hvm_disk.Plan | None = None
    also: tuple[str, ...] = ()
    xenstore: str = ""
    files: tuple[str, ...] = ()     # beside the image, of build/x86_64/apps: in /lab/images

    def is_full(self, kind: str) -> bool:
        return self.full or kind != SHORT.get(self.name, kind)


# Differences between backends or in dom0 do not depend on PV or PVH: these cases run as one of the
# two, except with --full.
SHORT = {
    "nbdserver": "pvh", "nbdserver-detach": "pv", "nbdserver-moves": "pv", "nbdserver-tls": "pvh",
    "joined": "pv", "nomerges": "pvh", "cost-of-eight": "pvh", "sixty-four-disks": "pv", "large-ring": "pv", "large-rings": "pvh", "persistent-few-known": "pv", "persistent-shared-out": "pvh",
    "detach": "pv", "detach-early": "pv", "detach-force": "pvh", "attach-detach": "pvh", "nbd": "pvh", "nbd-dies": "pv", "scsi-4096": "pv",
    "three-backends": "pv", "qdisk-qcow2": "pv", "qdisk-no-discard": "pvh", "qdisk-4096": "pv", "dm-delay": "pvh",
    "dm-error": "pv", "dm-flakey": "pvh", "stats-on-request": "pvh", "stalled-reported": "pv",
    "stalled-given-up": "pvh", "polled": "pv", "abi-64": "pv", "abi-32-trim": "pvh", "trim-loop": "pv",
    "trim-loop-4096": "pvh", "trim-null": "pv", "trim-ram": "pvh", "persistent-few": "pv",
    "persistent-few-plain": "pvh", "persistent-4096": "pv", "persistent-refused": "pvh",
    "no-persistent-grants": "pv", "no-persistent-registered": "pvh", "rebind": "pvh", "unbind": "pv", "backend-removed": "pv", "xenstored-stopped": "pvh", "resize": "pvh",
    "cdrom": "pvh", "cdrom-only": "pv", "bad-sizes": "pv", "grows-from-0": "pvh", "flush-read-only": "pv", "slow-hotplug": "pv",
    "driver-destroy": "pv", "driver-shutdown": "pvh", "driver-crash": "pv", "driver-gone": "pvh",
    "checkpoint": "pv", "save-twice": "pvh", "bad-value": "pv",
    "bench-disk": "pvh", "bench-threads": "pv",
    "nettest-ipv6": "pv", "nettest-mtu-9000": "pvh", "nettest-mtu-68": "pv", "net-stream": "pvh", "net-clients": "pv", "net-carrier": "pvh",
    "net-reattach": "pv", "net-attacks": "pvh", "net-cost": "pv", "net-two": "pvh", "net-bridge-in-use": "pv", "net-mtu": "pvh", "net-iperf": "pv", "net-flood": "pvh",
    "vif": "pv", "vif-copies": "pv", "vif-none": "pvh",
}


CASES = [
    Case("hello", image="hello", says=("^Hello from Ringlet",)),
    # Constructors, stacks, variables of threads, floating point.
    Case("program", image="program", args="dev=xvda", disks=[f"ram {4 * MIB} w"], checks=(), silent=("WRONG",),
         says=("^program: constructors and destructors in their order: ok", "^program: variables of each thread: ok")),
    Case("program-save", image="program", args="resumes=1", timeout=120, silent=("WRONG",),
         says=("^program: variables of the first thread after a resume: ok",),
         meanwhile="console_says 'program: 2' && save_restore"),
    # Threads, signals and time as on Linux.
    Case("posix-threads", image="posix-threads", silent=("^not ok",)),
    Case("clang-threads", image="clang-threads", silent=("^not ok",)),
    Case("posix-signals", image="posix-signals", silent=("^not ok",)),
    Case("posix-ends", image="posix-ends", silent=("^not ok",)),
    Case("posix-spin", image="posix-spin", says=("^warning: thread spinner ran [23].* without giving up the CPU",),
         silent=("^not ok", "thread (?!spinner).* ran")),
    *[Case(f"posix-{behaviours}", image=f"posix-{behaviours}", memory=64, types=("pvh",), silent=("^not ok",))
      for behaviours in ("files", "names", "events", "system", "aio", "sockets")],
    Case("posix-aio-disk", image="posix-aio", memory=64, args="/dev/xvda", disks=["ram 16777216 w"], silent=("^not ok",)),
    Case("posix-stress", image="posix-stress", args="1 10", silent=("^not ok",)),
    Case("posix-connections", image="posix-connections", memory=64, silent=("^not ok",)),
    # Programs written for Mini-OS.
    Case("mini-os-stub", image="mini-os-stub", args="one two", disks=[f"ram {8 * MIB} w"], silent=("^not ok",)),
    Case("mini-os-files", image="mini-os-files", args="one two", silent=("^not ok",)),
    # Pages that another domain, of the other type, has granted.
    *[Case(f"mini-os-grants-from-{other}", image="mini-os-grants", types=(kind,), silent=("^not ok",), setup=f"offer {other} || exit 4",
           meanwhile="introduce", after='xl destroy "$NAME-offer"') for kind, other in (("pv", "pvh"), ("pvh", "pv"))],
    # XenStore in a Ringlet domain, where xenstored's stub domain serves it.
    Case("xenstore-domain", xenstore="pvh", args=WRITE, disks=[f"ram {8 * MIB}"], checks=ALL_CHECKS,
         setup="xenstore_serves || exit 4", after="xenstore_calm"),
    Case("xenstore-many", xenstore="pvh", image="hello", types=("pv",), timeout=900, full=True,
         after="xenstore_several 8\nxenstore_cycles 50\nxenstore_calm"),
    Case("xenstore-as-pv", xenstore="pv", args=WRITE, disks=[f"ram {8 * MIB}"], checks=ALL_CHECKS, full=True,
         setup="xenstore_serves || exit 4", after="xenstore_several 2\nxenstore_calm"),
    # The programs of `make bench APP=posix`: that they work, not what they measure.
    Case("bench-disk", image="bench-disk", args="xvda 1 64 keeps", memory=64, disks=["ram 8388608 w"]),
    Case("bench-threads", image="bench-threads", args="1 50", memory=64),
    # An application's functions may have the same names as the kernel's.
    # Files without a C library: memory, descriptors, polling, and a disk through its file.
    Case("files", image="files", args="dev=xvda write=1", disks=["ram 8388608"], says=("^files: this line went through descriptor 1", "random numbers are seeded")),
    Case("names", image="names", types=("pvh",), says=("names: the application's functions are its own: ok",)),
    # Sizes of memory at which a PV guest's page tables end in other places: around the last pages below the image,
    # below and above what one level-2 table maps.
    *[Case(f"memory-{mib}", image="hello", memory=mib, says=("^Hello from Ringlet",),
           types=("pv", "pvh") if mib in (4, 31, 510) else ("pv",))
      for mib in (4, 5, 7, 31, 508, 509, 510, 511, 513, 1023, 1090)],
    # A command line of 1030 bytes. A PV guest gets 1023 of them, and must not take iodepth=1 for the rest.
    Case("long-command-line", args=LONG_LINE, disks=[f"ram {4 * MIB}"], types=("pvh",), checks=ALL_CHECKS,
         says=("iodepth=16 bs=4k", '"iodepth":16,'), silent=("command line",)),
    # (Without hold=, for dom0's checks, which came last.)
    Case("cut-command-line", args=LONG_LINE, disks=[f"ram {4 * MIB}"], types=("pv",), options="--no-digest",
         says=(r'the command line is longer than 1023 bytes: "iodepth=1" and what follows is ignored',)),
    # With room for 4096 grant frames the page tables of a PV guest end elsewhere than those of other guests of 509 and
    # 510 MiB.
    *[Case(f"grant-frames-{mib}", args="dev=xvda rw=read bs=64k size=1m", disks=[f"ram {MIB}"], memory=mib, types=("pv",),
           setup="grant_frames 4096", says=('"grant_max_frames":4096',), full=mib == 495) for mib in (32, 493, 494, 495)],
    # the smallest guest with a disk; make bench measures its start
    Case("block", image="block", disks=[f"ram {4 * MIB}"], memory=8, options="--no-digest",
         says=(r'"type":"start".*"xenstore_waits":[1-9]',)),

    # Backends and disks.
    Case("null", args="dev=xvda rw=read,randread bs=4k,64k iodepth=1,32 size=4m verify=0", disks=["null"],
         options="--no-digest", checks=("counters", "notifications")),
    Case("ram", args=f"dev=xvda {WRITE}", disks=[f"ram {16 * MIB}"], checks=ALL_CHECKS,
         says=('"queues":1,"queues_offered":1,"ring_pages":1,',)),
    Case("large-ring", args=f"dev=xvda write=1 rw=write,randread bs=4k,64k iodepth=256 size=4m {LARGE}",
         disks=[f"ram {16 * MIB}"], memory=64, checks=ALL_CHECKS,
         says=('"queues":1,"queues_offered":1,"ring_pages":16,',)),
    Case("large-rings", args=f"dev=xvda write=1 rw=write,randread bs=4k,64k iodepth=64 numjobs=4 size=4m {LARGE}",
         disks=[f"ram {16 * MIB}"], memory=64, blkback="max_queues=4", checks=ALL_CHECKS,
         says=('"queues":4,"queues_offered":4,"ring_pages":16,',)),
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
    # What disks cost their host, with every setting at its default (README, "What a disk costs its host"). The quotas are
    # xenstored's own: 1000 nodes, 128 watches, 10 transactions.
    Case("cost-of-eight", args="dev=all rw=randread bs=4k iodepth=32 size=4m runtime=25s verify=0", disks=["null 8"] * 8,
         memory=64, timeout=200, options="--no-digest", blkback="max_queues=4", setup="cost_before",
         meanwhile="console_says '^xvdh: .*-byte sectors' && usleep 3000000 && cost_of_devices",
         after=f"cost_at_most memory {20 * 1024} nodes 150 watches 16 ports 10",
         says=('"dev":"xvdh".*"queues":1,"queues_offered":4,"ring_pages":1,',)),
    # xl takes a second for each disk that it gives a guest
    Case("sixty-four-disks", args="dev=all write=1 rw=write,read bs=4k,64k iodepth=8 size=128k",
         disks=[f"ram {MIB // 4} 64"] * 64, memory=64, timeout=600, blkback="max_queues=4", setup="cost_before",
         meanwhile="console_says '^xvdbl: .*-byte sectors' 500 && cost_of_devices", checks=ALL_CHECKS,
         after=f"cost_at_most memory {64 * 2560} nodes 1000 watches 80 ports 70",
         says=('"dev":"xvda","rw":"read"', '"dev":"xvdbl","rw":"read"')),
    # Without dev= the first disk is tested. hdc has a smaller number than xvda, but it is a cdrom.
    Case("cdrom", args="write=1 rw=write,read bs=4k,64k iodepth=8 size=1m",
         disks=[f"ram {4 * MIB}", f"cdrom loop {4 * MIB} 512"], checks=ALL_CHECKS, says=('"dev":"xvda"',),
         silent=('"dev":"hdc"',)),
    Case("cdrom-only", args="rw=read bs=64k iodepth=8 size=1m", disks=[f"cdrom loop {4 * MIB} 512"], checks=ALL_CHECKS,
         says=('"dev":"hdc"',)),
    # Adjacent small requests share ring requests, or not.
    Case("joined", args="dev=xvda write=1 rw=write,randread bs=4k iodepth=32 size=4m", disks=[f"ram {4 * MIB}"],
         checks=ALL_CHECKS, says=(r'"writes":32,', r'"joined":[1-9]\d{3}\b')),
    Case("nomerges", args="dev=xvda write=1 rw=write,randread bs=4k iodepth=32 size=4m nomerges=1",
         disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS, says=(r'"writes":1024,', '"joined":0,')),
    Case("one-ring-page", args=f"dev=xvda {WRITE} {LARGE}", disks=[f"ram {4 * MIB}"],
         blkback="max_ring_page_order=0", checks=ALL_CHECKS, says=('"ring_pages":1,',)),
    Case("queues", args=f"dev=xvda {WRITE} queues=3", disks=[f"ram {4 * MIB}"],
         blkback="max_queues=4", checks=ALL_CHECKS, says=('"queues":3,"queues_offered":4,',)),
    # With persistent grants plain buffers are copied, registered ones are not (blktest reads 512
    # bytes with a plain one to find out the disk's content).
    Case("persistent-plain", args=f"dev=xvda {WRITE}", disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,"grants_kept":[1-9]', r'"bytes_copied":\d{7,8}\b')),
    Case("persistent-registered", args=f"dev=xvda {WRITE} buffers=registered", disks=[f"ram {4 * MIB}"],
         checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,"grants_kept":[1-9]', r'"bytes_copied":512\b')),
    # More grants than it keeps mapped: it maps and unmaps the others for each request.
    Case("persistent-few", args=f"dev=xvda {WRITE} buffers=registered", disks=[f"ram {4 * MIB}"],
         blkback="max_persistent_grants=24", checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,', r'"bytes_copied":512\b')),
    # The same when Ringlet knows the limit; and more grants than one queue's limit, with several
    # queues.
    Case("persistent-few-known", args=f"dev=xvda {WRITE} buffers=registered persistent_grants=24",
         disks=[f"ram {4 * MIB}"], blkback="max_persistent_grants=24", checks=ALL_CHECKS,
         says=(r'"used":\{"persistent":true', r'"grants_ended":0,"grants_kept":[12]\d\b', r'"bytes_copied":\d{7,8}\b')),
    Case("persistent-shared-out", args=f"dev=xvda write=1 rw=randwrite,read bs=1m iodepth=8 buffers=registered {LARGE}",
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
    # Polling, without events.
    Case("polled", args=f"dev=xvda {WRITE} polled=1 queues=2 ring_order=2", disks=[f"ram {4 * MIB}"], blkback="max_queues=4",
         checks=ALL_CHECKS, says=('"polled":true', '"queues":2,', '"events":0,')),
    # With a 32-bit guest's layout of the ring: reads, writes, indirect ones, discards.
    Case("abi-32", args="dev=xvda write=1 rw=write,randread bs=4k,1m iodepth=1,16 size=2m abi=32 ring_order=4", disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS, says=('"abi":32,',)),
    Case("abi-32-trim", args="dev=xvda write=1 rw=trim bs=64k iodepth=8 size=1m fsync=8 abi=32",
         disks=[f"loop {4 * MIB} 512"], checks=ALL_CHECKS, says=('"abi":32,', '"discards":16,')),
    Case("abi-64", args=f"dev=xvda {WRITE} abi=64", disks=[f"ram {4 * MIB}"], checks=ALL_CHECKS, says=('"abi":64,',)),
    # A loop device discards by punching holes into its file: discarded data then read as zeroes.
    Case("trim-loop", args="dev=xvda write=1 rw=trim,read bs=64k,6k iodepth=8 size=1m", disks=[f"loop {4 * MIB} 512"],
         checks=ALL_CHECKS, says=('"rw":"trim"', '"discards":[1-9]')),
    Case("trim-loop-4096", args="dev=xvda write=1 rw=trim bs=64k iodepth=8 size=1m", disks=[f"loop {4 * MIB} 4096"],
         checks=ALL_CHECKS, says=('"rw":"trim"', '"discards":16,"discarded_sectors":2048')),
    Case("trim-null", args="dev=xvda write=1 rw=trim bs=64k iodepth=8 size=1m", disks=["null-memory"],
         checks=ALL_CHECKS, says=('"rw":"trim"', '"discards":16,"discarded_sectors":2048')),
    Case("trim-ram", args="dev=xvda write=1 rw=trim bs=64k", disks=[f"ram {4 * MIB}"], expect="SKIP",
         says=("does not discard",), checks=("counters",)),
    # Beyond 2 TiB a sector's number does not fit into 32 bits: far beyond that limit, and across
    # it. The disk is sparse. A driver that truncated the number would find its data again; dom0
    # would not.
    Case("beyond-2tib", args="dev=xvda write=1 rw=write,randread bs=64k iodepth=4 offset=2560g size=1m",
         disks=[f"sparse {3 * TIB} 512"], checks=ALL_CHECKS, says=(f'"sectors":{3 * TIB // 512},',)),
    Case("across-2tib", args=f"dev=xvda write=1 rw=write,read bs=64k iodepth=4 offset={2 * TIB - MIB // 2} size=1m",
         disks=[f"sparse {3 * TIB} 4096"], checks=ALL_CHECKS, says=('"sector_size":4096',)),
    Case("disk-memory-6", args="dev=xvda write=1 rw=write,read bs=64k iodepth=8 size=8m", disks=[f"ram {8 * MIB}"],
         memory=6, checks=ALL_CHECKS),

    # Other backends than blkback, and other disks below it.
    Case("qdisk-raw", args=f"dev=xvda {SLOW_WRITE}", disks=[f"qdisk raw {16 * MIB}"], checks=("digest",),
         says=('"backend":"qdisk"', '"max_segments":11,', '"discard":true')),
    Case("qdisk-qcow2", args=f"dev=xvda {SLOW_WRITE}", disks=[f"qdisk qcow2 {16 * MIB}"],
         after="qemu-img check -q $d0", says=('"backend":"qdisk"',)),
    # (QEMU 7.2 does not start a read-only disk at all.)
    Case("qdisk-no-discard", args="dev=xvda rw=read bs=64k size=256k", disks=[f"qdisk raw {4 * MIB} no-discard w"],
         checks=("digest",), says=('"discard":false',)),
    # QEMU counts 4096-byte sectors on the ring in its own way: such a disk must not be accessed.
    Case("qdisk-4096", args="dev=xvda write=1 rw=write bs=64k", disks=[f"qdisk raw {4 * MIB}"],
         setup="qemu_options -global xen-disk.logical_block_size=4096 -global xen-disk.physical_block_size=4096\n"
               "before=$(sha256sum $d0)",
         after='[ "$before" = "$(sha256sum $d0)" ]', expect="FAILURE", says=('sector-size="4096": qdisk counts',)),
    Case("nbd", args=f"dev=xvda {SLOW_WRITE}", disks=[f"nbd {4 * MIB}"], checks=ALL_CHECKS),
    Case("scsi-4096", args=f"dev=xvda {SLOW_WRITE}", disks=[f"scsi {16 * MIB} 4096 discard"], checks=ALL_CHECKS,
         says=('"sector_size":4096', '"discard":true')),
    Case("dm-delay", args="dev=xvda write=1 rw=write,randread bs=64k iodepth=1,16 size=256k",
         disks=[f"dm delay {4 * MIB} 50"], checks=ALL_CHECKS, says=(r'"min":[5-9]\d{7},',)),

    # Failing backends: exactly the broken sectors fail, everything else is verified.
    Case("dm-error", args="dev=xvda write=1 rw=write,randread bs=4k iodepth=16 size=256k ignore_error=EIO",
         disks=[f"dm error {4 * MIB} 96 40"],        # blocks 12 to 16 of 64
         says=('"rw":"write".*"errors":0,"ignored":5,', '"rw":"randread".*"verified_bytes":241664,"errors":0,"ignored":5,')),
    Case("dm-flakey", args="dev=xvda write=1 rw=randrw bs=4k iodepth=4 size=128k runtime=4s ignore_error=EIO",
         options="--no-digest",     # dom0 would sometimes read it while it fails
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
    # Disks that are attached and detached while another one works: each time xl waits until the
    # guest has released it.
    *[Case(name, args=f"dev=xvda write=1 rw=randrw bs=4k iodepth=4 size=128k runtime={seconds}s hotplug={2 * count} "
                      "ignore_error=ENODEV,EIO", disks=[f"ram {MIB}"], timeout=seconds, full=full,
           setup="d1=$(make_disk ram 1048576)",
           meanwhile=f"console_says '^blktest' && attach_detach {count} $d1 xvdb",
           says=(f'"type":"hotplug","arrived":{2 * count},"gone":{2 * count}',
                 '"dev":"xvda","rw":"(write|randrw)".*"errors":0,"ignored":0,'))
      for name, count, seconds, full in (("attach-detach", 1, 60, False), ("attach-detach-50", 50, 1500, True))],
    # One that is detached while it is being connected, at eight different times; then one that
    # stays.
    Case("detach-early", args="dev=xvda write=1 rw=randrw bs=4k iodepth=4 size=128k runtime=60s hotplug=1000 "
                              "ignore_error=ENODEV,EIO", disks=[f"ram {MIB}"], timeout=150,
         setup="d1=$(make_disk ram 1048576)",
         meanwhile="console_says '^blktest' && detach_early 8 $d1 xvdb && attach_detach 1 $d1 xvdb; xl shutdown \"$NAME\"",
         says=("(?s)^xvdb: gone.*^xvdb: .*-byte sectors", '"dev":"xvda","rw":"(write|randrw)".*"errors":0,"ignored":0,')),
    # A backend that goes and comes back: requests in flight wait, and none fails. One that does not
    # come back in time.
    Case("rebind", args="dev=xvda write=1 rw=randrw bs=4k,64k iodepth=16 size=1m runtime=10s", disks=[f"ram {4 * MIB}"],
         meanwhile="console_says 'xvda write' && usleep 1000000 && rebind 2000000 && usleep 2000000 && rebind 0",
         checks=("digest",), says=('"rw":"randrw".*"errors":0,"ignored":0,',)),
    Case("unbind", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=30s reconnect_timeout=3s",
         disks=[f"ram {4 * MIB}"], meanwhile="console_says '^blktest' && usleep 2000000 && backend_closes",
         expect="FAILURE|ERROR", says=("requests wait for it to come back", "did not come back within 3 s", "ETIMEDOUT")),
    # xenstored answers EACCES, not ENOENT, for the directory of a backend that is gone.
    Case("backend-removed", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=60s reconnect_timeout=5s",
         disks=[f"ram {4 * MIB}"], meanwhile="console_says '^blktest' && usleep 2000000 && remove_backend",
         expect="FAILURE|ERROR", says=("requests wait for it to come back", "did not come back within 5 s", "ETIMEDOUT"),
         silent=("cannot read the state",)),
    # xenstored is stopped while the guest works, and continues after the guest's end: the backend
    # learns nothing, but the guest ends in time. (Without xenstored xl cannot see that; the console
    # shows it. hold=0: it does not wait for dom0 before it closes the disk.)
    Case("xenstored-stopped", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=8s hold=0", disks=[f"ram {4 * MIB}"],
         meanwhile="console_says '^blktest' && usleep 2000000 && without_xenstored console_says 'Test result'",
         expect="FAILURE|ERROR", says=("the backend did not follow when it was closed",)),
    # blkback checks the size with each batch of requests, and writes its state again.
    Case("resize", args="dev=xvda rw=randread bs=4k iodepth=8 size=1m runtime=12s", disks=[f"loop {4 * MIB}"],
         meanwhile=f"console_says '^blktest' && usleep 2000000 && resize_loop $d0 {8 * MIB} && "
                   f"console_says 'resized from 8192 to 16384 sectors' && resize_loop $d0 {2 * MIB} && "
                   "console_says 'resized from 16384 to 4096 sectors'",
         says=('"errors":0,',)),
    # A driver domain ends under load and comes back as another domain: no request fails, and dom0 finds on the disk what
    # the guest wrote. It takes 10 to 20 s to boot here.
    *[Case(f"driver-{how}", args="dev=xvda write=1 rw=randrw bs=4k,64k iodepth=16 size=1m runtime=12s reconnect_timeout=120s",
           disks=[f"driver ram {4 * MIB}"], timeout=240, checks=("digest",),
           meanwhile=f"console_says 'xvda randrw' && driver_domain {how} && console_says 'wait for it to come back' && "
                     "driver_domain again",
           says=(r"backend \d+ is away: [1-9]\d* requests wait", r"backend \d+ is there: [1-9]\d* requests go on",
                 '"rw":"randrw".*"errors":0,"ignored":0,'), full=how != "destroy")
      for how in ("destroy", "shutdown", "crash")],
    Case("driver-gone", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=1m runtime=60s reconnect_timeout=5s",
         disks=[f"driver ram {4 * MIB}"], timeout=120, expect="FAILURE|ERROR",
         meanwhile="console_says 'xvda randrw' && driver_domain destroy",
         says=("requests wait for it to come back", "did not come back within 5 s", "ETIMEDOUT")),
    # Impossible sizes are reported, and a valid one that follows counts, however many there were.
    Case("bad-sizes", args="dev=xvda rw=randread bs=4k iodepth=8 size=1m runtime=15s", disks=[f"loop {4 * MIB}"],
         meanwhile=f"console_says 'xvda randread' && backend_says sectors banana 8 && resize_loop $d0 {8 * MIB} && "
                   "console_says 'resized from 8192 to 16384 sectors'",
         says=('sectors="banana"', "resized from 8192 to 16384 sectors", '"errors":0,')),
    # A loop device on an empty file, like an export that is not connected yet.
    Case("grows-from-0", args="dev=xvda write=1 rw=write,read bs=64k iodepth=4 connect_timeout=60s", disks=["sparse 0 512"],
         meanwhile=f"console_says 'waiting for it to grow' && resize_loop $d0 {4 * MIB}", checks=("digest",),
         says=("resized from 0 to 8192 sectors", '"bytes":4194304,')),
    # On a read-only disk Linux' backend refuses all requests but reads.
    Case("flush-read-only", args="dev=all rw=read bs=64k iodepth=8 size=256k",
         disks=[f"file {4 * MIB} r", f"scsi {8 * MIB} 512 r"], checks=ALL_CHECKS, silent=("flush of a read-only disk",)),
    # A hotplug script that takes 35 s: libxl waits 40 s for it.
    Case("slow-hotplug", args="dev=xvda rw=randread bs=4k iodepth=4 size=128k runtime=120s hotplug=1",
         disks=[f"ram {MIB}"], timeout=150, full=True, setup="d1=$(make_disk ram 1048576)",
         meanwhile="console_says '^blktest' && "
                   "xl block-attach $(xl domid $NAME) format=raw,vdev=xvdb,access=w,script=block-slow,target=$d1 && "
                   "console_says '^xvdb: .*-byte sectors' && xl block-detach $(xl domid $NAME) xvdb",
         says=('"type":"hotplug","arrived":1,"gone":1',)),
    # Three kinds of backend at once, one of which goes.
    Case("three-backends", args="dev=all write=1 rw=randrw bs=16k iodepth=8 size=256k runtime=9s ignore_error=ENODEV,EIO",
         disks=[f"ram {4 * MIB}", f"qdisk raw {4 * MIB}", f"dm delay {4 * MIB} 30"],
         meanwhile="console_says 'xvdc write' && xl block-detach $(xl domid $NAME) xvdc",
         says=("^xvdc: gone", '"dev":"xvda","rw":"randrw".*"errors":0,"ignored":0,',
               '"dev":"xvdb","rw":"randrw".*"errors":0,"ignored":0,')),

    # Cases that must fail, with a message and in time.
    Case("write-to-read-only", args="dev=xvda write=1 rw=write bs=4k", disks=[f"ram {4 * MIB} r"],
         says=("EROFS",), checks=("counters",)),
    Case("no-disk", args="dev=all rw=read", expect="ERROR", timeout=60, says=("(?i)no (block )?(disk|device)",)),
    Case("bad-value", args="dev=xvda bs=banana", disks=["ram 1048576"], expect="ERROR", timeout=60,
         says=("banana",)),
    Case("unknown-word", args="dev=xvda nosuch=1", disks=["ram 1048576"], expect="ERROR", timeout=60,
         says=("nosuch",)),
    Case("never-connects", args="dev=xvda rw=read connect_timeout=3s", disks=["stuck"], expect="ERROR",
         timeout=60, says=("InitWait|state 2",)),
    # Too little memory: the guest must end by itself and print a reason. (2 MiB are enough as PVH.)
    Case("memory-1", args="dev=xvda rw=read", disks=["ram 1048576"], memory=1, expect="ERROR|CRASH", timeout=60,
         silent=("timeout",), says=(".",)),
    Case("memory-2", args="dev=xvda rw=read", disks=["ram 1048576"], memory=2, expect="SUCCESS|ERROR|CRASH",
         timeout=60, silent=("timeout",), says=(".",)),
    *[Case(f"trap-{trap}", image="traps", args=f"trap={trap}", expect="CRASH", timeout=60, full=trap not in TRAPS_QUICK,
           types=("pvh",) if trap == "stack_overflow" else ("pv", "pvh"),
           says=(f"traps: provoking {trap}", BACKTRACE)) for trap in TRAPS],
    # As a PV guest it has no other stack for a report: Xen ends the domain.
    Case("trap-stack_overflow", image="traps", args="trap=stack_overflow", expect="CRASH", timeout=60, types=("pv",),
         says=("traps: provoking stack_overflow",)),
    Case("trap-heap", image="traps", args="trap=heap", timeout=60, says=("still alive",)),

    # Orders of the toolstack to a running guest.
    Case("nmi", image="traps", args="trap=spin", timeout=90, silent=("exception",),
         says=(r"(?s)NMI:.*thread main runs\s+backtrace:\s+0x[0-9a-f]+ (spin|\w*clock_now|system_time)\+.*NMI:.*thread main runs.*"
               r"still alive",),
         meanwhile="console_says 'provoking spin' && xl trigger \"$NAME\" nmi && console_says NMI: && xl trigger \"$NAME\" nmi"),
    Case("sysrq", image="idle", args="seconds=12", timeout=90,
         says=(r"(?s)NMI:.*thread main waits", r"(?s)sysrq t:.*thread main waits\s+backtrace:.*thread shutdown waits\s+backtrace:",
               r"(?s)sysrq m:.*pages are free", "sysrq: not known"),
         meanwhile="console_says 'idle: 1' && xl trigger \"$NAME\" nmi && xl sysrq \"$NAME\" t && console_says 'sysrq t' && "
                   "xl sysrq \"$NAME\" m && console_says 'sysrq m' && xl sysrq \"$NAME\" x"),
    # A configuration without features that 64-bit mode needs. Xen gives a PV guest its own 64-bit
    # mode.
    *[Case(f"cpu-without-{feature}", image="hello", options=f"--cfg 'cpuid=\"host,{feature}=0\"'", types=("pvh",), timeout=60,
           expect="CRASH", says=(f"cannot start: the domain's CPU has no {feature}",), full=feature in ("sse", "fxsr"))
      for feature in ("lm", "pae", "fxsr", "sse")],
    Case("cpu-without-nx", image="hello", options="--cfg 'cpuid=\"host,nx=0\"'"),
    Case("cpu-without-lm-pv", image="hello", options="--cfg 'cpuid=\"host,lm=0,pae=0\"'", types=("pv",)),

    Case("shutdown-request", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=60s", disks=[f"ram {4 * MIB}"],
         timeout=90, meanwhile="console_says 'blktest' && usleep 1000000 && xl shutdown \"$NAME\"",
         says=("(?i)poweroff|shutdown",)),
    Case("reboot-request", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=60s", disks=[f"ram {4 * MIB}"],
         timeout=90, meanwhile="console_says 'blktest' && usleep 1000000 && xl reboot \"$NAME\"",
         says=("(?i)reboot",)),
    Case("stats-on-request", args="dev=xvda rw=randread bs=4k iodepth=8 runtime=12s hold=1s", disks=[f"ram {4 * MIB}"],
         timeout=90, meanwhile="console_says 'blktest' && usleep 1000000 && stats_grow",
         silent=("statistics cannot be",)),

    # A backend that does not answer: reported, then it answers; or the request times out.
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

    # main()'s value: the domain ends as crashed if it is not 0. xl restarts such a guest, and no
    # other.
    Case("exit-status", image="status", args="status=3", expect="CRASH", timeout=60,
         says=("^exit status 3: the domain ends as crashed",)),
    *[Case("restart", image="status", args="count=/starts starts=1", types=(kind,), timeout=60,
           setup=f"supervised {kind} 3 || exit 4", after="xenstore-rm /starts", says=("^status: start 4",))
      for kind in ("pv", "pvh")],

    # Ballooning. A PVH guest with more maxmem than memory is populated on demand: it must not touch
    # the memory that it was not given. It is saved with less than its maximum, restored, and
    # continues.
    Case("balloon", image="idle", args="fill=1 seconds=31", options="--maxmem 256", timeout=180,
         says=(r"^idle: filled 3\d{4} KiB, 0 pages are wrong\n", r"^idle: filled 1[56]\d{4} KiB, 0 pages are wrong\n",
               "^idle: resumed 1 times"),
         meanwhile="console_says 'idle: 2' && mem_set 16 && mem_set 128 && save_restore && mem_set 24 && mem_set 160"),
    Case("balloon-back", image="idle", args="fill=1 seconds=25", types=("pv",), timeout=180,
         says=(r"^idle: filled [23]\d{4} KiB, 0 pages are wrong\n", "^idle: resumed 1 times"),
         meanwhile="console_says 'idle: 2' && mem_set 16 && mem_set 20 && save_restore && mem_set 12 && mem_set 32"),

    # Time stands still while the guest is suspended: some seconds of load always remain.
    Case("save-load", args=f"dev=xvda write=1 rw=randrw bs=4k iodepth=64 size=4m runtime=8s {LARGE}", disks=[f"ram {4 * MIB}"],
         timeout=200, says=("(?s)^resumed.*^resumed", "is there: [1-9][0-9]* requests go on",
                            '"rw":"randrw".*"verified_bytes":[1-9].*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && usleep 1000000 && save_restore && usleep 500000 && save_restore"),
    Case("checkpoint-load", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=8s",
         disks=[f"ram {4 * MIB}"], timeout=200, checks=("counters",),
         says=("(?s)^the suspend was can.*^the suspend was can",
               '"rw":"randrw".*"verified_bytes":[1-9].*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && usleep 1000000 && checkpoint; checkpoint full"),

    # The shutdown order comes while the guest is suspended, and is seen while its disks reconnect.
    Case("restore-to-end", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=60s", disks=[f"ram {4 * MIB}"],
         timeout=200, says=("(?s)^resumed.*the toolstack asks for poweroff", "is there: [1-9][0-9]* requests go on",
                            '"rw":"(write|randrw)".*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && usleep 1000000 && restore_to_end"),

    # Programs with the C library.
    Case("app-hello", image="hello-posix", app=True, args=r"""one "b c" "" 'say "hi"' \\""", options="--env 'A=x y' --env B=",
         says=("^Hello from hello-posix, with 5 arguments", r"argument 2: \[b c\]", r"argument 3: \[\]",
               r'argument 4: \[say "hi"\]', r"argument 5: \[\\\]", "environment: A=x y$", "environment: B=$",
               "1.500 seconds are 100 %", "^goodbye"), silent=("constructor did not", "warning", "^Ringlet")),
    *[Case(f"app-exit-{status}", image="hello-posix", app=True, args=f"--status={status}", expect=f"EXIT {status}",
           types=(kind,)) for status, kind in ((3, "pv"), (255, "pvh"))],
    Case("app-rom", image="rom", app=True, silent=("can be written",),
         says=("^rom: text of the image", "^rom: entry text", "^rom: deep .* mine 42")),
    Case("app-select", image="select", app=True, args="2", input="first line\nsecond\nend",
         says=("enil tsrif$", "^dnoces", "^dne", "^3 lines, 2 ticks left")),
    Case("app-threads", image="threads", app=True, args="8 100", says=("^100 numbers through 8 threads: sum 5750",)),

    # lwIP on netfront: addresses, a server, and what an operator can do wrong.
    Case("httpd", image="httpd", app=True, args="ip=10.0.0.2/24,gw=10.0.0.1 make=3m", memory=160, options="--vif -v", setup="network",
         timeout=200, meanwhile='httpd_serves || { xl destroy "$NAME"; false; }', says=("^net: vif0: 10.0.0.2/24 gateway 10.0.0.1 .static.$",)),
    Case("net-dhcp", image="httpd", app=True, args="make=100k", memory=64, options="--vif -v", setup="network; dhcp_server", types=("pvh",),
         meanwhile='guest_address && console_says "fd00::" && xl shutdown "$NAME"',
         says=(r"^net: vif0: 10.0.0.1\d\d/24 gateway 10.0.0.1 .dhcp.", "^net: vif0: .* fd00::216:3eff:")),
    Case("net-wrong", image="httpd", app=True, args="ip=10.0.0.2/33 make=100k", memory=64, options="--vif -v", setup="network", types=("pv",),
         meanwhile='console_says "no DHCP" && dhcp_server && guest_address && xl shutdown "$NAME"',
         says=('^error: net: ip=: "10.0.0.2/33": neither dhcp', "^warning: net: vif0: no DHCP server has answered yet",
               r"^net: vif0: .*10.0.0.1\d\d/24")),
    Case("net-in-use", image="httpd", app=True, args="ip=10.0.0.1/24 make=100k", memory=64, options="--vif -v", setup="network", types=("pv",),
         meanwhile='console_says "until it is free" && xl shutdown "$NAME"',
         says=("^error: net: vif0: 10.0.0.1 is used by fe:ff:ff:ff:ff:ff, too: it is not used here until it is free",)),
    Case("net-loopback", image="net-loopback", app=True, options="-v", types=("pv",),
         says=(r"^net: there is no network interface \(vif\)", "^net-loopback: OK")),

    # What --check-heap finds. (It is the same as PV and as PVH.)
    *[Case(f"heap-{name}", image="heap", app=True, args=name, types=("pv",), expect=verdict, says=says)
      for name, verdict, says in (
          ("none", "SUCCESS", ("^heap: done", "^heap check: 0 blocks of 0 bytes were not freed")),
          ("leak", "SUCCESS", ("^heap check: not freed: 33 bytes", "^heap check: 1 blocks of 33 bytes were not freed")),
          ("behind", "CRASH", ("a write behind a block", BACKTRACE)), ("front", "CRASH", ("a write in front of a block",)),
          ("freed", "CRASH", ("a write to a freed block",)), ("twice", "CRASH", ("was freed before",)),
          ("wrong", "CRASH", ("which is no block",)))],

    # Debian's packages, as their own configure scripts and makefiles build them (tests/packages).
    Case("package-zlib", image="zlib-example", app=True, memory=64,
         says=("^uncompress\\(\\): hello, hello!", "^gzread\\(\\): hello, hello!", "^inflate with dictionary: hello, hello!")),
    Case("package-bzip2", image="bzip2", app=True, memory=64, args="-tv /rom/sample1.bz2 /rom/sample2.bz2 /rom/sample3.bz2",
         says=("sample1.bz2: ok", "sample2.bz2: ok", "sample3.bz2: ok")),
    Case("package-lzo", image="lzo-test", app=True, memory=64, types=("pv",),
         says=("^miniLZO simple compression test passed",)),
    # libevent's own tests, as many as can share one process on Linux, too: most want one of their own.
    *[Case(f"package-libevent-{name}", image="libevent-regress", app=True, memory=128, types=("pvh",), args=f"--no-fork {tests}",
           says=("^[1-9][0-9]+ tests ok",), silent=("FAILED",))
      for name, tests in (
          ("base", "main/.. :main/fork :main/del_wait :main/del_notify"),
          ("buffers", "evbuffer/.. signal/.. util/.. :util/log"),
          ("sockets", "http/base http/bad_headers http/parse_query http/parse_uri http/simple http/post http/put http/delete "
           "http/allowed_methods http/persist_connection http/stream_out http/stream_in http/data_length_constraints "
           "http/multi_line_header http/negative_content_length http/chunk_out http/dispatcher http/virtual_host "
           "bufferevent/bufferevent bufferevent/bufferevent_pair bufferevent/bufferevent_timeout bufferevent/bufferevent_connect "
           "bufferevent/bufferevent_filters listener/randport listener/immediate_close dns/server dns/retry rpc/.."))],
    # Programs of apps/ and tests/apps/ from Debian's packages.
    Case("lua", image="lua-test", app=True, args="/rom/all.lua", memory=128, says=("^1\\.\\.7",), silent=("not ok",)),
    Case("lua-console", image="lua", app=True, types=("pvh",), input="x = 6\nx * 7\nerror('mine')\nos.exit(3)\n", expect="EXIT 3",
         says=("^Lua 5.4", "^> 42", "mine")),
    Case("sqlite", image="sqlite-test", app=True, args="/tmp/t.db '.read /rom/memory.sql'", memory=64,
         says=("^all of memory.sql",), silent=("not ok", "(?i)error")),
    Case("sqlite-speed", image="speedtest1", app=True, args="--size 2 --verify /tmp/t.db", memory=64, timeout=300, types=("pv",),
         says=("980 - PRAGMA integrity_check", "^ *TOTAL")),
    Case("sqlite-speed-disk", image="speedtest1", app=True, args="--size 2 --vfs disk --journal TRUNCATE /dev/xvda", memory=64,
         disks=[f"ram {16 * MIB} w"], setup="blank $d0", timeout=300, types=("pvh",), says=("980 - PRAGMA integrity_check", "^ *TOTAL")),
    Case("sqlite-disk", image="sqlite-test", app=True, args="-vfs disk /dev/xvda '.read /rom/disk.sql'", memory=64,
         disks=[f"ram {8 * MIB} w"], setup="blank $d0", after="sqlite_intact $d0 250", expect="EXIT 1", says=("^all of disk.sql", "database or disk is full"),
         silent=("not ok",)),
    # A disk with something else on it is left alone.
    Case("sqlite-foreign", image="sqlite-test", app=True, args="-vfs disk /dev/xvda 'CREATE TABLE t(k)'", disks=[f"ram {8 * MIB} w"],
         types=("pv",), memory=64, setup="md5sum $d0 >/tmp/before || exit 4", after="md5sum $d0 | cmp - /tmp/before", expect="EXIT 1",
         says=("file is not a database",)),
    Case("compress", image="compress", app=True, memory=64, says=("^1\\.\\.24",), silent=("not ok",)),
    Case("bearssl", image="bearssl-test", app=True, args=BEARSSL, timeout=300, says=("Test EC_c25519_m31 keygen: .*done", "Test ChaCha20_sse2: .*done"),
         silent=("ERR",)),

    # Longer cases.
    Case("bearssl-all", image="bearssl-test", app=True, args="all", timeout=1800, full=True, says=("Test ModPow/i62: .*done",), silent=("ERR",)),
    Case("sqlite-speed-long", image="speedtest1", app=True, args="--size 20 --verify /tmp/t.db", memory=128, timeout=1800, full=True,
         says=("980 - PRAGMA integrity_check", "^ *TOTAL")),
    Case("save-50", args="dev=xvda write=1 rw=randrw bs=4k iodepth=16 size=4m runtime=60s",
         disks=[f"ram {4 * MIB}"], timeout=1700, full=True,
         says=(r"(?s)(?:^resumed.*?){50}", '"rw":"(write|randrw)".*"errors":0,"ignored":0,'),
         meanwhile="console_says '^blktest:' && repeat 50 save_restore && xl shutdown \"$NAME\""),
    # 16 * 2 times 16384 blocks written and read back: 1048576 requests.
    Case("million", args=f"dev=xvda write=1 rw={','.join(['randwrite'] * 16)} bs=4k iodepth=16,32 {LARGE}",
         disks=[f"ram {64 * MIB}"], timeout=1800, checks=ALL_CHECKS, full=True),
    Case("grid", args="dev=xvda write=1 rw=write,read,randwrite,randread bs=512,4k,44k,64k,1m iodepth=1,8,32 size=16m ring_order=4",
         disks=[f"ram {16 * MIB}"], timeout=560, checks=ALL_CHECKS, full=True),
    Case("loop-large", args="dev=xvda write=1 rw=write,read bs=1m iodepth=8", disks=[f"loop {128 * MIB} 512"],
         timeout=560, checks=ALL_CHECKS, full=True),
]
