#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh <(nm -n IMAGE) - turns a list of symbols into the assembler source of the table that
# symbols.c searches. Only functions count; of several names for an address the first is kept.
exec awk '
$2 ~ /^[tTwW]$/ && $3 !~ /^(_text|_etext)$/ && $1 != last {
    addresses = addresses "    .long 0x" substr($1, length($1) - 7) "\n"
    names = names "    .asciz \"" $3 "\"\n"
    count++
    last = $1
}
END {
    print "    .section .ringlet.symbols, \"a\", @progbits"
    print "    .globl symbol_count, symbol_addresses, symbol_names"
    print "    .balign 4"
    print "symbol_count:\n    .long " count + 0
    printf "symbol_addresses:\n%s", addresses
    printf "symbol_names:\n%s    .byte 0\n", names
    print "    .section .note.GNU-stack, \"\", @progbits"
}'
