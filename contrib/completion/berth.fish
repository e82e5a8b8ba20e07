# SPDX-License-Identifier: Apache-2.0
# Completion of berth for fish, made by contrib/completion/gen.py: do not edit.

# "COMMAND OPTION": what kind of value it takes; nothing when it takes none
function __berth_value
    switch $argv[1]
@VALUES@
    end
end

# COMMAND: do its options end at the first operand?
function __berth_takes_rest
@REST@
end

# Reads the words before the cursor as berth does: a line each with the command, the number of operands, and what --root says.
function __berth_read
    set -l words (commandline -opc)
    set -l command ''
    set -l operands 0
    set -l root ''
    set -l option ''
    set -l ended no
    set -e words[1]
    for word in $words
        if test -n "$option"
            test "$command $option" != ' --root'; or set root $word
            set option ''
        else if string match -q -- '--root=*' $word
            set root (string replace -- --root= '' $word)
        else if test $ended = no; and test "$word" = --
            set ended yes
        else if test $ended = no; and string match -q -- '-?*' $word
            set -l kind (__berth_value "$command $word")
            test -z "$kind"; or set option $word
        else if test -z "$command"
            set command $word
        else
            set operands (math $operands + 1)
            # What follows is not berth's to know.
            __berth_takes_rest $command; and set command -
        end
    end
    printf '%s\n' "$command" $operands $root
end

# COMMAND [NUMBER]: does the cursor stand behind this command ("": before any), at this operand?
function __berth_at
    set -l read (__berth_read)
    test "$read[1]" = "$argv[1]"; or return 1
    test -z "$argv[2]"; or test "$argv[2]" = (math $read[2] + 1)
end

function __berth_ids
    set -l program (commandline -opc)[1]
    set -l read (__berth_read)
    if test -n "$read[3]"
        $program --root $read[3] list -q 2>/dev/null
    else
        $program list -q 2>/dev/null
    end
end

complete -c berth -f
@COMPLETIONS@
