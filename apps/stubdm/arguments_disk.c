/* SPDX-License-Identifier: MIT */
#include "arguments_private.h"

#include <ringlet/errno.h>
#include <ringlet/string.h>

static int add_drive(struct parser *p, const char *value, uint64_t index, struct drive d)
{
    if (index >= DRIVES_MAX)
        return argument_refuse(p, -EINVAL, value, "no place for such a drive");
    if (p->out->drive[index].present)
        return argument_refuse(p, -EINVAL, value, "two drives in one place");
    d.present = true;
    p->out->drive[index] = d;
    return 0;
}

static void drive_pairs(struct parser *p, const char *value)
{
    /* cache: writes are the backend's to cache; a flush reaches it */
    static const char *const known[] = {"file",   "if", "index",    "media",
                                        "format", "id", "readonly", "cache"};

    argument_unknown(p, value, known, ARRAY_SIZE(known));
}

static bool is_raw(const char *value)
{
    struct pairs it;
    const char *is = pair_find(&it, value, "format");

    return !is || text_is(is, "raw") || text_is(is, "host_device");
}

/* -drive file=/dev/xvda,if=ide,index=0,media=disk,format=host_device; those with if=none are only the
 * half of a -device. */
int argument_drive(struct parser *p, const char *value)
{
    struct pairs it;
    struct drive d = {0};
    uint64_t index;

    if (!is_raw(value))
        return argument_refuse(p, -EOPNOTSUPP, value, "a stubdomain's disks are raw");
    drive_pairs(p, value);
    if (pair_is(value, "if", "none"))
        return 0; /* a -device names it */
    if (!pair_is(value, "if", "ide") || !pair_number(value, "index", UINT32_MAX, &index))
        return argument_refuse(p, -EOPNOTSUPP, value, "only IDE drives are emulated");
    d.cdrom = pair_is(value, "media", "cdrom");
    d.readonly = d.cdrom || pair_is(value, "readonly", "on");
    d.empty = !pair_find(&it, value, "file");
    if (d.empty && !d.cdrom)
        return argument_refuse(p, -EINVAL, value, "a disk without a file");
    return add_drive(p, value, index, d);
}

/* The -drive with that id. */
static const char *drive_with_id(const char *const *argv, unsigned argc, const char *id)
{
    for (unsigned i = 0; i + 1 < argc; i++)
        if (text_is(argv[i], "-drive") && pair_is(argv[i + 1], "id", id))
            return argv[i + 1];
    return NULL;
}

/* -device ide-cd,id=ide-5632,drive=ide-5632,bus=ide.1,unit=0 */
int argument_ide_device(struct parser *p, const char *value, const char *const *argv, unsigned argc)
{
    struct pairs it;
    static const char *const known[] = {"id", "drive", "bus", "unit"};
    struct drive d = {.cdrom = strncmp(value, "ide-cd", 6) == 0};
    const char *id = pair_find(&it, value, "drive"), *media = NULL;
    uint64_t unit = 0;
    unsigned bus = 0;

    if (id)
        media = drive_with_id(argv, argc, id);
    if (!media && !d.cdrom)
        return argument_refuse(p, -EINVAL, value, "there is no such drive");
    d.empty = !media || !pair_find(&it, media, "file");
    d.readonly = d.cdrom || (media && pair_is(media, "readonly", "on"));
    if (pair_is(value, "bus", "ide.1"))
        bus = 1;
    else if (!pair_is(value, "bus", "ide.0"))
        return argument_refuse(p, -EOPNOTSUPP, value, "only IDE drives are emulated");
    if (!pair_number(value, "unit", 1, &unit))
        return argument_refuse(p, -EINVAL, value, "no unit 0 or 1");
    argument_unknown(p, value, known, ARRAY_SIZE(known));
    return add_drive(p, value, bus * 2 + unit, d);
}
