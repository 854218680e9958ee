/* SPDX-License-Identifier: MIT */
/* Names: links, directories, renaming, the current directory, paths. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "behaviour.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>

static void make(const char *name)
{
    close(open(name, O_CREAT | O_RDWR, 0666));
}

/* A path below the scratch directory, without its own part. */
static const char *below(const char *path)
{
    static char root[PATH_MAX];

    if (!path)
        return NULL;
    if (!*root && !getcwd(root, sizeof(root)))
        return NULL;
    return strncmp(path, root, strlen(root)) ? path : path + strlen(root);
}

GROUP(link)
{
    struct stat st;

    make("a");
    VALUE("link", link("a", "b"));
    VALUE("count", (stat("a", &st), st.st_nlink));
    VALUE("exists", link("a", "b"));
    VALUE("enoent", link("none", "c"));
    mkdir("dir", 0777);
    VALUE("directory", link("dir", "c"));
    VALUE("unlink", unlink("a"));
    VALUE("other-name-stays", access("b", F_OK));
    VALUE("unlink-enoent", unlink("a"));
    VALUE("unlink-slash", unlink("b/"));
    VALUE("unlink-empty", unlink(""));
    int fd = open("b", O_RDWR);
    VALUE("unlinked-while-open", (unlink("b"), write(fd, "x", 1)));
    VALUE("unlinked-links", (fstat(fd, &st), st.st_nlink));
    close(fd);
    VALUE("unlinkat-directory", unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR));
    VALUE("unlinkat-flags", unlinkat(AT_FDCWD, "dir", 0x40000000));
    make("file");
    VALUE("remove-file", remove("file"));
    mkdir("dir", 0777);
    VALUE("remove-directory", remove("dir"));
    VALUE("remove-enoent", remove("dir"));
}

GROUP(symlink)
{
    char buf[32] = "";

    VALUE("symlink", symlink("target", "s"));
    VALUE("exists", symlink("target", "s"));
    VALUE("empty-target", symlink("", "e"));
    VALUE("readlink", readlink("s", buf, sizeof(buf)));
    TEXT("readlink-text", buf);
    VALUE("readlink-short", readlink("s", buf, 3));
    VALUE("readlink-zero", readlink("s", buf, 0));
    make("file");
    VALUE("readlink-file", readlink("file", buf, sizeof(buf)));
    VALUE("readlink-enoent", readlink("none", buf, sizeof(buf)));
    mkdir("d", 0777);
    symlink("../file", "d/up");
    VALUE("relative-to-link", access("d/up", F_OK));
    symlink("d", "dl");
    VALUE("through-directory", access("dl/up", F_OK));
    VALUE("unlink-link", unlink("dl"));
    VALUE("target-stays", access("d", F_OK));
    symlink("d", "dl");
    VALUE("rmdir-link", rmdir("dl"));
}

GROUP(mkdir)
{
    struct stat st;

    VALUE("mkdir", mkdir("m", 0777));
    VALUE("mode", (stat("m", &st), st.st_mode & 07777));
    VALUE("links", st.st_nlink);
    VALUE("exists", mkdir("m", 0777));
    VALUE("no-parent", mkdir("x/y", 0777));
    VALUE("slash", mkdir("n/", 0777));
    VALUE("dot", mkdir(".", 0777));
    VALUE("root", mkdir("/", 0777));
    make("m/f");
    VALUE("rmdir-not-empty", rmdir("m"));
    VALUE("rmdir-file", rmdir("m/f"));
    VALUE("rmdir-enoent", rmdir("none"));
    VALUE("rmdir-dot", rmdir("m/."));
    unlink("m/f");
    VALUE("rmdir", rmdir("m"));
    VALUE("unlink-directory", unlink("n") == -1 && (errno == EISDIR || errno == EPERM));
    VALUE("mkdirat", (mkdirat(AT_FDCWD, "at", 0700)));
    TRUTH("mkdtemp", ({
              char t[] = "t.XXXXXX";
              mkdtemp(t) && !access(t, F_OK) && strcmp(t, "t.XXXXXX");
          }));
    VALUE("mkdtemp-template", ({
              char t[] = "short";
              mkdtemp(t) ? 0 : -1;
          }));
    TRUTH("mkstemp", ({
              char t[] = "u.XXXXXX";
              int fd = mkstemp(t);
              close(fd);
              fd >= 0 && !access(t, F_OK);
          }));
}

