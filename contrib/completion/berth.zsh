#compdef berth
# SPDX-License-Identifier: Apache-2.0
# Completion of berth for zsh, made by contrib/completion/gen.py: do not edit.

_berth_ids() {
    local expl
    local -a ids

    ids=(${(f)"$($berth list -q 2>/dev/null)"})
    _wanted containers expl container compadd -a ids
}

_berth_signals() {
    local expl
    local -a signals

@SIGNALS@
    [[ ${(U)PREFIX} != SIG* ]] || signals=(SIG$^signals)
    _wanted signals expl signal compadd -M 'm:{a-z}={A-Z}' -a signals
}

_berth() {
    local context curcontext=$curcontext state line
    local -a commands berth
    local -A opt_args
    local root

    berth=($words[1])
    commands=(
@COMMANDS@
    )
    _arguments -C -s -S \
@GLOBAL@
        '1:command:->command' '*::argument:->argument' && return

    # It is as typed, with backslashes and colons escaped once more.
    root=${${opt_args[--root]//\\\\/\\}//\\:/:}
    # Completion must not run a command of the line: variables are not expanded, either.
    [[ -z $root ]] || berth+=(--root "${(Q)${root/#\~\//$HOME/}}")
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
