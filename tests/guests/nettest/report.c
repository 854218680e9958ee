/* SPDX-License-Identifier: MIT */
/* nettest's output. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct {
    enum test test;
    uint64_t bytes;
    unsigned quarters;
} running;

void report_begin(enum test test, uint64_t bytes)
{
    running.test = test;
    running.bytes = bytes;
    running.quarters = 0;
}

void report_progress(uint64_t bytes)
{
    if (running.quarters >= 3 || bytes < running.bytes / 4 * (running.quarters + 1))
        return;
    running.quarters++;
    printf("nettest: %s: %u %%\n", test_name[running.test], running.quarters * 25);
    fflush(stdout);
}

static double per_second(uint64_t n, uint64_t ns)
{
    return ns != 0 ? (double)n * 1e9 / (double)ns : 0;
}

static uint64_t percentile(const struct result *r, unsigned percent)
{
    return r->rounds != 0 ? r->latency[(r->rounds - 1) * percent / 100] : 0;
}

/* Whether data were wrong or missing. */
static enum verdict judge(const struct options *o, enum test test, const struct result *r)
{
    const struct outcome *out = &r->outcome;
    uint64_t wanted = test == TEST_SEND || test == TEST_RECEIVE ? o->bytes : o->count;

    if (r->failed) {
        printf("nettest: %s: %s: %s\n", test_name[test], r->failed, strerror(r->error));
        return strcmp(r->failed, "transfer") == 0 ? FAILURE : ERROR;
    }
    if (out->wrong != 0 || out->repeated != 0) {
        printf("nettest: %s: %" PRIu64 " wrong, the first at %" PRIu64 "; %" PRIu64 " repeated\n",
               test_name[test], out->wrong, out->first_wrong, out->repeated);
        return FAILURE;
    }
    if (test == TEST_RR || test == TEST_UDP_RR)
        wanted = o->rounds;
    if (test == TEST_SEND || test == TEST_RECEIVE || test == TEST_RR) {
        if (out->received != wanted) {
            printf("nettest: %s: %" PRIu64 " of %" PRIu64 " arrived\n", test_name[test],
                   out->received, wanted);
            return FAILURE;
        }
    } else if ((wanted - out->received) * 100 > wanted * o->loss) {
        printf("nettest: %s: lost %" PRIu64 " of %" PRIu64 ", more than %" PRIu64 " %%\n",
               test_name[test], wanted - out->received, wanted, o->loss);
        return FAILURE;
    }
    return SUCCESS;
}

enum verdict report_test(const struct options *o, enum test test, const struct result *r)
{
    const struct outcome *out = &r->outcome;

    switch (test) {
    case TEST_SEND:
    case TEST_RECEIVE:
        printf("nettest: %s: %" PRIu64 " bytes, %.1f MiB/s\n", test_name[test], out->received,
               per_second(out->received, r->ns) / (1 << 20));
        printf("RESULT {\"type\":\"net\",\"test\":\"%s\",\"bytes\":%" PRIu64 ",\"bs\":%" PRIu64,
               test_name[test], out->received, o->bs);
        break;
    case TEST_RR:
    case TEST_UDP_RR:
        printf("nettest: %s: %.1f us\n", test_name[test], (double)percentile(r, 50) / 1000);
        printf("RESULT {\"type\":\"net\",\"test\":\"%s\",\"rounds\":%" PRIu64
               ",\"message\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"lat_ns\":{\"min\":%" PRIu64
               ",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64 "}",
               test_name[test], r->rounds, o->message, r->lost, percentile(r, 0), percentile(r, 50),
               percentile(r, 99), percentile(r, 100));
        break;
    case TEST_UDP_SEND:
    case TEST_UDP_RECEIVE:
        printf("nettest: %s: %" PRIu64 " of %" PRIu64 " datagrams, %.0f per second\n",
               test_name[test], out->received, out->sent, per_second(out->received, r->ns));
        printf("RESULT {\"type\":\"net\",\"test\":\"%s\",\"sent\":%" PRIu64 ",\"received\":%" PRIu64
               ",\"late\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"size\":%" PRIu64
               ",\"window\":%" PRIu64,
               test_name[test], out->sent, out->received, out->late, out->repeated, o->size,
               o->window);
        break;
    case TEST_COUNT:
        break;
    }
    printf(",\"verified\":%s,\"wrong\":%" PRIu64 ",\"ns\":%" PRIu64 ",\"others_ns\":%" PRIu64
           ",\"failed\":%s%s%s}\n",
           o->verify ? "true" : "false", out->wrong, r->ns, out->others_ns, r->failed ? "\"" : "",
           r->failed ? strerror(r->error) : "null", r->failed ? "\"" : "");
    fflush(stdout);
    return judge(o, test, r);
}

int report_verdict(enum verdict verdict)
{
    static const char *const name[] = {"SUCCESS", "SKIP", "ERROR", "FAILURE"};

    printf("Test result: %s\n", name[verdict]);
    fflush(stdout);
#ifdef __ringlet__
    return 0; /* a test that has printed its verdict has succeeded: it does not crash the domain */
#else
    return verdict == SUCCESS ? 0 : (int)verdict + 2; /* as ringlet-run */
#endif
}
