# SPDX-License-Identifier: Apache-2.0
# The annotations of crun's, each obeyed, or an error that names it.
load helpers
load helpers-exec
load helpers-cgroups

test_teardown() {
    end_receiver
    [ -z "${AGENT:-}" ] || kill "$AGENT" 2>/dev/null || true
    [ -z "${MADE_OLD_SYSTEMD:-}" ] || { in_ns umount "$OLD_SYSTEMD" && in_ns rmdir "$OLD_SYSTEMD"; }
}

test_setup() { [ "$RT_KIND" != runc ] || skip "they are crun's"; }

annotate() { config ".annotations[\"$1\"] = \"$2\""; }

# run_with_groups: the container run by a caller who has the groups 4 and 24
run_with_groups() {
    run in_ns setpriv --groups 4,24 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
}

@test "run.oci.keep_original_groups: the process has the caller's groups" {
    annotate run.oci.keep_original_groups 1
    set_args payload ids
    run_with_groups
    assert_output '^groups (0 )?4 24$'
}

@test "run.oci.keep_original_groups in a user namespace" {
    annotate run.oci.keep_original_groups 1
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
    own_rootfs 100000
    set_args payload ids
    run_with_groups
    assert_output '^groups (65534 )*65534$'
}

@test "run.oci.keep_original_groups with any other value keeps none" {
    annotate run.oci.keep_original_groups 0
    set_args payload ids
    run_with_groups
    refute_output '^groups.* 24'
}

@test "run.oci.keep_original_groups with additionalGids is an error" {
    berth_only
    annotate run.oci.keep_original_groups 1
    config '.process.user.additionalGids = [5]'
    UNCHECKED=1 run_c
    assert_output 'process.user.additionalGids: .*keep_original_groups'
    [ "$status" -ne 0 ]
}

@test "run.oci.pidfd_receiver gets the pidfd of the container's process" {
    berth_only "crun 1.8 does not know it"
    annotate run.oci.pidfd_receiver "$BATS_TEST_TMPDIR/s"
    set_args payload pause
    receive "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/got"
    create_c
    wait_until file_has Pid "$BATS_TEST_TMPDIR/got"
    assert_equal "$(xargs <"$BATS_TEST_TMPDIR/got")" "1 Pid: $(init_pid)"
}

@test "run.oci.pidfd_receiver that nobody listens on is an error" {
    berth_only "crun 1.8 does not know it"
    annotate run.oci.pidfd_receiver /no/such/socket
    host_snapshot
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output '/no/such/socket'
    assert_host_unchanged
}

@test "an unknown run.oci.mount_context_type is an error" {
    berth_only "crun takes it without SELinux"
    annotate run.oci.mount_context_type bogus
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output 'mount_context_type.*bogus'
}

@test "unknown annotations are accepted" {
    annotate run.oci.bogus x
    annotate org.example.bogus ''
    set_args true
    run_c
    assert_status 0
}

@test "an unknown annotation of crun is a warning" {
    berth_only "crun says nothing"
    annotate run.oci.bogus x
    set_args true
    run_c
    assert_status 0
    assert_output 'annotations\["run.oci.bogus"\]'
}

# ---- run.oci.systemd.force_cgroup_v1

OLD_SYSTEMD=/sys/fs/cgroup/systemd

# Where the host is of version 2 its root mounts that hierarchy for the test.
with_old_systemd() {
    in_ns mountpoint -q "$OLD_SYSTEMD" && return
    in_ns mkdir "$OLD_SYSTEMD"
    in_ns mount -t cgroup -o none,name=systemd cgroup "$OLD_SYSTEMD"
    MADE_OLD_SYSTEMD=1
}

