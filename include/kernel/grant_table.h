/* SPDX-License-Identifier: MIT */
/* The grant table, for the code that starts and resumes the guest. */
#ifndef RINGLET_KERNEL_GRANT_TABLE_H
#define RINGLET_KERNEL_GRANT_TABLE_H

#include <ringlet/grant_table.h>

/* 0; -ENOSYS without grant tables; -ENOMEM; Xen's error. */
int gnttab_init(void);

/*
 * As gnttab_quarantine, and counts: *held, which is the caller's, grows by 1 now and shrinks by 1
 * when the grant has ended. Call gnttab_quarantine_forget before its memory is freed.
 */
void gnttab_quarantine_counted(grant_ref_t ref, const void *va, unsigned *held);
/* Tries now to end those that *held counts, instead of some time later. */
void gnttab_quarantine_retry(const unsigned *held);
/* *held is not changed any more. */
void gnttab_quarantine_forget(const unsigned *held);

/*
 * After a resume (suspend.h): every reference is invalid, also those in quarantine, whose pages are
 * not mapped any more. Owners must drop their references before the next gnttab_grant, which may
 * return the same numbers; until then gnttab_end returns -EINVAL for an old one. Waiters
 * (gnttab_wait) are called soon afterwards.
 */
void gnttab_resume(void);

#endif
