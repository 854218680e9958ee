/* SPDX-License-Identifier: MIT */
/*
 * A PV guest of every size boots: the page tables, the window and the frame lists of arch/x86, on a
 * Xen that checks page tables as the real one does (no writable mapping of a table, no foreign
 * frame). Pseudo-physical addresses are addresses of this process. The host allows none below
 * 64 KiB, so the guest's memory begins there and its image lies 60 KiB above 1 MiB: as many pages
 * below the image are free as in a real guest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The host's seam has these functions, too. */
#define boot_info             boot_info_under_test
#define shared_info           shared_info_under_test
#define arch_frame            arch_frame_under_test
#define arch_grant_area       arch_grant_area_under_test
#define arch_grant_area_set   arch_grant_area_set_under_test
#define arch_guard_page       arch_guard_page_under_test
#define arch_map_grant_frames arch_map_grant_frames_under_test
#define arch_page_unmap       arch_page_unmap_under_test
#define arch_vmem_map         arch_vmem_map_under_test
#define arch_vmem_page        arch_vmem_page_under_test
#define arch_vmem_range       arch_vmem_range_under_test
#define arch_vmem_unmap       arch_vmem_unmap_under_test
#define arch_page_remap       arch_page_remap_under_test

/* The image's symbols from the linker. */
#define _text            (*image_text)
#define _etext           (*image_etext)
#define _rodata          (*image_rodata)
#define _erodata         (*image_erodata)
#define _end             (*image_end)
#define boot_stack_guard (*image_guard)
#define boot_stack       (*image_stack)

static unsigned long frame_to_page[];
#define machine_to_phys_mapping frame_to_page

#include <host/seam.h>

#include "arch/x86/boot.h"
#include "arch/x86/image.h"
#include "arch/x86/mmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB        (1UL << 20)
#define FIRST_PAGE 16 /* the host's vm.mmap_min_addr, 64 KiB */
#define IMAGE      (MIB + (FIRST_PAGE - 1) * PAGE_SIZE)
#define PAGES_MAX  ((1100 + 8) * MIB / PAGE_SIZE)
#define SPACE      (1200 * MIB) /* memory, the gap behind it, and a window of 4097 pages */
#define FIRST_MFN  5000UL       /* machine frame of page 0 */
#define SHARED_MFN 77UL         /* Xen's page */

struct page {
    uint8_t level;     /* as a page table: 1..4; 0: ordinary memory */
    uint16_t writable; /* entries that map it so */
};

char (*image_text)[], (*image_etext)[], (*image_rodata)[], (*image_erodata)[], (*image_end)[];
char (*image_guard)[], (*image_stack)[];
struct shared_info *shared_info;

static unsigned long frame_to_page[FIRST_MFN + PAGES_MAX];
static struct page page_info[PAGES_MAX];
static unsigned long guest_pages; /* that the guest has */
static unsigned long most_pages;  /* that its memory map shows; 0: Xen has none to show */
static unsigned grant_frames;     /* at most */
static jmp_buf boot_end;
static bool booted;
static char reason[200]; /* why not */

/* ---- Xen ---- */

static uint64_t *table_of(uint64_t entry)
{
    return (uint64_t *)((((entry & PTE_FRAME) >> PAGE_SHIFT) - FIRST_MFN) << PAGE_SHIFT);
}

static bool owned(xen_pfn_t mfn)
{
    return mfn >= FIRST_MFN && mfn - FIRST_MFN < guest_pages;
}

/* Takes the references of an entry in a table of this level. 0, or Xen's error. */
static long entry_get(uint64_t entry, unsigned level)
{
    xen_pfn_t mfn = (entry & PTE_FRAME) >> PAGE_SHIFT;
    struct page *to;
    long ret;

    if (!(entry & PTE_PRESENT) || (level == 1 && mfn == SHARED_MFN))
        return 0;
    if (!owned(mfn) || !(entry & PTE_USER))
        return -EINVAL;
    to = &page_info[mfn - FIRST_MFN];
    if (level == 1) {
        if ((entry & PTE_RW) && to->level)
            return -EBUSY;
        to->writable += !!(entry & PTE_RW);
        return 0;
    }
    if (to->level)
        return to->level == level - 1 ? 0 : -EINVAL;
    if (to->writable)
        return -EBUSY;
    to->level = (uint8_t)(level - 1);
    for (unsigned i = 0; i < SLOT_PAGES; i++) {
        ret = entry_get(table_of(entry)[i], level - 1);
        if (ret)
            return ret;
    }
    return 0;
}

