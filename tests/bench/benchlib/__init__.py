# SPDX-License-Identifier: MIT
"""The modules of tests/bench/bench; see README.md beside it."""


class UsageError(Exception):
    """Wrong usage; the text names the argument or the file, and the reason."""
