# SPDX-License-Identifier: Apache-2.0
# ps: the processes of a container as a table of ps(1)'s own or as numbers.
load helpers
load helpers-cgroups

test_setup() { command -v ps >/dev/null || skip "no ps(1)"; }

# ps(1) reads the time of boot for a table that has times in it.
has_times() { not_in_uml "ps(1) finds no time of boot"; }

# Three processes. A child of the shell has the shell's name until it has called execve(2).
three() {
    set_sh 'sleep 1000 & sleep 1000 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until names_are 'payload sleep sleep'
}

names_are() {
    local pid
    [ "$(for pid in $(kernel_pids); do tr '\0' ' ' <"/proc/$pid/cmdline" | cut -d' ' -f1; done | sort | xargs)" = "$1" ]
}

# The container's processes by the kernel, sorted.
kernel_pids() { in_ns find "$(cgroup_dir pids)" -name cgroup.procs -exec cat {} + | sort -n | xargs; }
# As jq may be given anything: numbers alone, sorted.
ps_pids() { rt ps --format json "$ID" | jq -r 'if all(.[]; type == "number") then sort | map(tostring) | join(" ") else "no numbers" end'; }

@test "json is an array of the container's processes as numbers" {
    three
    assert_equal "$(ps_pids)" "$(kernel_pids)"
    assert_equal "$(ps_pids | wc -w)" 3
}

@test "json has the init of a created container" {
    set_args payload pause
    create_c
    [[ " $(ps_pids) " == *" $(init_pid) "* ]]
}

@test "json has processes in child cgroups" {
    three
    local dir child
    child=$(in_ns cat "$(cgroup_dir pids)/cgroup.procs" | grep -vx "$(init_pid)" | head -1)
    for dir in $(own_groups | sort -u); do
        in_ns test -d "$dir" || continue
        in_ns mkdir "$dir/below"
        case $dir in */cpuset/*) in_ns sh -c "cat $dir/cpuset.cpus >$dir/below/cpuset.cpus; cat $dir/cpuset.mems >$dir/below/cpuset.mems" ;; esac
        in_ns sh -c "echo $child >$dir/below/cgroup.procs"
    done
    assert_equal "$(ps_pids)" "$(kernel_pids)"
    assert_equal "$(ps_pids | wc -w)" 3
}

@test "json of a paused container" {
    has_freezer || skip "no freezer here"
    three
    rt pause "$ID"
    assert_equal "$(ps_pids | wc -w)" 3
}

@test "the table has a heading and a line for every process" {
    has_times
    three
    run_ok ps "$ID"
    [[ ${lines[0]} == *PID* ]]
    local pid
    for pid in $(kernel_pids); do assert_output "(^| )$pid( |$)"; done
    assert_equal "${#lines[@]}" 4
    run_ok ps --format table "$ID"
    assert_equal "${#lines[@]}" 4
}

@test "the table is that of ps -ef by default" {
    has_times
    three
    run_ok ps "$ID"
    [[ $(xargs <<<"${lines[0]}") == "UID PID PPID C STIME TTY TIME CMD" ]]
    assert_output 'payload pause$'
    assert_equal "$(grep -c 'sleep 1000$' <<<"$output")" 2
}

@test "the table has none of the host's processes" {
    has_times
    three
    run_ok ps "$ID"
    refute_output "bats"
}

@test "the table with ps options: -o pid,comm" {
    three
    run_ok ps "$ID" -o pid,comm
    assert_equal "$(xargs <<<"${lines[0]}")" "PID COMMAND"
    assert_equal "$(awk 'NR > 1 {print $2}' <<<"$output" | sort | xargs)" "payload sleep sleep"
}

@test "the table with ps options: aux, -ef, -e -x" {
    has_times
    three
    run_ok ps "$ID" aux
    assert_equal "$(awk '{print $1, $2}' <<<"${lines[0]}")" "USER PID"
    assert_equal "${#lines[@]}" 4
    run_ok ps "$ID" -ef
    assert_equal "${#lines[@]}" 4
    run_ok ps "$ID" -e -x
    assert_equal "${#lines[@]}" 4
}

@test "a process cannot pass for another by its arguments" {
    berth_only "runc counts words"
    set_sh 'exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    # The host's process calls itself like the container's, whose number is then its second word, and the other way round.
    bash -c 'exec -a "sleep $1" sleep 50' bash "$(init_pid)" 3>&- 4>&- &
    local liar=$!
    wait_until file_has "^sleep $(init_pid)" "/proc/$liar/cmdline"
    run_ok ps "$ID" -e -o args,pid
    kill "$liar"
    assert_equal "${#lines[@]}" 2
    assert_equal "$(xargs <<<"${lines[0]}")" "COMMAND PID"
    assert_equal "$(xargs <<<"${lines[1]}")" "payload pause $(init_pid)"
    run_ok ps "$ID" axo args,pid
    assert_equal "${#lines[@]}" 2
    has_times
    run_ok ps "$ID" -e -o lstart,pid,args
    assert_equal "${#lines[@]}" 2
}

@test "ps options without a PID column are an error" {
    three
    run_fails ps "$ID" -o comm
}

@test "ps options that ps refuses are an error" {
    three
    run_fails ps "$ID" --no-such-option
}

@test "an unknown format is an error" {
    three
    run_fails ps --format xml "$ID"
    run_fails ps -f "" "$ID"
}

@test "-f is --format" {
    three
    run_ok ps -f json "$ID"
    jq -e 'length == 3' <<<"$output"
}

@test "an unknown container fails with \"does not exist\"" {
    run_fails ps "$ID"
    assert_output 'does not exist'
    run_fails ps --format json "$ID"
    assert_output 'does not exist'
}

@test "a stopped container has no processes" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_ok ps --format json "$ID"
    jq -e 'length == 0' <<<"$output"
    not_in_uml "ps(1) finds no time of boot"
    run_ok ps "$ID"
    assert_equal "${#lines[@]}" 1
}

@test "a stopped container without a PID namespace: surviving processes" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    set_sh 'setsid sleep 1001 & exit 0'
    create_c
    rt start "$ID"
    wait_status stopped
    run_ok ps --format json "$ID"
    assert_equal "$(jq length <<<"$output")" 1
}

@test "a missing id is an error" { run_fails ps; }
