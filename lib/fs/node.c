/* SPDX-License-Identifier: MIT */
/* References of nodes. */
#include "lib/fs/fs.h"

void node_init(struct node *node, const struct node_ops *ops, struct mount *mount, uint32_t mode,
               uint64_t ino)
{
    *node = (struct node){.ops = ops, .mount = mount, .mode = mode, .ino = ino};
    node_get(node);
}

struct node *node_get(struct node *node)
{
    if (node->refs++ == 0)
        node->mount->nodes++;
    return node;
}

void node_put(struct node *node)
{
    if (!node || --node->refs)
        return;
    node->mount->nodes--;
    if (node->ops->release)
        node->ops->release(node);
}
