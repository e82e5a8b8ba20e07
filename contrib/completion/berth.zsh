#compdef berth
# SPDX-License-Identifier: Apache-2.0
# Completion of berth for zsh, made by contrib/completion/gen.py: do not edit.

_berth_ids() {
    local expl
    local -a ids

    ids=(${(f)"$(_call_program containers $berth list -q 2>/dev/null)"})
    _wanted containers expl container compadd -a ids
}

_berth() {
    local context curcontext=$curcontext state line
    local -a commands berth
    local -A opt_args

    berth=($words[1])
    commands=(
@COMMANDS@
    )
    _arguments -C -s -S \
@GLOBAL@
        '1:command:->command' '*::argument:->argument' && return

    (( ! $+opt_args[--root] )) || berth+=(--root $opt_args[--root])
    if [[ $state = command ]]; then
        _describe -t commands command commands
        return
    fi
    curcontext=${curcontext%:*}-$words[1]:
    case $words[1] in
@ARGUMENTS@
    esac
}

_berth "$@"
