APP_LDFLAGS_heap := --check-heap
