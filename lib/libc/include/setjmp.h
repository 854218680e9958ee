/* SPDX-License-Identifier: MIT */
/* newlib's <setjmp.h>, and the functions that preserve the signal mask. */
#ifndef RINGLET_SETJMP_H
#define RINGLET_SETJMP_H

#include_next <setjmp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct __sigjmp_buf {
    jmp_buf __jump;
    int __has_mask;
    unsigned long __mask;
};
typedef struct __sigjmp_buf sigjmp_buf[1];

void __sigjmp_save(struct __sigjmp_buf *env, int save);
void siglongjmp(sigjmp_buf env, int value) __attribute__((__noreturn__));

#define sigsetjmp(env, save) (__sigjmp_save((env), (save)), setjmp((env)->__jump))

/* They do not preserve it. */
#define _setjmp(env)         setjmp(env)
#define _longjmp(env, value) longjmp(env, value)

#ifdef __cplusplus
}
#endif

#endif
