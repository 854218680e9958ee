/* SPDX-License-Identifier: MIT */
/*
 * Runs seeds: workers fork a process for each, which begins with the same memory and so depends
 * only on its seed, and add up its counters. A violation ends the run.
 *
 *   sim [--net] [--first S] [--seeds N] [--stride D] [--seconds T] [--workers W] [--trace]
 *       [--hash] [--all-pairs]
 *
 * --net: with network interfaces; otherwise with disks.
 * --stride: every D-th seed only; with 16, seeds of one kind (scenario_run).
 * --all-pairs is for `make test`: a pair that was not exercised is a failure too, and the last line
 * is a sum of cases.
 */
#include "hostile.h"
#include "net_frames.h"
#include "scenario.h"
#include "workload.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX  16
#define SEED_SECONDS 60 /* of CPU time: a seed that takes longer does not end */

struct sim_totals totals;
bool sim_tracing;

/* The report of a worker and its children to the parent. */
struct shared {
    struct sim_totals totals;
    bool failed;
    uint64_t failed_seed;
    char message[4 * SIM_MESSAGE_MAX];
};

static struct shared *shared, *mine;
static uint64_t first = 1, seeds = 1000, stride = 1, seconds;
static unsigned workers = 2;
static bool print_hash, all_pairs, net;

/* ---- within a seed ---- */

void sim_violation(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(mine->message, sizeof(mine->message), fmt, ap);
    va_end(ap);
    fflush(stdout);
    _exit(3);
}

unsigned sim_said(const char *text)
{
    unsigned n = 0;

    for (const char *p = seam_console(); (p = strstr(p, text)); p++)
        n++;
    return n;
}

void sim_trace_line(const char *fmt, ...)
{
    va_list ap;

    printf("%12llu  ", (unsigned long long)(seam_now / 10));
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

void sim_note(uint64_t a, uint64_t b)
{
    totals.hash = (totals.hash ^ a) * 0x9fb21c651e98df25;
    totals.hash = (totals.hash ^ (totals.hash >> 35) ^ b ^ seam_now) * 0x9fb21c651e98df25;
}

/* ---- a worker ---- */

static void add(struct sim_totals *sum, const struct sim_totals *t)
{
    const uint64_t *from = (const uint64_t *)t;
    uint64_t *to = (uint64_t *)sum;

    for (size_t i = 0; i < offsetof(struct sim_totals, lines_max) / 8; i++)
        to[i] += from[i];
    sum->lines_max = MAX(sum->lines_max, t->lines_max);
    sum->sites = MAX(sum->sites, t->sites);
    sum->hash += t->hash;
    for (unsigned i = 0; i < SIM_OPS_MAX; i++)
        for (unsigned k = 0; k < SIM_STATES; k++)
            sum->pair[i][k] += t->pair[i][k];
    for (unsigned i = 0; i < SIM_SITES_MAX; i++)
        sum->site[i] |= t->site[i];
}

/* In clang's runtime, when this is built to measure coverage. */
extern int __llvm_profile_write_file(void) __attribute__((weak));
extern void __llvm_profile_set_filename(const char *name) __attribute__((weak));

/* A process that ends with _exit has to write its profile itself. All of them merge theirs (%m) into
 * one file beside that of the parent. */
static void write_coverage(void)
{
    const char *given = getenv("LLVM_PROFILE_FILE");
    const char *slash = given ? strrchr(given, '/') : NULL;
    static char name[4096];

    if (!__llvm_profile_write_file || !slash)
        return;
    snprintf(name, sizeof(name), "%.*s/seeds-%%1m.profraw", (int)(slash - given), given);
    __llvm_profile_set_filename(name);
    __llvm_profile_write_file();
}

static void child(uint64_t seed)
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = SEED_SECONDS}}, NULL);
    if (sim_tracing)
        setvbuf(stdout, NULL, _IOLBF, 0);
    if (net)
        net_scenario_run(seed);
    else
        scenario_run(seed);
    totals.seeds = 1;
    fflush(stdout);
    add(&mine->totals, &totals);
    write_coverage();
    _exit(0);
}

/* The output of a sanitizer or the C library before the process died. */
static void keep_report(FILE *said, int status)
{
    size_t at = 0, n;

    at = (size_t)snprintf(mine->message, sizeof(mine->message), "%s %d",
                          WIFSIGNALED(status) ? "died of signal" : "ended with status",
                          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
        at += (size_t)snprintf(mine->message + at, sizeof(mine->message) - at,
                               ": it did not end within %u s", SEED_SECONDS);
    mine->message[at++] = '\n';
    rewind(said);
    n = fread(mine->message + at, 1, sizeof(mine->message) - 1 - at, said);
    mine->message[at + n] = '\0';
}

static void run_seed(uint64_t seed, FILE *said)
{
    int status;
    pid_t pid;

    if (ftruncate(fileno(said), 0) || lseek(fileno(said), 0, SEEK_SET))
        exit(2);
    mine->message[0] = '\0';
    fflush(stdout);
    pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a run that is stopped leaves no worker behind */
        dup2(fileno(said), STDERR_FILENO);
        child(seed);
    }
    if (waitpid(pid, &status, 0) != pid)
        exit(2);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 3)
        keep_report(said, status);
    mine->failed_seed = seed;
    mine->failed = true;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool any_failed(void)
{
    for (unsigned i = 0; i < workers; i++) {
        if (shared[i].failed)
            return true;
    }
    return false;
}

