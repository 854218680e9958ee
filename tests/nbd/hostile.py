#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile clients of an NBD server on this machine: hostile.py PORT [ADDRESS]. Each breaks the protocol in its way; after each
the server must still serve. Exit status 1, with the reason, if it does not."""

from __future__ import annotations

import random
import socket
import struct
import sys
from typing import Callable

PORT = int(sys.argv[1])
ADDRESS = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
OPTION = 0x49484156454F5054


def connect() -> socket.socket:
    client = socket.create_connection((ADDRESS, PORT), timeout=10)
    greeting = read(client, 18)
    assert greeting[:8] == b"NBDMAGIC", greeting
    return client


def read(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = client.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def option(number: int, data: bytes = b"") -> bytes:
    return struct.pack(">QII", OPTION, number, len(data)) + data


def request(kind: int, offset: int = 0, length: int = 0, flags: int = 0, cookie: int = 1) -> bytes:
    return struct.pack(">IHHQQI", 0x25609513, flags, kind, cookie, offset, length)


def transmission() -> socket.socket:
    client = connect()
    client.sendall(struct.pack(">I", 3) + option(1, b"xvda"))
    read(client, 10)
    return client


def serves() -> None:
    client = transmission()
    client.sendall(request(0, 4096, 4096, cookie=77))
    magic, error, cookie = struct.unpack(">IIQ", read(client, 16))
    assert (magic, error, cookie) == (0x67446698, 0, 77)
    read(client, 4096)
    client.sendall(request(2))
    client.close()


def ends(client: socket.socket) -> None:
    """The server must end this connection."""
    try:
        while client.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    client.close()


def send(client: socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        pass


def noise(rand: random.Random) -> None:
    client = connect()
    send(client, rand.randbytes(rand.randrange(5, 5000)))
    ends(client)


def noise_after_handshake(rand: random.Random) -> None:
    client = transmission()
    send(client, rand.randbytes(rand.randrange(28, 5000)))
    ends(client)


def huge_option(_: random.Random) -> None:
    client = connect()
    send(client, struct.pack(">IQII", 1, OPTION, 7, 0xFFFFFFFF) + bytes(100000))
    ends(client)


def huge_write(_: random.Random) -> None:
    client = transmission()
    send(client, request(1, 0, 0xFFFFFFFF) + bytes(100000))
    ends(client)


def half_write(rand: random.Random) -> None:
    client = transmission()
    send(client, request(1, 0, 1 << 20, flags=0x4000) + bytes(rand.randrange(1 << 20)))
    client.close()


def never_reads(_: random.Random) -> None:
    client = transmission()
    client.settimeout(0.5)
    try:
        for cookie in range(1000):
            client.sendall(request(0, 0, 1 << 20, cookie=cookie))
    except OSError:
        pass
    serves()
    client.close()


def many_options(_: random.Random) -> None:
    client = connect()
    client.settimeout(0.5)
    try:
        client.sendall(struct.pack(">I", 1) + option(3) * 100000)
    except OSError:
        pass
    serves()
    client.close()


def connects_only(_: random.Random) -> None:
    clients = [socket.create_connection((ADDRESS, PORT), timeout=10) for _ in range(8)]
    serves()
    for client in clients:
        client.close()


def bad_requests(rand: random.Random) -> None:
    client = transmission()
    for cookie in range(200):
        kind = rand.choice([0, 3, 4, 5, 6, 7, 8, 99, 65535])
        client.sendall(request(kind, rand.randrange(1 << 63) | 1 << 62, rand.randrange(1, 1 << 32), rand.randrange(1 << 16), cookie))
        magic, error, answered = struct.unpack(">IIQ", read(client, 16))
        assert magic == 0x67446698 and error and answered == cookie, (kind, error)
    client.close()


def main() -> int:
    attacks: list[Callable[[random.Random], None]] = [noise, noise_after_handshake, huge_option, huge_write, half_write, never_reads,
                                                      many_options, connects_only, bad_requests]
    rand = random.Random(1)
    for attack in attacks:
        for _ in range(20 if attack in (noise, noise_after_handshake, half_write) else 1):
            try:
                attack(rand)
                serves()
            except (OSError, EOFError, AssertionError, struct.error) as error:
                print(f"{attack.__name__}: {error!r}")
                return 1
    print(f"{len(attacks)} kinds of attack")
    return 0


if __name__ == "__main__":
    sys.exit(main())
