/* SPDX-License-Identifier: MIT */
/*
 * The start of a PVH guest: hvm_start_info, its memory map and Xen's answers in, boot_info out. The
 * builder is trusted with the addresses of its lists, so these lie in memory that exists; their
 * contents are the input's. Free memory is sorted, whole pages, without overlaps, and only memory
 * according to the map; the window touches nothing that is listed.
 */
/* The host's seam has one of its own; the image's limits are set by this process. */
#define boot_info boot_info_under_test
#define _text     fuzz_text
#define _end      fuzz_end

#include "fuzz.h"

#include "arch/x86/boot_memory.c"
#define map memmap_entry /* boot_pvh.c has its own */
#include "arch/x86/pvh/memmap.c"
#undef map

/* "XenVMMXenVMM" */
static struct cpuid cpuid_of_xen(uint32_t leaf)
{
    return (struct cpuid){leaf, 0x566e6558, 0x65584d4d, 0x4d4d566e};
}
#define cpuid(leaf) cpuid_of_xen(leaf)

#include "arch/x86/pvh/boot.c"

#include <kernel/page.h>
#include <setjmp.h>
#include <sys/mman.h>

#define ARENA 16384 /* the builder's lists; the command line is in the second to fourth page */

__asm__(".data\n"
        ".balign 4096\n"
        ".globl fuzz_text\n"
        "fuzz_text: .skip 0x40000\n"
        ".globl fuzz_end\n"
        "fuzz_end: .quad 0\n"
        ".text\n");

static struct input in;
static uint8_t *arena; /* below 4 GiB */
static jmp_buf end;
static struct e820_entry told[ENTRIES_MAX];
static unsigned told_count;
static bool from_xen, finished;
static unsigned pages;
static size_t cmdline_len; /* of what is handed over */
static uintptr_t window;

/* ---- replacements for other parts of the kernel ---- */

uint64_t *mmu_root, mmu_nx;
uint64_t pvh_l4[1];

uintptr_t window_shared_info(void)
{
    return window;
}

void hypercall_init_pvh(void)
{
}

void traps_init_pvh(void)
{
}

void early_fail(const char *fmt, ...)
{
    must(fmt[0]);
    longjmp(end, 1);
}

void boot_finish(void)
{
    finished = true;
    longjmp(end, 1);
}

int pvh_mmu_init(const struct mem_region *ram_map, unsigned count)
{
    must(count <= BOOT_REGIONS_MAX + 2);
    for (unsigned i = 0; i < count; i++) {
        must(!(ram_map[i].start & PAGE_MASK) && !(ram_map[i].bytes & PAGE_MASK));
        for (unsigned j = 0; j < i; j++)
            must(ram_map[i].start + ram_map[i].bytes <= ram_map[j].start ||
                 ram_map[j].start + ram_map[j].bytes <= ram_map[i].start ||
                 (ram_map[i].start == ram_map[j].start && ram_map[i].bytes == PAGE_SIZE));
    }
    return 0;
}

unsigned window_pages(void)
{
    return pages;
}

int window_init(uintptr_t base)
{
    window = base;
    return 0;
}

int mmu_map_page(uintptr_t va, xen_pfn_t frame)
{
    must(va >> PAGE_SHIFT == frame);
    return 0;
}

/* ---- the input ---- */

static struct e820_entry entry(void)
{
    struct e820_entry e;
    uint8_t kind = input_u8(&in);

    e.addr = kind & 1 ? input_u64(&in) : (uint64_t)input_u16(&in) << (kind & 2 ? 20 : 12);
    e.size = kind & 4 ? input_u64(&in) : (uint64_t)input_u16(&in) << (kind & 8 ? 20 : 10);
    e.type = kind & 0x80 ? input_u8(&in) : XEN_HVM_MEMMAP_TYPE_RAM;
    return e;
}

static void tell(uint32_t count)
{
    told_count = MIN(count, ENTRIES_MAX);
    for (unsigned i = 0; i < told_count; i++)
        told[i] = entry();
}

static long answer(unsigned nr, const unsigned long *arg)
{
    struct xen_memory_map *request = (void *)arg[1];
    struct xen_hvm_param *param = (void *)arg[1];

    if (nr == __HYPERVISOR_hvm_op && arg[0] == HVMOP_get_param) {
        uint8_t kind = input_u8(&in);

        param->value = kind & 1 ? input_u64(&in) : input_u16(&in);
        return kind & 2 ? -EINVAL : 0;
    }
    if (nr == __HYPERVISOR_memory_op && arg[0] == XENMEM_memory_map) {
        must(request->nr_entries == ENTRIES_MAX);
        from_xen = true;
        request->nr_entries = input_u8(&in) % (ENTRIES_MAX + 1);
        tell(request->nr_entries);
        memcpy(request->buffer.p, told, told_count * sizeof(told[0]));
        return input_u8(&in) == 1 ? -EPERM : 0;
    }
    return input_u8(&in) == 1 ? -EINVAL : 0;
}

/* ---- invariants ---- */