static void worker(unsigned index, double deadline)
{
    FILE *said = tmpfile();

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!said)
        exit(2);
    mine = &shared[index];
    for (uint64_t i = index; i < seeds && !any_failed(); i += workers) {
        if (seconds && now() > deadline)
            break;
        run_seed(first + i * stride, said);
    }
    exit(0);
}

/* ---- the report ---- */

static void sum_up(struct sim_totals *t)
{
    memset(t, 0, sizeof(*t));
    for (unsigned i = 0; i < workers; i++)
        add(t, &shared[i].totals);
}

static unsigned covered(const struct sim_totals *t)
{
    unsigned n = 0;

    for (unsigned i = 0; i < hostile_ops(); i++)
        for (unsigned k = 0; k < SIM_STATES; k++)
            n += t->pair[i][k] != 0;
    return n;
}

static unsigned sites(const struct sim_totals *t, unsigned *last)
{
    unsigned n = 0;

    *last = 0;
    for (unsigned i = 0; i < SIM_SITES_MAX; i++) {
        n += t->site[i];
        if (t->site[i])
            *last = i;
    }
    return n;
}

#define U(x) ((unsigned long long)(x))

static void report_requests(const struct sim_totals *t)
{
    printf("requests            %llu completed exactly once (%llu reads, %llu writes, %llu flushes "
           "and barriers, %llu discards; %llu with an error), %llu on rings, which %llu or more "
           "shared\n",
           U(t->requests), U(t->reads), U(t->writes), U(t->flushes), U(t->discards), U(t->failed),
           U(t->ring_requests), U(t->joined));
    printf("verified            %llu reads compared with what they may return, %llu MiB\n",
           U(t->verified), U(t->bytes_verified >> 20));
    printf(
        "crash points        %llu (every content of %llu sectors checked), %llu of them behind a "
        "stable write, %llu real crashes\n",
        U(t->crash_points), U(t->crash_sectors), U(t->stable), U(t->crashes));
}

static void report_frames(const struct sim_totals *t)
{
    printf(
        "frames              %llu sent and %llu received, each once, whole and in order (%llu MiB "
        "received, %llu of many segments, in %llu slots; sent in %llu slots)\n",
        U(t->net_tx), U(t->net_rx), U(t->net_bytes >> 20), U(t->net_gso), U(t->net_rx_slots),
        U(t->net_tx_slots));
    printf(
        "not sent            %llu times no room, %llu frames dropped without a network, %llu lost "
        "with a connection; %llu changes of the carrier\n",
        U(t->net_full), U(t->net_down), U(t->net_lost), U(t->net_flaps));
    printf("kept                %llu fragments, unchanged until they were released\n",
           U(t->net_kept));
}

static void report(const struct sim_totals *t, double took)
{
    unsigned last, n = sites(t, &last);

    printf("seeds               %llu from %llu on, in %.0f s (%llu devices opened)\n", U(t->seeds),
           U(first), took, U(t->lives));
    printf("pairs covered       %u of %u (operation, device state), in %llu hostile lives; at most "
           "%llu console lines in one\n",
           covered(t), hostile_pairs(), U(t->hostile_lives), U(t->lines_max));
    if (net)
        report_frames(t);
    else
        report_requests(t);
    printf("backend restarts    %llu\n", U(t->restarts));
    printf(
        "suspends            %llu: %llu cancelled, %llu resumed (%llu while connecting, %llu while "
        "closing, %llu while the backend was away, %llu with no device open; %llu with no request "
        "completed since the last one)\n",
        U(t->cancels + t->resumes), U(t->cancels), U(t->resumes), U(t->resumes_connecting),
        U(t->resumes_closing), U(t->resumes_away), U(t->resumes_idle), U(t->resumes_again));
    printf("stalls              %llu devices given up, %llu times notified again, %llu answers "
           "found without an event\n",
           U(t->timeouts), U(t->rekicks), U(t->lost_events));
    printf(
        "XenStore's faults   %llu silences (%llu requests given up, %llu answers that came late), "
        "%llu permissions taken away, %llu devices removed unasked; it refused %llu requests for "
        "want of a permission, %llu of nodes, %llu of watches, %llu of transactions\n",
        U(t->silences), U(t->given_up), U(t->late), U(t->permits), U(t->removals), U(t->xs_refused),
        U(t->quota_nodes), U(t->quota_watches), U(t->quota_transactions));
    printf("allocations failed  %llu, each alone, the 1st to the %u-th of the fixed scenario (%u "
           "of them",
           U(t->alloc_failures), last, n);
    if (t->sites)
        printf("; it makes %llu", U(t->sites));
    printf(")\n");
    printf("world               %llu turns, %llu events, %llu XenStore messages, %llu conflicts\n",
           U(t->world_steps), U(t->events), U(t->xs_messages), U(t->conflicts));
    printf("speed               %.0f %s/s\n",
           (double)(net ? t->net_tx + t->net_rx : t->requests) / MAX(took, 0.001),
           net ? "frames" : "requests");
}

