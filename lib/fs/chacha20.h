/* SPDX-License-Identifier: MIT */
/* ChaCha20's block function (RFC 8439, 2.3). Any context. */
#ifndef RINGLET_FS_CHACHA20_H
#define RINGLET_FS_CHACHA20_H

#include <ringlet/compiler.h>

#include "lib/fs/symbols.h"

#define CHACHA20_BLOCK 64u

void chacha20_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12],
                    uint8_t out[CHACHA20_BLOCK]);

#endif
