# SPDX-License-Identifier: MIT
"""What tests/bench/bench is made of; see README.md beside it."""


class UsageError(Exception):
    """What was asked for cannot be done; the text names the argument or the file, and says why."""
