#!/bin/sh
# SPDX-License-Identifier: MIT
#
# debian_libev.sh ARCHIVE OBJECT: makes an object of Debian's libev.a that a shared object can hold.
# It is compiled for programs, which may take the address of another library's data: of stderr, to
# which it writes before it aborts. Here that becomes the variable of libev_stderr.c.
set -eu
object=$(realpath "$2")
cd "$(dirname "$object")"
ar p "$1" ev.o >"$object.program"
objcopy --redefine-sym stderr=geventd_libev_stderr "$object.program" "$object"
rm "$object.program"
