# SPDX-License-Identifier: Apache-2.0
# kill --all and delete: everything in the container's cgroups is ended, wherever it hides there, and nothing else.
load helpers
load helpers-cgroups

# Processes of the container whose init has exited: they live on without a pid namespace alone.
orphans() {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    set_sh 'setsid sleep 1001 & setsid sleep 1002 & sleep 1003 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    PIDS=$(in_ns cat "$(cgroup_dir pids)/cgroup.procs")
    GROUPS_WERE=$(own_groups)
    [ "$(wc -w <<<"$PIDS")" -eq 4 ]
}

alive() {
    local pid
    for pid in $PIDS; do
        [ ! -e "/proc/$pid" ] || [ "$(awk '/^State/{print $2}' "/proc/$pid/status" 2>/dev/null)" = Z ] || return 0
    done
    return 1
}
none_alive() { ! alive; }

groups_gone() {
    local dir
    for dir in $GROUPS_WERE; do in_ns test ! -e "$dir" || [[ $dir != *"$ID"* ]] || fail_with "$dir is still there"; done
}

# into_below NAME PID: into the group NAME below the container's own, in every hierarchy.
into_below() {
    local dir
    for dir in $(own_groups | sort -u); do
        [[ $dir == *"$ID"* ]] && in_ns test -d "$dir" || continue
        in_ns sh -c 'cd "$1" && mkdir -p "$2" && for part in $(echo "$2" | tr / " "); do
            [ ! -e cpuset.mems ] || [ -e cgroup.controllers ] || {
                cat cpuset.cpus >"$part/cpuset.cpus"
                cat cpuset.mems >"$part/cpuset.mems"
            }
            cd "$part"
        done; echo "$3" >cgroup.procs' sh "$dir" "$1" "$2"
    done
}

freeze_below() {
    if cg_is_v2; then
        in_ns sh -c "echo 1 >$(cgroup_dir freezer)/$1/cgroup.freeze"
    else
        in_ns sh -c "echo FROZEN >$(cgroup_dir freezer)/$1/freezer.state"
    fi
}

@test "kill --all KILL ends every process" {
    orphans
    run_ok kill --all "$ID" KILL
    wait_until none_alive
    wait_status stopped
}

@test "kill KILL without a PID namespace ends every process" {
    orphans
    run_ok kill "$ID" KILL
    wait_until none_alive
    wait_status stopped
    [ "$RT_KIND" != runc ] || return 0 # says nothing of a second one
    run_fails kill "$ID" KILL
    assert_output 'container not running'
}

@test "kill KILL without a PID namespace ends those that outlived the container's process" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    set_sh 'setsid sleep 1001 & exit 0'
    create_c
    rt start "$ID"
    wait_status stopped
    PIDS=$(rt ps --format json "$ID" | jq '.[]')
    [ -n "$PIDS" ] && alive
    run_ok kill "$ID" KILL
    wait_until none_alive
}

@test "kill KILL in another container's PID namespace ends every process, and none of the other container's" {
    set_args payload pause
    ! by_systemd || config ".linux.cgroupsPath = \":berth:$ID-other\""
    rt run -d "$ID-other" </dev/null >"$BATS_TEST_TMPDIR/other" 2>&1
    ! by_systemd || config ".linux.cgroupsPath = \":berth:$ID\""
    local other
    other=$(init_pid "$ID-other")
    config ".linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$other/ns/pid\" else . end)"
    set_sh 'setsid sleep 1001 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    PIDS=$(in_ns cat "$(cgroup_dir pids)/cgroup.procs")
    [ "$(wc -w <<<"$PIDS")" -eq 2 ]
    run_ok kill "$ID" KILL
    wait_until none_alive
    assert_equal "$(state_of "$ID-other")" running
}

