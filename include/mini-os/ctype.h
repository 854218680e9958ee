/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_CTYPE_H
#define MINI_OS_CTYPE_H

#include <ctype.h>

#endif
