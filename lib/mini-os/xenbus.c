/* SPDX-License-Identifier: MIT */
/* XenStore's nodes and transactions, with errors as text. */
#include "kernel.h"

#include "xenbus_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For an error that cannot be told as there is no memory for its name: waits until there is. */
char *minios_xenbus_error(int error)
{
    char *text;

    if (!error)
        return NULL;
    while (!(text = strdup(errno_name(error))))
        thread_sleep(NSEC_PER_MSEC);
    return text;
}

/* ---- nodes ---- */

char *xenbus_read(xenbus_transaction_t xbt, const char *path, char **value)
{
    return minios_xenbus_error(xs_read(xbt, path, NULL, value, NULL));
}

char *xenbus_read_string(xenbus_transaction_t xbt, const char *dir, const char *node, char **value)
{
    return minios_xenbus_error(xs_read(xbt, dir, node, value, NULL));
}

char *xenbus_write(xenbus_transaction_t xbt, const char *path, const char *value)
{
    return minios_xenbus_error(xs_write(xbt, path, NULL, value, strlen(value)));
}

char *xenbus_printf(xenbus_transaction_t xbt, const char *node, const char *path, const char *fmt,
                    ...)
{
    char *text = NULL;
    va_list args;
    int len, ret;

    va_start(args, fmt);
    len = vasprintf(&text, fmt, args);
    va_end(args);
    ret = len < 0 ? -ENOMEM : xs_write(xbt, node, path, text, (size_t)len);
    if (len >= 0)
        free(text);
    return minios_xenbus_error(ret);
}

char *xenbus_rm(xenbus_transaction_t xbt, const char *path)
{
    return minios_xenbus_error(xs_rm(xbt, path, NULL));
}

static void free_names(char **names)
{
    for (char **name = names; *name; name++)
        free(*name);
    free(names);
}

/* The kernel's list is one block. */
static char **copy_names(char **names, unsigned count)
{
    char **copy = calloc(count + 1, sizeof(*copy));

    for (unsigned i = 0; copy && i < count; i++) {
        copy[i] = strdup(names[i]);
        if (!copy[i]) {
            free_names(copy);
            return NULL;
        }
    }
    return copy;
}

char *xenbus_ls(xenbus_transaction_t xbt, const char *prefix, char ***contents)
{
    char **names;
    unsigned count;
    int ret = xs_list(xbt, prefix, NULL, &names, &count);

    *contents = NULL;
    if (ret)
        return minios_xenbus_error(ret);
    *contents = copy_names(names, count);
    free(names);
    return minios_xenbus_error(*contents ? 0 : -ENOMEM);
}

char *xenbus_get_perms(xenbus_transaction_t xbt, const char *path, char **value)
{
    return minios_xenbus_error(xs_get_permissions(xbt, path, NULL, value));
}

/* XenStore's first permission is the owner, and what all others may that are not named. */
char *xenbus_set_perms(xenbus_transaction_t xbt, const char *path, domid_t dom, char perm)
{
    char text[16];

    snprintf(text, sizeof(text), "%c%u", perm, dom);
    return minios_xenbus_error(xs_set_permissions(xbt, path, NULL, text));
}

char *xenbus_read_unsigned(xenbus_transaction_t xbt, const char *dir, const char *node,
                           unsigned int *value)
{
    uint64_t number;
    char *text;
    int ret = xs_read(xbt, dir, node, &text, NULL);

    if (ret)
        return minios_xenbus_error(ret);
    ret = parse_u64(text, strlen(text), &number);
    free(text);
    if (ret || number > UINT32_MAX)
        return minios_xenbus_error(-EINVAL);
    *value = (unsigned)number;
    return NULL;
}

int xenbus_read_integer(const char *path)
{
    char *text, *end;
    long number;
    bool ok;

    if (xs_read(XS_NO_TRANSACTION, path, NULL, &text, NULL))
        return -1;
    number = strtol(text, &end, 10);
    ok = end != text && !*end && number >= INT32_MIN && number <= INT32_MAX;
    free(text);
    return ok ? (int)number : -1;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static int parse_uuid(const char *text, unsigned char uuid[16])
{
    unsigned n = 0;

    for (; *text; text++) {
        int digit = hex_digit(*text);

        if (*text == '-')
            continue;
        if (digit < 0 || n == 32)
            return 0;
        uuid[n / 2] = (unsigned char)(n % 2 ? uuid[n / 2] | digit : digit << 4);
        n++;
    }
    return n == 32;
}

int xenbus_read_uuid(const char *path, unsigned char uuid[16])
{
    char *text;
    int ok;

    if (xs_read(XS_NO_TRANSACTION, path, NULL, &text, NULL))
        return 0;
    ok = parse_uuid(text, uuid);
    free(text);
    return ok;
}

domid_t xenbus_get_self_id(void)
{
    uint64_t domid;

    if (xs_read_u64(XS_NO_TRANSACTION, "domid", NULL, 0, DOMID_FIRST_RESERVED - 1, DOMID_INVALID,
                    &domid))
        return DOMID_INVALID;
    return (domid_t)domid;
}

/* ---- transactions ---- */

char *xenbus_transaction_start(xenbus_transaction_t *xbt)
{
    struct xs_batch_item item = {.op = XS_OP_BEGIN};
    int ret = xs_batch(XS_NO_TRANSACTION, &item, 1);

    ret = ret ? ret : item.ret;
    *xbt = ret ? XBT_NIL : item.t;
    return minios_xenbus_error(ret);
}

/* The kernel's client would do the work again in another transaction; here the caller does. */
static int once(xs_transaction_t t, void *arg)
{
    bool *conflict = arg;

    (void)t;
    if (*conflict)
        return -ECANCELED;
    *conflict = true; /* if there is a second call */
    return 0;
}

char *xenbus_transaction_end(xenbus_transaction_t xbt, int abort, int *retry)
{
    bool conflict = false;
    int ret = 0;

    *retry = 0;
    if (abort)
        xs_transaction_drop(xbt);
    else
        ret = xs_transaction_from(xbt, once, &conflict);
    if (ret == -ECANCELED) {
        *retry = 1;
        ret = 0;
    }
    return minios_xenbus_error(ret);
}

static int write_state(xs_transaction_t t, const char *path, XenbusState state)
{
    uint64_t now;
    int ret = xs_read_u64(t, path, NULL, 0, UINT32_MAX, XenbusStateUnknown, &now);

    return !ret && now == (uint64_t)state ? 0 : xs_printf(t, path, NULL, "%u", (unsigned)state);
}

char *xenbus_switch_state(xenbus_transaction_t xbt, const char *path, XenbusState state)
{
    return minios_xenbus_error(write_state(xbt, path, state));
}
