# SPDX-License-Identifier: Apache-2.0
# What a person sees on the terminal that `run` or `exec --tty` is called on, by a terminal's emulator.
load helpers
load helpers-exec
load helpers-screen

test_setup() {
    config '.process.terminal = true'
    MANAGER=()
    ! by_systemd || MANAGER=(--systemd-cgroup)
}

# on_screen COMMAND...: orders come from stdin
on_screen() { run "$BATS_TEST_DIRNAME/screen" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$@" 3>&- 4>&-; }

with_rt() { on_screen "$RUNTIME" --root "$ROOT" "${MANAGER[@]}" "$@"; }

in_run() {
    shown() {
        set_args "$@"
        with_rt run "$ID"
    }
}

in_exec() {
    config '.process.terminal = false'
    living </dev/null
    shown() { with_rt exec -t "$ID" "$@"; }
}

# As a job of an interactive shell: ./go is the runtime, whose process is in the file pid.
in_shell() {
    printf '#!/bin/sh\necho $$ >pid\nexec %s\n' \
        "$(printf '%q ' "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "${MANAGER[@]}" "$@")" >go
    chmod 755 go
    run env 'PS1=shell> ' "$BATS_TEST_DIRNAME/screen" bash --norc --noprofile -i 3>&- 4>&-
}

rt_words() { printf '%q ' "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "$@"; }

assert_gone() { in_ns [ ! -e "$ROOT/$ID" ] || fail_with "the container is still there"; }

@test "run shows lines that begin at the left edge" { in_run && see_lines; }
@test "run shows a prompt and takes what is typed at it" { in_run && see_prompt; }
@test "run: Ctrl-C interrupts the program in the foreground" { in_run && see_interrupt; }
@test "run: Ctrl-Z stops the program in the foreground, fg continues it" { in_run && see_stop; }
@test "run: Ctrl-D ends the input" { in_run && see_end_of_input; }
@test "run: Ctrl-\\ quits the program in the foreground" { in_run && see_quit; }
@test "run shows an editor" { in_run && see_editor; }
@test "run shows a pager" { in_run && see_pager; }
@test "run: the program's terminal becomes wider and narrower with the window" { in_run && see_sizes; }
@test "run takes a paste of 100 KB whole" { in_run && see_paste; }
@test "run shows what the program wrote last" { in_run && see_last_output; }

@test "exec shows lines that begin at the left edge" { in_exec && see_lines; }
@test "exec shows a prompt and takes what is typed at it" { in_exec && see_prompt; }
@test "exec: Ctrl-C interrupts the program in the foreground" { in_exec && see_interrupt; }
@test "exec: Ctrl-Z stops the program in the foreground, fg continues it" { in_exec && see_stop; }
@test "exec: Ctrl-D ends the input" { in_exec && see_end_of_input; }
@test "exec: Ctrl-\\ quits the program in the foreground" { in_exec && see_quit; }
@test "exec shows an editor" { in_exec && see_editor; }
@test "exec shows a pager" { in_exec && see_pager; }
@test "exec: the program's terminal becomes wider and narrower with the window" { in_exec && see_sizes; }
@test "exec takes a paste of 100 KB whole" { in_exec && see_paste; }
@test "exec shows what the program wrote last" { in_exec && see_last_output; }

@test "run: a slow reader gets what the program wrote before its end" {
    set_sh 'seq 1 3000; echo the end; >/tmp/done; exit 3'
    with_rt run "$ID" <<<'unread until [ -e rootfs/tmp/done ]; do sleep 0.01; done'
    assert_ended 3
    assert_lines 2999 3000 'the end'
}

@test "run: the modes of its terminal are restored when the program cannot be executed" {
    set_args /tmp
    with_rt run "$ID" </dev/null
    case $status in 0 | 98 | 99) fail_with "status $status" ;; esac
}

@test "run: the modes of its terminal are restored when the container is killed" {
    set_sh 'stty raw -echo; echo up; while :; do sleep 0.1; done'
    with_rt run "$ID" <<END
wait up
do $(rt_words kill "$ID" KILL)
END
    assert_ended 137
}

@test "exec: the modes of its terminal are restored when the container is killed" {
    in_exec
    shown sh -c 'stty raw -echo; echo up; while :; do sleep 0.1; done' <<END
wait up
do $(rt_words kill "$ID" KILL)
END
    assert_ended 137
}

@test "run, stopped: the shell has its terminal back, and fg continues where it was" {
    set_sh 'echo up; read x; echo "got $x"; stty -a | grep -c " icanon"'
    in_shell run "$ID" <<'END'
wait shell>$
enter ./go
wait up$
do kill -STOP $(cat pid)
wait .*Stopped
enter echo outside
wait outside$
enter fg; PS1='again> '
wait ./go$
raw
enter word
wait got word$
wait 1$
wait again>$
enter exit
END
    assert_ended 0
    assert_lines up './go' word 'got word'
}

