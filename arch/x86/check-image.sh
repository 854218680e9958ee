#!/bin/sh
# SPDX-License-Identifier: MIT
# check-image.sh IMAGE [KERNEL-OBJECT...] - what must hold for a linked guest: no memory both writable
# and executable, the notes for both ways of booting, a table of symbols; and that no object of the
# kernel uses an SSE register. Says what is wrong; exit 0 if nothing is. Tools: $READELF, $OBJDUMP.
set -eu

image=$1
shift
READELF=${READELF:-readelf} OBJDUMP=${OBJDUMP:-objdump}
bad=0

complain() {
    echo "check-image.sh: $*" >&2
    bad=1
}

# One line per segment: type, then flags without blanks.
segments=$($READELF -lW "$image" | awk '$1 == "LOAD" { f = $7 $8 $9; sub(/0x.*/, "", f); print f }')
[ "$(echo "$segments" | wc -l)" -eq 3 ] || complain "$image: not three segments (text, rodata, data)"
for flags in $segments; do
    case $flags in
    *W*E* | *E*W*) complain "$image: a segment is both writable and executable" ;;
    esac
done

# Numbers of xen/elfnote.h: ENTRY (PV; readelf has a name for 1), GUEST_OS, PHYS32_ENTRY (PVH).
notes=$($READELF -nW "$image" || true)
for type in 'NT_VERSION\|0x00000001' 0x00000006 0x00000012; do
    echo "$notes" | grep -q "^ *Xen .*\($type\)" || complain "$image: Xen's note $type is missing"
done

for object in "$@"; do
    uses=$($OBJDUMP -d "$object" | grep -E '%[xyz]mm[0-9]' | head -n 1 || true)
    [ -z "$uses" ] || complain "$object: uses an SSE register: $uses"
done
exit $bad
