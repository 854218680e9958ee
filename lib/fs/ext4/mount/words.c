/* SPDX-License-Identifier: MIT */
/* mount=DISK:DIRECTORY[:ro][:mkfs] */
#include "lib/fs/ext4/mount/words.h"

#include <ringlet/errno.h>
#include <ringlet/mount.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/string.h>

#include "lib/fs/ext4/mount/mount.h"

#define WORD      "mount="
#define WORDS_MAX 16u

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

static int mount_one(char *disk)
{
    char *path = cut(disk), *option;
    unsigned flags = 0;

    if (!path)
        return wrong(disk, "where? it is mount=DISK:DIRECTORY[:ro][:mkfs]", "");
    for (option = cut(path); option;) {
        char *next = cut(option);

        if (!strcmp(option, "ro"))
            flags |= RINGLET_MOUNT_READ_ONLY;
        else if (!strcmp(option, "mkfs"))
            flags |= RINGLET_MOUNT_MAKE;
        else
            return wrong(disk, "an unknown option: ", option);
        option = next;
    }
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
