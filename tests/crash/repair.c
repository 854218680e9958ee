/* SPDX-License-Identifier: MIT */
#include "repair.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST (64u << 20) /* bytes of an image */

static int image_fd = -1, log_fd;
static uint8_t *mapped;
static uint64_t mapped_size;
static char path[32];

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(2);
    }
}

static void prepare(uint64_t size)
{
    must(size <= MOST, "an image is too large");
    if (image_fd < 0) {
        image_fd = memfd_create("image", 0);
        log_fd = memfd_create("log", 0);
        must(image_fd >= 0 && log_fd >= 0, "memfd_create");
        mapped = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_SHARED, image_fd, 0);
        must(mapped != MAP_FAILED, "mmap");
        snprintf(path, sizeof(path), "/dev/fd/%d", image_fd);
    }
    if (size != mapped_size)
        must(ftruncate(image_fd, (off_t)size) == 0, "ftruncate");
    mapped_size = size;
}

/* The exit status of e2fsck. Its output replaces that of the last one. */
static int run(const char *option, const char *extended, const char *value)
{
    const char *const argv[] = {"e2fsck", option, path, extended, value, NULL};
    static char *const environment[] = {"PATH=/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL=C", NULL};
    static const char *const programs[] = {"/usr/sbin/e2fsck", "/sbin/e2fsck"};
    posix_spawn_file_actions_t actions;
    int status = 0, ret;
    pid_t pid;

    must(ftruncate(log_fd, 0) == 0 && lseek(log_fd, 0, SEEK_SET) == 0, "ftruncate");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, log_fd, 1);
    posix_spawn_file_actions_adddup2(&actions, log_fd, 2);
    ret = posix_spawn(&pid, programs[0], &actions, NULL, (char *const *)argv, environment);
    if (ret)
        ret = posix_spawn(&pid, programs[1], &actions, NULL, (char *const *)argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    must(ret == 0 && waitpid(pid, &status, 0) == pid, "e2fsck");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static void leave(const char *file, const uint8_t *image, uint64_t size)
{
    char name[300], output[4096];
    FILE *f = fopen(file, "w");
    ssize_t n = pread(log_fd, output, sizeof(output), 0);

    if (f) {
        fwrite(image, 1, size, f);
        fclose(f);
    }
    snprintf(name, sizeof(name), "%s.log", file);
    f = fopen(name, "w");
    if (f && n > 0)
        fwrite(output, 1, (size_t)n, f);
    if (f)
        fclose(f);
}

const char *repair_check(const uint8_t *image, uint64_t size, const char *file, bool replay,
                         uint8_t **copy)
{
    static char message[400];
    int status = 0;

    prepare(size);
    memcpy(mapped, image, size);
    if (replay) /* without -f, with which it would also repair what it finds */
        status = run("-y", "-E", "journal_only");
    if (status > 1) {
        snprintf(message, sizeof(message), "e2fsck -E journal_only: %d, see %s.log", status, file);
    } else {
        status = run("-fn", NULL, NULL);
        snprintf(message, sizeof(message), "e2fsck -fn: %d, see %s.log", status, file);
    }
    if (copy)
        *copy = mapped;
    if (status == 0)
        return NULL;
    leave(file, image, size);
    return message;
}