GROUP(rename)
{
    struct stat st;

    make("r1");
    VALUE("rename", rename("r1", "r2"));
    VALUE("old-is-gone", access("r1", F_OK));
    make("r3");
    VALUE("replaces", rename("r2", "r3"));
    VALUE("enoent", rename("none", "r4"));
    VALUE("same", rename("r3", "r3"));
    link("r3", "r5");
    VALUE("two-names-of-one", rename("r3", "r5"));
    VALUE("both-stay", access("r3", F_OK) == 0 && access("r5", F_OK) == 0);
    mkdir("rd", 0777);
    mkdir("re", 0777);
    VALUE("file-over-directory", rename("r3", "rd"));
    VALUE("directory-over-file", rename("rd", "r3"));
    VALUE("directory-over-empty", rename("rd", "re"));
    make("re/f");
    mkdir("rd", 0777);
    VALUE("directory-over-full", rename("rd", "re"));
    VALUE("into-itself", rename("re", "re/sub"));
    VALUE("dot", rename("re", "re/."));
    VALUE("file-with-slash", rename("r3", "r6/"));
    VALUE("directory-with-slash", rename("rd", "rf/"));
    VALUE("to-other-directory", rename("re/f", "rf/g"));
    VALUE("moved", stat("rf/g", &st));
    VALUE("renameat", renameat(AT_FDCWD, "rf/g", AT_FDCWD, "g"));
    VALUE("other-file-system", rename("g", "/dev/g") == -1);
}

