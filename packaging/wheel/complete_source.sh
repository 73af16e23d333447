#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# complete_source.sh TREE: adds to a copy of the sources what is linked into a wheel and is not in
# the repository: below subprojects/ the libraries of which Debian has no archive that a module can
# be linked with, from Debian's source packages; and the licences of all that is linked in.
set -euo pipefail
tree=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The subproject, the source package, the licence and the files in it; what meson.build says of a
# subproject is beside this script. The headers of fmt and spdlog are the host's, to which their
# sources belong. aria2 carries wslay's release with all that its build makes.
readonly SOURCES=(
    "libev    libev  LICENSE            *.c *.h"
    "libwslay aria2  deps/wslay/COPYING deps/wslay/lib/*.[ch] deps/wslay/lib/includes"
    "fmt      fmtlib LICENSE.rst        src"
    "spdlog   spdlog LICENSE            src"
)
# Each has the archive, or the headers, of a library that a wheel holds as well.
readonly PACKAGES=(
    libyaml-cpp-dev libncurses-dev zlib1g-dev libssl-dev libboost-dev libcli11-dev
    nlohmann-json3-dev libexpected-dev "libstdc++-$(g++ -dumpversion)-dev"
)

# The host's lists need not name sources, so apt gets lists of its own: from where the host has its
# packages, the sources.
debian_sources() {
    mkdir -p "$work/lists/partial" "$work/sources.d"
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ ! -f $file ]] || sed -n 's/^deb /deb-src /p' "$file" >>"$work/sources.d/host.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -f $file ]] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/sources.d/${file##*/}"
    done
    local apt=(
        apt-get -qq -o Dir::Etc::SourceList=- -o "Dir::Etc::SourceParts=$work/sources.d"
        -o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root
    )
    "${apt[@]}" update
    cd "$work"
    local package
    for package in "$@"; do
        "${apt[@]}" source "$package" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
        mv "$package"-*/ "$package"
    done
}

# add NAME PACKAGE LICENCE FILE...
add() {
    local name=$1 package=$2 licence=$3 file
    mkdir -p "$tree/subprojects/$name"
    cd "$work/$package"
    for file in "${@:4}"; do
        # shellcheck disable=SC2086  # a pattern
        cp -r $file "$tree/subprojects/$name"
    done
    licence_of "$name" "$licence"
}

licence_of() { { printf '\n==== %s\n\n' "$1" && cat "$2"; } >>"$tree/LICENSE.bundled"; }

printf 'A wheel of geventd holds code of these libraries, under these licences.\n' \
    >"$tree/LICENSE.bundled"
cp -r "$here/subprojects" "$tree"
mapfile -t names < <(printf '%s\n' "${SOURCES[@]}" | awk '{ print $2 }')
(debian_sources "${names[@]}")
for line in "${SOURCES[@]}"; do
    set -f
    # shellcheck disable=SC2086  # words
    set -- $line
    set +f
    (add "$@")
done
for package in "${PACKAGES[@]}"; do
    licence_of "$package" "/usr/share/doc/$package/copyright"
done
