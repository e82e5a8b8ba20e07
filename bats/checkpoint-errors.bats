# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: what goes wrong, and what remains then; the command line.
load helpers
load helpers-criu

@test "restore without an image fails and leaves nothing" {
    needs_criu
    host_snapshot
    run_fails restore --bundle "$BUNDLE" --image-path "$BATS_TEST_TMPDIR/none" --work-path "$WORK" --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'image-path.*none: no such file'
    mkdir "$IMAGE"
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'criu failed: Error .*restore\.log'
    assert_host_unchanged
}

@test "restore of an id in use fails, and that container keeps running" {
    counting
    checkpoint_c --leave-running
    local pid
    pid=$(init_pid)
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    assert_output 'exist'
    assert_equal "$(init_pid)" "$pid"
    assert_equal "$(state_of)" running
}

@test "a container that criu cannot dump keeps running, and the error has the end of criu's log" {
    counting "payload hold lock /lock & $COUNT"
    wait_until file_has ready "$BATS_TEST_TMPDIR/said"
    checkpoint_fails 'locks.*dump\.log'
    local at
    at=$(counted)
    wait_until counted_beyond "$at"
}

@test "a failing hook makes restore fail without a trace" {
    counting
    checkpoint_c
    host_snapshot
    config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'hooks.createRuntime\[0\]'
    assert_host_unchanged
}

@test "a limit that cannot be set makes restore fail without a trace" {
    berth_only
    needs_v2
    counting
    checkpoint_c
    host_snapshot
    resources 'unified: {"memory.high": "nonsense"}'
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    assert_output 'linux.resources'
    assert_host_unchanged
}

@test "restore fails without a trace if the image's list of descriptors cannot be read, and names it" {
    berth_only "others open whatever it is"
    counting
    checkpoint_c
    host_snapshot
    local kind
    for kind in 'mkfifo "$1"' 'ln -s /dev/zero "$1"' 'mkdir "$1"'; do
        rm -rf "$IMAGE/descriptors.json"
        sh -c "$kind" sh "$IMAGE/descriptors.json"
        run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
        assert_output '^read descriptors.json in the directory of the image: '
        assert_host_unchanged
    done
}

@test "a container whose checkpoint is killed can be deleted" {
    counting
    local i job
    for i in 0.05 0.4 1; do
        rt_exec checkpoint --leave-running --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null >/dev/null 2>&1 &
        job=$!
        sleep "$i"
        kill -KILL "$job" 2>/dev/null || true
        wait "$job" || true
        wait_until no_criu
    done
    run_ok delete --force "$ID"
    assert_nothing_left || return 1
}

@test "a checkpoint that SIGTERM interrupts leaves no criu, and the container keeps running" {
    berth_only "others leave criu to itself"
    counting
    rt_exec checkpoint --leave-running --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null >"$BATS_TEST_TMPDIR/said2" 2>&1 &
    local job=$!
    wait_until test -s "$WORK/dump.log"
    kill -TERM "$job"
    status=0
    wait "$job" || status=$?
    no_criu
    # It may have been done by then.
    [ "$status" -eq 0 ] || { assert_equal "$status" 143 && grep -q 'interrupted by signal 15' "$BATS_TEST_TMPDIR/said2"; }
    wait_until counted_beyond "$(counted)"
    assert_equal "$(state_of)" running
}

# The criu of tests/vm/image is started by its own dynamic linker.
no_criu() { ! pgrep -x "criu|ld-linux-x86-64" >/dev/null; }

@test "a container whose restore is killed can be deleted" {
    berth_only
    counting
    local i job
    checkpoint_c
    for i in 0.1 0.3 0.6 1; do
        rt_exec restore --detach --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null 2>&1 >/dev/null &
        job=$!
        sleep "$i"
        kill -KILL "$job" 2>/dev/null || true
        wait "$job" || true
        wait_until no_criu
        run_ok delete --force "$ID"
        assert_nothing_left || return 1
    done
}

@test "only a running container can be checkpointed" {
    run_fails checkpoint --image-path "$IMAGE" "$ID"
    assert_output 'does not exist'
    set_args true
    create_c
    [ "$RT_KIND" != berth ] || {
        run_fails checkpoint --image-path "$IMAGE" "$ID"
        assert_output 'is created'
    }
    rt start "$ID"
    wait_status stopped
    run_fails checkpoint --image-path "$IMAGE" "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'container not running'
    [ ! -e "$IMAGE" ] || [ "$RT_KIND" != berth ]
}

@test "a missing criu is an error that says what to do" {
    berth_only
    set_args payload pause
    create_c
    rt start "$ID"
    status=0
    in_ns /usr/bin/env PATH=/nowhere "$RUNTIME" --root "$ROOT" checkpoint --image-path "$IMAGE" "$ID" >"$BATS_TEST_TMPDIR/run-out" 2>&1 ||
        status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_output 'criu was not found in /nowhere: install it'
    assert_equal "$(state_of)" running
    [ ! -e "$IMAGE" ]
}

