/* SPDX-License-Identifier: MIT */
/*
 * The command line: words and quotes, every type of option, and blktest's own table. Words lie
 * within the line; an accepted value is within its range, and a refused one has a reason.
 */
#include "fuzz.h"

#include <guests/blktest/options.h>
#include <ringlet/cmdline.h>

#define LINE_MAX  BOOT_CMDLINE_MAX
#define WORDS_MAX 24

/* Quoting the words and splitting again gives the same words. */
static void check_again(int argc, char *const *argv)
{
    static char line[LINE_MAX * 4];
    char *again[WORDS_MAX], *to = line;

    for (int i = 0; i < argc; i++) {
        *to++ = '"';
        for (const char *c = argv[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                *to++ = '\\';
            *to++ = *c;
        }
        *to++ = '"';
        *to++ = '\t';
    }
    *to = '\0';
    must(cmdline_split(line, again, WORDS_MAX) == argc);
    for (int i = 0; i < argc; i++)
        must(!strcmp(again[i], argv[i]));
}

static void check_list(const struct option_list *l, uint64_t min, uint64_t max)
{
    must(l->count >= 1 && l->count <= OPTION_LIST_MAX);
    for (unsigned i = 0; i < l->count; i++)
        must(l->value[i] >= min && l->value[i] <= max);
}

static void check_error(int ret, const char *err)
{
    must(ret == -EINVAL && err[0]);
}

static void blktest_options(int argc, char **argv)
{
    struct options o;
    char err[64] = "";
    int ret = options_parse(&o, argc, argv, err, sizeof(err));

    must(memchr(err, '\0', sizeof(err)) != NULL);
    if (ret) {
        check_error(ret, err);
        return;
    }
    check_list(&o.rw, 0, RW_COUNT - 1);
    check_list(&o.bs, 1, 16 << 20);
    check_list(&o.iodepth, 1, 4096);
    must(o.size <= INT64_MAX && o.offset <= INT64_MAX);
    must(o.numjobs >= 1 && o.numjobs <= 64 && o.misalign < PAGE_SIZE);
    /* no ring pages: the default */
    must(o.driver.ring_pages <= 16 && o.driver.max_segments <= 4096);
    for (unsigned i = 0; i < o.rw.count; i++)
        must(o.write || !workload_writes((enum workload)o.rw.value[i]));
}

static void every_type(int argc, char **argv)
{
    static const char *const choices[] = {"alpha", "beta", "a", NULL};
    bool flag = false;
    uint64_t number = 10, size = 4096, time = 7;
    const char *string = "s";
    unsigned choice = 1;
    struct option_list sizes = {.count = 1, .value = {512}}, numbers = {.count = 1, .value = {20}};
    struct option_list picks = {.count = 1, .value = {2}};
    struct option table[] = {
        {.name = "b", .type = OPT_BOOL, .out = &flag},
        {.name = "n", .type = OPT_UINT, .out = &number, .min = 10, .max = 20},
        {.name = "sz", .type = OPT_SIZE, .out = &size, .min = 512, .max = 1ULL << 40},
        {.name = "t", .type = OPT_DURATION, .out = &time, .min = 1},
        {.name = "s", .type = OPT_STRING, .out = &string},
        {.name = "c", .type = OPT_CHOICE, .out = &choice, .choices = choices},
        {.name = "szs", .type = OPT_SIZES, .out = &sizes, .min = 1, .max = 1 << 20},
        {.name = "ns", .type = OPT_UINTS, .out = &numbers, .max = 1000},
        {.name = "cs", .type = OPT_CHOICES, .out = &picks, .choices = choices},
    };
    char err[24] = "";
    int ret = cmdline_parse(argc, argv, table, ARRAY_SIZE(table), err, sizeof(err));

    must(memchr(err, '\0', sizeof(err)) != NULL);
    if (ret)
        check_error(ret, err);
    must(number >= 10 && number <= 20 && size >= 512 && size <= 1ULL << 40 && time >= 1);
    must(string[0] && choice < 3);
    if (ret)
        return;
    check_list(&sizes, 1, 1 << 20);
    check_list(&numbers, 0, 1000);
    check_list(&picks, 0, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *argv[WORDS_MAX], *line;
    int argc;

    size = MIN(size, (size_t)LINE_MAX);
    line = malloc(size + 1); /* so that a step beyond its end is seen */
    if (!line)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    argc = cmdline_split(line, argv, WORDS_MAX);
    must(argc < WORDS_MAX && (argc >= 0 || argc == -E2BIG || argc == -EINVAL));
    if (argc >= 0) {
        must(argv[argc] == NULL);
        for (int i = 0; i < argc; i++)
            must(argv[i] >= line && argv[i] + strlen(argv[i]) <= line + size);
        check_again(argc, argv);
        blktest_options(argc, argv);
        every_type(argc, argv);
    }
    free(line);
    return 0;
}
