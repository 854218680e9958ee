/* SPDX-License-Identifier: MIT */
/* nettest's command line. */
#include "options.h"

#include <stdio.h>
#include <string.h>

const char *const test_name[TEST_COUNT] = {"send",     "receive",     "rr",
                                           "udp_send", "udp_receive", "udp_rr"};

struct number {
    const char *name;
    size_t offset;
    uint64_t value, least, most;
};

#define LOSS_DEFAULT UINT64_MAX
#define NUMBER(name, value, least, most)                                \
    {                                                                   \
#name, offsetof(struct options, name), (value), (least), (most) \
    }
static const struct number numbers[] = {
    NUMBER(port, NETTEST_PORT, 1, 65535),
    NUMBER(bytes, 16 << 20, 1, 1ULL << 40),
    NUMBER(bs, 64 << 10, 1, REQUEST_BS_MAX),
    NUMBER(count, 20000, 1, 10000000),
    NUMBER(size, 64, DATAGRAM_MIN, REQUEST_SIZE_MAX),
    NUMBER(window, 64, 0, 100000),
    NUMBER(loss, LOSS_DEFAULT, 0, 100),
    NUMBER(rounds, 2000, 1, 10000000),
    NUMBER(message, 1, 1, REQUEST_SIZE_MAX),
    NUMBER(verify, 1, 0, 1),
    NUMBER(seed, 1, 0, UINT64_MAX),
    NUMBER(timeout, 20, 1, 100000),
    NUMBER(wait, 20, 0, 100000),
    NUMBER(repeat, 1, 1, 1000000),
    NUMBER(services, 1, 0, 1),
    NUMBER(serve, 0, 0, 1000000),
    NUMBER(stop, 0, 0, 1),
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static bool parse_number(const char *text, uint64_t *value)
{
    unsigned shift = 0;

    *value = 0;
    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (*value > (UINT64_MAX - 9) / 10)
            return false;
        *value = *value * 10 + (uint64_t)(*text - '0');
    }
    switch (*text) {
    case 'k':
        shift = 10;
        break;
    case 'm':
        shift = 20;
        break;
    case 'g':
        shift = 30;
        break;
    }
    if (shift != 0)
        text++;
    if (*text != '\0' || *value > UINT64_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

static bool parse_tests(struct options *o, const char *list)
{
    memset(o->test, 0, sizeof(o->test));
    if (strcmp(list, "none") == 0)
        return true;
    while (*list != '\0') {
        size_t length = strcspn(list, ",");
        unsigned t = 0;

        while (t < TEST_COUNT &&
               (strlen(test_name[t]) != length || strncmp(list, test_name[t], length) != 0))
            t++;
        if (t == TEST_COUNT)
            return false;
        o->test[t] = true;
        list += length;
        if (*list == ',')
            list++;
    }
    return true;
}

bool options_parse(struct options *o, int argc, char *argv[], char *err, size_t err_size)
{
    *o = (struct options){.peer = NULL};
    for (unsigned t = 0; t < TEST_COUNT; t++)
        o->test[t] = true;
    for (unsigned n = 0; n < NUMBERS; n++)
        *(uint64_t *)((char *)o + numbers[n].offset) = numbers[n].value;

    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        const char *value = equals ? equals + 1 : "";
        size_t length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        unsigned n = 0;

#define IS(name) (equals && length == strlen(name) && strncmp(argv[i], name, length) == 0)
        if (IS("ip") || IS("if"))
            continue;
        if (IS("peer")) {
            o->peer = value;
            continue;
        }
        if (IS("attack")) {
            o->attack = value;
            continue;
        }
        if (IS("test")) {
            if (!parse_tests(o, value) || *value == '\0') {
                snprintf(err, err_size, "%s: tests are send,receive,rr,udp_send,udp_receive,udp_rr",
                         argv[i]);
                return false;
            }
            continue;
        }
        while (n < NUMBERS && !IS(numbers[n].name))
            n++;
        if (n == NUMBERS) {
            snprintf(err, err_size, "%.60s: no such option", argv[i]);
            return false;
        }
        uint64_t *number = (uint64_t *)((char *)o + numbers[n].offset);

        if (!parse_number(value, number) || *number < numbers[n].least ||
            *number > numbers[n].most) {
            snprintf(err, err_size, "%.60s: from %llu to %llu", argv[i],
                     (unsigned long long)numbers[n].least, (unsigned long long)numbers[n].most);
            return false;
        }
    }
    if (o->loss == LOSS_DEFAULT)
        o->loss = o->window != 0 ? 1 : 100;
    return true;
}
