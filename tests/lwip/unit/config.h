/* SPDX-License-Identifier: MIT */
/* lwip_check.h includes it: Check needs nothing here. */
