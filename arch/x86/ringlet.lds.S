/* SPDX-License-Identifier: MIT */
/*
 * The link script of a guest. Virtual = physical. Each segment has the rights that it will be
 * mapped with, and mmu.c knows its borders. Text comes first and the table of symbols last of the
 * read-only data, so that no function moves when the table is filled in (link-image.sh).
 */
OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(entry_pv)
EXTERN(entry_pvh xen_notes)

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = 0x100000;
    .text : {
        _text = .;
        KEEP(*(.text.entry))
        *(.text.unlikely .text.unlikely.*)
        *(.text .text.*)
    } :text
    . = ALIGN(4096);
    _etext = .;

    .rodata : {
        _rodata = .;
        *(.rodata .rodata.*)
    } :rodata
    /* Constructors and destructors, in order of their priority. */
    .preinit_array : {
        PROVIDE_HIDDEN(__preinit_array_start = .);
        KEEP(*(.preinit_array))
        PROVIDE_HIDDEN(__preinit_array_end = .);
    } :rodata
    .init_array : {
        PROVIDE_HIDDEN(__init_array_start = .);
        KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*)))
        KEEP(*(.init_array))
        PROVIDE_HIDDEN(__init_array_end = .);
    } :rodata
    .fini_array : {
        PROVIDE_HIDDEN(__fini_array_start = .);
        KEEP(*(SORT_BY_INIT_PRIORITY(.fini_array.*)))
        KEEP(*(.fini_array))
        PROVIDE_HIDDEN(__fini_array_end = .);
    } :rodata
    /*
     * Variables of each thread: what they begin with, and how many bytes and what alignment a
     * thread needs for them (tls.c).
     */
    . = ALIGN(MAX(ALIGNOF(.tdata), ALIGNOF(.tbss)) > 0 ? MAX(ALIGNOF(.tdata), ALIGNOF(.tbss)) : 1);
    PROVIDE_HIDDEN(_tls_image = .);
    .tdata : {
        *(.tdata .tdata.*)
    } :rodata
    PROVIDE_HIDDEN(_tls_image_bytes = SIZEOF(.tdata));
    .tbss : {
        *(.tbss .tbss.* .tcommon)
    } :rodata
    PROVIDE_HIDDEN(_tls_bytes = SIZEOF(.tbss) ? ADDR(.tbss) + SIZEOF(.tbss) - _tls_image : SIZEOF(.tdata));
    PROVIDE_HIDDEN(_tls_align = MAX(ALIGNOF(.tdata), ALIGNOF(.tbss)));
    .note.Xen : {
        KEEP(*(.note.Xen))
    } :rodata :note
    .ringlet.symbols : {
        KEEP(*(.ringlet.symbols))
    } :rodata
    . = ALIGN(4096);
    _erodata = .;

    .data : {
        *(.data .data.*)
    } :data
    .bss : {
        *(.bss.page_tables)
        *(.bss.boot_stack)
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
        _end = .;
    } :data

    /DISCARD/ : {
        *(.comment .note.GNU-stack .note.gnu.* .eh_frame .eh_frame.*)
    }
}
