# SPDX-License-Identifier: Apache-2.0
# config.json's process: what the program finds when it starts.
load helpers

payload() { set_args payload "$@"; }
now_run() { run_c; assert_status 0; }
caps_hex() { sed -n "s/^Cap$1:[[:space:]]*//p" <<<"$output"; }

@test "args are passed unchanged" {
    set_args payload argv "two words" "" '*' $'new\nline' "q\"uote" 'ünï' -- -x
    now_run
    assert_equal "$output" '[argv]
[two words]
[]
[*]
[new
line]
[q"uote]
[ünï]
[--]
[-x]'
}

@test "empty args are an error" {
    host_snapshot
    config '.process.args = []'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "env is passed unchanged, in order" {
    config '.process.env = ["PATH=/bin", "A=1", "B= two  words ", "C=", "D=a=b", "HOME=/h"]'
    payload env
    now_run
    assert_equal "$output" 'PATH=/bin
A=1
B= two  words 
C=
D=a=b
HOME=/h'
}

@test "of two variables with one name the last one wins" {
    config '.process.env += ["A=first", "B=x", "A=last"]'
    payload env
    now_run
    assert_equal "$(grep -c ^A= <<<"$output")" 1
    assert_output '^A=last$'
}

@test "HOME comes from the container's /etc/passwd when it is not set" {
    payload env
    config '.process.user = {uid: 1000, gid: 1000}'
    now_run
    assert_output '^HOME=/home/user$'
}

@test "HOME is / for a user that is not in /etc/passwd" {
    payload env
    config '.process.user = {uid: 4321, gid: 1}'
    now_run
    assert_output '^HOME=/$'
}

@test "HOME is / when the container has no /etc/passwd" {
    rm rootfs/etc/passwd
    payload env
    config '.process.user = {uid: 4321, gid: 1}'
    now_run
    assert_output '^HOME=/$'
}

@test "a HOME in env is kept" {
    config '.process.env += ["HOME=/elsewhere"]'
    payload env
    now_run
    assert_equal "$(grep HOME <<<"$output")" HOME=/elsewhere
}

@test "cwd is where the program starts" {
    mkdir -p rootfs/some/where
    config '.process.cwd = "/some/where"'
    payload cwd
    now_run
    assert_equal "$output" /some/where
}

@test "a missing cwd is created" {
    config '.process.cwd = "/made/up"'
    payload cwd
    now_run
    assert_equal "$output" /made/up
}

@test "a missing cwd below a read-only path is created" {
    config '.process.cwd = "/data/made/up"' '.linux.readonlyPaths += ["/data"]' \
        '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs"}]'
    set_sh 'pwd; mkdir /data/more'
    run_c
    assert_output '^/data/made/up$'
    assert_output 'Read-only file system'
}

@test "a relative cwd is an error" {
    host_snapshot
    config '.process.cwd = "usr"'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a cwd that is a file is an error" {
    host_snapshot
    config '.process.cwd = "/etc/passwd"'
    run_fails run "$ID"
    assert_output '[Nn]ot a directory'
    assert_host_unchanged
}

@test "a program without a slash is looked for in the PATH of env" {
    mkdir rootfs/opt
    ln -s ../bin/payload rootfs/opt/special
    config '.process.env = ["PATH=/nowhere:/opt"]'
    set_args special argv
    now_run
    assert_equal "$output" '[argv]'
}

@test "a program without a slash is not looked for elsewhere" {
    config '.process.env = ["PATH=/nowhere"]'
    set_args true
    run_fails run "$ID"
}

@test "PATH skips what cannot be executed" {
    mkdir rootfs/one rootfs/two
    echo text >rootfs/one/special
    mkdir rootfs/one/payload
    ln -s ../bin/payload rootfs/two/special
    config '.process.env = ["PATH=/one:/two"]'
    set_args special argv
    now_run
    assert_equal "$output" '[argv]'
}

@test "a relative program with a slash is relative to cwd" {
    mkdir -p rootfs/opt/dir
    ln -s ../../bin/payload rootfs/opt/dir/prog
    config '.process.cwd = "/opt"'
    set_args dir/prog cwd
    now_run
    assert_equal "$output" /opt
}

@test "a script with #! runs" {
    printf '#!/bin/sh\necho script $0 $1\n' >rootfs/bin/script
    chmod 755 rootfs/bin/script
    set_args /bin/script word
    now_run
    assert_equal "$output" "script /bin/script word"
}

@test "a script whose interpreter is missing is an error that names the script" {
    printf '#!/no/such/interpreter\n' >rootfs/bin/script
    chmod 755 rootfs/bin/script
    set_args /bin/script
    run_fails run "$ID"
    assert_output '/bin/script'
    assert_output 'no such file or directory'
}

@test "a file that is not a program is an error that names it" {
    printf 'just text' >rootfs/bin/text
    chmod 755 rootfs/bin/text
    set_args /bin/text
    run_fails run "$ID"
    assert_output '/bin/text'
    assert_output '[Ee]xec format error'
}

@test "user sets uid and gid, all of them" {
    config '.process.user = {uid: 1234, gid: 5678}'
    payload ids
    now_run
    assert_output '^uid 1234 1234 1234$'
    assert_output '^gid 5678 5678 5678$'
}

@test "additionalGids are the groups" {
    config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 77, 2147483647]}'
    payload ids
    now_run
    assert_equal "$(grep ^groups <<<"$output")" "groups 5 77 2147483647"
}

