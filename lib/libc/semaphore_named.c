/* SPDX-License-Identifier: MIT */
/* Named semaphores: a list of the process, in which a name lives until it is unlinked and the
 * semaphore until nobody has it open either. */
#include <semaphore.h>

#include <ringlet/heap.h>
#include <ringlet/list.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

struct named {
    sem_t sem; /* first: what a program has is its address */
    struct list link;
    unsigned opened;
    bool unlinked;
    char name[];
};

static struct list all = LIST_INIT(all);

static struct named *find(const char *name)
{
    list_for_each (pos, &all) {
        struct named *n = list_entry(pos, struct named, link);

        if (!n->unlinked && !strcmp(n->name, name))
            return n;
    }
    return NULL;
}

static void drop_if_unused(struct named *n)
{
    if (n->opened || !n->unlinked)
        return;
    list_del(&n->link);
    heap_free(n);
}

/* sem_overview(7) */
#define NAME_LENGTH_MAX (NAME_MAX - 4)

/* "/a" and "a" are the same, as on Linux. An error for a name that cannot be. */
static int check_name(const char **name)
{
    while (**name == '/')
        ++*name;
    if (!**name || strchr(*name, '/'))
        return EINVAL;
    return strlen(*name) > NAME_LENGTH_MAX ? ENAMETOOLONG : 0;
}

static struct named *create(const char *name, unsigned value)
{
    struct named *n = heap_zalloc(1, sizeof(*n) + strlen(name) + 1, MEM_APP);

    if (!n)
        return NULL;
    sem_init(&n->sem, 0, value);
    strcpy(n->name, name);
    list_add_tail(&all, &n->link);
    return n;
}

static sem_t *fail(int err)
{
    errno = err;
    return SEM_FAILED;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    struct named *n;
    unsigned value = 0;
    int ret = check_name(&name);

    if (ret)
        return fail(ret);
    if (flags & O_CREAT) {
        va_list args;

        va_start(args, flags);
        (void)va_arg(args, int); /* mode: one user */
        value = va_arg(args, unsigned);
        va_end(args);
    }
    n = find(name);
    if (n && (flags & O_CREAT) && (flags & O_EXCL))
        return fail(EEXIST);
    if (!n && !(flags & O_CREAT))
        return fail(ENOENT);
    if (!n && value > SEM_VALUE_MAX)
        return fail(EINVAL);
    if (!n)
        n = create(name, value);
    if (!n)
        return fail(ENOMEM);
    n->opened++;
    return &n->sem;
}

int sem_close(sem_t *sem)
{
    list_for_each (pos, &all) {
        struct named *n = list_entry(pos, struct named, link);

        if (&n->sem != sem || !n->opened)
            continue;
        n->opened--;
        drop_if_unused(n);
        return 0;
    }
    errno = EINVAL;
    return -1;
}

int sem_unlink(const char *name)
{
    struct named *n;
    int ret = check_name(&name);

    n = ret ? NULL : find(name);
    if (!n) {
        errno = ret == ENAMETOOLONG ? ret : ENOENT;
        return -1;
    }
    n->unlinked = true;
    drop_if_unused(n);
    return 0;
}
