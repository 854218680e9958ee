# SPDX-License-Identifier: MIT
"""The parts of the lab: each module is about one thing (see tests/lab/README.md)."""
