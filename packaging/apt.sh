# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Installs Debian packages: announces them, and shows progress. ./dev sources it and provides `say`,
# `die` and `minutes`.

is_installed() {
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Installs the missing ones among the named packages; updates the package lists only if the present
# ones do not suffice.
install_packages() {
    command -v dpkg-query >/dev/null || die "./dev installs Debian packages; here is no dpkg. Needed: $*"
    local missing=() package
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    local install=(apt-get install --no-install-recommends "${missing[@]}")
    if ((EUID != 0)); then
        die "Packages are missing. Run: sudo apt-get update && sudo ${install[*]}"
    fi
    say "installing Debian packages that are missing"
    printf '%s\n' "${missing[*]}" | fold -s -w 78 | sed 's/^/  /; s/ *$//'
    foresee_install "${install[@]}" && run_apt "${install[@]}" && return
    printf 'reading the package lists anew\n'
    run_apt apt-get update && foresee_install "${install[@]}" && run_apt "${install[@]}" && return
    tail -n 40 .cache/apt.log >&2
    die "The packages cannot be installed: see .cache/apt.log"
}

# Prints what apt would do, and roughly for how long; fails if the package lists do not suffice.
foresee_install() {
    local plan count
    plan=$(LC_ALL=C "$@" --print-uris </dev/null 2>/dev/null) || return 1
    count=$(sed -n 's/.* \([0-9]*\) newly installed.*/\1/p' <<<"$plan")
    [[ -n $count ]] || return 1
    printf '%s packages with those that they need, about %s:\n' "$count" "$(minutes $((count / 2)))"
    grep -E '^(Need to get|After this operation)' <<<"$plan" | sed 's/^/  /' || true
}

# Runs apt-get and shows its progress; its whole output is in .cache/apt.log.
run_apt() {
    mkdir -p .cache
    # RUNLEVEL=1: do not start what is installed.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@" --yes -qq -o APT::Status-Fd=3 \
        -o DPkg::Lock::Timeout=300 3>&1 >>.cache/apt.log 2>&1 </dev/null | show_progress
}

# Turns apt's lines "pmstatus:PACKAGE:PERCENT:WORDS" into one line that changes in place on a
# terminal, or else into one line for each ten percent.
show_progress() {
    local kind percent words shown=""
    while IFS=: read -r kind _ percent words; do
        case $kind in
            dlstatus) kind=downloading ;;
            pmstatus) kind=installing ;;
            *) continue ;;
        esac
        if [[ -t 1 ]]; then
            printf '\r\033[K%-11s %3d %%  %.55s' "$kind" "${percent%.*}" "$words"
        elif [[ "$kind $((${percent%.*} / 10))" != "$shown" ]]; then
            shown="$kind $((${percent%.*} / 10))"
            printf '%-11s %3d %%\n' "$kind" "${percent%.*}"
        fi
    done
    [[ ! -t 1 ]] || printf '\n'
}
