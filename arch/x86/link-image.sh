#!/bin/sh
# SPDX-License-Identifier: MIT
# link-image.sh IMAGE LINK-SCRIPT INPUT... - links an image with $CC (cc). INPUT goes to it as it is:
# objects, libraries, options. With NAMES=1 the image has a table of its functions' names: it is
# linked twice, first to learn where the functions are. $NM is nm.
set -eu

image=$1 script=$2
shift 2
here=$(dirname "$0")
CC=${CC:-cc} NM=${NM:-nm} NAMES=${NAMES:-}

link() { # IMAGE SYMBOLS INPUT...
    out=$1 symbols=$2
    shift 2
    $CC -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack \
        -Wl,-z,max-page-size=0x1000 -T "$script" -o "$out" "$symbols" "$@"
}

table() { sh "$here/symbols.sh" "$(basename "$image")"; }

trap 'rm -f "$image.pass1" "$image.symbols.S" "$image.symbols.o"' EXIT
table </dev/null >"$image.symbols.S"
$CC -c -o "$image.symbols.o" "$image.symbols.S"
if [ -z "$NAMES" ]; then
    link "$image" "$image.symbols.o" "$@"
    exit
fi
link "$image.pass1" "$image.symbols.o" "$@"
$NM -n "$image.pass1" | table >"$image.symbols.S"
$CC -c -o "$image.symbols.o" "$image.symbols.S"
link "$image" "$image.symbols.o" "$@"
if ! $NM -n "$image" | table | cmp -s - "$image.symbols.S"; then
    rm -f "$image"
    echo "link-image.sh: $image: functions moved between the two passes" >&2
    exit 1
fi
