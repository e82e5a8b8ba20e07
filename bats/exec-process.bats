# SPDX-License-Identifier: Apache-2.0
# exec: what the program finds when it starts: of the container's process object, of --process, of the options.
load helpers
load helpers-exec

test_setup() { renice -n 0 -p "$BASHPID" >/dev/null; }

test_teardown() { end_receiver; }

# ---- what it takes from the container's configuration

@test "args are passed unchanged" {
    living
    in_c -- payload argv "two words" "" '*' $'new\nline' 'ünï' -- -x
    shows $'[argv]\n[two words]\n[]\n[*]\n[new\nline]\n[ünï]\n[--]\n[-x]'
}

@test "cwd, env and user are the container's" {
    mkdir -p rootfs/some/where
    config '.process.user = {uid: 1234, gid: 5678, additionalGids: [7, 8]} | .process.cwd = "/some/where" | .process.env += ["A=of the container"]'
    living
    in_c -- payload ids
    assert_output '^uid 1234 1234 1234$'
    assert_output '^gid 5678 5678 5678$'
    assert_output '^groups 7 8$'
    in_c -- payload cwd
    shows /some/where
    in_c -- payload env
    assert_output '^A=of the container$'
}

@test "the caller's environment is not passed on" {
    living
    LEAKED=secret in_c -- payload env
    assert_equal "$(grep -v ^HOME= <<<"$output" | sort)" $'PATH=/usr/sbin:/usr/bin:/sbin:/bin\nTERM=xterm'
}

@test "capabilities and no_new_privs are the container's" {
    living
    in_c -- payload caps
    assert_equal "$(caps_hex Eff) $(caps_hex Prm) $(caps_hex Bnd)" "00000000a80425fb 00000000a80425fb 00000000a80425fb"
    assert_equal "$(caps_hex Inh) $(caps_hex Amb)" "0000000000000000 0000000000000000"
    assert_output 'NoNewPrivs:.1'
}

@test "a container without capabilities: none" {
    config 'del(.process.capabilities)'
    living
    in_c -- payload caps
    assert_equal "$(caps_hex Eff) $(caps_hex Bnd)" "0000000000000000 0000000000000000"
}

@test "rlimits are the container's" {
    config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
    living
    in_c -- payload rlimits
    assert_output '^NOFILE 100 200$'
    assert_output '^CORE 0 0$'
}

@test "oomScoreAdj is the container's" {
    config '.process.oomScoreAdj = 321'
    living
    in_c -- cat /proc/self/oom_score_adj
    shows 321
}

@test "umask is the container's" {
    config '.process.user.umask = 63'
    living
    in_c -- payload ids
    assert_output '^umask 0077$'
}

@test "scheduler and ioPriority are the container's" {
    config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
    living
    in_c -- sh -c 'cut -d" " -f19,40,41 /proc/self/stat; payload syscall ioprio_get 1 0'
    shows $'7 0 3\n16390'
}

@test "linux.personality is the container's" {
    not_in_uml "uname(2) takes no note of the execution domain"
    config '.linux.personality = {domain: "LINUX32"}'
    living
    in_c -- uname -m
    assert_output '^i[3-6]86$'
}

@test "no signal is blocked or ignored" {
    living
    run bash -c 'trap "" PIPE HUP INT; exec "$@"' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" exec "$ID" payload signals 3>&- 4>&-
    assert_output '^SigBlk:.0{16}$'
    assert_output '^SigIgn:.0{16}$'
}

