# SPDX-License-Identifier: Apache-2.0
# What a person sees of docker run and docker exec on a terminal, by bats/screen.

load helpers
load helpers-docker
load ../../bats/helpers-screen

setup_file() { docker_start; }
teardown_file() { docker_stop; }

on_screen() { run "$BATS_TEST_DIRNAME/../../bats/screen" "$@"; }

in_run() { shown() { on_screen docker run --rm -it box:1 "$@"; }; }

in_exec() {
    up
    shown() { on_screen docker exec -it "$C" "$@"; }
}

@test "docker run -it shows lines that begin at the left edge" { in_run && see_lines; }
@test "docker run -it: Ctrl-C interrupts the program in the foreground" { in_run && see_interrupt; }
@test "docker run -it: Ctrl-Z stops the program in the foreground, fg continues it" { in_run && see_stop; }
@test "docker run -it shows an editor" { in_run && see_editor; }
@test "docker run -it: the program's terminal becomes wider and narrower with the window" { in_run && see_sizes; }
@test "docker run -it takes a paste of 100 KB whole" { in_run && see_paste; }
@test "docker run -it shows what the program wrote last" { in_run && see_last_output; }

@test "docker exec -it shows lines that begin at the left edge" { in_exec && see_lines; }
@test "docker exec -it shows a prompt and takes what is typed at it" { in_exec && see_prompt; }
@test "docker exec -it: Ctrl-C interrupts the program in the foreground" { in_exec && see_interrupt; }
@test "docker exec -it: Ctrl-Z stops the program in the foreground, fg continues it" { in_exec && see_stop; }
@test "docker exec -it: Ctrl-D ends the input" { in_exec && see_end_of_input; }
@test "docker exec -it: Ctrl-\\ quits the program in the foreground" { in_exec && see_quit; }
@test "docker exec -it shows an editor" { in_exec && see_editor; }
@test "docker exec -it shows a pager" { in_exec && see_pager; }
@test "docker exec -it: the program's terminal becomes wider and narrower with the window" { in_exec && see_sizes; }
@test "docker exec -it takes a paste of 100 KB whole" { in_exec && see_paste; }

@test "docker run -t into a pipe: carriage return and newline, as the terminal has them" {
    run_ok bash -c 'docker run --rm -t box:1 sh -c "echo one; echo two" | od -An -c | tr -d " "'
    [ "$output" = 'one\r\ntwo\r\n' ] || fail "$output"
}

@test "docker run -it: detach keys leave the container running, docker attach goes on" {
    on_screen docker run --name "$C" -it box:1 sh -c 'echo up; read x; echo "got $x"; exit 5' <<<$'raw\nwait up$\ntype \\x10\ntaken\ntype \\x11'
    assert_ended 0
    state_is running
    on_screen docker attach "$C" <<<$'raw\nenter word\nwait got word$'
    assert_ended 5
}

@test "docker run -it: the modes of its terminal are restored when the container is killed" {
    on_screen docker run --name "$C" -it box:1 sh -c 'stty raw -echo; echo up; while :; do sleep 0.1; done' \
        <<<"$(printf 'wait up\ndo docker kill %s >/dev/null' "$C")"
    assert_ended 137
}

@test "docker run -it: the modes of its terminal are restored when the program is not there" {
    on_screen sh -c 'docker run --rm -it box:1 no-such-program; echo "status $?"' </dev/null
    assert_ended 0
    assert_lines 'status 127'
}