static void print_missing(const struct sim_totals *t)
{
    for (unsigned op = 0; op < hostile_ops(); op++) {
        for (unsigned at = 0; at < SIM_STATES; at++) {
            if (hostile_applies(op, (enum device_state)at) && !t->pair[op][at])
                printf("not exercised       \"%s\" while %s\n", hostile_name(op),
                       device_state_name[at]);
        }
    }
}

static int verdict(const struct sim_totals *t, double took)
{
    unsigned violations = 0;

    for (unsigned i = 0; i < workers; i++) {
        if (!shared[i].failed)
            continue;
        violations++;
        printf("VIOLATION           seed %llu: %s\n", U(shared[i].failed_seed), shared[i].message);
        printf("replay              make sim %sSEED=%llu SEEDS=1 (TRACE=1 shows what happens)\n",
               net ? "NET=1 " : "", U(shared[i].failed_seed));
    }
    report(t, took);
    if (covered(t) < hostile_pairs() && hostile_pairs() - covered(t) <= 40)
        print_missing(t);
    if (print_hash)
        printf("hash                %016llx\n", U(t->hash));
    printf("%u violations\n", violations);
    if (all_pairs) {
        bool all = covered(t) == hostile_pairs();

        printf("%s sim: %u violations in %llu seeds, %llu %s\n", violations ? "not ok" : "ok",
               violations, U(t->seeds), U(net ? t->net_tx + t->net_rx : t->requests),
               net ? "frames" : "requests");
        printf("%s sim-pairs: %u of %u\n", all ? "ok" : "not ok", covered(t), hostile_pairs());
        printf("%u passed, %u failed\n", !violations + all, !!violations + !all);
        return violations || !all;
    }
    return violations != 0;
}

static int run(void)
{
    double begin = now(), deadline = begin + (double)seconds, next = begin + 5;
    struct sim_totals t;
    pid_t pids[WORKERS_MAX];
    unsigned running = workers;

    for (unsigned i = 0; i < workers; i++) {
        fflush(stdout);
        pids[i] = fork();
        if (pids[i] < 0)
            return 2;
        if (!pids[i])
            worker(i, deadline);
    }
    while (running) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);

        if (pid > 0) {
            running--;
            if (!WIFEXITED(status) || WEXITSTATUS(status)) {
                printf("a worker died\n");
                return 2;
            }
            continue;
        }
        usleep(5000);
        if (now() < next)
            continue;
        next += 5;
        sum_up(&t);
        printf("... %llu seeds, %llu %s, %u of %u pairs\n", U(t.seeds),
               U(net ? t.net_tx + t.net_rx : t.requests), net ? "frames" : "requests", covered(&t),
               hostile_pairs());
        fflush(stdout);
    }
    sum_up(&t);
    return verdict(&t, now() - begin);
}

/* Addresses must be the same in each run, as the page allocator's order depends on them. */
static void same_addresses(char **argv)
{
    int old = personality(0xffffffff);

    if (old == -1 || old & ADDR_NO_RANDOMIZE ||
        personality((unsigned)old | ADDR_NO_RANDOMIZE) == -1)
        return;
    execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"net", no_argument, NULL, 'N'},           {"first", required_argument, NULL, 'f'},
        {"seeds", required_argument, NULL, 'n'},   {"stride", required_argument, NULL, 'd'},
        {"seconds", required_argument, NULL, 's'}, {"workers", required_argument, NULL, 'w'},
        {"trace", no_argument, NULL, 't'},         {"hash", no_argument, NULL, 'h'},
        {"all-pairs", no_argument, NULL, 'a'},     {NULL, 0, NULL, 0},
    };
    int c;

    same_addresses(argv);
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'N':
            net = true;
            hostile_kind = &hostile_net;
            break;
        case 'f':
            first = strtoull(optarg, NULL, 0);
            break;
        case 'n':
            seeds = strtoull(optarg, NULL, 0);
            break;
        case 'd':
            stride = strtoull(optarg, NULL, 0);
            break;
        case 's':
            seconds = strtoull(optarg, NULL, 0);
            break;
        case 'w':
            workers = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 't':
            sim_tracing = true;
            break;
        case 'a':
            all_pairs = true;
            break;
        case 'h':
            print_hash = true;
            break;
        default:
            return 2;
        }
    }
    if (!seeds)
        seeds = seconds ? UINT64_MAX - first : 1;
    workers = (unsigned)MIN(MAX(MIN((uint64_t)workers, seeds), 1u), (uint64_t)WORKERS_MAX);
    workload_make_data();
    frames_make_data();
    shared = mmap(NULL, workers * sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    return run();
}
