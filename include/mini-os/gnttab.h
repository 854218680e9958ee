/* SPDX-License-Identifier: MIT */
/* Granting pages to other domains. */
#ifndef MINI_OS_GNTTAB_H
#define MINI_OS_GNTTAB_H

#include <mini-os/types.h>

#include <xen/xen.h>

#include <xen/grant_table.h>

/*
 * Grants the page with this frame number (virt_to_mfn) to a domain. A thread waits when the table is
 * full. 0, which is no reference that can be used: a handler found the table full, or the frame
 * cannot be granted.
 */
grant_ref_t gnttab_grant_access(domid_t domid, unsigned long frame, int readonly);
/* Allocates a page (alloc_page), sets *map to its address, and grants it to domain 0 for reading
 * and writing. 0: no memory, *map is NULL. */
grant_ref_t gnttab_alloc_and_grant(void **map);
/* 1: the grant is ended; 0: the peer still uses the page, which must not be freed, and nothing has
 * changed; or the reference is not granted. */
int gnttab_end_access(grant_ref_t ref);
/* The text of a GNTST_ status. */
const char *gnttabop_error(int16_t status);

#endif