static long entry_set(uint64_t *entry, unsigned level, uint64_t value)
{
    xen_pfn_t old = (*entry & PTE_FRAME) >> PAGE_SHIFT;
    long ret = entry_get(value, level);

    if (ret)
        return ret;
    if (level == 1 && (*entry & PTE_PRESENT) && (*entry & PTE_RW) && owned(old))
        page_info[old - FIRST_MFN].writable--;
    *entry = value;
    return 0;
}

static long mmu_update(const struct mmu_update *update, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        xen_pfn_t mfn = update[i].ptr >> PAGE_SHIFT;
        long ret = -EINVAL;

        if (owned(mfn) && page_info[mfn - FIRST_MFN].level)
            ret = entry_set((uint64_t *)(update[i].ptr - (FIRST_MFN << PAGE_SHIFT)),
                            page_info[mfn - FIRST_MFN].level, update[i].val);
        if (ret)
            return ret;
    }
    return 0;
}

static long update_va_mapping(uintptr_t va, uint64_t value)
{
    unsigned level;
    uint64_t *entry = mmu_find(va, &level);

    return entry && level == 1 ? entry_set(entry, 1, value) : -EINVAL;
}

static long memory_map(struct xen_memory_map *map)
{
    const struct {
        uint64_t start, bytes;
        uint32_t type;
    } __attribute__((packed)) entry = {0, most_pages << PAGE_SHIFT, 1};
    void *to;

    if (!most_pages)
        return -ENOSYS;
    assert_true(map->nr_entries > 0);
    map->nr_entries = 1;
    memcpy(&to, &map->buffer, sizeof(to));
    memcpy(to, &entry, sizeof(entry));
    return 0;
}

static long xen(unsigned nr, const unsigned long *arg)
{
    struct gnttab_query_size *size;

    switch (nr) {
    case __HYPERVISOR_mmu_update:
        return mmu_update((const struct mmu_update *)arg[0], (unsigned)arg[1]);
    case __HYPERVISOR_update_va_mapping:
        return update_va_mapping(arg[0], arg[1]);
    case __HYPERVISOR_memory_op:
        assert_int_equal(arg[0], XENMEM_memory_map);
        return memory_map((struct xen_memory_map *)arg[1]);
    case __HYPERVISOR_mmuext_op:
        return 0;
    case __HYPERVISOR_grant_table_op:
        assert_int_equal(arg[0], GNTTABOP_query_size);
        size = (struct gnttab_query_size *)arg[1];
        size->max_nr_frames = grant_frames;
        size->status = GNTST_okay;
        return 0;
    default:
        return -ENOSYS;
    }
}

/* ---- the guest ---- */

void hypercall_init_pv(void)
{
}

int traps_init_pv(void)
{
    return 0;
}

void early_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(reason, sizeof(reason), fmt, ap);
    va_end(ap);
    longjmp(boot_end, 1);
}

void boot_finish(void)
{
    booted = true;
    longjmp(boot_end, 1);
}

int pvh_mmu_reserve(uintptr_t va, size_t bytes)
{
    (void)va;
    (void)bytes;
    return -ENOSYS;
}

int pvh_set_page(uintptr_t va, uint64_t entry)
{
    (void)va;
    (void)entry;
    return -ENOSYS;
}

static struct cpuid cpuid_of_xen(uint32_t leaf)
{
    return (struct cpuid){leaf, 0, 0, ~0U};
}
#define cpuid_xen_pv cpuid_of_xen

#include "arch/x86/boot_memory.c"
#include "arch/x86/mmu.c"
#include "arch/x86/pv/growth.c"

/* The page allocator, after booting, has the same free memory. */
static unsigned table_pages;

static void *page_alloc_under_test(unsigned count, enum mem_class class)
{
    (void)class;
    table_pages += count;
    return boot_ram_take(count, UINT64_MAX);
}
#define page_alloc page_alloc_under_test
#include "arch/x86/pv/mmu.c"
#undef page_alloc
#include "arch/x86/pv/p2m.c"
#define top window_top /* p2m.c has its own */
#include "arch/x86/window.c"
#undef top

