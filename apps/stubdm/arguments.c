/* SPDX-License-Identifier: MIT */
#include "arguments.h"

#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

#define MIB (1ull << 20)

struct parser {
    struct arguments *out;
    void (*note)(const char *text);
    char *why;
    size_t why_size;
    const char *option; /* the one that is parsed */
};

static bool number(const char *text, uint64_t *n)
{
    return parse_u64(text, strlen(text), n) == 0;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static int refuse(struct parser *p, int error, const char *value, const char *what)
{
    char text[128];

    xs_printable(value, strlen(value), text, sizeof(text));
    format(p->why, p->why_size, "%s %s: %s", p->option, text, what);
    return error;
}

static void ignore(struct parser *p, const char *value, const char *what)
{
    char text[128], line[256];

    xs_printable(value, strlen(value), text, sizeof(text));
    format(line, sizeof(line), "%s %s: %s", p->option, text, what);
    p->note(line);
}

/* ---- key=value,key=value; ",," is a comma in a value ---- */

struct pairs {
    const char *rest; /* NULL: the end */
    char key[32];     /* empty: the first word, without a key */
    char value[ARGUMENT_LENGTH_MAX];
};

/* The next pair. False: there is none. */
static bool pair_next(struct pairs *it)
{
    size_t n = 0;
    const char *at = it->rest;
    bool keyed = false;

    if (!at || !*at)
        return false;
    it->key[0] = '\0';
    for (; *at; at++) {
        if (*at == ',' && at[1] != ',')
            break;
        if (*at == ',')
            at++;
        if (*at == '=' && !keyed && n < sizeof(it->key)) {
            it->value[n] = '\0';
            memcpy(it->key, it->value, n + 1);
            keyed = true;
            n = 0;
        } else if (n < sizeof(it->value) - 1) {
            it->value[n++] = *at;
        }
    }
    it->value[n] = '\0';
    it->rest = *at ? at + 1 : NULL;
    return true;
}

/* The value of a key; NULL: it is not there. */
static const char *pair_find(struct pairs *it, const char *text, const char *key)
{
    *it = (struct pairs){.rest = text};
    while (pair_next(it))
        if (same(it->key, key))
            return it->value;
    return NULL;
}

static bool pair_is(const char *text, const char *key, const char *value)
{
    struct pairs it;
    const char *found = pair_find(&it, text, key);

    return found && same(found, value);
}

static bool pair_number(const char *text, const char *key, uint64_t max, uint64_t *n)
{
    struct pairs it;
    const char *found = pair_find(&it, text, key);

    return found && number(found, n) && *n <= max;
}

/* ---- each option ---- */

static int domid(struct parser *p, const char *value)
{
    uint64_t n;

    if (!number(value, &n) || n == 0 || n > 0x7fef)
        return refuse(p, -EINVAL, value, "no domain");
    p->out->domid = (unsigned)n;
    return 0;
}

static int memory(struct parser *p, const char *value)
{
    uint64_t n;

    if (!number(value, &n) || n == 0 || n > 16 * MIB)
        return refuse(p, -EINVAL, value, "no number of MiB");
    p->out->memory = n * MIB;
    return 0;
}

static int smp(struct parser *p, const char *value)
{
    struct pairs first = {.rest = value}, it;
    const char *count = pair_find(&it, value, "maxcpus");
    uint64_t n;

    if (!count && pair_next(&first))
        count = first.value;
    if (!count || !number(count, &n) || n == 0 || n > 128)
        return refuse(p, -EINVAL, value, "no number of vCPUs up to 128");
    p->out->vcpus = (unsigned)n;
    return 0;
}

static int machine(struct parser *p, const char *value)
{
    struct pairs it = {.rest = value};

    if (!pair_next(&it))
        return refuse(p, -EINVAL, value, "no machine");
    if (same(it.value, "xenfv") || strncmp(it.value, "xenfv-", 6) == 0)
        p->out->xen_platform = true;
    else if (!same(it.value, "pc") && strncmp(it.value, "pc-i440fx", 9) != 0)
        return refuse(p, -EOPNOTSUPP, value, "only the PC with the i440FX is emulated");
    if (pair_is(value, "igd-passthru", "on"))
        return refuse(p, -EOPNOTSUPP, value, "devices are not passed through");
    return 0;
}

static int serial(struct parser *p, const char *value)
{
    uint64_t n;

    if (same(value, "none"))
        return 0;
    if (p->out->serial) {
        ignore(p, value, "there is one serial port");
        return 0;
    }
    p->out->serial = true;
    if (strncmp(value, "/dev/hvc", 8) == 0 && number(value + 8, &n) && n > 0 && n < 256)
        p->out->console = (unsigned)n;
    else if (!same(value, "null"))
        ignore(p, value, "the serial port's output goes nowhere");
    return 0;
}

static int boot(struct parser *p, const char *value)
{
    struct pairs it;
    const char *order = pair_find(&it, value, "order");
    size_t n = 0;

    for (order = order ? order : value; *order && n < sizeof(p->out->boot_order) - 1; order++)
        if (*order == 'a' || *order == 'c' || *order == 'd' || *order == 'n')
            p->out->boot_order[n++] = *order;
    p->out->boot_order[n] = '\0';
    return 0;
}

static int name(struct parser *p, const char *value)
{
    xs_printable(value, strlen(value), p->out->name, sizeof(p->out->name));
    return 0;
}

static int add_drive(struct parser *p, const char *value, uint64_t index, struct drive d)
{
    if (index >= DRIVES_MAX)
        return refuse(p, -EINVAL, value, "no place for such a drive");
    if (p->out->drive[index].present)
        return refuse(p, -EINVAL, value, "two drives in one place");
    d.present = true;
    p->out->drive[index] = d;
    return 0;
}

static bool is_raw(const char *value)
{
    struct pairs it;
    const char *is = pair_find(&it, value, "format");

    return !is || same(is, "raw") || same(is, "host_device");
}

/* -drive file=/dev/xvda,if=ide,index=0,media=disk,format=host_device; those with if=none are only the
 * half of a -device. */
static int drive(struct parser *p, const char *value)
{
    struct pairs it;
    struct drive d = {0};
    uint64_t index;

    if (!is_raw(value))
        return refuse(p, -EOPNOTSUPP, value, "a stubdomain's disks are raw");
    if (pair_is(value, "if", "none"))
        return 0;
    if (!pair_is(value, "if", "ide") || !pair_number(value, "index", UINT32_MAX, &index))
        return refuse(p, -EOPNOTSUPP, value, "only IDE drives are emulated");
    d.cdrom = pair_is(value, "media", "cdrom");
    d.readonly = d.cdrom || pair_is(value, "readonly", "on");
    d.empty = !pair_find(&it, value, "file");
    if (d.empty && !d.cdrom)
        return refuse(p, -EINVAL, value, "a disk without a file");
    return add_drive(p, value, index, d);
}

/* The -drive with that id. */
static const char *drive_with_id(const char *const *argv, unsigned argc, const char *id)
{
    for (unsigned i = 0; i + 1 < argc; i++)
        if (same(argv[i], "-drive") && pair_is(argv[i + 1], "id", id))
            return argv[i + 1];
    return NULL;
}

/* -device ide-cd,id=ide-5632,drive=ide-5632,bus=ide.1,unit=0 */
static int ide_device(struct parser *p, const char *value, const char *const *argv, unsigned argc)
{
    struct pairs it;
    struct drive d = {.cdrom = strncmp(value, "ide-cd", 6) == 0};
    const char *id = pair_find(&it, value, "drive"), *media = NULL;
    uint64_t unit = 0;
    unsigned bus = 0;

    if (id)
        media = drive_with_id(argv, argc, id);
    if (!media && !d.cdrom)
        return refuse(p, -EINVAL, value, "there is no such drive");
    d.empty = !media || !pair_find(&it, media, "file");
    d.readonly = d.cdrom || (media && pair_is(media, "readonly", "on"));
    if (pair_is(value, "bus", "ide.1"))
        bus = 1;
    else if (!pair_is(value, "bus", "ide.0"))
        return refuse(p, -EOPNOTSUPP, value, "only IDE drives are emulated");
    if (!pair_number(value, "unit", 1, &unit))
        return refuse(p, -EINVAL, value, "no unit 0 or 1");
    return add_drive(p, value, bus * 2 + unit, d);
}

static int device(struct parser *p, const char *value, const char *const *argv, unsigned argc)
{
    struct pairs it = {.rest = value};

    if (!pair_next(&it))
        return refuse(p, -EINVAL, value, "no device");
    if (same(it.value, "ide-cd") || same(it.value, "ide-hd"))
        return ide_device(p, value, argv, argc);
    /* disks of other kinds, and what is passed through, would be missing */
    if (strncmp(it.value, "scsi-", 5) == 0 || strncmp(it.value, "ahci", 4) == 0 ||
        strncmp(it.value, "xen-pci-pass", 12) == 0 || strncmp(it.value, "virtio-", 7) == 0 ||
        same(it.value, "nvme"))
        return refuse(p, -EOPNOTSUPP, value, "there is no such device");
    ignore(p, value, "there is no such device; the guest does without");
    return 0;
}

/* ---- all ---- */

static const struct option {
    const char *name;
    int (*parse)(struct parser *p, const char *value);
} options[] = {
    {"-xen-domid", domid}, {"-m", memory},  {"-smp", smp},   {"-machine", machine}, {"-M", machine},
    {"-serial", serial},   {"-boot", boot}, {"-name", name}, {"-drive", drive},
};

/* Without them the guest is another one. */
static const char *const refused[] = {"-kernel", "-initrd", "-append", "-incoming", "-loadvm",
                                      "-hda",    "-hdb",    "-hdc",    "-hdd",      "-cdrom",
                                      "-fda",    "-bios",   "-pflash"};
/* They change nothing here. */
static const char *const flags[] = {"-no-shutdown", "-nodefaults", "-no-user-config", "-nographic",
                                    "-S",           "-xen-attach", "-no-acpi",        "-no-reboot"};
/* These have a value, and change nothing here. */
static const char *const valued[] = {"-display", "-net",      "-chardev", "-mon", "-k",
                                     "-vga",     "-parallel", "-monitor", "-vnc", "-D"};

static bool in(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (same(word, list[i]))
            return true;
    return false;
}

static bool has_value(const char *const *argv, unsigned argc, unsigned i)
{
    return i + 1 < argc && argv[i + 1][0] != '-';
}

/* *i is the option, and then the last word that belongs to it. */
static int parse_option(struct parser *p, const char *const *argv, unsigned argc, unsigned *i)
{
    const char *const word = argv[*i];

    p->option = word;
    if (in(word, flags, ARRAY_SIZE(flags)))
        return 0;
    if (in(word, refused, ARRAY_SIZE(refused)))
        return refuse(p, -EOPNOTSUPP, has_value(argv, argc, *i) ? argv[*i + 1] : "",
                      "not supported, and the guest would be another one");
    if (in(word, valued, ARRAY_SIZE(valued))) {
        *i += has_value(argv, argc, *i);
        return 0;
    }
    for (size_t n = 0; n < ARRAY_SIZE(options); n++)
        if (same(word, options[n].name)) {
            if (*i + 1 >= argc)
                return refuse(p, -EINVAL, "", "its value is missing");
            return options[n].parse(p, argv[++*i]);
        }
    if (same(word, "-device") && *i + 1 < argc)
        return device(p, argv[++*i], argv, argc);
    ignore(p, has_value(argv, argc, *i) ? argv[*i + 1] : "", "not understood, and ignored");
    *i += has_value(argv, argc, *i);
    return 0;
}

int arguments_parse(const char *const *argv, unsigned argc, struct arguments *out,
                    void (*note)(const char *text), char *why, size_t why_size)
{
    struct parser p = {.out = out, .note = note, .why = why, .why_size = why_size};
    int ret = 0;

    memset(out, 0, sizeof(*out));
    out->vcpus = 1;
    for (unsigned i = 0; i < argc && !ret; i++) {
        p.option = "";
        if (argv[i][0] == '-')
            ret = parse_option(&p, argv, argc, &i);
        else
            ignore(&p, argv[i], "not understood, and ignored");
    }
    if (!ret && !out->memory) {
        format(why, why_size, "-m is missing");
        ret = -EINVAL;
    }
    return ret;
}
