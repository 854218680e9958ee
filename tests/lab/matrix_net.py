# SPDX-License-Identifier: MIT
"""The cases of `lab test` with a network interface. dom0 is 10.0.0.1, the guest 10.0.0.2 (dom0/network has their words).

A case whose dom0 does something, too, ends that with `passed`, which `after` asks for.
"""

from __future__ import annotations

from typing import Any

from matrix import Case

PASSED = '[ -e "$OUT/passed" ]'


def _case(name: str, meanwhile: str = "", after: str = "", **more: Any) -> Case:
    """A guest with an interface. meanwhile: commands, each of which must succeed."""
    commands = [line.strip() for line in meanwhile.strip().splitlines()]
    more.setdefault("options", "--vif")
    setup = more.pop("setup", "network || exit 4")
    return Case(name, meanwhile=" &&\n".join([*commands, 'touch "$OUT/passed"']) if commands else "",
                after="\n".join(filter(None, [PASSED if commands else "", after])), setup=setup, **more)


ADDRESS = "ip=10.0.0.2/24,gw=10.0.0.1"
CLIENT = "peer=10.0.0.1"
SMALL = "bytes=500k count=500 rounds=50"
SERVER = "network || exit 4\nnettest services=0 >/dev/null 2>&1 &"
# nettest says that no datagram was lost or wrong, and the driver that the backend kept to the protocol.
WHOLE = ('"test":"udp_rr",.*"lost":0,.*"wrong":0', '"test":"send",.*"wrong":0', '"violations":0,')



def _nbd(name: str, meanwhile: str, after: str = "", args: str = "", **more: Any) -> Case:
    """A guest that serves its disks to clients in dom0; it ends when these shut it down."""
    return Case(name, image=more.pop("image", "nbdserver"), app=True, args=f"{ADDRESS} {args}", memory=more.pop("memory", 32), options="--vif -v",
                setup=f"network && NBD_DISK=$d0{more.pop('setup', '')} || exit 4",
                meanwhile=f"{{ {meanwhile}; }} || {{ xl destroy \"$NAME\"; false; }}",
                after="\n".join(filter(None, [PASSED, after])), **more)


