/* SPDX-License-Identifier: MIT */
/*
 * nettest, the network's blktest: a client and a server that send each other data of which they know
 * each byte. The same source is a guest of Ringlet's and a program for Linux: dom0's side, and what
 * Ringlet is compared with. options.h has the options, protocol.h what the two say to each other.
 */
#include "attack.h"
#include "report.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum verdict run_tests(const struct options *o)
{
    enum verdict worst = SUCCESS;
    unsigned number = 0;
    int ret = client_wait(o);

    if (ret < 0) {
        printf("nettest: peer=%.60s: %s\n", o->peer, strerror(-ret));
        return ERROR;
    }
    if (o->attack) {
        ret = attack_run(o);
        if (ret < 0) {
            printf("nettest: attack=%.20s: %s\n", o->attack, strerror(-ret));
            return FAILURE;
        }
    }
    for (uint64_t n = 0; n < o->repeat; n++) {
        for (unsigned t = 0; t < TEST_COUNT; t++) {
            struct result result;
            enum verdict verdict;

            if (!o->test[t])
                continue;
            report_begin((enum test)t, o->bytes);
            client_run(o, (enum test)t, number++, &result);
            verdict = report_test(o, (enum test)t, &result);
            free(result.latency);
            if (verdict > worst)
                worst = verdict;
        }
    }
    if (o->stop) {
        ret = client_stop(o);
        if (ret < 0) {
            printf("nettest: stop: %s\n", strerror(-ret));
            return ERROR;
        }
    }
    return worst;
}

int main(int argc, char *argv[])
{
    struct options o;
    enum verdict verdict = SUCCESS;
    char err[160];

    if (!options_parse(&o, argc, argv, err, sizeof(err))) {
        printf("nettest: %s\n", err);
        return report_verdict(ERROR);
    }
    report_start();
    if (o.peer) {
        verdict = run_tests(&o);
    } else {
        int ret = server_run(&o);

        if (ret < 0) {
            printf("nettest: cannot serve: %s\n", strerror(-ret));
            verdict = ERROR;
        }
    }
    report_interface();
    return report_verdict(verdict);
}