@test "run.oci.systemd.force_cgroup_v1: the mount has only name=systemd of cgroup v1, with the container's own cgroup" {
    with_old_systemd
    annotate run.oci.systemd.force_cgroup_v1 /sys/fs/cgroup
    set_sh 'ls -A /sys/fs/cgroup; stat -fc %T /sys/fs/cgroup/systemd; cat /sys/fs/cgroup/systemd/cgroup.procs'
    run_c
    assert_status 0
    assert_output '^systemd$'
    assert_equal "$(grep -c . <<<"$output")" "$(grep -cx 'systemd\|cgroup.*\|UNKNOWN.*\|1\|[0-9]*' <<<"$output")"
    assert_output '^1$'
}

@test "run.oci.systemd.force_cgroup_v1 without that hierarchy is an error that says how to mount it" {
    berth_only "crun's words differ"
    in_ns mountpoint -q "$OLD_SYSTEMD" && skip "this host has it"
    annotate run.oci.systemd.force_cgroup_v1 /sys/fs/cgroup
    host_snapshot
    run_fails run "$ID"
    assert_output 'annotations\["run.oci.systemd.force_cgroup_v1"\].*none,name=systemd'
    assert_host_unchanged
}

# ---- what this runtime does not have

refused_annotation() {
    berth_only "crun has it, or passes over it"
    annotate "$1" "$2"
    host_snapshot
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output "annotations\[\"$1\"\]"
    assert_host_unchanged
    run_fails check --bundle "$BUNDLE"
    assert_output "annotations\[\"$1\"\]"
    # An empty value asks for nothing.
    annotate "$1" ""
    set_args true
    run_c
    assert_status 0
}

@test "run.oci.handler is an error" { refused_annotation run.oci.handler krun; }
@test "run.oci.seccomp.plugins is an error" { refused_annotation run.oci.seccomp.plugins plugin.so; }
@test "run.oci.systemd.force_cgroup_v1 without a mount of type cgroup is an error" {
    refused_annotation run.oci.systemd.force_cgroup_v1 /sys/fs/cgroup/systemd
}

@test "run.oci.systemd.subgroup has no effect without systemd, and must not lead out of the scope" {
    cgroupfs_only
    annotate run.oci.systemd.subgroup payload
    set_args true
    run_c
    assert_status 0
    [ "$RT_KIND" = berth ] || return 0
    local path
    for path in / ../up a/../.. a//b; do
        annotate run.oci.systemd.subgroup "$path"
        UNCHECKED=1 run_c
        assert_failed
        assert_output 'annotations\["run.oci.systemd.subgroup"\]: must name a cgroup below the scope'
    done
}

# ---- hooks

# talking_hooks KIND...: each says its kind on both streams
talking_hooks() {
    local kind
    for kind in "$@"; do
        config ".hooks.$kind = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo out $kind; echo err $kind >&2\"]}]"
    done
}

whole_life() {
    create_c
    rt start "$ID"
    wait_status stopped
    (cd / && rt delete "$ID")
}

@test "run.oci.hooks.stdout and stderr: the output of all kinds of hooks is appended to these files" {
    local kinds="prestart createRuntime createContainer startContainer poststart poststop"
    # shellcheck disable=SC2086
    talking_hooks $kinds
    annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/out-file"
    annotate run.oci.hooks.stderr "$BATS_TEST_TMPDIR/err-file"
    echo before >"$BATS_TEST_TMPDIR/out-file"
    set_args true
    whole_life
    assert_equal "$(head -1 "$BATS_TEST_TMPDIR/out-file")" before
    local kind
    for kind in $kinds; do
        grep -qx "out $kind" "$BATS_TEST_TMPDIR/out-file" || fail_with "nothing of $kind: $(cat "$BATS_TEST_TMPDIR/out-file")"
        grep -qx "err $kind" "$BATS_TEST_TMPDIR/err-file" || fail_with "no error of $kind"
    done
    run ! grep -q err "$BATS_TEST_TMPDIR/out-file"
    run ! grep -q out "$BATS_TEST_TMPDIR/err-file"
}

@test "a relative run.oci.hooks.stdout is a file in the bundle, also at delete" {
    berth_only
    talking_hooks createRuntime createContainer poststop
    annotate run.oci.hooks.stdout hooks.log
    set_args true
    whole_life
    assert_equal "$(grep -c '^out' hooks.log)" 3
}

