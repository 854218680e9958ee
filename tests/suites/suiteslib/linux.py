# SPDX-License-Identifier: MIT
"""Runs the tests on Linux, each in a process and an empty folder of its own."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .build import fresh
from .collect import Test

# As in posixtestsuite: many of its tests wait for seconds.
LIMIT = 60
AT_ONCE = 12        # they mostly sleep


# not worth a second run: passed, unsupported, untested, skipped, waits for ever
GOOD = {"0", "4", "5", "77", "timeout"}

# Tests of root's rights would change this machine's clock; nobody may not.
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}


def run_one(test: Test, programs: Path) -> str:
    """PTS' and automake's exit status as text, "signal N" or "timeout"."""
    folder = Path(tempfile.mkdtemp(prefix="suites-"))
    folder.chmod(0o777)
    program = shutil.copy(programs / test.key, folder)
    (folder / "empty").mkdir(mode=0o777)
    (folder / "empty").chmod(0o777)
    while True:
        try:
            process = subprocess.Popen([program], cwd=folder / "empty", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True, **NOBODY)
            break
        except OSError as error:
            # a process that another thread has just made still holds the copy open
            if error.errno != errno.ETXTBSY:
                raise
            time.sleep(0.01)
    try:
        status = process.wait(LIMIT)
        how = str(status) if status >= 0 else f"signal {-status}"
    except subprocess.TimeoutExpired:
        how = "timeout"
    # children that it left, too
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    return how


def run(tests: list[Test], programs: Path) -> dict[str, str]:
    """
    The results by name, kept beside the programs. One that fails is tried again alone, as others may
    have disturbed it.
    """
    kept = {test.name: programs / f"{test.key}.result" for test in tests}

    def run_and_keep(test: Test) -> None:
        kept[test.name].write_text(run_one(test, programs))

    todo = [test for test in tests if not fresh(kept[test.name], programs / test.key)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run_and_keep, todo))
    for test in todo:
        if kept[test.name].read_text() not in GOOD:
            run_and_keep(test)
    return {name: path.read_text() for name, path in kept.items()}
