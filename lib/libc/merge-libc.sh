#!/bin/sh
# SPDX-License-Identifier: MIT
# merge-libc.sh OUT NEWLIB OBJECT... - one archive of the objects and of newlib's, without those
# members of newlib that define a symbol of the objects: the linker takes whichever it sees first.
set -eu

out=$1 newlib=$2
shift 2
AR=${AR:-ar} NM=${NM:-nm}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

$NM -g --defined-only "$@" | awk 'NF == 3 && $2 !~ /[VW]/ { print $3 }' >"$work/ours"
# "libc.a:member.o:address type symbol"
$NM -A -g --defined-only "$newlib" | awk -F'[: ]' '
    NR == FNR { ours[$1] = 1; next }
    $NF in ours { print $2 }' "$work/ours" - | sort -u >"$work/replaced"
cp "$newlib" "$work/libc.a"
[ ! -s "$work/replaced" ] || xargs $AR d "$work/libc.a" <"$work/replaced"
(cd "$work" && mkdir members && cd members && $AR x ../libc.a)
rm -f "$out"
$AR rcs "$out" "$@" "$work"/members/*.o
