/* SPDX-License-Identifier: MIT */
/*
 * Notes for the domain builder (xen/elfnote.h): how to start this image as a PV and as a PVH guest.
 * There is no HYPERCALL_PAGE note, as that page is not used.
 */
#include <xen/elfnote.h>
#include <xen/features.h>

.macro note type, desc:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, \type
1:  .asciz "Xen"
2:  .balign 4
3:  \desc
4:  .balign 4
    .popsection
.endm

    /* The link script refers to this symbol, so that the linker takes this file of the library. */
    .globl xen_notes
    xen_notes = 0

    note XEN_ELFNOTE_GUEST_OS, .asciz "Ringlet"
    note XEN_ELFNOTE_GUEST_VERSION, .asciz RINGLET_VERSION
    note XEN_ELFNOTE_LOADER, .asciz "generic"

    /* PV: virtual = pseudo-physical, entered with the initial page tables of the builder */
    note XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note XEN_ELFNOTE_ENTRY, .quad entry_pv
    note XEN_ELFNOTE_VIRT_BASE, .quad 0
    note XEN_ELFNOTE_PADDR_OFFSET, .quad 0
    note XEN_ELFNOTE_PAE_MODE, .asciz "yes"
    note XEN_ELFNOTE_FEATURES, .asciz "auto_translated_physmap"
    note XEN_ELFNOTE_SUPPORTED_FEATURES, .long 1 << XENFEAT_auto_translated_physmap

    /* PVH: entered in flat 32-bit mode without paging */
    note XEN_ELFNOTE_PHYS32_ENTRY, .quad entry_pvh

    .section .note.GNU-stack, "", @progbits
