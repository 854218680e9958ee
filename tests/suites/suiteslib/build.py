# SPDX-License-Identifier: MIT
"""Compiles and links the tests: for Linux a program each, for Ringlet one image with many of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, TypeVar

from .collect import Test

HERE = Path(__file__).resolve().parent.parent
FLAGS = ["-O1", "-g", "-w"]
# what a test calls, and what it gets
REPLACED = ["exit", "atexit", "pthread_create", "timer_create"]
# for a few of the suites' programs the compiler itself needs very long
COMPILE_TIMEOUT = 120

T = TypeVar("T")


@dataclass
class Built:
    """How far each test came; a text says why it came no further."""
    linux: dict[str, str] = field(default_factory=dict)     # "" or "compile" or "link"
    guest: dict[str, str] = field(default_factory=dict)     # "" or "compile: MESSAGE" or "link: SYMBOL..."


def parallel(work: Callable[[T], None], items: Iterable[T]) -> None:
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(work, items))


def run(command: list[str]) -> tuple[bool, str]:
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=COMPILE_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return False, "error: the compiler took too long"
    return done.returncode == 0, done.stdout


def first_error(text: str) -> str:
    for line in text.splitlines():
        if "error: " in line:
            return line.split("error: ", 1)[1].strip()
    return (text.splitlines() or ["?"])[-1]


def fresh(output: Path, *inputs: Path) -> bool:
    return output.exists() and all(output.stat().st_mtime_ns >= path.stat().st_mtime_ns for path in inputs)


def for_linux(test: Test, folder: Path, result: dict[str, str]) -> None:
    program, failed = folder / test.key, folder / (test.key + ".failed")
    if not fresh(program, *test.inputs) and not fresh(failed, *test.inputs):
        # some tests want a folder or file of their name
        compiled, text = run(["gcc", *FLAGS, *test.flags, "-c", str(test.source), "-o", f"{program}.o"])
        how = "compile"
        if compiled:
            how = ""
            if test.runs:
                linked, text = run(["gcc", "-pthread", f"{program}.o", "-o", str(program), "-lrt", "-lm"])
                how = "" if linked else "link"
            else:
                program.touch()
        failed.unlink(missing_ok=True)
        if how:
            failed.write_text(f"{how}\n{text}")
        Path(f"{program}.o").unlink(missing_ok=True)
    result[test.name] = failed.read_text().split("\n", 1)[0] if failed.exists() else ""


def headers_stamp(compiler: Path, folder: Path) -> Path:
    """A file that is as old as the SDK's headers: most changes of the SDK change none of them."""
    stamp, digest = folder / "headers", hashlib.sha256(compiler.read_bytes())
    for header in sorted((compiler.parent.parent / "lib" / "ringlet" / "include").rglob("*.h")):
        digest.update(header.read_bytes())
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        stamp.write_text(digest.hexdigest())
    return stamp


def for_guest(test: Test, compiler: Path, headers: Path, folder: Path, result: dict[str, str]) -> None:
    """Compiles a test, and changes its object as harness.h says."""
    output, failed = folder / f"{test.key}.o", folder / f"{test.key}.failed"
    if not fresh(output, *test.inputs, headers) and not fresh(failed, *test.inputs, headers):
        compiled, text = run([str(compiler), *FLAGS, *test.flags, "-c", str(test.source), "-o", str(output)])
        failed.unlink(missing_ok=True)
        if compiled:
            rename = [f"--redefine-sym={name}=suite_{name}" for name in REPLACED]
            run(["objcopy", *rename, f"--redefine-sym=main={test.key}", f"--keep-global-symbol={test.key}", str(output)])
        else:
            output.unlink(missing_ok=True)
            failed.write_text(first_error(text))
    result[test.name] = f"compile: {failed.read_text()}" if failed.exists() else ""


def symbols(options: list[str], files: Iterable[Path]) -> dict[str, set[str]]:
    """What nm lists for each file, but for weak undefined symbols."""
    names = [str(path) for path in files]
    found: dict[str, set[str]] = {}
    for start in range(0, len(names), 200):
        text = subprocess.run(["nm", "-A", *options, *names[start:start + 200]], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, check=False).stdout
        for line in text.splitlines():
            head, *words = line.split() or [""]
            if len(words) >= 2 and words[-2] != "w":
                found.setdefault(head.split(":")[0], set()).add(words[-1])
    return found


def what_is_missing(tests: list[Test], compiler: Path, folder: Path, result: dict[str, str]) -> None:
    """A test links if the SDK's libraries define all that it calls, which the image's link confirms."""
    libraries = sorted((compiler.parent.parent / "lib" / "ringlet").glob("lib*.a"))
    defined = set().union(*symbols(["-g", "--defined-only"],
                                   (path for path in libraries if path.name != "libringlet-nosys.a")).values())
    defined |= {f"suite_{name}" for name in REPLACED}
    compiled = [test for test in tests if not result[test.name]]
    undefined = symbols(["-u"], (folder / f"{test.key}.o" for test in compiled))
    mains = symbols(["-g", "--defined-only"], (folder / f"{test.key}.o" for test in compiled))
    for test in compiled:
        if test.key not in mains.get(str(folder / f"{test.key}.o"), set()):
            result[test.name] = "link: main"
            continue
        missing = undefined.get(str(folder / f"{test.key}.o"), set()) - defined
        if missing:
            result[test.name] = "link: " + " ".join(sorted(missing))


def image(tests: list[Test], compiler: Path, folder: Path, output: Path) -> None:
    """Links an image with these tests, numbered in their order."""
    table = folder / f"{output.name}-table.c"
    table.write_text('#include "harness.h"\n'
                     + "".join(f"int {test.key}(int, char *[], char *[]);\n" for test in tests)
                     + "const struct suite_test suite_tests[] = {\n"
                     + "".join(f'    {{"{test.name}", {test.key}}},\n' for test in tests) + "    {0},\n};\n")
    output.parent.mkdir(parents=True, exist_ok=True)
    linked, text = run([str(compiler), "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I", str(HERE), "--stack=2m",
                        "-Wl,--wrap=_exit", str(HERE / "harness.c"), str(table),
                        *(str(folder / f"{test.key}.o") for test in tests), "-o", str(output), "-lm"])
    if not linked:
        raise SystemExit(f"suites: the image {output} does not link:\n{text[-3000:]}")
