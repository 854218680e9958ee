/* SPDX-License-Identifier: MIT */
/* One side of each test. */
#include "transfer.h"

#include "io.h"
#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_MS 200u

int transfer_send(int fd, const struct request *r, uint64_t seed, void (*progress)(uint64_t bytes))
{
    unsigned char *buffer = calloc(1, r->bs);
    int ret = buffer ? 0 : -ENOMEM;

    for (uint64_t done = 0; ret == 0 && done < r->bytes;) {
        size_t n = r->bytes - done < r->bs ? (size_t)(r->bytes - done) : r->bs;

        if (r->verify)
            pattern_fill(seed, done, buffer, n);
        ret = io_write(fd, buffer, n);
        done += n;
        if (progress)
            progress(done);
    }
    free(buffer);
    return ret;
}

int transfer_receive(int fd, const struct request *r, uint64_t seed, struct outcome *out,
                     void (*progress)(uint64_t bytes))
{
    unsigned char *buffer = malloc(r->bs);
    int ret = buffer ? 0 : -ENOMEM;

    for (uint64_t done = 0; ret == 0 && done < r->bytes;) {
        size_t most = r->bytes - done < r->bs ? (size_t)(r->bytes - done) : r->bs;
        ssize_t n = recv(fd, buffer, most, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            ret = n == 0 ? -ECONNRESET : -errno;
            break;
        }
        if (r->verify) {
            size_t good = pattern_good(seed, done, buffer, (size_t)n);

            if (good < (size_t)n) {
                if (out->wrong == 0)
                    out->first_wrong = done + good;
                out->wrong += (size_t)n - good;
            }
        }
        done += (uint64_t)n;
        out->received = done;
        if (progress)
            progress(done);
    }
    free(buffer);
    return ret;
}

/* Takes the receiver's notes. The number that it has, in *arrived, only grows. */
static int take_note(int fd, uint64_t seed, int flags, uint32_t *arrived)
{
    struct datagram note;
    ssize_t n = recv(fd, &note, sizeof(note), flags);
    uint32_t number = 0;

    if (n < 0)
        return -errno;
    if (pattern_note_good(seed, DATAGRAM_PROGRESS, &note, (size_t)n, &number) && number > *arrived)
        *arrived = number;
    return 0;
}

int transfer_udp_send(int fd, const struct request *r, uint64_t seed, struct outcome *out)
{
    unsigned char *buffer = calloc(1, r->size);
    uint32_t arrived = 0, given_up = 0;
    int ret = buffer ? io_timeout(fd, WINDOW_MS) : -ENOMEM;

    for (uint32_t number = 0; ret == 0 && number < r->count; number++) {
        while (r->window != 0 && number >= r->window && number - r->window >= arrived + given_up) {
            int err = take_note(fd, seed, 0, &arrived);

            if (err == -EAGAIN)
                given_up = number - arrived; /* lost: the receiver will not have them */
            else if (err < 0 && err != -EINTR && err != -ECONNREFUSED)
                ret = err;
            if (ret < 0)
                break;
        }
        if (ret < 0)
            break;
        pattern_datagram(seed, number, r->verify, buffer, r->size);
        if (send(fd, buffer, r->size, 0) == (ssize_t)r->size)
            out->sent++;
        else if (errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM && errno != EINTR &&
                 errno != ECONNREFUSED)
            ret = -errno;
        else if (r->window != 0)
            number--; /* again */
    }
    free(buffer);
    return ret;
}

/* The datagrams that have arrived, a bit each. */
struct seen {
    uint64_t *bits;
    uint64_t next; /* the number after the highest one */
};

static void count_datagram(const struct request *r, struct seen *seen, uint32_t number,
                           struct outcome *out)
{
    uint64_t bit = 1ULL << number % 64;

    if (number >= r->count) {
        out->wrong++;
    } else if (seen->bits[number / 64] & bit) {
        out->repeated++;
    } else {
        seen->bits[number / 64] |= bit;
        out->received++;
        if (number < seen->next)
            out->late++;
        else
            seen->next = number + 1ULL;
    }
}

int transfer_udp_receive(int fd, const struct request *r, uint64_t seed, unsigned quiet_ms,
                         struct outcome *out)
{
    size_t room = (size_t)r->size + 1;
    unsigned char *buffer = malloc(room);
    struct seen seen = {calloc(r->count / 64 + 1, 8), 0};
    uint32_t quarter = r->window > 4 ? r->window / 4 : 1;
    uint64_t noted = 0, began = 0, ended = 0;
    int ret = buffer && seen.bits ? io_timeout(fd, quiet_ms) : -ENOMEM;

    while (ret == 0 && out->received < r->count) {
        ssize_t n = recv(fd, buffer, room, 0);
        uint32_t number = 0;

        if (n < 0) {
            if (errno == EINTR)
                continue;
            ret = errno == EAGAIN ? 0 : -errno;
            break;
        }
        ended = now_ns();
        if (began == 0)
            began = ended;
        if (pattern_note_good(seed, DATAGRAM_HELLO, buffer, (size_t)n, &number))
            continue;
        if (pattern_datagram_good(seed, r->verify, buffer, (size_t)n, r->size, &number)) {
            count_datagram(r, &seen, number, out);
        } else {
            if (out->wrong++ == 0)
                out->first_wrong = seen.next;
        }
        if (r->window != 0 && out->received - noted >= quarter) {
            struct datagram note;

            noted = out->received;
            pattern_note(seed, DATAGRAM_PROGRESS, (uint32_t)noted, &note);
            (void)send(fd, &note, sizeof(note), 0);
        }
    }
    out->ns = ended - began;
    free(seen.bits);
    free(buffer);
    return ret;
}
