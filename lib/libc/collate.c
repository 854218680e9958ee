/* SPDX-License-Identifier: MIT */
/* newlib's glob(), fnmatch() and regcomp() then compare bytes: no tables of a locale are loaded. */
extern int __collate_load_error;
int __collate_load_error = 1;
