# SPDX-License-Identifier: Apache-2.0
# What a person sees of a program with a terminal in a container, by the tool `screen`. Who loads this has a function
#   shown PROGRAM...     runs the program of busybox in a container; orders for `screen` come from stdin; then $status and $output
# and calls these with it. They work with any busybox that has all applets, as `busybox NAME` where an applet is rarely linked.

PROMPT=(env 'PS1=ready> ' sh)

# Lines of $output, in their order and whole; others may stand between them.
assert_lines() {
    local line rest=$'\n'$output$'\n'
    for line in "$@"; do
        [[ $rest == *$'\n'"$line"$'\n'* ]] || { printf 'no line "%s" there:\n%s\n' "$line" "$output"; return 1; }
        rest=$'\n'${rest#*$'\n'"$line"$'\n'}
    done
}

assert_ended() { [ "$status" -eq "$1" ] || { printf 'status %s, not %s:\n%s\n' "$status" "$1" "$output"; return 1; }; }

see_lines() {
    shown sh -c 'echo one; printf "two\nthree\n"; read x' <<'END'
raw
wait one$
wait two$
wait three$
cursor 0
enter
END
    assert_ended 0
    assert_lines one two three
}

see_prompt() {
    shown "${PROMPT[@]}" <<'END'
raw
wait ready>$
cursor 7
enter echo $((6 * 7))
wait 42$
wait ready>$
enter exit 5
END
    assert_ended 5
    assert_lines 'ready> echo $((6 * 7))' 42 'ready> exit 5'
}

see_interrupt() {
    shown "${PROMPT[@]}" <<'END'
raw
wait ready>$
enter sh -c 'trap "echo caught; exit" INT; echo waiting; while :; do sleep 0.1; done'
wait waiting$
type \x03
wait (\^C)?caught$
wait ready>$
enter exit 7
END
    assert_ended 7
}

see_stop() {
    shown "${PROMPT[@]}" <<'END'
raw
wait ready>$
enter sh -c 'echo waiting; read x; echo got $x'
wait waiting$
type \x1a
wait .*Stopped
wait ready>$
enter fg
wait sh -c
enter word
wait got word$
wait ready>$
enter exit 7
END
    assert_ended 7
}

see_end_of_input() {
    shown sh -c 'read a; echo "[$a]"; cat; echo end of input' <<'END'
raw
enter word
wait \[word\]$
type \x04
wait end of input$
END
    assert_ended 0
}

see_quit() {
    shown "${PROMPT[@]}" <<'END'
raw
wait ready>$
enter sh -c 'ulimit -c 0; trap "echo caught; exit" QUIT; echo waiting; while :; do sleep 0.1; done'
wait waiting$
type \x1c
wait (\^\\)?(Quit)?caught$
wait ready>$
enter exit 7
END
    assert_ended 7
}

see_editor() {
    shown sh -c 'cd /tmp; busybox vi note; echo saved; cat note; read x' <<'END'
raw
wait ~$
wait - note
type ione\rtwo\x1b
wait one$
wait two$
type :wq\r
wait saved$
cursor 0
enter
END
    assert_ended 0
    assert_lines saved one two
}

see_pager() {
    shown sh -c 'seq 1 500 >/tmp/numbers; busybox less /tmp/numbers; echo after; read x' <<'END'
raw
wait 1$
wait 23$
type G
wait 500$
gone 1$
type q
wait after$
enter
END
    assert_ended 0
}

see_sizes() {
    shown sh -c 'for size in "24 80" "40 120" "12 40"; do
        until [ "$(stty size)" = "$size" ]; do sleep 0.05; done; echo "has $size"; done' <<'END'
raw
wait has 24 80$
size 40 120
wait has 40 120$
size 12 40
wait has 12 40$
END
    assert_ended 0
}

# Echoed on the way: both directions are full.
see_paste() {
    local sum
    sum=$(seq -f %079.0f 0 1279 | md5sum)
    shown sh -c 'echo go; head -n 1280 | md5sum; read x' <<END
raw
wait go$
paste 1280
wait ${sum%% *}
enter
END
    assert_ended 0
}

see_last_output() {
    shown sh -c 'seq 1 3000; echo the end; exit 3' </dev/null
    assert_ended 3
    assert_lines 2999 3000 'the end'
}