@test "the error of a failed hook has its output, except what goes to a file" {
    berth_only
    config '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo said-out; echo said-err >&2; exit 3"]}]'
    annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/out-file"
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output 'hooks.createContainer\[0\].*said-err'
    refute_output 'said-out'
    grep -qx said-out "$BATS_TEST_TMPDIR/out-file"
}

@test "run.oci.hooks.stderr that cannot be opened is an error" {
    berth_only
    annotate run.oci.hooks.stderr /no/such/dir/file
    local kind
    for kind in createRuntime createContainer; do
        config "del(.hooks)"
        talking_hooks $kind
        host_snapshot
        run_fails create --bundle "$BUNDLE" "$ID"
        assert_output 'annotations\["run.oci.hooks.stderr"\].*/no/such/dir/file.*no such file'
        assert_host_unchanged
    done
}

@test "run.oci.hooks.stdout that is a FIFO without a reader does not block" {
    berth_only
    talking_hooks createRuntime poststop
    annotate run.oci.hooks.stdout "$BATS_TEST_TMPDIR/fifo"
    set_args true
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output 'annotations\["run.oci.hooks.stdout"\].*/fifo.*no such device or address'
    # One that is read is as good as a file.
    local line
    exec 5<>"$BATS_TEST_TMPDIR/fifo"
    create_c
    read -r -t 5 line <&5
    exec 5>&-
    assert_equal "$line" "out createRuntime"
    rt start "$ID"
    wait_status stopped
    run_ok delete "$ID"
    assert_output 'annotations\["run.oci.hooks.stdout"\].*/fifo.*no such device or address'
}

# ---- seccomp

agent() {
    "$SUITE_DIR/seccomp-agent" "$1" mkdir=42 >"$BATS_TEST_TMPDIR/agent.log" 2>&1 3>&- 4>&- &
    AGENT=$!
    wait_until file_has '^listening' "$BATS_TEST_TMPDIR/agent.log"
}

notify() {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
    set_args payload calls mkdir
}

asked() { wait_until file_has '^call mkdir' "$BATS_TEST_TMPDIR/agent.log"; }

@test "run.oci.seccomp.receiver is the agent if linux.seccomp.listenerPath is not set" {
    annotate run.oci.seccomp.receiver "$BATS_TEST_TMPDIR/agent.sock"
    notify
    set_sh 'mkdir /tmp/x; true'
    agent "$BATS_TEST_TMPDIR/agent.sock"
    run_c
    asked
}

@test "linux.seccomp.listenerPath takes precedence over run.oci.seccomp.receiver" {
    annotate run.oci.seccomp.receiver /no/such/socket
    notify
    config ".linux.seccomp.listenerPath = \"$BATS_TEST_TMPDIR/agent.sock\""
    set_sh 'mkdir /tmp/x; true'
    agent "$BATS_TEST_TMPDIR/agent.sock"
    run_c
    asked
}

@test "run.oci.seccomp.receiver that nobody listens on is an error" {
    annotate run.oci.seccomp.receiver /no/such/socket
    notify
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output '/no/such/socket'
    [ "$RT_KIND" != berth ] || assert_output 'annotations\["run.oci.seccomp.receiver"\]'
}

@test "run.oci.seccomp.receiver also applies to exec" {
    annotate run.oci.seccomp.receiver "$BATS_TEST_TMPDIR/agent.sock"
    notify
    set_args payload pause
    agent "$BATS_TEST_TMPDIR/agent.sock"
    create_c
    rt start "$ID"
    run_rt exec "$ID" sh -c 'mkdir /tmp/x; true'
    asked
}

@test "RUN_OCI_SECCOMP_RECEIVER does the same" {
    notify
    set_sh 'mkdir /tmp/x; true'
    agent "$BATS_TEST_TMPDIR/agent.sock"
    export RUN_OCI_SECCOMP_RECEIVER=$BATS_TEST_TMPDIR/agent.sock
    run_c
    asked
}

