/* SPDX-License-Identifier: MIT */
#include "arguments_private.h"

#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

#define MIB (1ull << 20)

int argument_refuse(struct parser *p, int error, const char *value, const char *what)
{
    char text[128];

    xs_printable(value, strlen(value), text, sizeof(text));
    format(p->why, p->why_size, "%s %s: %s", p->option, text, what);
    return error;
}

void argument_ignore(struct parser *p, const char *value, const char *what)
{
    char text[128], line[256];

    xs_printable(value, strlen(value), text, sizeof(text));
    format(line, sizeof(line), "%s %s: %s", p->option, text, what);
    p->note(line);
}

void argument_unknown(struct parser *p, const char *value, const char *const *known, size_t count)
{
    struct pairs it = {.rest = value};
    char line[128];

    while (pair_next(&it)) {
        size_t i = 0;

        while (i < count && !text_is(it.key, known[i]))
            i++;
        if (it.key[0] && i == count) {
            format(line, sizeof(line), "%s=%.80s", it.key, it.value);
            argument_ignore(p, line, ARGUMENT_IGNORED);
        }
    }
}

/* ---- each option ---- */

static int domid(struct parser *p, const char *value)
{
    uint64_t n;

    if (!text_number(value, &n) || n == 0 || n > 0x7fef)
        return argument_refuse(p, -EINVAL, value, "no domain");
    p->out->domid = (unsigned)n;
    return 0;
}

static int memory(struct parser *p, const char *value)
{
    uint64_t n;

    if (!text_number(value, &n) || n == 0 || n > 16 * MIB)
        return argument_refuse(p, -EINVAL, value, "no number of MiB");
    p->out->memory = n * MIB;
    return 0;
}

static int smp(struct parser *p, const char *value)
{
    struct pairs first = {.rest = value}, it;
    static const char *const known[] = {"maxcpus"};
    const char *count = pair_find(&it, value, "maxcpus");
    uint64_t n;

    if (!count && pair_next(&first))
        count = first.value;
    if (!count || !text_number(count, &n) || n == 0 || n > 128)
        return argument_refuse(p, -EINVAL, value, "no number of vCPUs up to 128");
    argument_unknown(p, value, known, ARRAY_SIZE(known));
    p->out->vcpus = (unsigned)n;
    return 0;
}

static int machine(struct parser *p, const char *value)
{
    /* what changes the saved state only; nothing else than Xen */
    static const char *const known[] = {"igd-passthru", "suppress-vmdesc", "accel"};
    struct pairs it = {.rest = value};

    if (!pair_next(&it))
        return argument_refuse(p, -EINVAL, value, "no machine");
    if (text_is(it.value, "xenfv") || strncmp(it.value, "xenfv-", 6) == 0)
        p->out->xen_platform = true;
    else if (!text_is(it.value, "pc") && strncmp(it.value, "pc-i440fx", 9) != 0)
        return argument_refuse(p, -EOPNOTSUPP, value, "only the PC with the i440FX is emulated");
    if (pair_is(value, "igd-passthru", "on"))
        return argument_refuse(p, -EOPNOTSUPP, value, "devices are not passed through");
    argument_unknown(p, value, known, ARRAY_SIZE(known));
    return 0;
}

static int serial(struct parser *p, const char *value)
{
    uint64_t n;

    if (text_is(value, "none"))
        return 0;
    if (p->out->serial) {
        argument_ignore(p, value, "there is one serial port");
        return 0;
    }
    p->out->serial = true;
    if (strncmp(value, "/dev/hvc", 8) == 0 && text_number(value + 8, &n) && n > 0 && n < 256)
        p->out->console = (unsigned)n;
    else if (!text_is(value, "null"))
        argument_ignore(p, value, "the serial port's output goes nowhere");
    return 0;
}

static int boot(struct parser *p, const char *value)
{
    static const char *const known[] = {"order"};
    struct pairs it, first = {.rest = value};
    const char *order = pair_find(&it, value, "order");
    size_t n = 0;

    if (!order && pair_next(&first) && !first.key[0])
        order = first.value; /* the old form */
    for (; order && *order; order++) {
        const char device[] = {*order, '\0'};

        if (!strchr("acdn", *order))
            argument_ignore(p, device, "no such device to boot from");
        else if (n == sizeof(p->out->boot_order) - 1)
            argument_ignore(p, device, "firmware knows three devices to boot from");
        else
            p->out->boot_order[n++] = *order;
    }
    p->out->boot_order[n] = '\0';
    argument_unknown(p, value, known, ARRAY_SIZE(known));
    return 0;
}

