# SPDX-License-Identifier: Apache-2.0
# What a person sees of podman run and podman exec on a terminal, by bats/screen.

load helpers
load helpers-podman
load ../../bats/helpers-screen

setup_file() { podman_start "$WORK/podman" "$WORK/podman/run"; }

on_screen() { run "$BATS_TEST_DIRNAME/../../bats/screen" "$@"; }

in_run() { shown() { on_screen "${PODMAN[@]}" run --rm -it box:1 "$@"; }; }

in_exec() {
    up
    shown() { on_screen "${PODMAN[@]}" exec -it "$C" "$@"; }
}

@test "podman run -it shows lines that begin at the left edge" { in_run && see_lines; }
@test "podman run -it: Ctrl-C interrupts the program in the foreground" { in_run && see_interrupt; }
@test "podman run -it: Ctrl-Z stops the program in the foreground, fg continues it" { in_run && see_stop; }
@test "podman run -it shows an editor" { in_run && see_editor; }
@test "podman run -it: the program's terminal becomes wider and narrower with the window" { in_run && see_sizes; }
@test "podman run -it takes a paste of 100 KB whole" { in_run && see_paste; }
@test "podman run -it shows what the program wrote last" { in_run && see_last_output; }

@test "podman exec -it shows lines that begin at the left edge" { in_exec && see_lines; }
@test "podman exec -it shows a prompt and takes what is typed at it" { in_exec && see_prompt; }
@test "podman exec -it: Ctrl-C interrupts the program in the foreground" { in_exec && see_interrupt; }
@test "podman exec -it: Ctrl-Z stops the program in the foreground, fg continues it" { in_exec && see_stop; }
@test "podman exec -it: Ctrl-D ends the input" { in_exec && see_end_of_input; }
@test "podman exec -it: Ctrl-\\ quits the program in the foreground" { in_exec && see_quit; }
@test "podman exec -it shows an editor" { in_exec && see_editor; }
@test "podman exec -it shows a pager" { in_exec && see_pager; }
@test "podman exec -it: the program's terminal becomes wider and narrower with the window" { in_exec && see_sizes; }
@test "podman exec -it takes a paste of 100 KB whole" { in_exec && see_paste; }

@test "podman run -t into a pipe: carriage return and newline, as the terminal has them" {
    run_ok bash -c '"$@" run --rm -t box:1 sh -c "echo one; echo two" | od -An -c | tr -d " "' bash "${PODMAN[@]}"
    [ "$output" = 'one\r\ntwo\r\n' ] || fail "$output"
}

@test "podman run -it: detach keys leave the container running, podman attach goes on" {
    on_screen "${PODMAN[@]}" run --name "$C" -it box:1 sh -c 'echo up; read x; echo "got $x"; exit 5' <<<$'raw\nwait up$\ntype \\x10\ntaken\ntype \\x11'
    assert_ended 0
    state_is running
    on_screen "${PODMAN[@]}" attach "$C" <<<$'raw\nenter word\nwait got word$'
    assert_ended 0
    wait_for output_of 5 p inspect -f '{{.State.ExitCode}}' "$C"
}

@test "podman run -it: the modes of its terminal are restored when the container is killed" {
    on_screen "${PODMAN[@]}" run --name "$C" -it box:1 sh -c 'stty raw -echo; echo up; while :; do sleep 0.1; done' \
        <<<"$(printf 'wait up\ndo %s kill %s >/dev/null' "${PODMAN[*]}" "$C")"
    assert_ended 137
}

@test "podman run -it: the modes of its terminal are restored when the program is not there" {
    on_screen sh -c '"$@" run --rm -it box:1 no-such-program; echo "status $?"' sh "${PODMAN[@]}" </dev/null
    assert_ended 0
    assert_lines 'status 127'
}
