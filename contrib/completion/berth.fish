# SPDX-License-Identifier: Apache-2.0
# Completion of berth for fish, made by contrib/completion/gen.py: do not edit.

# "COMMAND OPTION": what kind of value it takes; nothing when it takes none
function __berth_value
    switch $argv[1]
@VALUES@
    end
end

# COMMAND WORD: the short option that ends WORD, such as "-tu", and takes the next word as its value
function __berth_letter
    string match -qr -- '^-[^-]' $argv[2]; or return
    for letter in (string split '' -- (string sub -s 2 -- $argv[2]))
        set -l kind (__berth_value "$argv[1] -$letter")
        if test -n "$kind"
            string match -q -- "*$letter" $argv[2]; and echo -- -$letter
            return
        end
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
            string match -qr -- '^--?root$' "$command$option"; and set root (string replace -r -- '^~' ~ $word)
            set option ''
        else if string match -qr -- '^--?root=' "$command$word"
            set root (string replace -r -- '^--?root=' '' $word)
        else if test $ended = no; and test "$word" = --
            set ended yes
        else if test $ended = no; and string match -q -- '-?*' $word
            set -l kind (__berth_value "$command $word")
            test -n "$kind"; and set option $word; or set option (__berth_letter "$command" $word)
        else if test -z "$command"
            set command $word
        else
            set operands (math $operands + 1)
            # berth does not know the words that follow.
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

function __berth_signals
@SIGNALS@
    string match -qi 'sig*' -- (commandline -ct); and set signals SIG$signals
    printf '%s\n' $signals
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
