s/return (int)count;/return (int)(READ_ONCE(q->ring->rsp_prod) - q->cons);/
