# SPDX-License-Identifier: MIT
# bash completion for geventctl; takes commands and options from geventctl --help.

_geventctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words word index
    COMPREPLY=()
    case $previous in
        -c | --config | --socket)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        --payload) return ;;
    esac
    if [[ $current == -* ]]; then
        words=$("${COMP_WORDS[0]}" --help 2>/dev/null | grep -oE '^ +(-[a-z],)?--[a-z-]+' |
            grep -oE -- '--[a-z-]+')
    else
        words=$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -n '/^Commands:/,$s/^  \([a-z-]*\).*/\1/p')
        for ((index = 1; index < COMP_CWORD; ++index)); do
            for word in $words; do
                [[ ${COMP_WORDS[index]} != "$word" ]] || return  # a command was given already
            done
        done
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _geventctl geventctl
