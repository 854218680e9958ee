#!/bin/sh
# SPDX-License-Identifier: MIT
# link-image.sh IMAGE LINK-SCRIPT INPUT... - links a guest twice: first to learn where the functions
# are, then with the table of their names. INPUT goes to the linker as it is (objects, libraries,
# options). The tools are $LD, $NM and $CC.
set -eu

image=$1 script=$2
shift 2
here=$(dirname "$0")
LD=${LD:-ld} NM=${NM:-nm} CC=${CC:-cc}

link() { # IMAGE SYMBOLS INPUT...
    out=$1 symbols=$2
    shift 2
    $LD -m elf_x86_64 -nostdlib -static --gc-sections --build-id=none -z noexecstack \
        -z max-page-size=0x1000 -T "$script" -o "$out" "$symbols" "$@"
}

table() { # IMAGE: its symbols as assembler source
    $NM -n "$1" | sh "$here/symbols.sh"
}

trap 'rm -f "$image.pass1" "$image.symbols.S" "$image.symbols.o"' EXIT
sh "$here/symbols.sh" </dev/null >"$image.symbols.S"
$CC -c -o "$image.symbols.o" "$image.symbols.S"
link "$image.pass1" "$image.symbols.o" "$@"
table "$image.pass1" >"$image.symbols.S"
$CC -c -o "$image.symbols.o" "$image.symbols.S"
link "$image" "$image.symbols.o" "$@"
if ! table "$image" | cmp -s - "$image.symbols.S"; then
    rm -f "$image"
    echo "link-image.sh: $image: functions moved between the two passes" >&2
    exit 1
fi
