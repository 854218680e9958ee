# SPDX-License-Identifier: MIT
# cmake -DCMAKE_TOOLCHAIN_FILE=PREFIX/share/ringlet/cmake/ringlet-toolchain.cmake: programs become
# images that xl boots, and there are no shared libraries. C only.
get_filename_component(RINGLET_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER "${RINGLET_PREFIX}/bin/ringlet-cc")
set(RINGLET TRUE)
set(CMAKE_SYSTEM_PREFIX_PATH "${RINGLET_PREFIX}/lib/ringlet")
set(CMAKE_FIND_ROOT_PATH "${RINGLET_PREFIX}/lib/ringlet")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
