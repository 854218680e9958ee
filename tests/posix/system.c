/* SPDX-License-Identifier: MIT */
/* The system, its user and its memory; patterns, lines, lists. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "behaviour.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <termios.h>
#include <wchar.h>
#include <wctype.h>

#include <libgen.h>

GROUP(mmap)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = open("f", O_CREAT | O_RDWR, 0666), reader, writer;
    char *p;

    p = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TRUTH("anonymous", p != MAP_FAILED);
    TRUTH("aligned", (uintptr_t)p % page == 0);
    TRUTH("zeroed", p[0] == 0 && p[3 * page - 1] == 0);
    memset(p, 1, 3 * page);
    VALUE("dontneed", madvise(p, page, MADV_DONTNEED));
    VALUE("dontneed-zeroes", p[0]);
    VALUE("unmap-middle", munmap(p + page, page));
    VALUE("rest-stays", p[2 * page]);
    VALUE("msync-unmapped", msync(p + page, page, MS_SYNC));
    VALUE("fixed", mmap(p, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                        -1, 0) == p);
    VALUE("unmap", munmap(p, 3 * page));
    VALUE("unmap-again", munmap(p, 3 * page));
    VALUE("unmap-unaligned", munmap(p + 1, page));
    VALUE("unmap-nothing", munmap(p, 0));
    VALUE("length-0", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    VALUE("exec",
          mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
              ? -1
              : 0);
    VALUE("no-type", (long)mmap(NULL, page, PROT_READ, MAP_ANONYMOUS, -1, 0));
    VALUE("closed", (long)mmap(NULL, page, PROT_READ, MAP_PRIVATE, 1000, 0));
    VALUE("offset", (long)mmap(NULL, page, PROT_READ, MAP_PRIVATE, file, 1));
    write(file, "content", 7);
    p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    TRUTH("file", p != MAP_FAILED && !memcmp(p, "content", 8));
    p[0] = 'C';
    char first = 0;
    VALUE("file-is-private", (pread(file, &first, 1, 0), first == 'c'));
    munmap(p, page);
    writer = open("f", O_WRONLY);
    VALUE("file-not-readable", (long)mmap(NULL, page, PROT_READ, MAP_PRIVATE, writer, 0));
    close(writer);
    int ends[2];
    pipe(ends);
    VALUE("pipe", (long)mmap(NULL, page, PROT_READ, MAP_PRIVATE, ends[0], 0));
    reader = open("f", O_RDWR);
    p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
    TRUTH("shared-file", p != MAP_FAILED);
    p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    TRUTH("shared-anonymous", p != MAP_FAILED);
    VALUE("protect-none", mprotect(p, page, PROT_NONE));
    VALUE("protect-again", mprotect(p, page, PROT_READ | PROT_WRITE));
    VALUE("protect-read", mprotect(p, page, PROT_READ));
    VALUE("protect-unaligned", mprotect(p + 1, page, PROT_READ));
    VALUE("msync", msync(p, page, MS_SYNC));
    VALUE("msync-both", msync(p, page, MS_SYNC | MS_ASYNC));
    VALUE("mlock", mlock(p, page));
    VALUE("munlock", munlock(p, page));
    VALUE("mlockall-flags", mlockall(0));
    RETURNS("madvise", posix_madvise(p, page, POSIX_MADV_WILLNEED));
    RETURNS("madvise-advice", posix_madvise(p, page, 77));
    close(file);
    close(reader);
}

GROUP(users)
{
    struct passwd pw, *found;
    struct group gr, *group;
    char buf[1024];

    VALUE("getuid", getuid());
    VALUE("geteuid", geteuid());
    VALUE("getgid", getgid());
    TEXT("getpwuid", getpwuid(0)->pw_name);
    VALUE("getpwnam", getpwnam("root")->pw_uid);
    POINTER("getpwnam-unknown", getpwnam("nobody-of-this-name"));
    RETURNS("getpwuid_r", getpwuid_r(0, &pw, buf, sizeof(buf), &found));
    TRUTH("getpwuid_r-found", found == &pw);
    RETURNS("getpwnam_r-unknown", getpwnam_r("nobody-of-this-name", &pw, buf, sizeof(buf), &found));
    TRUTH("getpwnam_r-result", found == NULL);
    TEXT("getgrgid", getgrgid(0)->gr_name);
    RETURNS("getgrnam_r", getgrnam_r("root", &gr, buf, sizeof(buf), &group));
    VALUE("setuid-self", setuid(0));
    VALUE("getpgid-unknown", getpgid(99999999));
    TRUTH("getppid", getppid() != getpid());
}

GROUP(sysconf)
{
    VALUE("pagesize", sysconf(_SC_PAGESIZE));
    TRUTH("openmax", sysconf(_SC_OPEN_MAX) >= 20);
    TRUTH("processors", sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    TRUTH("physical", sysconf(_SC_PHYS_PAGES) > 1000);
    VALUE("iov-max", sysconf(_SC_IOV_MAX));
    VALUE("version", sysconf(_SC_VERSION));
    VALUE("threads", sysconf(_SC_THREADS));
    VALUE("fsync", sysconf(_SC_FSYNC));
    VALUE("unknown", sysconf(9999));
    VALUE("name-max", pathconf("/", _PC_NAME_MAX));
    VALUE("path-max", pathconf("/", _PC_PATH_MAX));
    VALUE("pipe-buf", pathconf("/", _PC_PIPE_BUF));
    VALUE("pathconf-enoent", pathconf("/none", _PC_NAME_MAX));
    VALUE("pathconf-unknown", pathconf("/", 9999));
    VALUE("fpathconf-closed", fpathconf(1000, _PC_NAME_MAX));
}

GROUP(system)
{
    struct utsname u;
    struct rlimit limit;
    struct rusage usage;
    char name[256];
    int file = open("f", O_CREAT | O_RDWR, 0666);
    struct termios t;
    char raw[257];

    VALUE("uname", uname(&u));
    TEXT("machine", u.machine);
    TEXT("positional",
         (snprintf(name, sizeof(name), "%3$.1f %1$s %2$*4$d", "a", 7, 0.25, 3), name));
    VALUE("gethostname", gethostname(name, sizeof(name)));
    TRUTH("same-name", !strcmp(name, u.nodename));
    VALUE("gethostname-short", gethostname(name, 1));
    VALUE("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    TRUTH("rlimit", limit.rlim_cur >= 20);
    VALUE("getrlimit-unknown", getrlimit(99, &limit));
    VALUE("setrlimit-same", (getrlimit(RLIMIT_NOFILE, &limit), setrlimit(RLIMIT_NOFILE, &limit)));
    VALUE("setrlimit-order",
          (limit.rlim_cur = limit.rlim_max, limit.rlim_max = 0, setrlimit(RLIMIT_NOFILE, &limit)));
    VALUE("getrusage", getrusage(RUSAGE_SELF, &usage));
    VALUE("getrusage-who", getrusage(77, &usage));
    /* the value is that of whoever started the program */
    TRUTH("getpriority", (errno = 0, getpriority(PRIO_PROCESS, 0) >= -20 && !errno));
    TEXT("setenv", (setenv("NEW", "1", 1), setenv("NEW", "2", 0), getenv("NEW")));
    VALUE("setenv-empty", setenv("", "1", 1));
    VALUE("setenv-equals", setenv("NEW=1", "1", 1));
    VALUE("unsetenv-equals", unsetenv("NEW=1"));
    VALUE("unsetenv-none", unsetenv("NONE"));
    TRUTH("unsetenv", (unsetenv("NEW"), !getenv("NEW")));
    VALUE("getrandom", getrandom(raw, 16, 0));
    VALUE("getrandom-flags", getrandom(raw, 16, 0x4000));
    VALUE("getentropy", getentropy(raw, 16));
    VALUE("getentropy-long", getentropy(raw, 257));
    VALUE("isatty-file", isatty(file));
    VALUE("isatty-closed", (errno = 0, isatty(1000) ? 1 : -1));
    VALUE("tcgetattr-file", tcgetattr(file, &t));
    VALUE("ioctl-file", ioctl(file, TIOCGWINSZ, name));
    VALUE("ioctl-closed", ioctl(1000, TIOCGWINSZ, name));
    POINTER("ttyname-file", ttyname(file));
    VALUE("system-null-or-shell", system(NULL) == 0 || system(NULL) == 1);
    close(file);
}