@test "ids may be as large as the kernel allows" {
    config '.process.user = {uid: 4294967294, gid: 4294967294, additionalGids: [4294967293]}'
    payload ids
    now_run
    assert_output '^uid 4294967294 '
    assert_output '^groups 4294967293$'
}

@test "without additionalGids none of the caller's groups are kept" {
    config '.process.user = {uid: 1000, gid: 1000}'
    payload ids
    run in_ns setpriv --groups 4,24 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_output '^groups( 1000)?$'
}

@test "the container's passwd does not affect numeric ids" {
    rm rootfs/etc/passwd
    printf '1234:x:0:0::/:/bin/sh\n' >rootfs/etc/passwd
    config '.process.user = {uid: 1234, gid: 1234}'
    payload ids
    now_run
    assert_output '^uid 1234 1234 1234$'
}

@test "umask is set" {
    config '.process.user.umask = 63'
    payload ids
    now_run
    assert_output '^umask 0077$'
}

@test "an unset umask is the caller's" {
    payload ids
    umask 027
    run_c
    umask 022
    assert_output '^umask 0027$'
}

@test "a negative or fractional id is an error" {
    local uid
    for uid in -1 1.5 '"0"' 4294967296; do
        config ".process.user.uid = $uid"
        run_fails run "$ID"
    done
}

@test "the five capability sets are exactly those of the config" {
    config '.process.noNewPrivileges = false' '.process.capabilities = {
        bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_ADMIN"], permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
        effective: ["CAP_CHOWN"], inheritable: ["CAP_KILL", "CAP_NET_RAW"], ambient: ["CAP_NET_RAW"]}'
    # Process 1 of uid 0 gets its sets by the rules of execve(2) for root; another user shows them bare.
    config '.process.user = {uid: 1000, gid: 1000}'
    payload caps
    now_run
    assert_equal "$(caps_hex Bnd)" 0000000000202021
    assert_equal "$(caps_hex Inh)" 0000000000002020
    assert_equal "$(caps_hex Amb)" 0000000000002000
    assert_equal "$(caps_hex Prm)" 0000000000002000
    assert_equal "$(caps_hex Eff)" 0000000000002000
}

@test "root without capabilities in the config has none" {
    config '.process.capabilities = {}'
    payload caps
    now_run
    local set
    for set in Inh Prm Eff Bnd Amb; do assert_equal "$(caps_hex $set)" 0000000000000000; done
}

@test "without a capabilities object there are no capabilities" {
    config 'del(.process.capabilities)'
    payload caps
    now_run
    assert_equal "$(caps_hex Bnd)" 0000000000000000
    assert_equal "$(caps_hex Eff)" 0000000000000000
}

@test "the inheritable set is empty unless asked for" {
    payload caps
    now_run
    assert_equal "$(caps_hex Inh)" 0000000000000000
    assert_equal "$(caps_hex Amb)" 0000000000000000
    assert_equal "$(caps_hex Eff)" 00000000a80425fb
}

@test "an unprivileged user loses the effective set but keeps the bounding set" {
    config '.process.user = {uid: 1000, gid: 1000}'
    payload caps
    now_run
    assert_equal "$(caps_hex Eff)" 0000000000000000
    assert_equal "$(caps_hex Bnd)" 00000000a80425fb
}

@test "an unknown capability is a warning" {
    config '.process.capabilities.bounding += ["CAP_NO_SUCH_THING"]'
    payload caps
    now_run
    assert_output 'CapBnd:.*a80425fb'
    [ "$RT_KIND" = berth ] || return 0
    config '.process.capabilities.bounding += ["NET_ADMIN"]'
    now_run
    assert_output 'unknown capability "NET_ADMIN": ignored \(did you mean CAP_NET_ADMIN\?\)'
}

