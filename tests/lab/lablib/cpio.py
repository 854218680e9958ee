# SPDX-License-Identifier: MIT
"""Writes the cpio archive (newc) that the kernel unpacks as its first file system."""

from __future__ import annotations

import stat
from typing import BinaryIO


class Writer:
    """Add entries, then close(). Parent directories are added when first needed."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._inode = 1
        self._seen: set[str] = set()

    def _entry(self, name: str, mode: int, data: bytes) -> None:
        raw = name.encode() + b"\0"
        fields = [self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        self._inode += 1
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        head = header + raw
        self._out.write(head + b"\0" * (-len(head) % 4))
        self._out.write(data + b"\0" * (-len(data) % 4))

    def _parents(self, name: str) -> None:
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            self.directory("/".join(parts[:count]))

    def directory(self, name: str) -> None:
        name = name.strip("/")
        if name and name not in self._seen:
            self._parents(name)
            self._seen.add(name)
            self._entry(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        name = name.strip("/")
        if name not in self._seen:
            self._parents(name)
            self._seen.add(name)
            self._entry(name, stat.S_IFREG | mode, data)

    def symlink(self, name: str, target: str) -> None:
        name = name.strip("/")
        if name not in self._seen:
            self._parents(name)
            self._seen.add(name)
            self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def close(self) -> None:
        self._entry("TRAILER!!!", 0, b"")