CASES = [
    # The driver alone: frames both ways; another backend; saved and restored; the end of the interface.
    _case("vif", image="net", args="seconds=60", says=('"violations":0,"reconnects":2', "^net: event failed", "^net: closed: 0"), silent=("refused [1-9]",),
          meanwhile="""console_says 'is connected'
                       pings 500 1400
                       vif_rebind 500000
                       console_counts_soon 'event back' 1
                       pings 20 100
                       save_restore
                       console_counts_soon 'event back' 2
                       pings 20 100
                       xl network-detach "$NAME" 0"""),
    # A flood of frames that the guest has to copy, each with its checksum.
    _case("vif-copies", image="net", args="seconds=60 copy=1 blank=0", says=('"violations":0', "^net: closed: 0"),
          meanwhile="""console_says 'is connected'
                       pings 500 1400
                       xl network-detach "$NAME" 0"""),
    _case("vif-none", image="net", options="", setup="", expect="SKIP", says=("^net: no interface can be connected: -ENOENT",)),

    # The stack, by nettest: both directions of TCP and UDP, with each byte verified.
    _case("nettest", image="nettest", args=f"{ADDRESS} {CLIENT} bytes=8m count=3000 rounds=300 message=100", memory=64, setup=SERVER,
          says=WHOLE, silent=("panic",)),
    _case("nettest-ipv6", image="nettest", args=f"ip=10.0.0.2/24,fd00::2/64 peer=fd00::1 {SMALL}", memory=64, setup=SERVER, says=WHOLE),
    # (With more datagrams on their way dom0's socket has no room for them.)
    _case("nettest-mtu-9000", image="nettest", args=f"{ADDRESS} {CLIENT} {SMALL} size=8900 window=8", memory=64, options="--vif=mtu=9000",
          setup=SERVER, says=(*WHOLE, '"mtu":9000')),
    _case("nettest-mtu-68", image="nettest", args=f"{ADDRESS} {CLIENT} {SMALL}", memory=64, options="--vif=mtu=68", setup=SERVER,
          says=(*WHOLE, '"mtu":68,')),
    # Saved and restored in the middle of one verified stream, and another backend in the middle of another.
    _case("net-stream", image="nettest", args=f"{ADDRESS} {CLIENT} test=send,receive bytes=192m timeout=60", memory=64, setup=SERVER, timeout=200,
          says=(r"(?s)send: 25 %.*resumed.*send: 201326592 bytes.*receive: 25 %.*backend 0 is away.*backend 0 is there.*receive: 201326592 bytes",
                '"test":"receive","bytes":201326592,.*"wrong":0', '"reconnects":2'),
          meanwhile="""console_says 'send: 25 %' 100
                       save_restore
                       console_says 'receive: 25 %' 100
                       vif_rebind 500000"""),
    # What clients in dom0 do to it: large pings, iperf, a flood beside requests, ports that are closed.
    _case("net-clients", image="nettest", args=f"{ADDRESS} stop=1", memory=64, timeout=150,
          meanwhile="""console_says 'serving at port'
                       pings 3 60000
                       pings 200 1400
                       iperf -t 20 -c 10.0.0.2 -p 9 -n 16M
                       receives 4000000 19
                       flood_beside nettest peer=10.0.0.2 test=rr,udp_rr rounds=100 timeout=10
                       nettest peer=10.0.0.2 bytes=4m count=1000 rounds=100 timeout=10 stop=1"""),
    # Connections that are killed, closed ports, and more fragments than it has memory, of datagrams that are never whole.
    _case("net-attacks", image="nettest", args=f"{ADDRESS} stop=1",
          meanwhile="""console_says 'serving at port'
                       nettest peer=10.0.0.2 attack=connections count=200 test=none
                       nettest peer=10.0.0.2 attack=scan count=1000 test=none
                       nettest peer=10.0.0.2 attack=fragments count=40000 test=none
                       nettest peer=10.0.0.2 bytes=1m count=500 rounds=50 timeout=10 stop=1"""),
    _case("net-carrier", image="nettest", args=f"{ADDRESS} stop=1", memory=64, says=("link down", "link up"),
          meanwhile="""console_says 'serving at port'
                       carrier 0
                       console_says 'link down'
                       carrier 1
                       console_counts_soon 'link up' 1
                       pings 20 1000
                       nettest peer=10.0.0.2 test=rr rounds=100 timeout=10 stop=1"""),
    # Detached under load; what is attached instead works.
    _case("net-reattach", image="nettest", args=f"{ADDRESS} stop=1", memory=64, says=("net: vif0: the interface is lost", "(?s)lost.*net: vif0: 10.0.0.2/24"),
          meanwhile="""console_says 'serving at port'
                       { nettest peer=10.0.0.2 test=send bytes=1g timeout=5 & sleep 2; }
                       vif_reattach
                       wait_for pings 3 100
                       nettest peer=10.0.0.2 test=rr,receive bytes=1m rounds=100 timeout=10 stop=1"""),
    # Two interfaces: each has its network, and the first one the way to all others, of which 10.9.9.9 is one.
    _case("net-two", image="nettest", args=f"{ADDRESS} ip=10.0.1.2/24,if=vif1 stop=1", memory=64, options="--vif --vif",
          says=("net: vif0: 10.0.0.2/24 gateway 10.0.0.1 .static.", r"net: vif1: 10.0.1.2/24 .static."),
          meanwhile="""console_says 'serving at port'
                       { ip addr add 10.9.9.9/32 dev lo || true; } 2>/dev/null
                       by_interface 0 pings 20 1400
                       by_interface 1 pings 20 1400 10.0.1.2
                       by_interface 0 pings 20 1400 10.0.0.2 -I 10.9.9.9
                       by_interface 1 nettest peer=10.0.1.2 bytes=1m count=300 rounds=50 timeout=10
                       by_interface 0 nettest peer=10.0.0.2 bytes=1m count=300 rounds=50 timeout=10
                       xl network-detach "$NAME" 1
                       console_counts_soon 'net: vif1: \\(removed\\|the interface is lost\\)' 1
                       nettest peer=10.0.0.2 test=rr rounds=50 timeout=10 stop=1"""),
    # Its address is used on its bridge: it does without, until nobody else has it, and defends it afterwards.
    # (Not in make test, as it waits for more than a minute. Nor are the three behind it.)
    _case("net-bridge-in-use", image="nettest", args="ip=10.0.0.9/24 stop=1", memory=64, timeout=200, full=True, options="--vif=bridge=xenbr0",
          setup="network && network_bridge && ip addr add 10.0.0.9/24 dev xenbr0 || exit 4",
          says=(r"(?s)10.0.0.9 is used by [0-9a-f:]*, too: it is not used here until it is free.*net: vif0: 10.0.0.9/24 .static.*10.0.0.9 is used by [0-9a-f:]*, too(?!:)",),
          meanwhile="""console_says 'it is not used here until it is free' 30
                       ip addr del 10.0.0.9/24 dev xenbr0
                       { console_counts_soon 'net: vif0: 10.0.0.9/24' 2 || console_counts_soon 'net: vif0: 10.0.0.9/24' 2 || console_counts_soon 'net: vif0: 10.0.0.9/24' 2; }
                       pings 5 100 10.0.0.9
                       usleep 4000000
                       ip addr add 10.0.0.9/32 dev xenbr0
                       arping -q -c 1 -U -s 10.0.0.9 -I xenbr0 10.0.0.9
                       ip addr del 10.0.0.9/32 dev xenbr0
                       console_counts_soon '10.0.0.9 is used by' 2
                       pings 5 100 10.0.0.9
                       nettest peer=10.0.0.9 test=rr rounds=50 timeout=10 stop=1"""),
    # The MTU changes under load.
    _case("net-mtu", image="nettest", args=f"{ADDRESS} stop=1", memory=64, full=True,
          meanwhile="""console_says 'serving at port'
                       { nettest peer=10.0.0.2 test=send,receive bytes=16m timeout=60 >/dev/null & load=$!; }
                       guest_mtu 576
                       pings 20 5000
                       guest_mtu 4000
                       pings 20 3900
                       guest_mtu 1500
                       wait $load
                       nettest peer=10.0.0.2 bytes=1m count=300 rounds=50 timeout=10 stop=1"""),
    # The guest is iperf's client.
    _case("net-iperf", image="iperf", app=True, args=f"{ADDRESS} 10.0.0.1", memory=64, timeout=150, full=True,
          setup="network && iperf_server || exit 4", says=(r"^iperf: 10.0.0.1 5001: sent \d{5,} bytes in \d+ ms",)),
    # More requests than it can answer at once.
    _case("net-flood", image="nettest", args=f"{ADDRESS} stop=1", memory=64, full=True,
          meanwhile="""console_says 'serving at port'
                       floods 3000 56
                       floods 1000 1400
                       floods 300 20000
                       nettest peer=10.0.0.2 test=rr rounds=50 timeout=10 stop=1"""),
    # What an interface costs its host, at the defaults.
    _case("net-cost", image="nettest", args=f"{ADDRESS} stop=1", memory=64, setup="network && cost_before || exit 4",
          meanwhile="""console_says 'serving at port'
                       usleep 3000000
                       cost_of_devices
                       nettest peer=10.0.0.2 test=none stop=1""",
          after="cost_at_most memory 2000 nodes 40 watches 8 ports 4 grants 4"),

    # apps/nbdserver with clients in dom0: qemu-img, qemu-io, the kernel's.
    _nbd("nbdserver", "nbd_serves && blkback_calm", disks=["ram 16777216 w"], timeout=240,
         says=("^nbdserver: a server on port 10809", '^nbdserver: xvda is exported as "xvda": 32768 sectors of 512 bytes$',
               r"^nbdserver: \d+ connections, 0 refused")),
    # Saved and restored, and other backends, under a client that writes.
    _nbd("nbdserver-moves", "nbd_ready && nbd_moves 1 && nbd_copy_out && nbd_end", disks=["ram 16777216 w"], timeout=240,
         says=(r"^nbdserver: \d+ connections, 0 refused, 0 cut; \d+ reads, \d+ writes, \d+ others, 0 errors",)),
    _nbd("nbdserver-moves-often", "nbd_ready && nbd_moves 10 && nbd_copy_out && nbd_end", disks=["ram 16777216 w"], timeout=500, full=True,
         says=(r"^nbdserver: \d+ connections, 0 refused, 0 cut; \d+ reads, \d+ writes, \d+ others, 0 errors",)),
    # The same server with TLS, whose files are on another disk.
    _nbd("nbdserver-tls", "nbd_ready && nbd_tls && nbd_end", image="nbdserver-tls", files=("nbd-certs.tar",), setup=" && nbd_certs $d1",
         args="mount=/dev/xvdb:/tls:ro export=xvda tls=/tls/good/server.pem:/tls/good/ca-cert.pem",
         disks=["ram 16777216 w", "ext4 8388608 r"], timeout=200, says=(r"^nbdserver: \d+ connections",)),
    # A disk goes, and comes back, under a client; the guest ends while another one writes.
    _nbd("nbdserver-detach", "nbd_ready && nbd_detach $d1 && nbd_write_to_the_end", "nbd_ended", args="export=xvda export=xvdb",
         disks=["ram 16777216 w", "ram 16777216 w"], timeout=200, says=("^nbdserver: xvdb is detached", r"^nbdserver: \d+ connections")),
]
