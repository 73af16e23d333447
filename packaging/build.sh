#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# build.sh source|dsc|deb|rpm|wheel BUILD_DIR OUT: makes packages of the committed sources, in OUT.
# BUILD_DIR is a configured build folder, from which `meson dist` makes the tarball. `dsc` stops at
# Debian's source package. $PYVER is the CPython that Debian's worker package is for. Wheels are for
# the interpreters of $GEVENTD_PYTHONS, or for Debian's and those of pyenv, one a version.
set -euo pipefail
kind=$1
build=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
pyver=${PYVER:-$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
version=$(sed -n "s/^ *version: '\(.*\)',$/\1/p" "$root/meson.build" | head -n 1)
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# pack FOLDER FILE: reproducible, whenever and by whomever it is run.
pack() {
    tar --create --directory="$(dirname "$1")" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 \
        --group=0 --numeric-owner --format=gnu "$(basename "$1")" | xz -6 -T1 >"$2"
}

source_tarball() {
    git -C "$root" diff --quiet HEAD || echo "note: what is not committed is not packaged" >&2
    meson dist -C "$build" --no-tests --formats xztar --allow-dirty >"$work/dist.log" 2>&1 ||
        { cat "$work/dist.log" >&2; exit 1; }
    tar -C "$work" -xf "$build/meson-dist/geventd-$version.tar.xz"
    chmod -R u=rwX,go=rX "$work/geventd-$version"
    pack "$work/geventd-$version" "$out/geventd-$version.tar.xz"
}

debian_source() {
    local tree=$work/geventd-$version
    source_tarball
    mv "$out/geventd-$version.tar.xz" "$out/geventd_$version.orig.tar.xz"
    cp -r "$tree/packaging/debian" "$tree/debian"
    mv "$tree/debian/worker.lintian-overrides" "$tree/debian/geventd-python$pyver.lintian-overrides"
    sed -i "s/@WORKER@/geventd-python$pyver/g; s/@PYVER@/$pyver/g" \
        "$tree/debian/control" "$tree/debian/geventd-python$pyver.lintian-overrides"
    /usr/bin/python3 "$tree/packaging/changelog.py" deb "$version" >"$tree/debian/changelog"
    (cd "$out" && dpkg-source --build "$tree" >/dev/null)
}

deb() {
    debian_source
    (cd "$work" && dpkg-source --extract "$out/geventd_$version-1.dsc" package >/dev/null)
    (cd "$work/package" && dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary)
    cp "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$out"
}

rpm_package() {
    local top=$work/rpmbuild
    mkdir -p "$top/SOURCES" "$top/SPECS"
    source_tarball
    cp "$out/geventd-$version.tar.xz" "$top/SOURCES"
    { sed "s/@version@/$version/" "$here/rpm/geventd.spec"
      /usr/bin/python3 "$here/changelog.py" rpm "$version"; } >"$top/SPECS/geventd.spec"
    cp "$top/SPECS/geventd.spec" "$out"
    # Debian's rpm knows no Fedora packages, so the build dependencies are those of ./dev.
    # Not -ba: packages built with a source rpm contain its digest, which depends on the folder.
    local what
    for what in -bs -bb; do
        rpmbuild "$what" --nodeps --define "_topdir $top" --load "$here/rpm/debian-host.macros" \
            "$top/SPECS/geventd.spec"
    done
    find "$top" -name '*.rpm' -exec cp {} "$out" \;
}

# The newest of pyenv's for each version that there is; Debian's own is first. gevent needs the GIL.
wheel_pythons() {
    local python version seen=" "
    for python in /usr/bin/python3 $(printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3 |
        sort -Vr); do
        version=$("$python" -c 'import sys, sysconfig
fits = sys.version_info >= (3, 9) and not sysconfig.get_config_var("Py_GIL_DISABLED")
sys.exit(print("%d.%d" % sys.version_info[:2]) if fits else 1)') || continue
        [[ $seen == *" $version "* ]] && continue
        seen+="$version "
        printf '%s\n' "$python"
    done
}

wheels() {
    local pythons
    source_tarball
    rm "$out/geventd-$version.tar.xz"
    rm -rf "$build/wheel"
    mkdir "$build/wheel"
    mv "$work/geventd-$version" "$build/wheel"
    "$here/wheel/complete_source.sh" "$build/wheel/geventd-$version"
    read -ra pythons <<<"${GEVENTD_PYTHONS:-$(wheel_pythons | tr '\n' ' ')}"
    "$here/wheel/build.sh" "$build/wheel/geventd-$version" "$out" "${pythons[@]}"
}

case $kind in
    source) source_tarball ;;
    dsc) debian_source ;;
    deb) deb ;;
    rpm) rpm_package ;;
    wheel) wheels ;;
    *) echo "unknown kind of package: $kind" >&2; exit 2 ;;
esac