@test "a capability that the caller lacks is a warning" {
    config '.process.capabilities |= map_values(. + ["CAP_WAKE_ALARM"])'
    payload caps
    run in_ns setpriv --bounding-set -wake_alarm "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_output 'CapBnd:.*a80425fb'
}

@test "rlimits are set as getrlimit shows them" {
    config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
        {type: "RLIMIT_STACK", soft: 1048576, hard: 2097152}, {type: "RLIMIT_CPU", soft: 50, hard: 60},
        {type: "RLIMIT_FSIZE", soft: 3000000, hard: 4000000}]'
    payload rlimits
    now_run
    assert_output '^NOFILE 100 200$'
    assert_output '^CORE 0 0$'
    assert_output '^STACK 1048576 2097152$'
    assert_output '^CPU 50 60$'
    assert_output '^FSIZE 3000000 4000000$'
}

@test "every kind of rlimit is known" {
    config '.process.rlimits = (["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC",
        "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"] | map({type: ("RLIMIT_" + .), soft: 0, hard: 0})
        | map(if .type | test("_(AS|DATA|STACK|NOFILE|FSIZE|CPU|RSS|LOCKS)$") then .soft = 100000000 | .hard = 100000000 else . end)
        | map(if .type == "RLIMIT_NOFILE" then .soft = 99 | .hard = 999 else . end))'
    payload rlimits
    now_run
    assert_output '^NPROC 0 0$'
    assert_output '^MSGQUEUE 0 0$'
    assert_output '^NOFILE 99 999$'
    assert_output '^RTTIME 0 0$'
}

@test "an rlimit may be unlimited" {
    config '.process.rlimits = [{type: "RLIMIT_AS", soft: 18446744073709551615, hard: 18446744073709551615}]'
    payload rlimits
    # jq may round the number; the text is put right here.
    sed -i 's/18446744073709552000/18446744073709551615/g' config.json
    now_run
    assert_output '^AS -1 -1$'
}

@test "limits that are not set stay the caller's" {
    config '.process.rlimits = []'
    payload rlimits
    run bash -c 'ulimit -Sn 123; exec "$@"' sh "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_output '^NOFILE 123 '
}

@test "an unknown rlimit is an error" {
    host_snapshot
    config '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
    run_fails run "$ID"
    assert_output 'RLIMIT_NOSUCH|rlimit'
    assert_host_unchanged
}

@test "a duplicate rlimit is an error" {
    host_snapshot
    config '.process.rlimits += [{type: "RLIMIT_NOFILE", soft: 10, hard: 10}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a soft limit above the hard one is an error" {
    host_snapshot
    config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 10}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a tiny limit of open files does not prevent the start" {
    config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}]'
    set_args true
    now_run
}

@test "noNewPrivileges true sets the flag" {
    payload caps
    now_run
    assert_output 'NoNewPrivs:.1'
}

@test "noNewPrivileges false does not set it" {
    config '.process.noNewPrivileges = false'
    payload caps
    now_run
    assert_output 'NoNewPrivs:.0'
}

@test "oomScoreAdj is set" {
    config '.process.oomScoreAdj = 321'
    set_args cat /proc/self/oom_score_adj
    now_run
    assert_equal "$output" 321
}

@test "an unset oomScoreAdj is the caller's" {
    set_args cat /proc/self/oom_score_adj
    run bash -c 'echo 77 >/proc/self/oom_score_adj; exec "$@"' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_equal "$output" 77
}

@test "an oomScoreAdj out of range is an error" {
    host_snapshot
    config '.process.oomScoreAdj = 2000'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "no signal is blocked or ignored" {
    payload signals
    now_run
    assert_output '^SigBlk:.0000000000000000$'
    assert_output '^SigIgn:.0000000000000000$'
}

@test "signals that the caller ignores are not ignored inside" {
    payload signals
    run bash -c 'trap "" PIPE HUP INT; exec "$@"' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_output '^SigIgn:.0000000000000000$'
}

@test "the program is process 1 of its PID namespace, and the only one" {
    set_sh 'echo $$; ls /proc | grep -c "^[0-9]"'
    now_run
    assert_equal "${lines[0]}" 1
    [ "${lines[1]}" -le 4 ]
}

@test "the program's own file is the container's, not the runtime's" {
    set_args readlink /proc/self/exe
    now_run
    assert_equal "$output" /bin/busybox
}

@test "the program cannot write the runtime's file through /proc" {
    local before
    before=$(sha256sum "$RUNTIME")
    printf '#!/proc/self/exe\n' >rootfs/bin/evil
    chmod 755 rootfs/bin/evil
    set_args /bin/evil
    run_rt run "$ID"
    assert_equal "$(sha256sum "$RUNTIME")" "$before"
}
