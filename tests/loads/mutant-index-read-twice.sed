s/return ring_index_pending(.*);/return MIN(ring_index_pending(\&q->ring->index, q->cons, q->pushed), (int)(READ_ONCE(q->ring->rsp_prod) - q->cons));/