@test "SCMP_ACT_NOTIFY without any agent is an error" {
    berth_only "crun takes them"
    notify
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output 'linux.seccomp.listenerPath: SCMP_ACT_NOTIFY needs one'
}

@test "run.oci.seccomp_fail_unknown_syscall: an unknown system call is an error" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
    set_args true
    run_c
    assert_status 0
    annotate run.oci.seccomp_fail_unknown_syscall 1
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output no_such_call
    [ "$RT_KIND" != berth ] || assert_output 'linux.seccomp.syscalls\[0\].names\[1\]'
}

# bpf [INSTRUCTION...]: struct sock_filter as "code jt jf k" in base64; the second one refuses mkdir(2) and mkdirat(2) of x86-64 with 42
bpf() {
    python3 - "$@" <<'END'
import base64, struct, sys
print(base64.b64encode(b"".join(struct.pack("<HBBI", *(int(part, 0) for part in one.split())) for one in sys.argv[1:])).decode())
END
}
no_mkdir() { bpf "0x20 0 0 0" "0x15 2 0 83" "0x15 1 0 258" "0x06 0 0 0x7fff0000" "0x06 0 0 0x0005002a"; }

@test "run.oci.seccomp_bpf_data is the filter, instead of linux.seccomp" {
    [ "$HOSTTYPE" = x86_64 ] || skip "the filter is for x86-64"
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 7}]}'
    annotate run.oci.seccomp_bpf_data "$(no_mkdir)"
    set_sh 'mkdir /tmp/x; grep Seccomp: /proc/self/status'
    run_c
    assert_output 'Seccomp:[[:space:]]*2'
    # ENOMSG
    assert_output 'No message of desired type|error 42'
    config 'del(.linux.seccomp)' '.process.args = ["payload", "pause"]'
    create_c
    rt start "$ID"
    run_rt exec "$ID" sh -c 'mkdir /tmp/x'
    assert_output 'No message of desired type|error 42'
}

@test "run.oci.seccomp_bpf_data that is not a BPF program is an error" {
    berth_only "crun leaves it to the kernel"
    local data
    for data in 'no base64!' 'AAAA' "$(bpf "0x20 0 0 0")=" 'A' '='; do
        annotate run.oci.seccomp_bpf_data "$data"
        host_snapshot
        UNCHECKED=1 run_c
        [ "$status" -ne 0 ]
        assert_output 'annotations\["run.oci.seccomp_bpf_data"\]'
        assert_host_unchanged
    done
    # base64, and eight bytes, but the kernel does not take it
    annotate run.oci.seccomp_bpf_data "$(bpf "0x20 0 0 0")"
    run_c
    [ "$status" -ne 0 ]
    assert_output 'annotations\["run.oci.seccomp_bpf_data"\].*invalid argument'
}

@test "the error names run.oci.seccomp_bpf_data if that filter kills the process" {
    berth_only
    [ "$HOSTTYPE" = x86_64 ] || skip "the filter is for x86-64"
    annotate run.oci.seccomp_bpf_data "$(bpf "0x20 0 0 0" "0x15 2 0 83" "0x15 1 0 258" "0x06 0 0 0x7fff0000" "0x06 0 0 0x80000000")"
    set_args mkdir /tmp/x
    run_c
    assert_status 159
    assert_output 'annotations\["run.oci.seccomp_bpf_data"\]: the filter has killed'
}

# ---- the time namespace

@test "run.oci.timens_offset sets a clock of the time namespace" {
    [ -e /proc/self/timens_offsets ] || skip "no time namespaces here"
    berth_only "crun 1.8 wants it unlike its manual"
    config '.linux.namespaces += [{type: "time"}]'
    annotate run.oci.timens_offset "boottime 86400 5"
    set_args cat /proc/self/timens_offsets
    run_c
    assert_output 'boottime +86400 +5'
}
