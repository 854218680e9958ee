#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What no good client does around NBD_OPT_STARTTLS: hostile_tls.py PORT. Status 1, and a line, if the server lets it."""

from __future__ import annotations

import os
import socket
import struct
import sys

MAGIC = 0x49484156454F5054
REPLY = 0x3E889045565A9
ABORT, LIST, STARTTLS, GO = 2, 3, 5, 7
ACK, TLS_REQUIRED, INVALID = 1, 0x80000005, 0x80000003


def option(number: int, data: bytes = b"") -> bytes:
    return struct.pack(">QII", MAGIC, number, len(data)) + data


GO_XVDA = option(GO, struct.pack(">I", 4) + b"xvda" + struct.pack(">H", 0))


def exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise ConnectionError("the end")
        data += more
    return data


def connect() -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
    exactly(peer, 18)
    peer.sendall(struct.pack(">I", 3))
    return peer


def reply(peer: socket.socket) -> int:
    magic, _, kind, length = struct.unpack(">QIII", exactly(peer, 20))
    assert magic == REPLY
    exactly(peer, length)
    return int(kind)


def rest(peer: socket.socket) -> bytes:
    """All until the server ends the connection."""
    data = b""
    try:
        while more := peer.recv(65536):
            data += more
    except ConnectionError:
        pass
    return data


def main() -> int:
    # nothing without TLS
    peer = connect()
    for text, wanted in ((GO_XVDA, TLS_REQUIRED), (option(LIST), TLS_REQUIRED), (option(STARTTLS, b"x"), INVALID), (option(ABORT), ACK)):
        peer.sendall(text)
        assert reply(peer) == wanted
    # what is sent in clear behind STARTTLS, in the same segment, is not taken for what was sent within TLS
    for behind in (GO_XVDA, option(LIST), os.urandom(40000), b"\x16\x03\x01" + os.urandom(600)):
        peer = connect()
        peer.sendall(option(STARTTLS) + behind)
        assert rest(peer).count(struct.pack(">Q", REPLY)) <= 1      # a reset may take even the ACK
    # half of a handshake
    for text in (b"", b"\x16\x03\x03\x40"):
        peer = connect()
        peer.sendall(option(STARTTLS) + text)
        assert reply(peer) == ACK
        peer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
