/* SPDX-License-Identifier: MIT */
/* Shared libraries: there are none, so that the functions are only in -lringlet-nosys. */
#ifndef RINGLET_DLFCN_H
#define RINGLET_DLFCN_H

#define RTLD_LAZY    1
#define RTLD_NOW     2
#define RTLD_LOCAL   0
#define RTLD_GLOBAL  0x100
#define RTLD_DEFAULT ((void *)0)
#define RTLD_NEXT    ((void *)-1)

void *dlopen(const char *path, int flags);
void *dlsym(void *library, const char *name);
int dlclose(void *library);
char *dlerror(void);

#endif
