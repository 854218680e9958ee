/* SPDX-License-Identifier: MIT */
/* Names of functions by address, from the table that symbols.sh makes of the linked image. */
#include <ringlet/string.h>

#include "image.h"
#include "trap.h"

/* The addresses are sorted; the names follow one another in the same order. */
extern const uint32_t ringlet_symbol_count, ringlet_symbol_addresses[];
extern const char ringlet_symbol_names[];

const char *symbol_find(uintptr_t address, uintptr_t *offset)
{
    const char *name = ringlet_symbol_names;
    uint32_t i = 0;

    if (address < (uintptr_t)_text || address >= (uintptr_t)_etext || !ringlet_symbol_count ||
        address < ringlet_symbol_addresses[0])
        return NULL;
    for (; i + 1 < ringlet_symbol_count && ringlet_symbol_addresses[i + 1] <= address; i++)
        name += strlen(name) + 1;
    *offset = address - ringlet_symbol_addresses[i];
    return name;
}
