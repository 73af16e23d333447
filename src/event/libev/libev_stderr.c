// SPDX-License-Identifier: MIT
// What libev writes to, where debian_libev.sh had to rename it.
#include <stdio.h>

__attribute__((visibility("hidden"))) FILE *geventd_libev_stderr;

__attribute__((constructor)) static void find_stderr(void) {
    geventd_libev_stderr = stderr;
}
