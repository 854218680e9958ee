/* SPDX-License-Identifier: MIT */
/* Random numbers for ports, identifiers and sequence numbers. */
#include "lib/fs/random.h"

#include <ringlet/checksum.h>
#include <ringlet/clock.h>
#include <ringlet/string.h>

#include "arch/hooks.h"
#include "lib/lwip/port/random.h"

static struct {
    uint32_t word[64];
    unsigned left;
} pool;

static uint8_t isn_key[32];

void net_random_init(void)
{
    random_bytes(isn_key, sizeof(isn_key));
}

uint32_t net_random(void)
{
    uint32_t value;

    if (!pool.left) {
        random_bytes(pool.word, sizeof(pool.word));
        pool.left = (unsigned)(sizeof(pool.word) / sizeof(pool.word[0]));
    }
    value = pool.word[--pool.left];
    pool.word[pool.left] = 0;
    return value;
}

/* RFC 6528: a clock of 4 us, and a keyed hash of the connection's addresses and ports. */
u32_t net_tcp_isn(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                  u16_t remote_port)
{
    const uint16_t ports[2] = {local_port, remote_port};
    struct sha256 hash;
    uint8_t digest[32];
    uint32_t offset;

    sha256_init(&hash);
    sha256_update(&hash, isn_key, sizeof(isn_key));
    sha256_update(&hash, ports, sizeof(ports));
    if (IP_IS_V6(local)) {
        sha256_update(&hash, ip_2_ip6(local)->addr, sizeof(ip_2_ip6(local)->addr));
        sha256_update(&hash, ip_2_ip6(remote)->addr, sizeof(ip_2_ip6(remote)->addr));
    } else {
        sha256_update(&hash, &ip_2_ip4(local)->addr, sizeof(ip_2_ip4(local)->addr));
        sha256_update(&hash, &ip_2_ip4(remote)->addr, sizeof(ip_2_ip4(remote)->addr));
    }
    sha256_final(&hash, digest);
    memcpy(&offset, digest, sizeof(offset));
    return offset + (uint32_t)(clock_now() / (4 * NSEC_PER_USEC));
}
