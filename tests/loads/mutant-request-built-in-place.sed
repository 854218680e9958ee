s/^    q->prod++;/    WRITE_ONCE(q->ring->entry[q->prod++ \& q->mask].request.id, id);/
