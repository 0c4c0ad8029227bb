# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of xl in bash: source this file, or install it as bash-completion's completions/xl. The words come from xl
# itself (xl help --words), so they are never older than the program.

_kanso_xl_domains() {
    xl list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_kanso_xl_pools() {
    xl cpupool-list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# What may stand where an operand or an option's value is wanted
_kanso_xl_values() { # what
    case $1 in
        Domain | DOMAIN | Domain... | -a\|Domain...) _kanso_xl_domains ;;
        Pool | CPUPOOL) _kanso_xl_pools ;;
        command) xl help --words 2>/dev/null ;;
        ConfigFile | File | FILE) compgen -f -- "$2" ;;
        nmi\|*) echo nmi reset init power sleep s3resume ;;
        power\|sleep) echo power sleep ;;
        TYPE) echo pv vuart ;;
        *\|all*) echo all - ;;
    esac
}

_kanso_xl() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at=1 command words word usage what
    local operand=0 IFS=$' \t\n'
    COMPREPLY=()
    while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} == -* ]]; do at=$((at + 1)); done
    if ((at >= COMP_CWORD)); then
        if [[ $current == -* ]]; then
            words="-v -f -N -t -T --dry-run --help"
        else
            words=$(xl help --words 2>/dev/null)
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    command=${COMP_WORDS[at]}
    mapfile -t words < <(xl help --words "$command" 2>/dev/null)
    ((${#words[@]} > 0)) || return
    usage=${words[-1]}
    unset 'words[-1]'
    # The value of an option: "-f=FILE" in the list says that -f takes one
    for word in "${words[@]}"; do
        if [[ $word == *=* && $before == "${word%%=*}" ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_kanso_xl_values "${word#*=}" "$current")" -- "$current")
            return
        fi
    done
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${words[*]%%=*} --help" -- "$current")
        return
    fi
    for ((at++; at < COMP_CWORD; at++)); do
        [[ ${COMP_WORDS[at]} == -* ]] || operand=$((operand + 1))
    done
    # The usage's operand at this place: its words without brackets; one with dots stands for all that follow
    usage=${usage//[<>\[\]]/}
    for what in $usage; do
        if ((operand == 0)) || [[ $what == *... ]]; then break; fi
        operand=$((operand - 1))
        what=
    done
    mapfile -t COMPREPLY < <(compgen -W "$(_kanso_xl_values "$what" "$current")" -- "$current")
}

complete -o default -F _kanso_xl xl
