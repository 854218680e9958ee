/* SPDX-License-Identifier: MIT */
#include "lib/lwip/ifc/settings.h"

#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

#define SETTINGS_MAX 8u
#define NODE         "vm-data/ip"

static struct {
    const char *ip, *interface;
} word[SETTINGS_MAX];
static unsigned words;
static bool too_many;

static struct {
    struct net_config config;
    bool taken;
} setting[SETTINGS_MAX];
static unsigned settings;

/* ---- the command line ---- */

int net_take_words(int count, char *const *words_left)
{
    const bool with_interface = count > 1 && !strncmp(words_left[1], "if=vif", 6);

    if (count < 1 || strncmp(words_left[0], "ip=", 3) != 0)
        return 0;
    if (words == SETTINGS_MAX) {
        too_many = true;
    } else {
        word[words].ip = words_left[0] + 3;
        word[words++].interface = with_interface ? words_left[1] + 3 : NULL;
    }
    return with_interface ? 2 : 1;
}

/* ---- settings ---- */

static void add(const char *where, const char *text, size_t len, const char *interface,
                size_t interface_len)
{
    struct net_config *c;
    char err[160];

    if (settings == SETTINGS_MAX) {
        pr_err("net: %s: more than %u interfaces; the rest is ignored\n", where, SETTINGS_MAX);
        return;
    }
    c = &setting[settings].config;
    if (net_config_parse(text, len, c, err, sizeof(err)))
        pr_err("net: %s: %s; using dhcp\n", where, err);
    if (interface) {
        const int handle = net_config_interface(interface, interface_len);
        char shown[24];

        if (handle < 0)
            pr_err("net: if=%s: not an interface such as vif0; ignored\n",
                   xs_printable(interface, interface_len, shown, sizeof(shown)));
        else
            c->handle = handle;
    }
    setting[settings++].taken = false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* "ip=... if=...", "ip=..." or only its value, several with blanks between. */
static void add_text(const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *begin, *stop;

        while (text < end && is_blank(*text))
            text++;
        for (begin = text; text < end && !is_blank(*text);)
            text++;
        if (begin == text)
            return;
        stop = text;
        while (text < end && is_blank(*text))
            text++;
        if (stop - begin > 3 && !strncmp(begin, "ip=", 3))
            begin += 3;
        if (end - text > 6 && !strncmp(text, "if=vif", 6)) {
            const char *interface = text + 3;

            while (text < end && !is_blank(*text))
                text++;
            add(NODE, begin, (size_t)(stop - begin), interface, (size_t)(text - interface));
        } else {
            add(NODE, begin, (size_t)(stop - begin), NULL, 0);
        }
    }
}

void settings_read(void)
{
    char *text;
    size_t len;

    if (too_many)
        pr_err("net: more than %u ip=; the rest is ignored\n", SETTINGS_MAX);
    for (unsigned i = 0; i < words; i++)
        add("ip=", word[i].ip, strlen(word[i].ip), word[i].interface,
            word[i].interface ? strlen(word[i].interface) : 0);
    if (words || xs_read(XS_NO_TRANSACTION, "vm-data", "ip", &text, &len))
        return;
    add_text(text, len);
    heap_free(text);
}

void settings_take(unsigned handle, struct net_config *out)
{
    unsigned found = settings;

    for (unsigned i = settings; i-- > 0;)
        if (setting[i].config.handle == (int)handle ||
            (setting[i].config.handle < 0 && !setting[i].taken &&
             (found == settings || setting[found].config.handle != (int)handle)))
            found = i;
    if (found == settings) {
        memset(out, 0, sizeof(*out));
        return;
    }
    /* an interface that comes again gets the same */
    setting[found].taken = true;
    setting[found].config.handle = (int)handle;
    *out = setting[found].config;
}
