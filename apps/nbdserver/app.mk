# SPDX-License-Identifier: MIT
# with clients in dom0 (tests/lab/lablib/nbd.py); with NET=1, DISK= or ARGS= the server alone
APP_RUN_nbdserver = tests/lab/lab nbd --guest "$${GUEST:-pv}"