/* Nothing below FIRST_PAGE is memory. */
static void ram_add(uint64_t start, uint64_t bytes)
{
    boot_ram_add(start, bytes);
    boot_ram_remove(0, FIRST_PAGE * PAGE_SIZE);
}
#define boot_ram_add ram_add
#include "arch/x86/pv/boot.c"
#undef boot_ram_add

/* ---- the domain builder ---- */

static uintptr_t build_table(uintptr_t *free_at, uintptr_t va_end, unsigned level)
{
    uint64_t *table = (uint64_t *)*free_at;
    const uintptr_t step = 1UL << (PAGE_SHIFT + 9 * (level - 1));

    *free_at += PAGE_SIZE;
    for (uintptr_t va = 0, i = 0; va < va_end && i < SLOT_PAGES; va += step, i++) {
        uintptr_t to = level == 1 ? 0 : build_table(free_at, MIN(va_end - va, step), level - 1);

        table[i] = ((to >> PAGE_SHIFT) + FIRST_MFN) << PAGE_SHIFT | PTE_PRESENT | PTE_USER;
    }
    return (uintptr_t)table;
}

/* Fills in the level-1 tables, when it is known which pages are tables. */
static void build_mappings(uintptr_t va_end, uintptr_t tables, uintptr_t tables_end)
{
    for (uintptr_t va = 0; va < va_end; va += PAGE_SIZE) {
        unsigned level;
        uint64_t *entry = mmu_find(va, &level);

        assert_int_equal(level, 1);
        *entry = 0;
        if (va >= guest_pages << PAGE_SHIFT)
            continue;
        *entry = ((va >> PAGE_SHIFT) + FIRST_MFN) << PAGE_SHIFT | PTE_PRESENT | PTE_USER;
        if (va < tables || va >= tables_end)
            *entry |= PTE_RW;
    }
}

/* As libxl's: image, frame list, start_info, XenStore and console pages, page tables, and 512 KiB
 * more than these are mapped, up to a multiple of 4 MiB. */
static struct start_info *build(unsigned long nr_pages, size_t image)
{
    uintptr_t at = IMAGE + ROUND_UP(image, PAGE_SIZE), tables, mapped;
    xen_pfn_t *list;
    struct start_info *si;

    guest_pages = nr_pages;
    memset(page_info, 0, sizeof(page_info));
    memset(&boot_info, 0, sizeof(boot_info));
    shared_info = NULL;
    queued = 0;
    queue_error = 0;
    mapped_end = hooked_end = 0;
    frames_mapped = 0;
    area_ready = boot_done = false;
    madvise((void *)(FIRST_PAGE * PAGE_SIZE), SPACE - FIRST_PAGE * PAGE_SIZE, MADV_DONTNEED);

    image_text = (void *)IMAGE;
    image_etext = image_rodata = (void *)(IMAGE + 16 * PAGE_SIZE);
    image_erodata = (void *)(IMAGE + 24 * PAGE_SIZE);
    image_guard = (void *)(IMAGE + 30 * PAGE_SIZE);
    image_stack = (void *)(IMAGE + 31 * PAGE_SIZE);
    image_end = (void *)at;
    list = (xen_pfn_t *)at;
    for (unsigned long i = 0; i < guest_pages; i++)
        list[i] = FIRST_MFN + i;
    at = ROUND_UP(at + guest_pages * sizeof(*list), PAGE_SIZE);
    si = (struct start_info *)at;
    tables = at + 3 * PAGE_SIZE;
    for (mapped = 4 * MIB; mapped < tables + (mapped / SLOT_SIZE + 3) * PAGE_SIZE + MIB / 2;)
        mapped += 4 * MIB;
    *si = (struct start_info){
        .magic = "xen-3.0-x86_64",
        .nr_pages = guest_pages,
        .shared_info = SHARED_MFN << PAGE_SHIFT,
        .store_mfn = FIRST_MFN + (at >> PAGE_SHIFT) + 1,
        .console.domU.mfn = FIRST_MFN + (at >> PAGE_SHIFT) + 2,
        .pt_base = tables,
        .mfn_list = (uintptr_t)list,
    };
    at = tables;
    pv_p2m = list;
    pv_pages = guest_pages;
    mmu_root = (uint64_t *)tables;
    build_table(&at, mapped, 4);
    build_mappings(mapped, tables, at);
    si->nr_pt_frames = (at - tables) >> PAGE_SHIFT;
    page_info[tables >> PAGE_SHIFT].level = 4;
    for (unsigned i = 0; i < SLOT_PAGES; i++)
        assert_int_equal(entry_get(mmu_root[i], 4), 0);
    return si;
}

