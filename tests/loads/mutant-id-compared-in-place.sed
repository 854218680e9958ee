s/s->id != out->id/s->id != shared->id/
