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

# bash also parts words at "=" and ":". Puts into $words those of the line, up to the cursor's.
_berth_words() {
    local line=${COMP_WORDS[0]}${COMP_LINE#*"${COMP_WORDS[0]}"} i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if [[ $i = 0 || $line == [[:space:]]* ]]; then
            words+=("${COMP_WORDS[i]}")
        else
            words[-1]+=${COMP_WORDS[i]}
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"${COMP_WORDS[i]}"}
    done
}

# COMMAND WORD: prints where in WORD, short options such as "-tu", the one is that takes a value; fails when none does
_berth_letter() {
    local i
    [[ $2 == -[!-]* ]] || return 1
    for ((i = 1; i < ${#2}; i++)); do
        if _berth_value "$1 -${2:i:1}" >/dev/null; then
            echo "$i"
            return 0
        fi
    done
    return 1
}

# KIND...: fills COMPREPLY with words of that kind that begin with $value. $before stands before the value in the word that bash replaces,
# $kept is what stands before that word in the value.
_berth_reply() {
    local replies=() reply
    case $1 in
    dir | file)
        mapfile -t replies < <(compgen -"${1:0:1}" -- "$value")
        if [ -z "$before" ]; then
            compopt -o filenames 2>/dev/null
        else
            compopt -o nospace 2>/dev/null
        fi
        ;;
    id) mapfile -t replies < <("$program" "${root[@]}" list -q 2>/dev/null) ;;
    signal)
        value=${value^^}
        read -ra replies < <(_berth_signals)
        [[ $value != SIG* ]] || replies=("${replies[@]/#/SIG}")
        ;;
    words) read -ra replies <<<"${*:2}" ;;
    esac
    for reply in "${replies[@]}"; do
        if [[ $reply == "$value"* ]]; then
            [[ -z $before || $1 != [df]i* || ! -d ${reply/#\~/$HOME} ]] || reply+=/
            COMPREPLY+=("$before${reply#"$kept"}")
        fi
    done
}

# Sets $value, $before and $kept, and $option if the word holds it and the beginning of its value.
_berth_cursor() {
    local word=${words[-1]} raw=${COMP_WORDS[COMP_CWORD]} i

    value=$word
    if [ -n "$option$ended" ]; then
        :
    elif [[ $word == -*=* ]] && _berth_value "$command ${word%%=*}" >/dev/null; then
        option=${word%%=*}
        value=${word#*=}
    elif i=$(_berth_letter "$command" "$word") && ((i + 1 < ${#word})); then
        option=-${word:i:1}
        value=${word:i+1}
    fi
    [[ $raw != +([=:]) ]] || raw=
    if [[ $value == *"$raw" ]]; then
        kept=${value%"$raw"}
    else
        before=${raw%"$value"}
    fi
    value=${value//[\\\"\']/}
    kept=${kept//[\\\"\']/}
}

# Reads the words before the cursor as berth does.
_berth() {
    local program=$1 command='' option='' word operands=0 ended='' i
    local root=() words=() value='' before='' kept=''

    _berth_words
    for word in "${words[@]:1:${#words[@]}-2}"; do
        if [ -n "$option" ]; then
            word=${word/#\~/$HOME}
            [[ $command$option != ?(-)-root ]] || root=(--root "${word//[\\\"\']/}")
            option=
        elif [ -z "$ended" ] && [ "$word" = -- ]; then
            ended=yes
        elif [ -z "$ended" ] && [[ $word == -?* ]]; then
            [[ $command$word != ?(-)-root=* ]] || root=(--root "${word#*=}")
            if _berth_value "$command $word" >/dev/null; then
                option=$word
            elif i=$(_berth_letter "$command" "$word") && ((i + 1 == ${#word})); then
                option=-${word:i}
            fi
        elif [ -z "$command" ]; then
            command=$word
        else
            operands=$((operands + 1))
            ! _berth_takes_rest "$command" || ended=yes
        fi
    done

    COMPREPLY=()
    _berth_cursor
    if [ -n "$option" ]; then
        # shellcheck disable=SC2046 # a kind may be several words
        _berth_reply $(_berth_value "$command $option")
    elif [ -z "$ended" ] && [[ ${words[-1]} == -* ]]; then
        _berth_reply words "$(_berth_options "$command")"
    elif [ -z "$command" ]; then
        _berth_reply words "$(_berth_commands)"
    else
        # shellcheck disable=SC2046
        _berth_reply $(_berth_operand "$command $((operands + 1))")
    fi
}

complete -F _berth berth
