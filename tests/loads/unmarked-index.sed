s/return ring_index_pending(.*);/return (int)(q->ring->rsp_prod - q->cons);/
