/* SPDX-License-Identifier: MIT */
/* The path of a file without symbolic links, "." and "..". */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40

struct walk {
    char done[PATH_MAX]; /* without links; "" is the root */
    char rest[PATH_MAX]; /* what is still to be walked */
    unsigned links;
};

static int fail(int error)
{
    errno = error;
    return -1;
}

/* Takes the first name of rest; "" at its end. */
static int take_name(struct walk *w, char *name)
{
    size_t skip = strspn(w->rest, "/"), len = strcspn(w->rest + skip, "/");

    if (len > NAME_MAX)
        return fail(ENAMETOOLONG);
    memcpy(name, w->rest + skip, len);
    name[len] = '\0';
    memmove(w->rest, w->rest + skip + len, strlen(w->rest + skip + len) + 1);
    return 0;
}

/* done is a link: its target is put before the rest. */
static int follow(struct walk *w, size_t parent_len)
{
    char target[PATH_MAX];
    ssize_t n = readlink(w->done, target, sizeof(target) - 1);

    if (n < 0)
        return -1;
    if (++w->links > LINKS_MAX)
        return fail(ELOOP);
    if ((size_t)n + 1 + strlen(w->rest) >= PATH_MAX)
        return fail(ENAMETOOLONG);
    memmove(w->rest + n, w->rest, strlen(w->rest) + 1);
    memcpy(w->rest, target, (size_t)n);
    w->done[target[0] == '/' ? 0 : parent_len] = '\0';
    return 0;
}

static int step(struct walk *w, const char *name)
{
    size_t len = strlen(w->done);
    struct stat st;

    if (!strcmp(name, "."))
        return stat(len ? w->done : "/", &st) ? -1 : S_ISDIR(st.st_mode) ? 0 : fail(ENOTDIR);
    if (!strcmp(name, "..")) {
        char *slash = strrchr(w->done, '/');

        if (slash)
            *slash = '\0';
        return 0;
    }
    if (len + 1 + strlen(name) >= PATH_MAX)
        return fail(ENAMETOOLONG);
    w->done[len] = '/';
    strcpy(w->done + len + 1, name);
    if (lstat(w->done, &st))
        return -1;
    if (S_ISLNK(st.st_mode))
        return follow(w, len);
    return w->rest[0] && !S_ISDIR(st.st_mode) ? fail(ENOTDIR) : 0;
}

static int walk_all(struct walk *w)
{
    char name[NAME_MAX + 1];

    for (;;) {
        if (take_name(w, name))
            return -1;
        if (!*name)
            return 0;
        if (step(w, name))
            return -1;
    }
}

static int begin(struct walk *w, const char *path)
{
    size_t len;

    w->links = 0;
    w->done[0] = '\0';
    if (!path)
        return fail(EINVAL);
    if (!*path)
        return fail(ENOENT);
    len = strlen(path);
    if (len >= PATH_MAX)
        return fail(ENAMETOOLONG);
    memcpy(w->rest, path, len + 1);
    if (*path != '/' && !getcwd(w->done, sizeof(w->done)))
        return -1;
    if (!strcmp(w->done, "/"))
        w->done[0] = '\0';
    return 0;
}

char *realpath(const char *restrict path, char *restrict out)
{
    struct walk *w = malloc(sizeof(*w));
    char *ret = NULL;

    if (!w)
        return NULL;
    if (!begin(w, path) && !walk_all(w)) {
        const char *result = w->done[0] ? w->done : "/";

        ret = out ? strcpy(out, result) : strdup(result);
    }
    free(w);
    return ret;
}

char *canonicalize_file_name(const char *path)
{
    return realpath(path, NULL);
}
