#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh PROGRAM <(nm -n IMAGE) - turns a list of symbols into the assembler source of the table
# that symbols.c searches, and of the program's name for argv[0]. Only functions count; of several
# names for an address the first is kept. The prefix of exported symbols (include/ringlet/symbols.h)
# is left out: sources do not have it.
exec awk -v program="$(printf %s "${1:-}" | tr -cd '[:alnum:]._+-')" '
$2 ~ /^[tTwW]$/ && $3 !~ /^(_text|_etext)$/ && $1 != last {
    sub(/^ringlet_/, "", $3)
    addresses = addresses "    .long 0x" substr($1, length($1) - 7) "\n"
    names = names "    .asciz \"" $3 "\"\n"
    count++
    last = $1
}
END {
    print "    .section .ringlet.symbols, \"a\", @progbits"
    print "    .globl ringlet_symbol_count, ringlet_symbol_addresses, ringlet_symbol_names"
    print "    .balign 4"
    print "ringlet_symbol_count:\n    .long " count + 0
    printf "ringlet_symbol_addresses:\n%s", addresses
    printf "ringlet_symbol_names:\n%s    .byte 0\n", names
    if (program != "") {
        print "    .section .rodata.ringlet_program_name, \"a\""
        print "    .globl ringlet_program_name"
        printf "ringlet_program_name:\n    .asciz \"%s\"\n", program
    }
    print "    .section .note.GNU-stack, \"\", @progbits"
}'
