# SPDX-License-Identifier: Apache-2.0
# What a person sees of exec and attach by way of the CRI, as with kubectl exec -it, by bats/screen.

load helpers
load helpers-containerd
load helpers-cri
load ../../bats/helpers-screen

# on_stream METHOD JSON: on a terminal, with the address that the method gives; orders come from stdin
on_stream() {
    local url
    url=$(cri "$1" "$2" </dev/null | jq -r .url)
    run "$BATS_TEST_DIRNAME/../../bats/screen" "$BATS_TEST_DIRNAME/cri-stream" "$url" terminal
}

in_exec() {
    run_pod
    create one '{}' "${UP[@]}"
    start
    shown() {
        on_stream Exec "$(jq -n --arg id "$CTR" '{container_id: $id, cmd: $ARGS.positional, tty: true, stdin: true, stdout: true}' --args -- "$@")"
    }
}

@test "CRI: exec shows lines that begin at the left edge" { in_exec && see_lines; }
@test "CRI: exec shows a prompt and takes what is typed at it" { in_exec && see_prompt; }
@test "CRI: exec: Ctrl-C interrupts the program in the foreground" { in_exec && see_interrupt; }
@test "CRI: exec: Ctrl-Z stops the program in the foreground, fg continues it" { in_exec && see_stop; }
@test "CRI: exec: Ctrl-D ends the input" { in_exec && see_end_of_input; }
@test "CRI: exec: Ctrl-\\ quits the program in the foreground" { in_exec && see_quit; }
@test "CRI: exec shows an editor" { in_exec && see_editor; }
@test "CRI: exec shows a pager" { in_exec && see_pager; }
@test "CRI: exec: the program's terminal becomes wider and narrower with the window" { in_exec && see_sizes; }
@test "CRI: exec takes a paste of 100 KB whole" { in_exec && see_paste; }
@test "CRI: exec shows what the program wrote last" { in_exec && see_last_output; }

@test "CRI: attach shows lines that begin at the left edge, and takes what is typed" {
    run_pod
    create one '{"tty": true, "stdin": true}' sh -c 'read x; echo one; echo "got $x"; read x; exit 3'
    start
    on_stream Attach "{\"container_id\": \"$CTR\", \"tty\": true, \"stdin\": true, \"stdout\": true}" \
        <<<$'raw\nenter word\nwait one$\nwait got word$\nenter'
    assert_lines one 'got word'
    wait_for exited "$CTR"
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field .status.exit_code)" = 3 ]
}
