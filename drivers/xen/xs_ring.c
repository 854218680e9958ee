/* SPDX-License-Identifier: MIT */
/* The byte ring to and from XenStore: two rings of 1024 bytes with free-running indexes. */
#include "xs_private.h"

#include <ringlet/string.h>

_Static_assert(sizeof(struct xenstore_domain_interface) <= PAGE_SIZE, "one page");
_Static_assert(offsetof(struct xenstore_domain_interface, rsp) == 1024, "xenstore ring ABI");
_Static_assert(offsetof(struct xenstore_domain_interface, req_cons) == 2048, "xenstore ring ABI");
_Static_assert(offsetof(struct xenstore_domain_interface, req_prod) == 2052, "xenstore ring ABI");
_Static_assert(offsetof(struct xenstore_domain_interface, rsp_cons) == 2056, "xenstore ring ABI");
_Static_assert(offsetof(struct xenstore_domain_interface, rsp_prod) == 2060, "xenstore ring ABI");

void xs_ring_init(struct xs_ring *r, struct xenstore_domain_interface *intf)
{
    r->intf = intf;
    r->req_prod = READ_ONCE(intf->req_prod);
    r->rsp_cons = READ_ONCE(intf->rsp_prod);
    WRITE_ONCE(intf->rsp_cons, r->rsp_cons);
}

int xs_ring_write(struct xs_ring *r, const void *data, size_t len)
{
    uint32_t used = r->req_prod - READ_ONCE(r->intf->req_cons);
    uint32_t at = MASK_XENSTORE_IDX(r->req_prod);
    uint32_t first;

    if (used > XENSTORE_RING_SIZE)
        return -EPROTO;
    mb(); /* the reader has finished with the bytes before its index */
    len = MIN(len, (size_t)(XENSTORE_RING_SIZE - used));
    first = MIN((uint32_t)len, XENSTORE_RING_SIZE - at);
    memcpy(r->intf->req + at, data, first);
    memcpy(r->intf->req, (const char *)data + first, len - first);
    wmb(); /* the bytes before the index */
    r->req_prod += (uint32_t)len;
    WRITE_ONCE(r->intf->req_prod, r->req_prod);
    return (int)len;
}

int xs_ring_read(struct xs_ring *r, void *buf, size_t size, bool *notify)
{
    uint32_t cons = r->rsp_cons;
    uint32_t used = READ_ONCE(r->intf->rsp_prod) - cons;
    uint32_t at = MASK_XENSTORE_IDX(cons);
    uint32_t len, first;

    *notify = false;
    if (used > XENSTORE_RING_SIZE)
        return -EPROTO;
    rmb(); /* the index before the bytes */
    len = MIN((uint32_t)size, used);
    first = MIN(len, XENSTORE_RING_SIZE - at);
    memcpy(buf, r->intf->rsp + at, first);
    memcpy((char *)buf + first, r->intf->rsp, len - first);
    mb(); /* the copy before the index that gives the space back */
    r->rsp_cons = cons + len;
    WRITE_ONCE(r->intf->rsp_cons, r->rsp_cons);
    mb(); /* the index before the check whether the writer found the ring full */
    *notify = len && READ_ONCE(r->intf->rsp_prod) - cons >= XENSTORE_RING_SIZE;
    return (int)len;
}