GROUP(directory)
{
    DIR *dir;
    struct dirent *entry;
    int names = 0, dots = 0, types = 0;
    long start;

    mkdir("o", 0777);
    make("o/f1");
    make("o/f2");
    mkdir("o/d1", 0777);
    POINTER("opendir", dir = opendir("o"));
    start = telldir(dir);
    while ((entry = readdir(dir))) {
        names++;
        dots += entry->d_name[0] == '.';
        types += entry->d_type == DT_REG || entry->d_type == DT_DIR;
    }
    VALUE("entries", names);
    VALUE("dots", dots);
    VALUE("types", types);
    rewinddir(dir);
    POINTER("rewinddir", readdir(dir));
    seekdir(dir, start);
    POINTER("seekdir", readdir(dir));
    TRUTH("dirfd", dirfd(dir) >= 0);
    VALUE("closedir", closedir(dir));
    POINTER("enoent", opendir("none"));
    POINTER("file", opendir("o/f1"));
    dir = opendir("o");
    for (names = 0; (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && entry->d_name[0] == 'f')
            names += !unlinkat(dirfd(dir), entry->d_name, 0);
    VALUE("remove-while-reading", names);
    closedir(dir);
    POINTER("fdopendir-file", ({
                int fd = open("g", O_RDONLY);
                void *p = fdopendir(fd);
                int error = errno;
                close(fd);
                errno = error;
                p;
            }));
    struct dirent **list;
    make("o/z");
    make("o/a");
    VALUE("scandir", names = scandir("o", &list, NULL, alphasort));
    TEXT("scandir-sorted", names > 2 ? list[2]->d_name : NULL);
    VALUE("scandir-enoent", scandir("none", &list, NULL, alphasort));
    dir = opendir("o");
    rmdir("o/d1");
    unlink("o/a");
    unlink("o/z");
    VALUE("rmdir-while-open", rmdir("o"));
    POINTER("removed-is-empty", readdir(dir));
    closedir(dir);
}

GROUP(cwd)
{
    char buf[PATH_MAX];
    int fd = open(".", O_RDONLY);

    mkdir("c", 0777);
    TEXT("getcwd", below(getcwd(buf, sizeof(buf))));
    VALUE("chdir", chdir("c"));
    TEXT("inside", below(getcwd(buf, sizeof(buf))));
    POINTER("getcwd-small", getcwd(buf, 2));
    POINTER("getcwd-zero", getcwd(buf, 0));
    POINTER("getcwd-malloc", getcwd(NULL, 0));
    VALUE("enoent", chdir("none"));
    make("f");
    VALUE("file", chdir("f"));
    VALUE("fchdir", fchdir(fd));
    TEXT("back", below(getcwd(buf, sizeof(buf))));
    VALUE("fchdir-closed", fchdir(1000));
    mkdir("gone", 0777);
    chdir("gone");
    rmdir("../gone");
    POINTER("removed", getcwd(buf, sizeof(buf)));
    VALUE("create-in-removed", open("x", O_CREAT | O_RDWR, 0666));
    fchdir(fd);
    close(fd);
}

GROUP(realpath)
{
    char buf[PATH_MAX];

    mkdir("p", 0777);
    mkdir("p/q", 0777);
    make("p/q/f");
    symlink("p/q", "pq");
    symlink("circle", "circle");
    TEXT("plain", below(realpath("p/q/f", buf)));
    TEXT("dots", below(realpath("p/./q/../q/f", buf)));
    TEXT("link", below(realpath("pq/f", buf)));
    TEXT("malloc", below(realpath("pq", NULL)));
    TEXT("root", realpath("/", buf));
    TEXT("above-root", realpath("/../..", buf));
    TEXT("enoent", realpath("none", buf));
    TEXT("not-a-directory", realpath("p/q/f/x", buf));
    TEXT("loop", realpath("circle", buf));
    TEXT("empty", realpath("", buf));
    TEXT("null", realpath(NULL, buf));
}

static int visited, last_type;

static int visit(const char *path, const struct stat *st, int type, struct FTW *info)
{
    (void)path;
    (void)st;
    (void)info;
    visited++;
    last_type = type;
    return 0;
}

static int stop(const char *path, const struct stat *st, int type, struct FTW *info)
{
    (void)path;
    (void)st;
    (void)type;
    return info->level + 7;
}

GROUP(nftw)
{
    mkdir("w", 0777);
    mkdir("w/x", 0777);
    make("w/x/f");
    symlink("x", "w/l");
    symlink("none", "w/dangling");
    VALUE("physical", nftw("w", visit, 8, FTW_PHYS));
    VALUE("physical-count", visited);
    visited = 0;
    VALUE("depth", nftw("w", visit, 8, FTW_PHYS | FTW_DEPTH));
    TRUTH("depth-last-is-root", last_type == FTW_DP);
    VALUE("stop", nftw("w", stop, 8, FTW_PHYS));
    VALUE("enoent", nftw("none", visit, 8, 0));
    visited = 0;
    VALUE("file", nftw("w/x/f", visit, 8, 0));
    VALUE("file-count", visited);
}

GROUP(glob)
{
    glob_t g;

    mkdir("gl", 0777);
    make("gl/b.c");
    make("gl/a.c");
    make("gl/.hidden.c");
    make("gl/x.h");
    VALUE("star", glob("gl/*.c", 0, NULL, &g));
    VALUE("count", g.gl_pathc);
    TEXT("sorted", g.gl_pathv[0]);
    globfree(&g);
    TRUTH("no-match", glob("gl/*.none", 0, NULL, &g) == GLOB_NOMATCH);
    VALUE("no-check", glob("gl/*.none", GLOB_NOCHECK, NULL, &g));
    TEXT("no-check-text", g.gl_pathv[0]);
    globfree(&g);
    VALUE("bracket", glob("gl/[a-b].[!h]", 0, NULL, &g));
    VALUE("bracket-count", g.gl_pathc);
    globfree(&g);
    VALUE("mark", glob("g[l]", GLOB_MARK, NULL, &g));
    TEXT("mark-text", g.gl_pathv[0]);
    globfree(&g);
    make("gl/*.c");
    VALUE("escape", glob("gl/\\*.*", 0, NULL, &g));
    VALUE("escape-count", g.gl_pathc);
    TEXT("escape-text", g.gl_pathv[0]);
    globfree(&g);
    TRUTH("no-escape", glob("gl/\\*.*", GLOB_NOESCAPE, NULL, &g) == GLOB_NOMATCH);
    VALUE("append", (glob("gl/a.c", 0, NULL, &g), glob("gl/x.h", GLOB_APPEND, NULL, &g)));
    VALUE("append-count", g.gl_pathc);
    globfree(&g);
}

int main(void)
{
    behaviour_directory();
    umask(022);
    below("");
    ROWS(link);
    ROWS(symlink);
    ROWS(mkdir);
    ROWS(rename);
    ROWS(directory);
    ROWS(cwd);
    ROWS(realpath);
    ROWS(nftw);
    ROWS(glob);
    return behaviour_end();
}
