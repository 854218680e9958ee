/* SPDX-License-Identifier: MIT */
/* The seam's part for other domains' memory: a file that is mapped more than once. */
#define _GNU_SOURCE /* memfd_create */
#include "seam.h"

#include <ringlet/foreign.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct seam_foreign seam_foreign;

static int foreign_file = -1;

void seam_foreign_make(domid_t domid, unsigned pages)
{
    foreign_file = memfd_create("foreign", 0);
    if (foreign_file < 0 || ftruncate(foreign_file, (off_t)(pages * PAGE_SIZE)))
        abort();
    seam_foreign.domid = domid;
    seam_foreign.pages = pages;
    seam_foreign.memory =
        mmap(NULL, pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, foreign_file, 0);
    if (seam_foreign.memory == MAP_FAILED)
        abort();
}

void seam_foreign_end(void)
{
    if (foreign_file >= 0) {
        munmap(seam_foreign.memory, seam_foreign.pages * PAGE_SIZE);
        close(foreign_file);
    }
    foreign_file = -1;
    seam_foreign = (struct seam_foreign){0};
}

int arch_foreign_area(void **area)
{
    static void *addresses;

    if (!addresses) {
        addresses = mmap(NULL, FOREIGN_PAGES * PAGE_SIZE, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (addresses == MAP_FAILED)
            abort();
    }
    *area = addresses;
    return seam_foreign.area_error;
}

static void foreign_none(char *page)
{
    if (mmap(page, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
             -1, 0) == MAP_FAILED)
        abort();
    seam_foreign.mapped--;
}

static int foreign_page(char *page, uint64_t gfn)
{
    if (gfn >= seam_foreign.pages || (seam_foreign.hole && seam_foreign.hole(gfn)))
        return -EINVAL;
    if (mmap(page, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, foreign_file,
             (off_t)(gfn * PAGE_SIZE)) == MAP_FAILED)
        abort();
    seam_foreign.mapped++;
    return 0;
}

int arch_foreign_map(void *page, domid_t domid, uint64_t gfn, unsigned count)
{
    int ret = seam_foreign.error;

    seam_foreign.calls++;
    if (foreign_file < 0 || domid != seam_foreign.domid)
        return -ESRCH;
    for (unsigned i = 0; i < count && !ret; i++) {
        ret = foreign_page((char *)page + i * PAGE_SIZE, gfn + i);
        while (ret && i)
            foreign_none((char *)page + --i * PAGE_SIZE);
    }
    return ret;
}

int arch_foreign_resource(void *page, domid_t domid, unsigned type, unsigned id, unsigned frame,
                          unsigned count)
{
    (void)type;
    (void)id;
    (void)frame;
    seam_foreign.calls++;
    if (foreign_file < 0 || domid != seam_foreign.domid)
        return -ESRCH;
    for (unsigned i = 0; i < count && !seam_foreign.resource_error; i++)
        foreign_page((char *)page + i * PAGE_SIZE, 0);
    return seam_foreign.resource_error;
}

int arch_foreign_unmap(void *page)
{
    if (!seam_foreign.unmap_error)
        foreign_none(page);
    return seam_foreign.unmap_error;
}
