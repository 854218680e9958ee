s/READ_ONCE(q->ring->rsp_prod)/q->ring->rsp_prod/
