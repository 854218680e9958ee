/* SPDX-License-Identifier: MIT */
/* Names of temporary files: newlib's are predictable, and it makes no directories. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LETTERS  6 /* "XXXXXX" */
#define ATTEMPTS 100

/* The X's in front of the suffix; NULL with errno: there are none. */
static char *find_letters(char *template, int suffix)
{
    size_t len = strlen(template);
    char *at;

    if (suffix < 0 || len < LETTERS + (size_t)suffix) {
        errno = EINVAL;
        return NULL;
    }
    at = template + len - (size_t)suffix - LETTERS;
    if (memcmp(at, "XXXXXX", LETTERS)) {
        errno = EINVAL;
        return NULL;
    }
    return at;
}

static void fill(char *at)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char random[LETTERS];

    getentropy(random, sizeof(random));
    for (int i = 0; i < LETTERS; i++)
        at[i] = alphabet[random[i] % (sizeof(alphabet) - 1)];
}

/* Tries names until make() succeeds, or fails for another reason than that the name is in use. */
static int try(char *template, int suffix, int (*make)(const char *path, int flags), int flags)
{
    char *at = find_letters(template, suffix);
    int ret;

    for (int i = 0; at && i < ATTEMPTS; i++) {
        fill(at);
        ret = make(template, flags);
        if (ret >= 0 || errno != EEXIST)
            return ret;
    }
    return -1;
}

static int make_file(const char *path, int flags)
{
    return open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
}

static int make_directory(const char *path, int flags)
{
    (void)flags;
    return mkdir(path, 0700);
}

/* A name that is not in use: 0, or -1 with EEXIST. */
static int make_nothing(const char *path, int flags)
{
    struct stat st;

    (void)flags;
    if (lstat(path, &st))
        return errno == ENOENT ? 0 : -1;
    errno = EEXIST;
    return -1;
}

int mkostemps(char *template, int suffix, int flags)
{
    return try(template, suffix, make_file, flags & ~O_ACCMODE);
}

int mkstemps(char *template, int suffix)
{
    return mkostemps(template, suffix, 0);
}

int mkostemp(char *template, int flags)
{
    return mkostemps(template, 0, flags);
}

int mkstemp(char *template)
{
    return mkostemps(template, 0, 0);
}

char *mkdtemp(char *template)
{
    return try(template, 0, make_directory, 0) ? NULL : template;
}

char *mktemp(char *template)
{
    if (try(template, 0, make_nothing, 0))
        *template = '\0';
    return template;
}