@test "kill --all with another signal reaches every process" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    set_sh 'payload catch >/one & payload catch >/two & exec payload catch'
    create_c
    rt start "$ID"
    wait_until file_has ready rootfs/one
    wait_until file_has ready rootfs/two
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run_ok kill --all "$ID" USR1
    wait_until file_has 'caught USR1' rootfs/one
    wait_until file_has 'caught USR1' rootfs/two
    wait_until file_has 'caught USR1' "$BATS_TEST_TMPDIR/out"
}

@test "kill without --all reaches only the container's process" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    set_sh 'payload catch >/one & exec payload catch'
    create_c
    rt start "$ID"
    wait_until file_has ready rootfs/one
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run_ok kill "$ID" USR1
    wait_until file_has 'caught USR1' "$BATS_TEST_TMPDIR/out"
    run ! file_has caught rootfs/one
}

@test "kill --all reaches processes in child cgroups" {
    orphans
    into_below below "$(grep -vx "$(init_pid)" <<<"$PIDS" | head -1)"
    run_ok kill --all "$ID" KILL
    wait_until none_alive
}

@test "kill --all KILL reaches processes in a frozen child cgroup" {
    has_freezer || skip "no freezer here"
    orphans
    into_below below "$(grep -vx "$(init_pid)" <<<"$PIDS" | head -1)"
    freeze_below below
    run_ok kill --all "$ID" KILL
    # In a frozen group of version 1 it is dead as soon as that thaws: delete does that.
    run_ok delete --force "$ID"
    wait_until none_alive
}

@test "kill KILL ends a container with a frozen child cgroup" {
    [ "$RT_KIND" = berth ] || cg_is_v2 || skip "their kill waits until somebody thaws the group"
    has_freezer || skip "no freezer here"
    set_sh 'setsid sleep 1001 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    PIDS=$(in_ns cat "$(cgroup_dir pids)/cgroup.procs")
    into_below below "$(grep -vx "$(init_pid)" <<<"$PIDS" | head -1)"
    freeze_below below
    run_ok kill "$ID" KILL
    wait_status stopped
    wait_until none_alive
}

@test "kill --all of a stopped container is no error" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_ok kill --all "$ID" KILL
    run_ok kill --all "$ID" TERM
    run_fails kill "$ID" KILL
}

@test "kill --all kills processes that outlive the container's own" {
    orphans
    kill -KILL "$(init_pid)"
    wait_status stopped
    alive
    run_ok kill --all "$ID" KILL
    wait_until none_alive
}

# The first process of a PID namespace ends when all others have been reaped, by a tracer, too.
@test "delete may follow right after kill KILL, however long the container's process takes to end" {
    berth_only "theirs fail"
    command -v strace >/dev/null || skip "no strace here"
    set_sh 'sleep 1000 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local child job
    child=$(in_ns cat "$(cgroup_dir pids)/cgroup.procs" | grep -vx "$(init_pid)")
    strace -qq -o /dev/null -p "$child" 3>&- 4>&- &
    TRACER=$!
    wait_until file_has "^TracerPid:[[:space:]]$TRACER\$" "/proc/$child/status"
    kill -STOP "$TRACER"
    rt kill "$ID" KILL
    rt delete "$ID" </dev/null >"$BATS_TEST_TMPDIR/deleted" 2>&1 &
    job=$!
    time_for_faults 1
    kill -0 "$job" || fail_with "it has not waited: $(cat "$BATS_TEST_TMPDIR/deleted")"
    kill -CONT "$TRACER"
    wait "$job" || fail_with "it has failed: $(cat "$BATS_TEST_TMPDIR/deleted")"
}

test_teardown() { [ -z "${TRACER:-}" ] || kill -KILL "$TRACER" 2>/dev/null || true; }

@test "delete kills processes that outlive the container's own" {
    orphans
    kill -KILL "$(init_pid)"
    wait_status stopped
    run_ok delete "$ID"
    wait_until none_alive
    groups_gone
}

@test "delete --force kills every process without a PID namespace" {
    orphans
    run_ok delete --force "$ID"
    wait_until none_alive
    groups_gone
}