@test "run in the background waits for the terminal, which stays the shell's" {
    set_sh 'echo up; read x; echo "got $x"'
    in_shell run "$ID" <<'END'
wait shell>$
enter set -b; ./go &
wait .*Stopped
enter echo outside
wait outside$
enter fg; PS1='again> '
wait up$
raw
enter word
wait got word$
wait again>$
enter exit
END
    assert_ended 0
}

@test "run: the log starts new lines on the terminal" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["sethostname"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    set_sh 'printf "half a line"; exec hostname x'
    with_rt --debug run "$ID" </dev/null
    assert_ended 159
    assert_lines 'half a line'
    [ "$RT_KIND" != berth ] || assert_output '^warning: .*seccomp'
    refute_output '^ {4}'
}

# --- the window is closed -----------------------------------------------------------------------

UP='echo up; while :; do sleep 0.1; done'

# Starts `run` in an interactive shell, closes its window, and waits for the end of the runtime.
close_window() {
    in_shell run "$ID" <<'END'
wait shell>$
enter ./go
wait up$
hangup
do while kill -0 $(cat pid); do sleep 0.05; done 2>/dev/null
END
}

@test "run ends the container when its window is closed" {
    set_sh "$UP"
    with_rt run "$ID" <<<$'wait up\nhangup'
    assert_ended 137
    assert_gone
}

@test "run, by a shell, ends the container when the window is closed" {
    set_sh "$UP"
    close_window
    assert_gone
}

@test "run without a terminal ends the container when the window is closed" {
    config '.process.terminal = false'
    set_sh "$UP"
    close_window
    assert_gone
}

@test "run: when the window is closed a program has time to save its data" {
    set_sh 'trap "sleep 0.3; echo saved >/saved; exit 4" HUP; echo up; while :; do sleep 0.1; done'
    with_rt run "$ID" <<<$'wait up\nhangup'
    assert_ended 4
    assert_equal "$(cat rootfs/saved)" saved
    assert_gone
}

@test "exec ends its process when the window is closed, and the container lives on" {
    in_exec
    shown sh -c "trap '' HUP; $UP" <<<$'wait up\nhangup'
    assert_ended 137
    assert_equal "$(state_of)" running
    assert_equal "$(processes | wc -w)" 1
}

@test "a SIGHUP from another process is forwarded to the program" {
    set_sh 'trap "echo got it; exit 6" HUP; echo up; while :; do sleep 0.1; done'
    with_rt run "$ID" <<<$'wait up\ndo kill -HUP $PID'
    assert_ended 6
    assert_lines 'got it'
}

@test "run that ignores SIGHUP, as by nohup, keeps running when the window is closed" {
    set_sh 'trap "echo got it >/usr1; exit 6" USR1; echo up; while :; do sleep 0.1; done'
    run "$BATS_TEST_DIRNAME/screen" sh -c 'trap "" HUP; exec "$@"' sh "$SUITE_DIR/hosttool" ns "$SUITE_NS" \
        "$RUNTIME" --root "$ROOT" "${MANAGER[@]}" run "$ID" 3>&- 4>&- <<<$'wait up\nhangup\ndo kill -USR1 $PID'
    assert_ended 6
    assert_equal "$(cat rootfs/usr1)" 'got it'
}

# The progress that contrib/quickstart shows while it works; it has to disappear completely.
@test "a status line that is wider than the terminal stays in one line" {
    mkfifo go
    run env TERM=xterm "$BATS_TEST_DIRNAME/screen" bash -c '
        . "$1"
        status() { printf "status%.0s" {1..40}; }
        while_running "quickstart: installing" status
        read -r <go
        progress_done
        echo end' bash "$BATS_TEST_DIRNAME/../contrib/progress.bash" 3>&- 4>&- <<'END'
wait quickstart: installing: statusstatus
do echo >go
END
    assert_ended 0
    [ "$output" = end ] || fail_with "the screen shows: $output"
}

# As those of apt-get end.
@test "a status with a carriage return at its end does not spoil its line" {
    mkfifo go
    run env TERM=xterm "$BATS_TEST_DIRNAME/screen" bash -c '
        . "$1"
        status() { printf "Unpacking gcc-12 ...\r\n"; }
        while_running "quickstart: installing" status
        read -r <go
        progress_done' bash "$BATS_TEST_DIRNAME/../contrib/progress.bash" 3>&- 4>&- <<'END'
wait quickstart: installing: Unpacking gcc-12 ... \(0:..\)$
do echo >go
END
    assert_ended 0
}

@test "why_failed ends with the error, however much was said after it" {
    berth_only
    {
        echo 'x.c:1:2: warning: unused'
        echo 'x.c:162:9: error: expected expression'
        printf '[%d/90] Compiling\n' {1..90}
        printf 'said afterwards %d\n' {1..30}
    } >log
    run bash -euo pipefail -c '. "$1"; why_failed log 2>&1' bash "$BATS_TEST_DIRNAME/../contrib/progress.bash"
    assert_status 0
    assert_equal "${lines[-1]}" 'x.c:162:9: error: expected expression'
    assert_output 'said afterwards 30'
    refute_output 'Compiling'
}
