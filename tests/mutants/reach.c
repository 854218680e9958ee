// SPDX-License-Identifier: MIT
/*
 * Records which functions of the library a test program enters. The library is built with
 * -finstrument-functions, and REACH_FILE names a file with one byte for each byte of the library's
 * code: the byte at a function's offset becomes 1. A shared mapping needs no orderly exit.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define QUIET __attribute__((no_instrument_function))

extern const char __ehdr_start[] __attribute__((visibility("hidden"))); // where the library begins

static unsigned char *entered;
static size_t size;

QUIET void __cyg_profile_func_enter(void *fn, void *site);
QUIET void __cyg_profile_func_exit(void *fn, void *site);

__attribute__((constructor)) QUIET static void open_file(void)
{
    const char *name = getenv("REACH_FILE");
    int fd = name ? open(name, O_RDWR) : -1;
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    void *map =
        end <= 0 ? MAP_FAILED : mmap(NULL, (size_t)end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (map != MAP_FAILED) {
        entered = map;
        size = (size_t)end;
    }
}

void __cyg_profile_func_enter(void *fn, void *site)
{
    uintptr_t offset = (uintptr_t)fn - (uintptr_t)__ehdr_start;

    (void)site;
    if (entered && offset < size)
        entered[offset] = 1;
}

void __cyg_profile_func_exit(void *fn, void *site)
{
    (void)fn;
    (void)site;
}