@test "delete --force kills processes in child cgroups, and removes these" {
    orphans
    set -- $(grep -vx "$(init_pid)" <<<"$PIDS")
    into_below one "$1"
    into_below one/two "$2"
    into_below empty/deeper/still "$3"
    run_ok delete --force "$ID"
    wait_until none_alive
    groups_gone
}

@test "delete --force kills processes in a frozen child cgroup" {
    has_freezer || skip "no freezer here"
    orphans
    into_below below "$(grep -vx "$(init_pid)" <<<"$PIDS" | head -1)"
    freeze_below below
    run_ok delete --force "$ID"
    wait_until none_alive
    groups_gone
}

@test "delete --force kills processes that fork all the time" {
    not_in_uml "it dies itself of a process that is killed in fork(2)"
    config '.linux.namespaces |= map(select(.type != "pid"))'
    resources 'pids: {limit: 100}'
    set_sh 'f() { while :; do (sleep 0.001 &) 2>/dev/null; done; }; f & f & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    GROUPS_WERE=$(own_groups)
    run_ok delete --force "$ID"
    groups_gone
}

@test "delete kills an outside process that was moved into the container's cgroup" {
    started
    sleep 1000 3>&- &
    PIDS=$!
    local dir
    for dir in $(own_groups | sort -u); do ! in_ns test -d "$dir" || in_ns sh -c "echo $PIDS >$dir/cgroup.procs"; done
    GROUPS_WERE=$(own_groups)
    run_ok delete --force "$ID"
    wait_until none_alive
    groups_gone
}

@test "a process of the host in a sibling cgroup is not touched" {
    cgroupfs_only
    config ".linux.cgroupsPath = \"/$ID-parent/$ID\""
    orphans
    local dir sibling
    sleep 1000 3>&- &
    sibling=$!
    for dir in $(own_groups | sort -u); do
        in_ns test -d "$dir" || continue
        in_ns mkdir "${dir%/*}/sibling"
        case $dir in */cpuset/*) in_ns sh -c "cd ${dir%/*}; cat cpuset.cpus >sibling/cpuset.cpus; cat cpuset.mems >sibling/cpuset.mems" ;; esac
        in_ns sh -c "echo $sibling >${dir%/*}/sibling/cgroup.procs"
    done
    run_ok kill --all "$ID" KILL
    run_ok delete --force "$ID"
    wait_until none_alive
    kill -0 $sibling
    for dir in $GROUPS_WERE; do [[ $dir != *"$ID"* ]] || in_ns grep -qx $sibling "${dir%/*}/sibling/cgroup.procs"; done
    kill $sibling
    wait $sibling 2>/dev/null || true
}

test_after() {
    in_ns find $(hierarchies) -depth -type d -path "*/$ID-parent*" -exec rmdir {} \; 2>/dev/null || true
}

@test "a container whose cgroups were removed from outside can be deleted" {
    cgroupfs_only
    set_args true
    create_c
    GROUPS_WERE=$(own_groups)
    rt start "$ID"
    wait_status stopped
    local dir
    for dir in $GROUPS_WERE; do [[ $dir != *"$ID"* ]] || in_ns rmdir "$dir" 2>/dev/null || true; done
    run_ok delete "$ID"
    run_fails state "$ID"
}

@test "KILL does not kill nested containers if the record is from a version without PID namespaces in it" {
    berth_only "others have no such record"
    cgroupfs_only
    config ".linux.cgroupsPath = \"/$ID\""
    set_args payload pause
    create_c
    rt start "$ID"
    local below=$ID-below
    config ".linux.cgroupsPath = \"/$ID/below\""
    rt run -d --bundle "$BUNDLE" "$below" </dev/null >/dev/null 2>&1
    jq -c 'del(.ownPids)' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/record"
    cp "$BATS_TEST_TMPDIR/record" "$ROOT/$ID/state.json"
    run_ok kill "$ID" KILL
    wait_status stopped
    assert_equal "$(state_of "$below")" running
    run_ok delete --force "$below"
}
