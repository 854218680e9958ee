/* SPDX-License-Identifier: MIT */
/* Names of functions by address, from the table that symbols.sh makes of the linked image. */
#include <ringlet/string.h>

#include "boot.h"
#include "trap.h"

/* Sorted; the names one after another, in the same order. */
extern const uint32_t symbol_count, symbol_addresses[];
extern const char symbol_names[];

const char *symbol_find(uintptr_t address, uintptr_t *offset)
{
    const char *name = symbol_names;
    uint32_t i = 0;

    if (address < (uintptr_t)_text || address >= (uintptr_t)_etext || !symbol_count ||
        address < symbol_addresses[0])
        return NULL;
    for (; i + 1 < symbol_count && symbol_addresses[i + 1] <= address; i++)
        name += strlen(name) + 1;
    *offset = address - symbol_addresses[i];
    return name;
}