@test "the error names a directory in which criu cannot write its log" {
    berth_only "others say that criu failed"
    counting
    checkpoint_c
    in_ns mount -t tmpfs -o ro tmpfs "$WORK"
    run_rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    in_ns umount "$WORK"
    assert_status 1
    assert_output "^--work-path: write restore.log in $WORK: read-only file system\$"
    mkdir "$IMAGE/restore.log"
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --detach "$ID"
    assert_output "^--work-path: write restore.log in $IMAGE: is a directory\$"
}

# program_criu: from now on $BATS_TEST_TMPDIR/bin has a criu, which is the script on stdin
program_criu() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    cat >"$BATS_TEST_TMPDIR/bin/criu"
    chmod +x "$BATS_TEST_TMPDIR/bin/criu"
}

# criu_fails PATTERN: a checkpoint with that criu fails with these words, and the container goes on
criu_fails() {
    set_args sleep 100
    run_ok run --detach --bundle "$BUNDLE" "$ID"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run_fails checkpoint --image-path "$IMAGE" "$ID"
    assert_output "$1"
    assert_equal "$(state_of)" running
}

@test "if criu fails without a message, the error says how to learn more" {
    berth_only "others look for it elsewhere"
    program_criu <<'END'
#!/usr/bin/env python3
# swrk FD: answers each request with "no success", in the encoding of its rpc.proto.
import socket, sys
peer = socket.socket(fileno=int(sys.argv[2]))
while request := peer.recv(65536):
    peer.send(b"\x08" + request[1:2] + b"\x10\x00")
END
    criu_fails 'criu failed: .*`criu check` says what it lacks'
}

@test "if criu does not know the kernel, the error says so" {
    berth_only "others look for it elsewhere"
    program_criu <<'END'
#!/bin/sh
echo "Error (criu/vdso.c:381): vdso: No vvar_vclock sections found" >&2
exit 1
END
    criu_fails 'criu failed: .*vdso.* [(]this criu may not know this kernel: install a newer one'
}

# asked CALL: what a program criu that does nothing finds in the directory of cgroups (option 60) when CALL is refused
asked() {
    refuse ENOSYS "$1"
    program_criu <<'END'
#!/usr/bin/env python3
import os, socket, sys
peer = socket.socket(fileno=int(sys.argv[2]))
while request := peer.recv(65536):
    if request[1] == 10:
        peer.send(b"\x08\x0a\x10\x01\x52\x04\x08\x04\x10\x01")
        continue
    at = request.find(b"\xe2\x03") + 3
    with open(sys.argv[0] + "-asked", "w") as out:
        print(*(os.listdir(request[at:at + request[at - 1]]) if at > 2 else ["nothing"]), file=out)
    peer.send(b"\x08" + request[1:2] + b"\x10\x01")
END
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run_ok checkpoint --leave-running --image-path "$IMAGE" "$ID"
    RUNTIME=$RUNTIME_ITSELF
    ASKED=$(cat "$BATS_TEST_TMPDIR/bin/criu-asked")
    rm -r "${BATS_TEST_TMPDIR:?}/bin"
}

@test "without the system calls to mount cgroups for criu, a warning names the options that the host's mount loses" {
    berth_only "criu takes them from the host of others"
    v2_options | grep -q nsdelegate || skip "the host has set none"
    set_args sleep 100
    run_ok run --detach --bundle "$BUNDLE" "$ID"
    asked fspick
    refute_output 'criu takes the options'
    grep -qw unified <<<"$ASKED"
    asked open_tree
    assert_output 'checkpoint: criu takes the options .*nsdelegate.* from the host'
    assert_equal "$ASKED" nothing
}

# --- the command line -------------------------------------------------------------------------

@test "--help and an option without its value print what engines look for" {
    run_ok checkpoint --help
    assert_output 'leave-running'
    run_fails restore --lsm-mount-context
    assert_output 'flag needs an argument'
}

@test "the error for an invalid option value names the option" {
    berth_only
    needs_criu
    counting
    local option
    for option in --manage-cgroups-mode=x --network-lock=x --empty-ns=ipc --page-server=x --page-server=x:0 --status-fd=77; do
        run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" "$option" "$ID"
        assert_output "${option%%=*}"
    done
    assert_equal "$(state_of)" running
}

@test "--status-fd does not accept a descriptor that berth has opened itself" {
    berth_only
    needs_criu
    counting
    local fd
    # Those that rt closes.
    for fd in 3 4; do
        run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" --status-fd "$fd" "$ID"
        assert_output "^--status-fd: no open descriptor: \"$fd\"\$"
    done
}

@test "features reports support for checkpoint" {
    berth_only
    run_ok features
    assert_equal "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <<<"$output")" true
    jq -e '.potentiallyUnsafeConfigAnnotations | index("org.criu.config")' <<<"$output"
}