@test "an AppArmor profile in a container without AppArmor is an error" {
    [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || skip "AppArmor is active"
    living
    in_c_fails '[Aa]pp[Aa]rmor' --apparmor some-profile -- true
}

@test "an SELinux label without SELinux is an error" {
    [ ! -e /sys/fs/selinux/enforce ] || skip "SELinux is active"
    living
    in_c_fails 'SELinux|selinux' --process-label system_u:system_r:some_t:s0 -- true
}

@test "the hooks of the container do not run" {
    config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo x >>/hook"]}] |
        .hooks.poststart = [{path: "/bin/sh", args: ["sh", "-c", "echo x >>'"$BATS_TEST_TMPDIR"'/hook"]}] | .hooks.prestart = .hooks.poststart'
    living
    in_c -- true
    assert_status 0
    assert_equal "$(cat rootfs/hook)" x
    assert_equal "$(cat "$BATS_TEST_TMPDIR/hook")" $'x\nx'
}

# ---- HOME

@test "HOME comes from the container's /etc/passwd" {
    living
    in_c -u 1000 -- payload env
    assert_output '^HOME=/home/user$'
    in_c -- payload env
    assert_output '^HOME=/root$'
}

@test "HOME is / for a user that is not in /etc/passwd" {
    living
    in_c -u 4321 -- payload env
    assert_output '^HOME=/$'
}

@test "a HOME of --env is kept" {
    living
    in_c -e HOME=/elsewhere -- payload env
    assert_equal "$(grep HOME <<<"$output")" HOME=/elsewhere
}

@test "exec is safe if the container has replaced /etc/passwd by a FIFO or an endless file" {
    living
    rm rootfs/etc/passwd && mkfifo rootfs/etc/passwd
    in_c -u 1000 -- true
    [ "$status" -ne 124 ] || fail_with "it hangs on a FIFO"
    rm rootfs/etc/passwd && ln -s /dev/zero rootfs/etc/passwd
    in_c -u 1000 -- true
    [ "$status" -ne 124 ] || fail_with "it reads an endless file"
}

@test "an /etc/passwd entry whose name is a number is ignored (CVE-2016-3697)" {
    rm rootfs/etc/passwd
    printf '1000:x:0:0::/root:/bin/sh\n' >rootfs/etc/passwd
    living
    in_c -u 1000:1000 -- payload ids
    assert_output '^uid 1000 1000 1000$'
    assert_output '^gid 1000 1000 1000$'
}

# ---- options

@test "--cwd" {
    mkdir -p rootfs/some/where
    living
    in_c --cwd /some/where -- payload cwd
    shows /some/where
}

@test "a missing --cwd is an error and is not created" {
    living
    in_c_fails 'chdir .*/made/up' --cwd /made/up -- true
    [ ! -e rootfs/made ]
}

@test "a --cwd that is relative, or a file, is an error" {
    living
    in_c_fails 'tmp|[Cc]wd' --cwd tmp -- true
    in_c_fails 'chdir .*[Nn]ot a directory' --cwd /etc/passwd -- true
}

@test "--cwd may be a directory that only the user may enter" {
    mkdir -p rootfs/home/mine
    chown 1000:1000 rootfs/home/mine
    chmod 700 rootfs/home/mine
    config '.process.capabilities |= map_values(map(select(. != "CAP_DAC_OVERRIDE")))'
    living
    in_c -u 1000:1000 --cwd /home/mine -- payload cwd
    shows /home/mine
}

@test "--env adds variables, and the last one of a name wins" {
    config '.process.env += ["A=old", "B=kept"]'
    living
    in_c --env A=new -- sh -c 'echo $A'
    shows new
    in_c -e A=new -e 'C= two  words ' -e D=a=b -e E= -e C=last -- payload env
    assert_status 0
    assert_equal "$(grep -v -e ^HOME -e ^PATH -e ^TERM <<<"$output" | sort)" $'A=new\nB=kept\nC=last\nD=a=b\nE='
}

@test "the program is looked for in the PATH of --env" {
    mkdir rootfs/opt
    ln -s ../bin/payload rootfs/opt/special
    living
    in_c -e PATH=/nowhere:/opt -- special argv
    shows '[argv]'
    in_c_fails 'true' -e PATH=/nowhere -- true
}

@test "--user UID changes the user and not the group" {
    config '.process.user = {uid: 5, gid: 6}'
    living
    in_c --user 1234 -- payload ids
    assert_output '^uid 1234 1234 1234$'
    assert_output '^gid 6 6 6$'
}

@test "--user UID:GID" {
    living
    in_c -u 1234:5678 -- payload ids
    assert_output '^uid 1234 1234 1234$'
    assert_output '^gid 5678 5678 5678$'
    in_c -u 0:0 -- payload ids
    assert_output '^uid 0 0 0$'
}

@test "ids in options may be as large as the kernel allows" {
    living
    in_c -u 4294967294:4294967294 -g 4294967293 -- payload ids
    assert_output '^uid 4294967294 '
    assert_output '^gid 4294967294 '
    assert_output '^groups 4294967293$'
}

@test "--user with a name is an error that says where the number is" {
    living
    in_c_fails 'nobody' --user nobody -- payload ids
    [ "$RT_KIND" != berth ] || assert_output 'looks up no names: use the number in /etc/passwd'
    in_c_fails 'users' --user 5:users -- payload ids
}

@test "an empty --user is an error" {
    living
    in_c_fails '.' --user= -- true
}

@test "--user: an unprivileged user has no effective capabilities" {
    living
    in_c -u 1000 -- payload caps
    assert_equal "$(caps_hex Eff) $(caps_hex Prm) $(caps_hex Inh) $(caps_hex Amb)" \
        "0000000000000000 0000000000000000 0000000000000000 0000000000000000"
    assert_equal "$(caps_hex Bnd)" 00000000a80425fb
}

@test "--user: anything but a number is an error, never root (CVE-2026-30892)" {
    living
    local user
    for user in -1 4294967295 4294967296 18446744073709551616 1x x1 0x1 010x " 1" "1 " +1 1. 1.0 1e3 1: :1 : 1:x 1:-1 1:4294967295 1:2:3 root root:root user $'1\t' '１'; do
        # With = in between: "-1" is no option.
        in_c_fails '.' --user="$user" -- sh -c 'id -u >/ran'
        [ ! -e rootfs/ran ] || fail_with "\"$user\" became $(cat rootfs/ran)"
    done
}

@test "--user that is not mapped is an error" {
    user_namespace
    living
    in_c_fails '65536|nvalid argument|unmapped' -u 65536 -- true
}

@test "--additional-gids adds groups" {
    config '.process.user.additionalGids = [7]'
    living
    in_c -g 8 -g 2147483647 -- payload ids
    assert_equal "$(grep ^groups <<<"$output")" "groups 7 8 2147483647"
    in_c --additional-gids 9 -- payload ids
    assert_equal "$(grep ^groups <<<"$output")" "groups 7 9"
}

@test "--additional-gids that is not a number is an error" {
    living
    local group
    for group in "" -1 4294967295 1x root; do in_c_fails '.' --additional-gids="$group" -- true; done
}

@test "--cap adds to the bounding, effective and permitted sets, not to the inheritable one (CVE-2022-29162)" {
    living
    in_c --cap CAP_SYS_TIME -- payload caps
    assert_equal "$(caps_hex Eff)" 00000000aa0425fb
    in_c -c CAP_SYS_TIME -c CAP_SYS_PTRACE -- payload caps
    assert_equal "$(caps_hex Eff) $(caps_hex Prm) $(caps_hex Bnd)" "00000000aa0c25fb 00000000aa0c25fb 00000000aa0c25fb"
    assert_equal "$(caps_hex Inh) $(caps_hex Amb)" "0000000000000000 0000000000000000"
}

@test "--cap in a container without capabilities" {
    config 'del(.process.capabilities)'
    living
    in_c -c CAP_KILL -- payload caps
    assert_equal "$(caps_hex Eff) $(caps_hex Prm) $(caps_hex Bnd) $(caps_hex Inh)" \
        "0000000000000020 0000000000000020 0000000000000020 0000000000000000"
}

@test "an unknown --cap is a warning" {
    living
    in_c -c CAP_NO_SUCH_THING -- payload caps
    assert_status 0
    assert_output 'CAP_NO_SUCH_THING'
    assert_output 'CapBnd:.*a80425fb'
    refute_output 'did you mean'
    in_c -c sys_time -c CAP_NET_ADMN -- payload caps
    assert_output 'warning: --cap: unknown capability "sys_time": ignored \(did you mean CAP_SYS_TIME\?\)'
    assert_output 'warning: --cap: unknown capability "CAP_NET_ADMN": ignored \(did you mean CAP_NET_ADMIN\?\)'
}

@test "an option after the ID is taken for the program, and the error says so" {
    berth_only
    living
    run_fails exec "$ID" -- true
    assert_output 'exec: "--": executable file not found in \$PATH \(the program comes right after the ID, options of exec before it\)'
    run_fails exec "$ID" --user 1000 true
    assert_output 'exec: "--user": .* options of exec before it'
    run_fails exec "$ID" nothere
    refute_output 'options of exec'
}

@test "an unknown capability of the container is a warning of create, not of exec" {
    config '.process.capabilities.bounding += ["CAP_NO_SUCH_THING"]'
    living
    in_c -c CAP_KILL -- payload caps
    assert_status 0
    refute_output CAP_NO_SUCH_THING
    assert_output 'CapBnd:.*a80425fb'
}

@test "--no-new-privs" {
    config '.process.noNewPrivileges = false'
    living
    in_c -- payload caps
    assert_output 'NoNewPrivs:.0'
    in_c --no-new-privs -- payload caps
    assert_output 'NoNewPrivs:.1'
}

@test "an unknown option is an error" {
    living
    run_fails exec --nosuch "$ID" true
    assert_output nosuch
}

# ---- --process

@test "--process FILE is the whole process object" {
    config '.process.env += ["OF=container"] | .process.cwd = "/tmp" | .process.user = {uid: 9, gid: 9}'
    living
    process_json '{args: ["payload", "env"], env: ["PATH=/bin", "OF=file", "HOME=/x"]}'
    in_c --process "$PROCESS" --
    shows $'PATH=/bin\nOF=file\nHOME=/x'
    process_json '{args: ["sh", "-c", "pwd; id -u; id -g"], user: {uid: 12, gid: 13}, cwd: "/etc"}'
    in_c -p "$PROCESS" --
    shows $'/etc\n12\n13'
}

@test "--process without a user runs as root, without a warning" {
    config '.process.user = {uid: 9, gid: 9}'
    living
    process_json '{args: ["sh", "-c", "id -u; id -g"]} | del(.user)'
    in_c --process "$PROCESS" --
    assert_equal "$output" $'0\n0'
}

@test "--process with a user without ids: one warning" {
    berth_only "others say nothing"
    living
    process_json '{args: ["sh", "-c", "id -u; id -g"], user: {}}'
    in_c --process "$PROCESS" --
    assert_equal "$(grep warning: <<<"$output")" 'warning: process.user: uid and gid are required but missing: 0 is taken'
    assert_equal "$(grep -v warning: <<<"$output")" $'0\n0'
    process_json '{args: ["sh", "-c", "id -u; id -g"], user: {umask: 7}}'
    in_c --process "$PROCESS" --user 5:6 --
    assert_equal "$output" $'5\n6'
}

@test "--process sets capabilities, rlimits, oomScoreAdj and the rest" {
    config '.process.oomScoreAdj = 5'
    living
    process_json '{args: ["sh", "-c", "payload caps; payload rlimits; cat /proc/self/oom_score_adj; payload ids"], oomScoreAdj: 77, noNewPrivileges: true,
        capabilities: {bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"]}, user: {uid: 0, gid: 0, umask: 63, additionalGids: [4]},
        rlimits: [{type: "RLIMIT_NOFILE", soft: 50, hard: 60}]}'
    in_c --process "$PROCESS" --
    assert_status 0
    assert_equal "$(caps_hex Eff) $(caps_hex Prm) $(caps_hex Bnd) $(caps_hex Inh)" \
        "0000000000000020 0000000000000020 0000000000000020 0000000000000000"
    assert_output 'NoNewPrivs:.1'
    assert_output '^NOFILE 50 60$'
    assert_output '^77$'
    assert_output '^umask 0077$'
    assert_output '^groups 4$'
}

@test "--process without capabilities and rlimits: those of the container" {
    config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"]}' \
        '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 51, hard: 61}]'
    living
    process_json '{args: ["sh", "-c", "payload caps; ulimit -n; ulimit -Hn"]}'
    in_c --process "$PROCESS" --
    assert_equal "$(caps_hex Eff) $(caps_hex Bnd)" "0000000000000021 0000000000000021"
    assert_output 'NoNewPrivs:.0'
    assert_output '^51$'
    assert_output '^61$'
}

@test "--process -: from stdin" {
    berth_only "a file alone, elsewhere"
    living
    process_json '{args: ["echo", "from stdin"]}'
    run rt exec --process - "$ID" <"$PROCESS"
    shows 'from stdin'
}

@test "--process /dev/fd/N" {
    living
    process_json '{args: ["echo", "from a descriptor"]}'
    run host_rt exec --process /dev/fd/7 "$ID" 7<"$PROCESS"
    shows 'from a descriptor'
}

@test "options override --process" {
    berth_only "others take the file alone"
    living
    process_json '{args: ["sh", "-c", "id -u; pwd; echo $A; payload caps"], env: ["PATH=/bin", "A=file"], capabilities: {}}'
    in_c --process "$PROCESS" -u 33 --cwd /etc -e A=option -c CAP_KILL --no-new-privs --
    assert_status 0
    assert_equal "${lines[0]} ${lines[1]} ${lines[2]}" "33 /etc option"
    assert_equal "$(caps_hex Bnd)" 0000000000000020
    assert_output 'NoNewPrivs:.1'
    in_c --process "$PROCESS" -- echo other words
    shows 'other words'
}

@test "an invalid --process is an error that names the property, and leaves no process" {
    living
    local row
    while IFS=$'\t' read -r json place; do
        process_json "$json"
        in_c_fails "${place:-.}" --process "$PROCESS" --
    done <<'END'
{args: "true"}	args
{args: [1]}	args
{args: []}	args
{args: null}	args
{cwd: 5}	cwd
{cwd: "etc"}	[Cc]wd
{user: {uid: "0", gid: 0}}	uid
{user: {uid: -1, gid: 0}}	uid
{user: {uid: 4294967296, gid: 0}}	uid
{user: []}	user
{env: "A=b"}	env
{terminal: "yes"}	terminal
{capabilities: []}	capabilities
{capabilities: {bounding: "CAP_KILL"}}	bounding
{rlimits: [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]}	rlimits|RLIMIT_NOSUCH
{rlimits: {}}	rlimits
{oomScoreAdj: 2000}	oomScoreAdj|oom_score_adj
{oomScoreAdj: "5"}	oomScoreAdj
{noNewPrivileges: 1}	noNewPrivileges
{ioPriority: {class: "IOPRIO_CLASS_NOSUCH", priority: 1}}	ioPriority
{scheduler: {policy: "SCHED_NOSUCH"}}	scheduler|SCHED_NOSUCH
END
}

@test "the error for an invalid --process names the file" {
    berth_only
    living
    echo '{"cwd": "/", "args": 3}' >"$BATS_TEST_TMPDIR/wrong"
    in_c_fails "^$BATS_TEST_TMPDIR/wrong:1:22: args: expected an array" --process "$BATS_TEST_TMPDIR/wrong" --
    status=0
    output=$(rt exec --process - "$ID" <"$BATS_TEST_TMPDIR/wrong" 2>&1) || status=$?
    assert_status 255
    assert_output '^stdin:1:22: args: expected an array'
}

@test "--process that is missing or not a JSON object is an error" {
    living
    local text
    for text in '' '[]' '"x"' '{' '{"args": ["true"], "cwd": "/"} x' 'null'; do
        printf '%s' "$text" >"$BATS_TEST_TMPDIR/bad.json"
        in_c_fails '.' --process "$BATS_TEST_TMPDIR/bad.json" --
    done
    in_c_fails 'nosuch' --process "$BATS_TEST_TMPDIR/nosuch" --
    in_c_fails '.' --process "$BATS_TEST_TMPDIR" --
}
