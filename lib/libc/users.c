/* SPDX-License-Identifier: MIT */
/* Users and groups: there are root, and its group. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define NAME "root"

static char user_name[] = NAME, password[] = "x", no_comment[] = "", home[] = "/", shell[] = "";
static char *no_members[] = {NULL};

static const struct passwd user = {
    .pw_name = user_name,
    .pw_passwd = password,
    .pw_comment = no_comment,
    .pw_gecos = user_name,
    .pw_dir = home,
    .pw_shell = shell,
};
static const struct group group = {
    .gr_name = user_name, .gr_passwd = password, .gr_mem = no_members};

/* What the functions without _r return; programs may write to it. */
static struct passwd user_given;
static struct group group_given;
static bool user_listed, group_listed;

static struct passwd *give_user(bool found)
{
    user_given = user;
    return found ? &user_given : NULL;
}

static struct group *give_group(bool found)
{
    group_given = group;
    return found ? &group_given : NULL;
}

struct passwd *getpwuid(uid_t uid)
{
    return give_user(uid == 0);
}

struct passwd *getpwnam(const char *name)
{
    return give_user(!strcmp(name, NAME));
}

/* The strings are static, and nothing is put into the buffer. */
int getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t size, struct passwd **result)
{
    (void)buf;
    (void)size;
    *out = user;
    *result = uid == 0 ? out : NULL;
    return 0;
}

int getpwnam_r(const char *name, struct passwd *out, char *buf, size_t size, struct passwd **result)
{
    return getpwuid_r(strcmp(name, NAME) ? (uid_t)-1 : 0, out, buf, size, result);
}

void setpwent(void)
{
    user_listed = false;
}

void endpwent(void)
{
    user_listed = false;
}

struct passwd *getpwent(void)
{
    bool first = !user_listed;

    user_listed = true;
    return give_user(first);
}

struct group *getgrgid(gid_t gid)
{
    return give_group(gid == 0);
}

struct group *getgrnam(const char *name)
{
    return give_group(!strcmp(name, NAME));
}

int getgrgid_r(gid_t gid, struct group *out, char *buf, size_t size, struct group **result)
{
    (void)buf;
    (void)size;
    *out = group;
    *result = gid == 0 ? out : NULL;
    return 0;
}

int getgrnam_r(const char *name, struct group *out, char *buf, size_t size, struct group **result)
{
    return getgrgid_r(strcmp(name, NAME) ? (gid_t)-1 : 0, out, buf, size, result);
}

void setgrent(void)
{
    group_listed = false;
}

void endgrent(void)
{
    group_listed = false;
}

struct group *getgrent(void)
{
    bool first = !group_listed;

    group_listed = true;
    return give_group(first);
}

int getlogin_r(char *buf, size_t size)
{
    if (size < sizeof(NAME))
        return ERANGE;
    memcpy(buf, NAME, sizeof(NAME));
    return 0;
}

char *getlogin(void)
{
    static char name[sizeof(NAME)];

    getlogin_r(name, sizeof(name));
    return name;
}