static int matches(const char *pattern, int flags, const char *text)
{
    regex_t re;
    int ret = regcomp(&re, pattern, flags);

    if (ret)
        return -2;
    ret = regexec(&re, text, 0, NULL, 0);
    regfree(&re);
    return ret == 0;
}

GROUP(regex)
{
    regmatch_t m[3];
    regex_t re;
    char text[100];

    VALUE("basic", matches("a.c", 0, "xabcx"));
    VALUE("anchors", matches("^a.c$", 0, "xabcx"));
    VALUE("plus-is-literal", matches("a+", 0, "aa"));
    VALUE("extended", matches("(ab|cd)+x?$", REG_EXTENDED, "abcdx"));
    VALUE("icase", matches("HELLO", REG_ICASE, "hello"));
    VALUE("class", matches("^[[:digit:]]+$", REG_EXTENDED, "0123"));
    VALUE("bounds", matches("^a{2,3}$", REG_EXTENDED, "aaaa"));
    VALUE("back-reference", matches("\\(a.\\)\\1", 0, "abab"));
    VALUE("bad-bracket", matches("[a", 0, ""));
    VALUE("bad-paren", matches("(a", REG_EXTENDED, ""));
    VALUE("newline", matches("^b$", REG_NEWLINE, "a\nb\nc"));
    VALUE("compile", regcomp(&re, "(b+)(c*)", REG_EXTENDED));
    VALUE("groups", re.re_nsub);
    VALUE("execute", regexec(&re, "abbcd", 3, m, 0));
    VALUE("offsets", m[0].rm_so * 100 + m[0].rm_eo);
    VALUE("group-1", m[1].rm_so * 100 + m[1].rm_eo);
    VALUE("group-2", m[2].rm_so * 100 + m[2].rm_eo);
    TRUTH("no-match", regexec(&re, "xyz", 0, NULL, 0) == REG_NOMATCH);
    TRUTH("error-text", regerror(REG_NOMATCH, &re, text, sizeof(text)) > 1);
    regfree(&re);
}

