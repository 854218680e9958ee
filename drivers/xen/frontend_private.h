/* SPDX-License-Identifier: MIT */
/* Between frontend_start.c and frontend.c. */
#ifndef RINGLET_FRONTEND_PRIVATE_H
#define RINGLET_FRONTEND_PRIVATE_H

#include <ringlet/frontend.h>

/* The frontend's thread, with fe's paths known. */
void frontend_thread(void *fe);

#endif
