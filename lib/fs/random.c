/* SPDX-License-Identifier: MIT */
/*
 * The generator: each request's output is a ChaCha20 stream under the present key, of which the first 32
 * bytes become the next key. Seeds are mixed into the key by SHA-256.
 */
#include "lib/fs/random.h"

#include <arch/random.h>
#include <ringlet/checksum.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <ringlet/xenstore.h>

#include "lib/fs/chacha20.h"
#include "lib/fs/random_private.h"

#define RESEED_BYTES  (1u << 20)
#define RESEED_NS     (60 * NSEC_PER_SEC)
#define CPU_WORDS     8  /* 512 bits */
#define CPU_TRIES     10 /* Intel's advice for a number that is not ready */
#define STORE_TIMEOUT (5 * NSEC_PER_SEC)

static const char *const store_keys[] = {"vm",           "domid",        "name", "store/ring-ref",
                                         "console/port", "memory/target"};

static uint8_t key[32];
static bool seeded;
static uint64_t since_seed, seeded_at;
static struct mutex seeding = MUTEX_INIT(seeding);
static bool (*cpu_source)(uint64_t *out);
static bool cpu_known;

static bool cpu_number(uint64_t *out)
{
#ifdef ARCH_HAS_RANDOM
    for (unsigned i = 0; i < CPU_TRIES; i++)
        if (arch_random(out))
            return true;
#else
    (void)out;
#endif
    return false;
}

void random_set_source(bool (*source)(uint64_t *out))
{
    cpu_source = source;
    cpu_known = true;
    seeded = false;
    since_seed = 0;
    memset(key, 0, sizeof(key));
}

static void find_cpu_source(void)
{
    if (cpu_known)
        return;
#ifdef ARCH_HAS_RANDOM
    if (arch_random_present())
        cpu_source = cpu_number;
#endif
    cpu_known = true;
}

static void mix(const void *data, size_t len)
{
    struct sha256 s;

    sha256_init(&s);
    sha256_update(&s, key, sizeof(key));
    sha256_update(&s, data, len);
    sha256_final(&s, key);
}

void random_mix(const void *data, size_t len)
{
    mix(data, len);
}

/* Some AMD CPUs give the same number each time after a suspend of the host: a source whose numbers are
 * all the same is none. */
static bool mix_cpu(void)
{
    uint64_t words[CPU_WORDS];
    bool differ = false;

    if (!cpu_source)
        return false;
    for (unsigned i = 0; i < CPU_WORDS; i++) {
        if (!cpu_source(&words[i]))
            return false;
        differ |= words[i] != words[0];
    }
    if (differ)
        mix(words, sizeof(words));
    memset(words, 0, sizeof(words));
    return differ;
}

static void mix_clocks(void)
{
    uint64_t now[3] = {clock_now(), clock_wall(), since_seed};

    mix(now, sizeof(now));
}

/* Waits. Keys that cannot be read are left out. */
static void mix_store(void)
{
    uint64_t before = thread_set_deadline(thread_current(),
                                          MIN(thread_deadline(), clock_deadline(STORE_TIMEOUT)));

    for (unsigned i = 0; i < ARRAY_SIZE(store_keys); i++) {
        char *value;
        size_t len;

        if (xs_read(XS_NO_TRANSACTION, store_keys[i], NULL, &value, &len))
            continue;
        mix(value, len);
        heap_free(value);
        mix_clocks(); /* the time that the answer took */
    }
    thread_set_deadline(thread_current(), before);
}

static void seed(bool first)
{
    bool cpu;

    find_cpu_source();
    cpu = mix_cpu();
    mix_clocks();
    if (first && !cpu && !in_handler())
        mix_store();
    if (first && cpu)
        pr_info("random numbers are seeded by the CPU (%s)\n", ARCH_RANDOM_NAME);
    else if (first)
        pr_warn(
            "random numbers are seeded from XenStore and the clock, as the CPU offers none: the "
            "host's administrators could guess them\n");
    seeded = true;
    since_seed = 0;
    seeded_at = clock_recent();
}

/* The next 32 bytes of the stream are the next key; whoever finds that cannot compute this one. */
static void generate(uint8_t *out, size_t len)
{
    static const uint8_t nonce[12];
    uint8_t old[32], block[CHACHA20_BLOCK];
    uint32_t counter = 0;
    size_t used = sizeof(key);

    memcpy(old, key, sizeof(old));
    chacha20_block(old, counter++, nonce, block);
    memcpy(key, block, sizeof(key));
    while (len) {
        size_t n;

        if (used == sizeof(block)) {
            chacha20_block(old, counter++, nonce, block);
            used = 0;
        }
        n = MIN(len, sizeof(block) - used);
        memcpy(out, block + used, n);
        used += n;
        out += n;
        len -= n;
    }
    memset(old, 0, sizeof(old));
    memset(block, 0, sizeof(block));
    __asm__ volatile("" : : "r"(old), "r"(block) : "memory"); /* the compiler keeps the two above */
}

static void seed_if_due(void)
{
    if (seeded && since_seed < RESEED_BYTES && clock_now() - seeded_at < RESEED_NS)
        return;
    if (mutex_lock(&seeding))
        return;
    if (!seeded || since_seed >= RESEED_BYTES || clock_now() - seeded_at >= RESEED_NS)
        seed(!seeded);
    mutex_unlock(&seeding);
}

void random_bytes(void *buf, size_t len)
{
    uint8_t *out = buf;

    while (len) {
        size_t n = MIN(len, (size_t)RESEED_BYTES);

        seed_if_due();
        generate(out, n);
        since_seed += n;
        out += n;
        len -= n;
    }
}
