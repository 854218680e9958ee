/* SPDX-License-Identifier: MIT */
/* mount=DISK:DIRECTORY[:ro][:mkfs][:cache=MIB] */
#include "lib/fs/ext4/mount/words.h"

#include <ringlet/errno.h>
#include <ringlet/mount.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/string.h>

#include "lib/fs/ext4/mount/mount.h"

#define WORD      "mount="
#define WORDS_MAX 16u
#define CACHE     "cache="

static char *words[WORDS_MAX];
static unsigned count;

int mount_take_word(char *word)
{
    if (strncmp(word, WORD, strlen(WORD)))
        return 0;
    if (count < WORDS_MAX)
        words[count] = word + strlen(WORD);
    count++;
    return 1;
}

/* Cuts the text at the next ':', and returns what is behind it, or NULL. */
static char *cut(char *text)
{
    for (; *text; text++) {
        if (*text == ':') {
            *text = '\0';
            return text + 1;
        }
    }
    return NULL;
}

static int wrong(const char *disk, const char *what, const char *text)
{
    pr_err("command line: mount=%.64s: %s%.64s\n", disk, what, text);
    return -EINVAL;
}

/* cache=MIB, from 1 to 2^24 - 1. */
static bool take_cache(const char *option, unsigned *flags)
{
    unsigned long mib = 0;

    if (strncmp(option, CACHE, strlen(CACHE)))
        return false;
    for (option += strlen(CACHE); *option >= '0' && *option <= '9' && mib < 1u << 24; option++)
        mib = mib * 10 + (unsigned long)(*option - '0');
    if (*option || !mib || mib >= 1u << 24)
        return false;
    *flags = (*flags & 0xff) | RINGLET_MOUNT_CACHE(mib);
    return true;
}

int mount_options(const char *disk, char *options, unsigned *flags)
{
    *flags = 0;
    while (options) {
        char *next = cut(options);

        if (!strcmp(options, "ro"))
            *flags |= RINGLET_MOUNT_READ_ONLY;
        else if (!strcmp(options, "mkfs"))
            *flags |= RINGLET_MOUNT_MAKE;
        else if (!take_cache(options, flags))
            return wrong(disk, "an unknown option, or a wrong value: ", options);
        options = next;
    }
    return 0;
}

static int mount_one(char *disk)
{
    char *path = cut(disk);
    unsigned flags;

    if (!path)
        return wrong(disk, "where? it is mount=DISK:DIRECTORY[:ro][:mkfs][:cache=MIB]", "");
    if (mount_options(disk, cut(path), &flags))
        return -EINVAL;
    return ringlet_mount(disk, path, flags);
}

void mount_words(void)
{
    int ret = 0;

    if (count > WORDS_MAX)
        ret = wrong(words[0], "there are more than 16 of these", "");
    for (unsigned i = 0; i < count && ret == 0; i++)
        ret = mount_one(words[i]);
    if (ret)
        domain_exit(1);
}
