/* SPDX-License-Identifier: MIT */
/*
 * Pages as Mini-OS has them: PAGE_MASK keeps the page's address. (In <ringlet/compiler.h> it is the
 * offset in the page; so this is included again after that.)
 */
#undef PAGE_SHIFT
#undef PAGE_SIZE
#undef PAGE_MASK
#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))
/* The rights that map_frames_ex takes: bits of an x86 page table entry. */
#undef L1_PROT
#undef L1_PROT_RO
#define L1_PROT    0x67UL
#define L1_PROT_RO 0x65UL