GROUP(fnmatch)
{
    TRUTH("star", !fnmatch("*.c", "a.c", 0));
    TRUTH("no", fnmatch("*.c", "a.h", 0) == FNM_NOMATCH);
    TRUTH("question", !fnmatch("?b", "ab", 0));
    TRUTH("bracket", !fnmatch("[a-c]x", "bx", 0));
    TRUTH("negated", fnmatch("[!a-c]x", "bx", 0) == FNM_NOMATCH);
    TRUTH("pathname", fnmatch("a*c", "a/c", FNM_PATHNAME) == FNM_NOMATCH);
    TRUTH("period", fnmatch("*", ".x", FNM_PERIOD) == FNM_NOMATCH);
    TRUTH("escape", !fnmatch("\\*", "*", 0));
    TRUTH("noescape", !fnmatch("\\*", "\\x", FNM_NOESCAPE));
    TRUTH("casefold", !fnmatch("ABC", "abc", FNM_CASEFOLD));
}

static const char *copy(const char *text)
{
    static char buf[64];

    return strcpy(buf, text);
}

GROUP(paths)
{
    TEXT("basename", basename((char *)copy("/usr/lib")));
    TEXT("basename-slash", basename((char *)copy("/usr/")));
    TEXT("basename-root", basename((char *)copy("/")));
    TEXT("basename-empty", basename((char *)copy("")));
    TEXT("dirname", dirname((char *)copy("/usr/lib")));
    TEXT("dirname-slash", dirname((char *)copy("/usr/")));
    TEXT("dirname-plain", dirname((char *)copy("usr")));
    TEXT("dirname-root", dirname((char *)copy("/")));
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int one(FILE *f)
{
    (void)f;
    return 1;
}

static int two(void)
{
    return 2;
}

GROUP(lines)
{
    const struct {
        int (*feof)(FILE *), (*getchar)(void);
    } members = {one, two};
    FILE *f = fopen("lines", "w+");
    char *line = NULL;
    size_t size = 0;
    int numbers[4] = {3, 5, 7}, key = 5, missing = 9;
    size_t count = 3;

    fputs("one\ntwo;three", f);
    rewind(f);
    VALUE("getline", getline(&line, &size, f));
    line[3] = '.'; /* the newline */
    TEXT("getline-text", line);
    VALUE("getdelim", getdelim(&line, &size, ';', f));
    VALUE("last", getline(&line, &size, f));
    VALUE("end", getline(&line, &size, f));
    VALUE("fileno", fcntl(fileno(f), F_GETFL) & O_ACCMODE);
    fclose(f);
    free(line);
    POINTER("fopen-enoent", fopen("none", "r"));
    POINTER("fopen-mode", fopen("lines", "q"));
    f = fopen("lines", "a");
    fputs("!", f);
    VALUE("append", ftell(f));
    fclose(f);
    VALUE("tmpfile", (f = tmpfile()) != NULL);
    fclose(f);
    VALUE("lfind", *(int *)lfind(&key, numbers, &count, sizeof(int), compare));
    POINTER("lfind-missing", lfind(&missing, numbers, &count, sizeof(int), compare));
    VALUE("lsearch", (lsearch(&missing, numbers, &count, sizeof(int), compare), count));
    VALUE("members-with-its-names", members.feof(NULL) + members.getchar());
}

/* What a compiler calls functions of its library for. The values are volatile so that it must. */
GROUP(arithmetic)
{
    volatile unsigned __int128 big =
        (unsigned __int128)0x123456789abcdef << 64 | 0xfedcba9876543210;
    volatile __int128 less = -(__int128)big;
    volatile unsigned long small = 1000000007, ones = 0xf0f0000000000001;
    const unsigned __int128 quotient = big / small;

    VALUE("divide", (long)(quotient % 1000003));
    VALUE("rest", (long)(big % small));
    VALUE("negative", (long)(less % (long)small));
    VALUE("by-big", (long)(big / (big >> 3)));
    VALUE("check", quotient * small + big % small == big);
    VALUE("bits", __builtin_popcountl(ones));
    VALUE("parity", __builtin_parityl(ones));
}

GROUP(wide)
{
    VALUE("toupper", towctrans(L'a', wctrans("toupper")));
    VALUE("tolower", towctrans(L'A', wctrans("tolower")));
    VALUE("unknown", wctrans("none") == (wctrans_t)0);
    VALUE("class", iswctype(L'7', wctype("digit")) != 0);
    VALUE("not", iswctype(L'x', wctype("digit")) != 0);
}

int main(void)
{
    behaviour_directory();
    ROWS(mmap);
    ROWS(users);
    ROWS(sysconf);
    ROWS(system);
    ROWS(regex);
    ROWS(fnmatch);
    ROWS(paths);
    ROWS(lines);
    ROWS(arithmetic);
    ROWS(wide);
    return behaviour_end();
}
