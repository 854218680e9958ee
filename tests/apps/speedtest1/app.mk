# SPDX-License-Identifier: MIT
# (see tests/apps/sqlite-test/app.mk)