/* All memory is mapped correctly, free pages have no owner, and the lists are right. */
static void check(void)
{
    const struct start_info *si = pv_start_info;
    const xen_pfn_t *list = pv_p2m;
    /* all pages of a small guest; of a larger one some in each table */
    const unsigned long stride = guest_pages < 64 * MIB >> PAGE_SHIFT ? 1 : 61;
    unsigned level;

    for (unsigned long pfn = 1; pfn < guest_pages; pfn += stride) {
        const uint64_t *entry = mmu_find(pfn << PAGE_SHIFT, &level);

        if (pfn << PAGE_SHIFT == (uintptr_t)image_guard)
            continue;
        if (!entry || level != 1 || (*entry & PTE_FRAME) >> PAGE_SHIFT != list[pfn])
            fail_msg("page %#lx is not mapped", pfn);
    }
    for (unsigned i = 0; i < boot_info.ram_regions; i++) {
        const struct mem_region *r = &boot_info.ram[i];

        assert_true(r->start + r->bytes <= pv_pages << PAGE_SHIFT);
        assert_true(r->start + r->bytes <= IMAGE || r->start >= si->pt_base ||
                    (uintptr_t)list != si->mfn_list);
        for (uint64_t at = r->start; at < MIN(r->start + r->bytes, guest_pages << PAGE_SHIFT);
             at += stride * PAGE_SIZE)
            if (page_info[at >> PAGE_SHIFT].level || !page_info[at >> PAGE_SHIFT].writable)
                fail_msg("%#lx is no free page", at);
    }
    /* as the toolstack finds the list, from the shared page on */
    assert_int_equal(shared_info->arch.max_pfn, pv_pages);
    for (unsigned long i = 0; i * SLOT_PAGES < pv_pages; i++) {
        const xen_pfn_t *upper = pv_page_of(shared_info->arch.pfn_to_mfn_frame_list_list);
        const xen_pfn_t *middle_page = upper ? pv_page_of(upper[i / SLOT_PAGES]) : NULL;

        assert_non_null(middle_page);
        assert_ptr_equal(pv_page_of(middle_page[i % SLOT_PAGES]), list + i * SLOT_PAGES);
    }
}

static void boot(unsigned long nr_pages, size_t image, unsigned frames)
{
    struct start_info *si = build(nr_pages, image);

    grant_frames = frames;
    booted = false;
    if (!setjmp(boot_end))
        boot_pv(si);
    if (!booted)
        fail_msg("%lu pages, image of %zu KiB, %u grant frames: %s", nr_pages, image >> 10, frames,
                 reason);
    check();
}

/* The same for a guest with room for more, whose absent pages are mapped nowhere. Returns the
 * number of pages that fit. */
static unsigned long boot_with_room(unsigned long nr_pages, unsigned long most)
{
    most_pages = most;
    boot(nr_pages, 256 << 10, 64);
    most_pages = 0;
    if (pv_pages == nr_pages) {
        assert_int_equal(boot_info.populated, UINTPTR_MAX);
        return pv_pages;
    }
    assert_int_equal(boot_info.populated, nr_pages << PAGE_SHIFT);
    for (unsigned long pfn = nr_pages; pfn < pv_pages; pfn++) {
        unsigned level;
        const uint64_t *entry = mmu_find(pfn << PAGE_SHIFT, &level);

        if (pv_p2m[pfn] != INVALID_P2M_ENTRY || !entry || level != 1 || *entry)
            fail_msg("page %#lx is there", pfn);
    }
    assert_true(window_shared_info() >= pv_pages << PAGE_SHIFT);
    return pv_pages;
}

