s/uint32_t old = q->pushed,/uint32_t old = READ_ONCE(q->ring->req_prod),/
