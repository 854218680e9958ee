/* SPDX-License-Identifier: MIT */
/* The key of a backend's whose changes a driver follows while it is connected, beside the state. */
#include "frontend_private.h"

#include <ringlet/printk.h>

void frontend_watch_property(struct frontend *fe)
{
    int ret;

    if (!fe->ops->property || fe->property.token)
        return;
    fe->property.fn = frontend_watch_fired;
    fe->property.arg = fe;
    ret = xs_watch(&fe->property, fe->backend_path, fe->ops->property);
    if (ret)
        pr_warn_limited(&fe->messages, "%s: cannot watch %s/%s: %s\n", frontend_name(fe),
                        fe->backend_path, fe->ops->property, errno_name(ret));
}

void frontend_unwatch_property(struct frontend *fe)
{
    if (fe->property.token)
        xs_unwatch(&fe->property);
    fe->property.seen = fe->property.events;
}

bool frontend_property_fired(const struct frontend *fe)
{
    return fe->property.events != fe->property.seen;
}

void frontend_property_changed(struct frontend *fe)
{
    fe->property.seen = fe->property.events;
    if (fe->state == FE_CONNECTED && fe->ops->changed)
        fe->ops->changed(fe);
}
