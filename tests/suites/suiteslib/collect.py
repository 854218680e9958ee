# SPDX-License-Identifier: MIT
"""The programs of the suites: where each is, how it is compiled, and to which group it is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


@dataclass
class Test:
    name: str               # SUITE/INTERFACE/FILE
    source: Path
    flags: list[str]
    group: str              # a line of the report
    runs: bool = True       # false: the suite only wants it compiled
    header: Path | None = None      # of ours, in front of it

    @property
    def inputs(self) -> list[Path]:
        return [self.source, *([self.header] if self.header else [])]

    @property
    def key(self) -> str:
        """The name as a C identifier and as a file's name."""
        return "t_" + re.sub(r"[^A-Za-z0-9]", "_", self.name)


# The first expression that matches an interface of posixtestsuite names its group.
PTS_GROUPS = [
    ("asynchronous I/O", r"aio_|lio_"),
    ("message queues", r"mq_"),
    ("shared memory and mappings", r"shm_|mmap|munmap|mlock|munlock"),
    ("threads: attributes", r"pthread_attr_"),
    ("threads: barriers and spin locks", r"pthread_barrier|pthread_spin"),
    ("threads: condition variables", r"pthread_cond"),
    ("threads: mutexes", r"pthread_mutex"),
    ("threads: read-write locks", r"pthread_rwlock"),
    ("threads: the rest", r"pthread_(?!kill|sigmask|atfork)"),
    ("semaphores", r"sem_"),
    ("scheduling", r"sched_"),
    ("sigaction", r"sigaction$"),
    ("signals: the rest", r"sig|raise|kill|pthread_kill|pthread_sigmask"),
    ("timers", r"timer_"),
    ("clocks and time", r"clock|time|asctime|ctime|difftime|gmtime|localtime|mktime|nanosleep|strftime"),
    ("processes and the rest", r""),
]


def pts(root: Path) -> list[Test]:
    """posixtestsuite: the conformance tests, each a program. Its scripts and load tests are not used."""
    flags = ["-D_GNU_SOURCE", "-include", str(HERE / "pts.h"), "-I", str(root / "include")]
    tests = []
    for source in sorted(root.glob("conformance/interfaces/*/*.c")):
        interface = source.parent.name
        if not source.name[0].isdigit():
            continue        # testfrmw.c and others are included
        group = next(group for group, pattern in PTS_GROUPS if re.match(pattern, interface))
        tests.append(Test(f"pts/{interface}/{source.stem}", source, flags, group, "buildonly" not in source.stem,
                          HERE / "pts.h"))
    return tests


def gnulib(root: Path) -> list[Test]:
    """
    gnulib's tests of functions that a C library has. They are compiled without gnulib's replacements,
    with a config.h that replaces nothing: those that the host's library cannot build are left out. A
    test that a script starts, with files and arguments, is not used.
    """
    flags = ["-D_GNU_SOURCE", "-I", str(HERE / "gnulib"), "-iquote", str(root / "tests"), "-iquote", str(root / "lib")]
    return [Test(f"gnulib/{source.stem[5:]}", source, flags, "gnulib", header=HERE / "gnulib" / "config.h")
            for source in sorted(root.glob("tests/test-*.c"))
            if not source.with_suffix(".sh").exists() and not list(source.parent.glob(source.stem + "-[0-9].sh"))]


def newlib(root: Path) -> list[Test]:
    """newlib's own."""
    folder = root / "newlib" / "testsuite"
    flags = ["-D_GNU_SOURCE", "-I", str(folder / "include")]
    return [Test(f"newlib/{source.parent.name[7:]}/{source.stem}", source, flags, "newlib")
            for source in sorted(folder.glob("newlib.*/*.c"))]


SUITES = {"pts": pts, "gnulib": gnulib, "newlib": newlib}