static int setup(void **state)
{
    void *at = (void *)(FIRST_PAGE * PAGE_SIZE);

    (void)state;
    seam_hypercall = xen;
    for (unsigned long i = 0; i < PAGES_MAX; i++)
        frame_to_page[FIRST_MFN + i] = i;
    if (mmap(at, SPACE - FIRST_PAGE * PAGE_SIZE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != at)
        return -1;
    return 0;
}

/* From the minimum for an image of this size on. Where the pages below the image are used up,
 * each size; elsewhere only the number of tables grows. */
static void sizes(size_t image, unsigned frames)
{
    unsigned long least = 4 * MIB + ROUND_DOWN(image, MIB), step = MIB;

    for (unsigned long bytes = least; bytes <= 1100 * MIB; bytes += step) {
        boot(bytes >> PAGE_SHIFT, image, frames);
        step = bytes >= 480 * MIB && bytes < 516 * MIB ? MIB : 12 * MIB;
    }
}

static void test_every_size(void **state)
{
    (void)state;
    for (unsigned long mib = 4; mib <= 1100; mib++)
        boot(mib * MIB >> PAGE_SHIFT, 256 << 10, 32);
}

static void test_odd_numbers_of_pages(void **state)
{
    (void)state;
    for (unsigned long n = 1024; n <= PAGES_MAX; n = n * 9 / 8)
        for (int more = -1; more <= 1; more += 2)
            boot(n + (unsigned long)(more + 1), 256 << 10, 32);
    for (unsigned long n = 500 * 256; n < 520 * 256; n += 61)
        boot(n, 256 << 10, 64);
}

static void test_other_numbers_of_grant_frames(void **state)
{
    static const unsigned frames[] = {1, 64, 256, 1024, 4096};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
        sizes(256 << 10, frames[i]);
}

static void test_larger_images(void **state)
{
    (void)state;
    sizes(MIB, 64);
    sizes(5 * MIB + 4096, 64);
    sizes(40 * MIB, 4096);
}

static void command_line(const char *text, size_t len, bool cut)
{
    struct start_info *si = build(4 * MIB >> PAGE_SHIFT, 256 << 10);

    memcpy(si->cmd_line, text, len);
    grant_frames = 32;
    booted = false;
    if (!setjmp(boot_end))
        boot_pv(si);
    assert_true(booted);
    assert_int_equal(strlen(boot_info.cmdline), MIN(len, (size_t)MAX_GUEST_CMDLINE - 1));
    assert_memory_equal(boot_info.cmdline, text, strlen(boot_info.cmdline));
    assert_int_equal(boot_info.cmdline_cut, cut);
}

/* The toolstack does not report a truncation: a line that fills all of its space may be
 * truncated. */
static void test_command_line(void **state)
{
    char text[MAX_GUEST_CMDLINE];

    (void)state;
    memset(text, 'x', sizeof(text));
    command_line(text, 0, false);
    command_line(text, MAX_GUEST_CMDLINE - 2, false);
    command_line(text, MAX_GUEST_CMDLINE - 1, true);
    command_line(text, MAX_GUEST_CMDLINE, true); /* without an end */
}

static void test_room_for_more(void **state)
{
    unsigned long room;

    (void)state;
    for (unsigned long mib = 4; mib <= 64; mib += 4) {
        room = boot_with_room(mib * 256, 16 * mib * 256);
        assert_int_equal(room, 16 * mib * 256);
        assert_int_equal(boot_with_room(mib * 256 - 1, 40 * mib * 256), 16 * (mib * 256 - 1));
        assert_int_equal(boot_with_room(mib * 256 + 3, mib * 256 + 4), mib * 256 + 4);
    }
    /* none: a map that shows what there is, or less */
    assert_int_equal(boot_with_room(8192, 8192), 8192);
    assert_int_equal(boot_with_room(8192, 100), 8192);
}

/* Pages come and go, also those of the first hours. */
static void test_pages_come_and_go(void **state)
{
    const unsigned long pfns[] = {8191, 8192, 8193, 10000, 65535};
    unsigned level;

    (void)state;
    boot_with_room(8192, 65536);
    guest_pages = 65536; /* any frame that Xen gives belongs to the guest */
    for (size_t i = 1; i < ARRAY_SIZE(pfns); i++) {
        assert_null(pv_page_of(FIRST_MFN + pfns[i]));
        assert_int_equal(arch_page_remap((void *)(pfns[i] << PAGE_SHIFT), FIRST_MFN + pfns[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(pfns); i++) {
        void *page = (void *)(pfns[i] << PAGE_SHIFT);
        const uint64_t *entry = mmu_find((uintptr_t)page, &level);

        assert_int_equal((*entry & PTE_FRAME) >> PAGE_SHIFT, FIRST_MFN + pfns[i]);
        assert_int_equal(*entry & (PTE_PRESENT | PTE_RW), PTE_PRESENT | PTE_RW);
        assert_ptr_equal(pv_page_of(FIRST_MFN + pfns[i]), page);
        assert_int_equal(page_info[pfns[i]].writable, 1);
        assert_int_equal(arch_page_unmap(page), FIRST_MFN + pfns[i]);
        assert_int_equal(page_info[pfns[i]].writable, 0);
        assert_int_equal(*entry, 0);
        assert_null(pv_page_of(FIRST_MFN + pfns[i]));
    }
}

/* Page tables for grants of other domains are made after booting, of the page allocator's memory,
 * and once. Xen fills in their entries. */
static void test_grant_area(void **state)
{
    void *area, *again;
    unsigned level;

    (void)state;
    boot_with_room(8192, 8192);
    mmu_boot_done();
    table_pages = 0;
    assert_int_equal(arch_grant_area(&area), 0);
    assert_int_equal((uintptr_t)area % SLOT_SIZE, 0);
    assert_true((uintptr_t)area >= frame_address(frames_max));
    assert_in_range(table_pages, GRANT_MAP_PAGES / SLOT_PAGES, GRANT_MAP_PAGES / SLOT_PAGES + 1);
    for (unsigned i = 0; i < GRANT_MAP_PAGES; i++) {
        assert_int_equal(*mmu_find((uintptr_t)area + i * PAGE_SIZE, &level), 0);
        assert_int_equal(level, 1);
    }
    arch_grant_area_set(area, true, false); /* is Xen's to do */
    assert_int_equal(*mmu_find((uintptr_t)area, &level), 0);
    assert_int_equal(arch_grant_area(&again), 0);
    assert_ptr_equal(again, area);
    assert_in_range(table_pages, GRANT_MAP_PAGES / SLOT_PAGES, GRANT_MAP_PAGES / SLOT_PAGES + 1);
}

/* Pages of memory at addresses far above it, through tables of their own. */
static void test_vmem(void **state)
{
    uintptr_t start;
    size_t bytes;
    unsigned level;

    (void)state;
    boot_with_room(8192, 8192);
    mmu_boot_done();
    table_pages = 0;
    arch_vmem_range(&start, &bytes);
    assert_true(start >= MMU_ADDRESS_END && start >= window_shared_info());
    assert_null(arch_vmem_page((void *)start));
    for (unsigned i = 0; i < 3; i++) {
        void *page = page_alloc_under_test(1, MEM_APP), *other = page_alloc_under_test(1, MEM_APP);
        char *va = (char *)start + i * (SLOT_SIZE - PAGE_SIZE); /* the second: across tables */
        const uint64_t *entry;

        table_pages -= 2;
        assert_int_equal(arch_vmem_map(va, page), 0);
        assert_int_equal(arch_vmem_map(va + PAGE_SIZE, other), 0);
        assert_int_equal(table_pages, i ? 4 : 3);
        entry = mmu_find((uintptr_t)va, &level);
        assert_int_equal(level, 1);
        assert_int_equal((*entry & PTE_FRAME) >> PAGE_SHIFT, arch_frame(page));
        assert_int_equal(*entry & (PTE_PRESENT | PTE_RW | PTE_USER | PTE_NX),
                         PTE_PRESENT | PTE_RW | PTE_USER | mmu_nx);
        assert_ptr_equal(arch_vmem_page(va), page);
        assert_ptr_equal(arch_vmem_page(va + PAGE_SIZE + 5), other);
        assert_null(arch_vmem_page(va + 2 * PAGE_SIZE));
        assert_int_equal(arch_vmem_unmap(va), 0);
        assert_null(arch_vmem_page(va));
        assert_ptr_equal(arch_vmem_page(va + PAGE_SIZE), other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_odd_numbers_of_pages),
        cmocka_unit_test(test_other_numbers_of_grant_frames),
        cmocka_unit_test(test_larger_images),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_room_for_more),
        cmocka_unit_test(test_pages_come_and_go),
        cmocka_unit_test(test_grant_area),
        cmocka_unit_test(test_vmem),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
