/* SPDX-License-Identifier: MIT */
/* The image in memory, as ringlet.lds.S lays it out. Each border lies on a page boundary. */
#ifndef RINGLET_X86_IMAGE_H
#define RINGLET_X86_IMAGE_H

#include <ringlet/compiler.h>

extern char _text[], _etext[], _rodata[], _erodata[], _end[];

static inline size_t image_size(void)
{
    return (uintptr_t)_end - (uintptr_t)_text;
}

/* The stack of booting, later that of handlers, and, below it, the page that stays unmapped. */
extern char boot_stack_guard[], boot_stack[];

#endif
