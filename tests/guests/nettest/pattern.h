/* SPDX-License-Identifier: MIT */
/*
 * The content of streams and datagrams: each aligned word depends on the seed, the stream and its
 * place there, so that data from elsewhere, earlier or another stream are noticed.
 */
#ifndef NETTEST_PATTERN_H
#define NETTEST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a stream from `offset` on. */
void pattern_fill(uint64_t seed, uint64_t offset, void *to, size_t bytes);
/* The number of bytes that are as they should be, from the beginning. */
size_t pattern_good(uint64_t seed, uint64_t offset, const void *data, size_t bytes);

/* The seed of the server's stream: both ends of a connection send something else. */
uint64_t pattern_other(uint64_t seed);

/* Datagram `number` with size bytes, of which DATAGRAM_MIN are its header. verify: its content is
 * the pattern, otherwise whatever is there. */
void pattern_datagram(uint64_t seed, uint32_t number, bool verify, void *to, size_t size);
/* Whether this is datagram *number, as it was sent. */
bool pattern_datagram_good(uint64_t seed, bool verify, const void *data, size_t size, size_t wanted,
                           uint32_t *number);
/* One without content, with its length field. */
void pattern_note(uint64_t seed, uint32_t kind, uint32_t length, void *to);
bool pattern_note_good(uint64_t seed, uint32_t kind, const void *data, size_t size,
                       uint32_t *length);

#endif
