# SPDX-License-Identifier: Apache-2.0
# Completion of berth for bash, made by contrib/completion/gen.py: do not edit.
# shellcheck shell=bash

_berth_commands() {
@COMMANDS@
}

_berth_signals() {
@SIGNALS@
}

# COMMAND ("": berth itself): its options
_berth_options() {
    case $1 in
@OPTIONS@
    esac
}

# "COMMAND OPTION": what kind of value it takes; fails when it takes none
_berth_value() {
    case $1 in
@VALUES@
    *) return 1 ;;
    esac
}

# "COMMAND NUMBER": what kind of operand that is
_berth_operand() {
    case $1 in
@OPERANDS@
    esac
}

# COMMAND: do its options end at the first operand?
_berth_takes_rest() {
    case $1 in
@REST@
    *) return 1 ;;
    esac
}

# Fills COMPREPLY with words of that kind that begin with $cur.
_berth_reply() {
    local words=
    case $1 in
    dir | file)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -"${1:0:1}" -- "$cur")
        return
        ;;
    id) words=$("$program" "${root[@]}" list -q 2>/dev/null) ;;
    signal) words=$(_berth_signals) ;;
    words) words=${*:2} ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

# Reads the words before the cursor as berth does. bash takes "--format=json" for three words.
_berth() {
    local program=$1 cur=${COMP_WORDS[COMP_CWORD]} command='' option='' word operands=0 ended='' i
    local root=()

    [ "$cur" != = ] || cur=
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [ "$word" = = ]; then
            continue
        elif [ -n "$option" ]; then
            [ "$command $option" != ' --root' ] || root=(--root "${word/#\~/$HOME}")
            option=
        elif [ -z "$ended" ] && [ "$word" = -- ]; then
            ended=yes
        elif [ -z "$ended" ] && [[ $word == -?* ]]; then
            ! _berth_value "$command $word" >/dev/null || option=$word
        elif [ -z "$command" ]; then
            command=$word
        else
            operands=$((operands + 1))
            ! _berth_takes_rest "$command" || ended=yes
        fi
    done

    COMPREPLY=()
    if [ -n "$option" ]; then
        # shellcheck disable=SC2046 # a kind may be several words
        _berth_reply $(_berth_value "$command $option")
    elif [ -z "$ended" ] && [[ $cur == -* ]]; then
        _berth_reply words "$(_berth_options "$command")"
    elif [ -z "$command" ]; then
        _berth_reply words "$(_berth_commands)"
    else
        # shellcheck disable=SC2046
        _berth_reply $(_berth_operand "$command $((operands + 1))")
    fi
}

complete -F _berth berth
