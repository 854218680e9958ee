/* SPDX-License-Identifier: MIT */
/*
 * Resolving paths, component by component. What is left to resolve is a text: the path given, and after
 * a symbolic link its target with the rest behind it.
 */
#include "lib/fs/walk.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/mount.h"
#include "lib/fs/path.h"

static bool is_type(const struct node *node, uint32_t type)
{
    return (node->mode & MODE_TYPE) == type;
}

bool walk_is_dots(const struct walk *w)
{
    return w->len && w->name[0] == '.' && (w->len == 1 || (w->len == 2 && w->name[1] == '.'));
}

void walk_end(struct walk *w)
{
    node_put(w->dir);
    heap_free(w->text);
    w->dir = NULL;
    w->text = NULL;
}

/* Looks up one component of dir, of any kind. */
static int step(struct node *dir, const char *name, size_t len, struct node **out)
{
    int ret;

    if (!is_type(dir, MODE_DIR))
        return -ENOTDIR;
    if (len > NAME_LEN_MAX)
        return -ENAMETOOLONG;
    if (len == 1 && name[0] == '.') {
        *out = node_get(dir);
        return 0;
    }
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        dir = mount_up(node_get(dir));
        if (dir == dir->mount->root) { /* of / */
            *out = dir;
            return 0;
        }
        ret = dir->ops->lookup(dir, name, len, out);
        node_put(dir);
        return ret;
    }
    if (!dir->ops->lookup)
        return -EINVAL;
    ret = dir->ops->lookup(dir, name, len, out);
    if (ret == 0)
        *out = mount_down(*out);
    return ret;
}

/* The target of a link, with "/" and rest behind it if rest is not NULL, in new memory. */
static int read_target(struct node *link, const char *rest, char **out)
{
    size_t rest_len = rest ? strlen(rest) + 1 : 0, len;
    char *text;
    int ret;

    if (!link->ops->readlink)
        return -EINVAL;
    text = heap_alloc(PATH_LEN_MAX, MEM_APP);
    if (!text)
        return -ENOMEM;
    ret = link->ops->readlink(link, text, PATH_LEN_MAX);
    len = ret > 0 ? (size_t)ret : 0;
    if (ret >= 0)
        ret = len == 0                            ? -ENOENT
              : len + rest_len + 1 > PATH_LEN_MAX ? -ENAMETOOLONG
              : memchr(text, '\0', len)           ? -EIO
                                                  : 0;
    if (ret) {
        heap_free(text);
        return ret;
    }
    if (rest) {
        text[len++] = '/';
        memcpy(text + len, rest, rest_len - 1);
        len += rest_len - 1;
    }
    text[len] = '\0';
    *out = text;
    return 0;
}

/* Sets w->text to the link's target with the rest behind it, and w->dir to where it begins. */
static int enter_link(struct walk *w, struct node *link, const char *rest)
{
    char *text;
    int ret;

    if (++w->links > WALK_LINKS_MAX)
        return -ELOOP;
    ret = read_target(link, rest, &text);
    if (ret)
        return ret;
    heap_free(w->text);
    w->text = text;
    if (text[0] == '/') {
        node_put(w->dir);
        w->dir = NULL;
        ret = mount_root(&w->dir);
    }
    return ret;
}

static const char *skip_slashes(const char *p)
{
    while (*p == '/')
        p++;
    return p;
}

/* Resolves `path`, which begins at w->dir, up to its last component. */
static int walk_on(struct walk *w, const char *path)
{
    struct node *next;
    int ret;

    for (;;) {
        const char *name = skip_slashes(path), *end = name, *rest;

        while (*end && *end != '/')
            end++;
        rest = skip_slashes(end);
        if (!*rest) {
            w->name = name;
            w->len = (size_t)(end - name);
            w->slash = *end == '/';
            /* so that "file/." is refused in any case */
            if (w->len && !is_type(w->dir, MODE_DIR))
                return -ENOTDIR;
            return w->len > NAME_LEN_MAX ? -ENAMETOOLONG : 0;
        }
        ret = step(w->dir, name, (size_t)(end - name), &next);
        if (ret)
            return ret;
        if (is_type(next, MODE_LINK)) {
            ret = enter_link(w, next, rest);
            node_put(next);
            if (ret)
                return ret;
            path = w->text;
        } else {
            node_put(w->dir);
            w->dir = next;
            path = rest;
        }
    }
}

int walk_parent(struct walk *w, struct node *base, const char *path)
{
    int ret;

    memset(w, 0, sizeof(*w));
    if (!*path)
        return -ENOENT;
    if (strnlen(path, PATH_LEN_MAX) == PATH_LEN_MAX)
        return -ENAMETOOLONG;
    if (path[0] == '/')
        ret = mount_root(&w->dir);
    else if (base)
        ret = (w->dir = node_get(base), 0);
    else
        ret = mount_cwd(&w->dir);
    if (ret == 0)
        ret = walk_on(w, path);
    if (ret)
        walk_end(w);
    return ret;
}

int walk_last(struct walk *w, struct node **out)
{
    if (w->len)
        return step(w->dir, w->name, w->len, out);
    *out = node_get(w->dir);
    return 0;
}

int walk_follow(struct walk *w, struct node *node)
{
    bool slash = w->slash;
    int ret = enter_link(w, node, NULL);

    node_put(node);
    if (ret == 0)
        ret = walk_on(w, w->text);
    if (ret)
        walk_end(w);
    w->slash |= slash;
    return ret;
}

int path_lookup(struct node *base, const char *path, unsigned flags, struct node **out)
{
    struct walk w;
    int ret = walk_parent(&w, base, path);

    while (ret == 0) {
        ret = walk_last(&w, out);
        if (ret) {
            walk_end(&w);
            return ret;
        }
        if (!is_type(*out, MODE_LINK) || ((flags & PATH_NOFOLLOW) && !w.slash)) {
            if (w.slash && !is_type(*out, MODE_DIR)) {
                node_put(*out);
                ret = -ENOTDIR;
            }
            walk_end(&w);
            return ret;
        }
        ret = walk_follow(&w, *out);
    }
    return ret;
}