/* Does the map call all of it memory, in whole pages? */
static bool all_memory(uint64_t at, uint64_t to)
{
    for (unsigned i = 0; i < told_count && at < to; i++) {
        uint64_t first, last;

        if (told[i].type != XEN_HVM_MEMMAP_TYPE_RAM || told[i].addr > UINT64_MAX - PAGE_SIZE)
            continue;
        first = ROUND_UP(told[i].addr, PAGE_SIZE);
        if (__builtin_add_overflow(told[i].addr, told[i].size, &last))
            last = UINT64_MAX;
        if (first <= at && ROUND_DOWN(last, PAGE_SIZE) > at) {
            at = ROUND_DOWN(last, PAGE_SIZE);
            i = ~0u; /* from the beginning for what follows */
        }
    }
    return at >= to;
}

static bool touches(uint64_t start, uint64_t bytes, uint64_t other, uint64_t other_bytes)
{
    uint64_t other_end;

    if (__builtin_add_overflow(other, other_bytes, &other_end))
        other_end = UINT64_MAX;
    return other_bytes && start < other_end && other < start + bytes;
}

static void check(void)
{
    must(boot_info.ram_regions <= BOOT_REGIONS_MAX);
    for (unsigned i = 0; i < boot_info.ram_regions; i++) {
        const struct mem_region *r = &boot_info.ram[i];

        must(r->bytes && !(r->start & PAGE_MASK) && !(r->bytes & PAGE_MASK));
        must(r->start >= PAGE_SIZE && r->start + r->bytes <= MMU_ADDRESS_END);
        must(!i || r->start >= r[-1].start + r[-1].bytes);
        must(all_memory(r->start, r->start + r->bytes));
        must(!touches(r->start, r->bytes, window, pages * PAGE_SIZE));
        must(!boot_info.console ||
             !touches(r->start, r->bytes, (uintptr_t)boot_info.console, PAGE_SIZE));
        must(!boot_info.xenstore ||
             !touches(r->start, r->bytes, (uintptr_t)boot_info.xenstore, PAGE_SIZE));
    }
    must(window >= SLOT_SIZE && !(window & (SLOT_SIZE - 1)));
    for (unsigned i = 0; i < told_count; i++)
        if (told[i].addr < MMU_ADDRESS_END)
            must(!touches(window, pages * PAGE_SIZE, told[i].addr,
                          MIN(told[i].size, MMU_ADDRESS_END - told[i].addr)));
    must(memchr(boot_info.cmdline, '\0', sizeof(boot_info.cmdline)) != NULL);
    must(strlen(boot_info.cmdline) == MIN(cmdline_len, BOOT_CMDLINE_MAX));
    must(boot_info.cmdline_cut == (cmdline_len > BOOT_CMDLINE_MAX));
}

static void make_start_info(struct hvm_start_info *si)
{
    uint8_t how = input_u8(&in), n = input_u8(&in);
    struct hvm_memmap_table_entry *list = (void *)arena;

    *si = (struct hvm_start_info){.magic = XEN_HVM_START_MAGIC_VALUE, .version = how & 3};
    pages = 1 + input_u16(&in) % 4096;
    cmdline_len = 0;
    if (how & 4)
        si->magic = input_u32(&in);
    if (how & 8) { /* a text without an end, from anywhere in the page */
        uint16_t skip = input_u16(&in) % PAGE_SIZE;

        memset(arena + PAGE_SIZE, 'x', 3 * PAGE_SIZE);
        cmdline_len = input_u16(&in) % (2 * PAGE_SIZE);
        arena[PAGE_SIZE + skip + cmdline_len] = '\0';
        si->cmdline_paddr = (uintptr_t)arena + PAGE_SIZE + skip;
    }
    if (how & 0x10) {
        si->cmdline_paddr = input_u64(&in) | PVH_BOOT_MAPPED;
        cmdline_len = 0;
    }
    if (how & 0x20) {
        tell(n);
        for (unsigned i = 0; i < told_count; i++)
            list[i] = (struct hvm_memmap_table_entry){
                .addr = told[i].addr, .size = told[i].size, .type = told[i].type};
        si->memmap_paddr = (uintptr_t)arena;
        si->memmap_entries = how & 0x40 && n >= ENTRIES_MAX ? input_u32(&in) | ENTRIES_MAX : n;
    }
    if (how & 0x80)
        si->memmap_paddr = input_u64(&in) | PVH_BOOT_MAPPED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shared_info *real = shared_info;
    struct hvm_start_info si;

    in = (struct input){data, data + size};
    if (!arena)
        arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
                     -1, 0);
    must(arena != MAP_FAILED);
    memset(&boot_info, 0, sizeof(boot_info));
    entries = told_count = 0;
    from_xen = finished = false;
    seam_hypercall = answer;
    make_start_info(&si);
    if (setjmp(end) == 0)
        boot_pvh(&si);
    seam_hypercall = NULL;
    shared_info = real;
    if (finished)
        check();
    return 0;
}
