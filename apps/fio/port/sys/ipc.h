/* SPDX-License-Identifier: MIT */
/* fio includes it, and with CONFIG_NO_SHM uses nothing of it. */
