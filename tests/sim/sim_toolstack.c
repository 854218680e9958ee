/* SPDX-License-Identifier: MIT */
/* libxl's writes to XenStore for a domain and a device, with its permissions and in its order. */
#include "store_private.h"

#include <stdio.h>

/* n: the owner may do all, others nothing; r: that domain may read. */
static const char *perms(unsigned owner, unsigned reader)
{
    static char text[32];

    if (reader == owner)
        snprintf(text, sizeof(text), "n%u", owner);
    else
        snprintf(text, sizeof(text), "n%u r%u", owner, reader);
    return text;
}

static void make(const char *dir, const char *node, const char *text)
{
    char path[PATH];

    snprintf(path, sizeof(path), "%s%s%s", dir, *node ? "/" : "", node);
    store_mkdir(path, text);
}

/* The guest's own directory is for it to read; some nodes in it are the guest's. */
void toolstack_domain(void)
{
    static const char *const its_own[] = {"control/shutdown",
                                          "control/feature-poweroff",
                                          "control/feature-reboot",
                                          "control/feature-suspend",
                                          "control/sysrq",
                                          "data",
                                          "drivers",
                                          "feature",
                                          "attr",
                                          "error"};

    make(store_guest, "", perms(0, store_guest_id));
    make(store_guest, "device", perms(0, store_guest_id));
    make(store_guest, "control", perms(0, store_guest_id));
    for (unsigned i = 0; i < ARRAY_SIZE(its_own); i++)
        make(store_guest, its_own[i], perms(store_guest_id, store_guest_id));
    store_u64(store_guest, "domid", store_guest_id);
}

void toolstack_backend(const char *frontend, const char *directory, unsigned backend)
{
    make(directory, "", perms(backend, store_guest_id));
    store_text(directory, "frontend", frontend);
    store_u64(directory, "frontend-id", store_guest_id);
}

void toolstack_attach(const char *frontend, const char *directory, unsigned backend, unsigned devid)
{
    char domain[32];

    snprintf(domain, sizeof(domain), "/local/domain/%u", backend);
    if (!store_find(domain))
        make(domain, "", perms(0, backend));
    make(frontend, "", perms(store_guest_id, backend));
    store_text(frontend, "backend", directory);
    store_u64(frontend, "backend-id", backend);
    store_u64(frontend, "virtual-device", devid);
    toolstack_backend(frontend, directory, backend);
}

/* The path, and those of its parents that would be empty without it. */
static void clean_up(const char *path)
{
    char names[8], at[PATH];
    const char *up;

    store_copy_text(at, path, PATH);
    for (;;) {
        store_unset(at);
        up = store_parent(at);
        if (!up || store_list(up, names, sizeof(names)) || !strcmp(up, store_guest))
            return;
        store_copy_text(at, up, PATH);
    }
}

void toolstack_remove(const char *frontend, const char *directory)
{
    TRACE("toolstack removes %s and %s", frontend, directory);
    clean_up(frontend);
    clean_up(directory);
}

void toolstack_permit(const char *directory, unsigned backend, bool guest)
{
    TRACE("toolstack %s the guest to read %s", guest ? "permits" : "forbids", directory);
    store_set_perms(directory, perms(backend, guest ? store_guest_id : backend));
}
