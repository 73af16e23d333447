#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# complete_source.sh TREE: adds to a copy of the sources what is linked into a wheel and is not in
# the repository, from Debian's source packages: libev/, and bundled/, which belongs to the
# headers of this host; and the licences of all that is linked in.
set -euo pipefail
tree=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Each package has the headers, or the archive, of a library that a wheel holds.
readonly PACKAGES=(
    libfmt-dev libspdlog-dev libyaml-cpp-dev libncurses-dev libboost-dev libcli11-dev
    nlohmann-json3-dev libexpected-dev libstdc++-12-dev libwslay-dev zlib1g-dev
)

# The host's lists need not name sources, so apt gets lists of its own: from where the host has its
# packages, the sources.
debian_sources() {
    mkdir -p "$work/lists/partial" "$work/source" "$work/sources.d"
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
    (cd "$work/source" && "${apt[@]}" source "$@" >/dev/null)
}

add_libraries() {
    debian_sources libev fmtlib spdlog
    mkdir -p "$tree/libev" "$tree/bundled/fmt" "$tree/bundled/spdlog"
    cp "$work"/source/libev-*/{ev.c,ev.h,ev_*.c,ev_vars.h,ev_wrap.h,LICENSE} "$tree/libev"
    cp "$work"/source/fmtlib-*/src/*.cc "$tree/bundled/fmt"
    cp "$work"/source/spdlog-*/src/*.cpp "$tree/bundled/spdlog"
}

add_licences() {
    local package
    {
        printf 'A wheel of geventd holds code of these libraries, under these licences.\n'
        printf '\n==== libev\n\n'
        cat "$tree/libev/LICENSE"
        for package in "${PACKAGES[@]}"; do
            printf '\n==== %s\n\n' "$package"
            cat "/usr/share/doc/$package/copyright"
        done
    } >"$tree/LICENSE.bundled"
}

add_libraries
add_licences
