#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# debian_python.sh SUITE FOLDER: makes FOLDER/usr/bin/host-python3, the CPython of a newer Debian,
# which runs on this one, so that ./dev package wheel makes a wheel for it with this Debian's
# compiler and C library (GEVENTD_PYTHONS=FOLDER/usr/bin/host-python3). As root; needs debootstrap.
set -euo pipefail
suite=$1
folder=$(realpath -m "$2")
libraries=$folder/usr/lib/$(gcc -print-multiarch)
scripts=/usr/share/debootstrap/scripts
script=$scripts/$suite
[[ -e $script ]] || script=$scripts/sid  # this debootstrap may be older than the suite

[[ -e $folder/usr/bin/python3 ]] ||
    debootstrap --variant=minbase --include=python3,python3-dev,python3-venv "$suite" "$folder" \
        http://deb.debian.org/debian "$script" >&2

# Its dynamic linker and libraries are those of FOLDER. What it executes has this host's again.
loader=$(find "$libraries" "$folder/usr/lib64" -name 'ld-linux*.so.*' -print -quit)
cat >"$folder/usr/bin/host-python3" <<SCRIPT
#!/bin/sh
exec $loader --library-path $libraries --argv0 "\$0" $folder/usr/bin/python3 "\$@"
SCRIPT
chmod +x "$folder/usr/bin/host-python3"

# Debian's pyconfig.h includes that of the architecture by a path that only its own compiler knows.
for header in "$folder"/usr/include/"$(gcc -print-multiarch)"/python3.*/pyconfig.h; do
    version=$(basename "$(dirname "$header")")
    cp "$header" "$folder/usr/include/$version/pyconfig.h"
done
# Where venv finds its pip.
sed -i "s#\([\"'=]\)/usr/share/python-wheels#\1$folder/usr/share/python-wheels#" \
    "$folder"/usr/lib/python3.*/_sysconfig*
printf '%s\n' "$folder/usr/bin/host-python3"
