#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the Autobahn test suite into the folder named, whose bin/wstest then runs it. It is written
# for Python 2.7, which Debian 12 has no package of: one in the PATH or one of pyenv's is used.
set -euo pipefail
folder=$1

find_python() {
    local python
    for python in python2.7 "$HOME"/.pyenv/versions/2.7.*/bin/python2.7; do
        if "$python" --version >/dev/null 2>&1; then
            printf '%s' "$python"
            return
        fi
    done
    printf 'The Autobahn test suite needs Python 2.7, for example: pyenv install 2.7.18\n' >&2
    return 1
}

[[ ! -x "$folder/bin/wstest" ]] || exit 0
python=$(find_python)
boot=$(mktemp -d)
trap 'rm -rf "$boot"' EXIT
"$python" -m pip install --quiet --target "$boot" 'virtualenv<20.22'
PYTHONPATH=$boot "$python" -m virtualenv --quiet "$folder"
"$folder/bin/pip" install --quiet autobahntestsuite==25.10.1