static int name(struct parser *p, const char *value)
{
    xs_printable(value, strlen(value), p->out->name, sizeof(p->out->name));
    return 0;
}

static int device(struct parser *p, const char *value, const char *const *argv, unsigned argc)
{
    static const char *const missed[] = {"scsi-", "ahci", "xen-pci-pass", "virtio-", "nvme"};
    struct pairs it = {.rest = value};

    if (!pair_next(&it))
        return argument_refuse(p, -EINVAL, value, "no device");
    if (text_is(it.value, "ide-cd") || text_is(it.value, "ide-hd"))
        return argument_ide_device(p, value, argv, argc);
    /* without its network a guest is of no use, and without an emulated interface only PV drivers have one;
     * "type=vif" says that the guest is meant to use those */
    if (pair_find(&it, value, "netdev"))
        return argument_refuse(p, -EOPNOTSUPP, value,
                               "no network interface is emulated; write vif=['type=vif,...']");
    it = (struct pairs){.rest = value};
    pair_next(&it);
    /* disks of other kinds, and what is passed through, would be missing */
    for (size_t i = 0; i < ARRAY_SIZE(missed); i++)
        if (strncmp(it.value, missed[i], strlen(missed[i])) == 0)
            return argument_refuse(p, -EOPNOTSUPP, value, "there is no such device");
    argument_ignore(p, value, "there is no such device; the guest does without");
    return 0;
}

/* ---- all ---- */

static const struct option {
    const char *name;
    int (*parse)(struct parser *p, const char *value);
} options[] = {
    {"-xen-domid", domid}, {"-m", memory},  {"-smp", smp},
    {"-machine", machine}, {"-M", machine}, {"-serial", serial},
    {"-boot", boot},       {"-name", name}, {"-drive", argument_drive},
};

/* Without them the guest is another one. */
static const char *const refused[] = {"-kernel", "-initrd", "-append", "-incoming", "-loadvm",
                                      "-hda",    "-hdb",    "-hdc",    "-hdd",      "-cdrom",
                                      "-fda",    "-bios",   "-pflash"};
/* As it is here in any case. -S: the toolstack starts the guest's vCPUs when it has said `cont`. -no-acpi:
 * the tables are hvmloader's, which is told otherwise. */
static const char *const flags[] = {"-no-shutdown", "-nodefaults", "-no-user-config",
                                    "-nographic",   "-S",          "-no-acpi"};
/* So are these, with the value "none"; -net and -nic with another one are an emulated interface. */
static const char *const absent[] = {"-display", "-net",      "-nic",    "-vga",
                                     "-vnc",     "-parallel", "-monitor"};

static bool in(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_is(word, list[i]))
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
        return argument_refuse(p, -EOPNOTSUPP, has_value(argv, argc, *i) ? argv[*i + 1] : "",
                               "not supported, and the guest would be another one");
    if (in(word, absent, ARRAY_SIZE(absent)) && *i + 1 < argc && text_is(argv[*i + 1], "none")) {
        ++*i;
        return 0;
    }
    if (text_is(word, "-net") || text_is(word, "-nic"))
        return argument_refuse(p, -EOPNOTSUPP, has_value(argv, argc, *i) ? argv[*i + 1] : "",
                               "no network interface is emulated");
    for (size_t n = 0; n < ARRAY_SIZE(options); n++)
        if (text_is(word, options[n].name)) {
            if (*i + 1 >= argc)
                return argument_refuse(p, -EINVAL, "", "its value is missing");
            return options[n].parse(p, argv[++*i]);
        }
    if (text_is(word, "-device") && *i + 1 < argc)
        return device(p, argv[++*i], argv, argc);
    argument_ignore(p, has_value(argv, argc, *i) ? argv[*i + 1] : "", ARGUMENT_IGNORED);
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
            argument_ignore(&p, argv[i], ARGUMENT_IGNORED);
    }
    if (!ret && !out->memory) {
        format(why, why_size, "-m is missing");
        ret = -EINVAL;
    }
    return ret;
}
