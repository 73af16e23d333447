#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# compiler.sh FOLDER ZIG GLIBC: makes FOLDER/bin/{cc,c++,ar}, which make programs for a C library as
# old as GLIBC (a version), and FOLDER/include. A host's own compiler makes them for the C library of
# that host. ZIG is the program of that name: clang with the stubs of every C library and with a C++
# runtime of its own, which goes into each program.
set -euo pipefail
folder=$(realpath -m "$1")
zig=$2
glibc=$3
multiarch=$(gcc -print-multiarch)

# Of the host's headers, the libraries' alone: those of its C library and of its C++ runtime must
# not be seen. Debian's pyconfig.h includes that of the architecture.
mkdir -p "$folder/include/$multiarch" "$folder/bin"
for name in boost CLI fmt spdlog nlohmann tl zlib.h zconf.h \
        curses.h ncurses.h ncurses_dll.h unctrl.h; do
    ln -sfn "/usr/include/$name" "$folder/include/$name"
done
for headers in "/usr/include/$multiarch"/python3.*; do
    [[ ! -d $headers ]] || ln -sfn "$headers" "$folder/include/$multiarch/${headers##*/}"
done

# program NAME ARGUMENT...: FOLDER/bin/NAME calls zig's program of that name.
program() {
    printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$*" >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}

target="-target $(uname -m)-linux-gnu.$glibc -isystem '$folder/include'"
# An index out of bounds ends the process, as -D_GLIBCXX_ASSERTIONS has it with the other C++ runtime.
hardened=
for setting in HARDENING_MODE=_LIBCPP_HARDENING_MODE_FAST \
        ASSERTION_SEMANTIC_DEFAULT=_LIBCPP_ASSERTION_SEMANTIC_QUICK_ENFORCE; do
    hardened+=" -U_LIBCPP_${setting%=*} -D_LIBCPP_$setting"
done
program cc "$target"
program c++ "$target$hardened"
program ar
