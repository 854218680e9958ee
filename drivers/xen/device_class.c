/* SPDX-License-Identifier: MIT */
/* The open devices of a class (kernel/device.h). */
#include <kernel/device.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>

/* The most that the end of the guest waits for a close that another thread is busy with. */
#define LEAVE_TIMEOUT (20 * NSEC_PER_SEC)

bool device_find(const struct device_class *c, unsigned number)
{
    list_for_each (l, &c->devices) {
        if (list_entry(l, struct device_entry, link)->number == number)
            return true;
    }
    return false;
}

void device_enter(struct device_class *c, struct device_entry *e, struct frontend *fe,
                  unsigned number)
{
    e->handle = DEVICE_HANDLE_OPENING;
    e->number = number;
    e->fe = fe;
    list_add_tail(&c->devices, &e->link);
}

int device_connect(struct device_entry *e, const char *folder, const struct frontend_ops *ops,
                   void *priv)
{
    char path[32];
    int ret;

    format(path, sizeof(path), "%s/%u", folder, e->number);
    ret = frontend_start(e->fe, path, ops, priv);
    if (ret)
        return ret;
    if (e->handle != DEVICE_HANDLE_CANCELLED)
        ret = frontend_wait_connected(e->fe);
    if (e->handle == DEVICE_HANDLE_CANCELLED)
        ret = -ESHUTDOWN;
    if (ret)
        frontend_stop(e->fe);
    return ret;
}

void device_leave(struct device_class *c, struct device_entry *e)
{
    list_del(&e->link);
    wake_all(&c->left);
}

void device_close(struct device_class *c, struct device_entry *e)
{
    if (e->handle == DEVICE_HANDLE_CLOSING) { /* the guest goes, and was first */
        wait_event(&c->left, list_empty(&e->link), DEADLINE_NEVER);
        return;
    }
    e->handle = DEVICE_HANDLE_CLOSING;
    c->close(e);
}

void device_close_all(struct device_class *c)
{
    bool found;

    do {
        found = false;
        list_for_each (l, &c->devices) {
            struct device_entry *e = list_entry(l, struct device_entry, link);

            if (e->handle == DEVICE_HANDLE_CLOSING || e->handle == DEVICE_HANDLE_CANCELLED)
                continue;
            found = true;
            if (e->handle == DEVICE_HANDLE_OPEN) {
                device_close(c, e); /* waits: the list is another one now */
                break;
            }
            e->handle = DEVICE_HANDLE_CANCELLED;
            if (e->fe->thread)
                frontend_fail(e->fe, -ESHUTDOWN);
        }
    } while (found);
    wait_event(&c->left, list_empty(&c->devices), clock_deadline(LEAVE_TIMEOUT));
}
