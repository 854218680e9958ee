# Build options. Each can be given on the command line (make CC=clang V=1) or changed here.

# gcc or clang; CROSS_COMPILE=x86_64-linux-gnu- for a cross toolchain.
CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
LD      := $(CROSS_COMPILE)ld
AR      := $(CROSS_COMPILE)ar
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy

ARCH ?= x86_64

# All output goes below this folder.
BUILD ?= build

# The version of Xen's interface that the sources are compiled for (xen/xen-compat.h): 4.14's, the
# newest that Debian 12's headers support.
XEN_INTERFACE_VERSION ?= 0x00040e00

# V=1 shows the commands.
V ?= 0

OPT ?= -O2
