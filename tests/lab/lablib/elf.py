# SPDX-License-Identifier: MIT
"""Reads ELF files: the shared objects that one needs, and where a variable is."""

from __future__ import annotations

import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB = 1, 5
SHT_SYMTAB = 2
STT_OBJECT, STT_FILE = 1, 4


def needed(image: bytes) -> list[str]:
    """The names of the shared objects and of the loader that a 64-bit ELF file needs."""
    if image[:5] != b"\x7fELF\x02":
        return []
    phoff, = struct.unpack_from("<Q", image, 0x20)
    phentsize, phnum = struct.unpack_from("<HH", image, 0x36)
    loads: list[tuple[int, int, int]] = []
    dynamic: list[tuple[int, int]] = []
    names: list[str] = []
    for index in range(phnum):
        at = phoff + index * phentsize
        kind, = struct.unpack_from("<I", image, at)
        offset, vaddr, _, filesz = struct.unpack_from("<QQQQ", image, at + 8)
        if kind == PT_LOAD:
            loads.append((vaddr, filesz, offset))
        elif kind == PT_DYNAMIC:
            dynamic = list(struct.iter_unpack("<qQ", image[offset:offset + filesz // 16 * 16]))
        elif kind == PT_INTERP:
            names.append(image[offset:offset + filesz].rstrip(b"\0").decode().rsplit("/", 1)[-1])

    def file_offset(address: int) -> int:
        for vaddr, filesz, offset in loads:
            if vaddr <= address < vaddr + filesz:
                return address - vaddr + offset
        raise ValueError("address outside every segment")

    strings = next((file_offset(value) for tag, value in dynamic if tag == DT_STRTAB), 0)
    for tag, value in dynamic:
        if tag == DT_NEEDED:
            start = strings + value
            names.append(image[start:image.index(b"\0", start)].decode())
    return names


def loaded_size(image: bytes) -> int:
    """The bytes of a 64-bit ELF file that are loaded: without debug information."""
    if image[:5] != b"\x7fELF\x02":
        return len(image)
    phoff, = struct.unpack_from("<Q", image, 0x20)
    phentsize, phnum = struct.unpack_from("<HH", image, 0x36)
    headers = [image[phoff + index * phentsize:][:phentsize] for index in range(phnum)]
    return sum(struct.unpack_from("<Q", header, 0x20)[0] for header in headers if struct.unpack_from("<I", header)[0] == PT_LOAD)


def local_variable(image: bytes, source: str, name: str) -> int:
    """The address of a static variable of this source file (its name without folders) in a 64-bit ELF file."""
    shoff, = struct.unpack_from("<Q", image, 0x28)
    shentsize, shnum = struct.unpack_from("<HH", image, 0x3a)
    headers = [struct.unpack_from("<IIQQQQII", image, shoff + index * shentsize) for index in range(shnum)]
    for _, kind, _, _, offset, size, link, _ in headers:
        if kind != SHT_SYMTAB:
            continue
        strings = headers[link][4]
        file = ""
        for text, info, _, _, value, _ in struct.iter_unpack("<IBBHQQ", image[offset:offset + size]):
            end = image.index(b"\0", strings + text)
            symbol = image[strings + text:end].decode()
            if info & 15 == STT_FILE:
                file = symbol.rsplit("/", 1)[-1]
            elif info & 15 == STT_OBJECT and (file, symbol) == (source, name):
                return value
    raise ValueError(f"no variable {name} of {source}")
