/* SPDX-License-Identifier: MIT */
/*
 * The link script of a guest. Virtual = physical; each segment has the rights that it will be mapped
 * with, and its borders are known to mmu.c. Text comes first and the table of symbols behind all
 * other read-only data, so that no function moves when the table is filled in (link-image.sh).
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
