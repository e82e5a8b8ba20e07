#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What has broken out of containers before: root file systems made by an attacker, races, descriptors, the runtime's own binary.

load helpers
load helpers-fs

setup_file() {
    ${CC:-gcc} -static -O1 -Wall -Wextra -o "$BATS_FILE_TMPDIR/swapper" "$BATS_TEST_DIRNAME/swapper.c"
}

test_teardown() {
    [ -z "${SWAPPER:-}" ] || kill "$SWAPPER" 2>/dev/null || true
    host_unmount_all
}

# ---- hostile root file systems

# replace PATH KIND: below rootfs/, something else stands where the runtime expects PATH.
replace() {
    local path=rootfs/$1
    rm -rf "$path"
    mkdir -p "${path%/*}"
    case $2 in
    absolute-link) ln -s "$CANARY/dir" "$path" ;;
    absolute-file-link) ln -s "$CANARY/file" "$path" ;;
    upward-link) ln -s "../../../../../../../../../../../../$CANARY/dir" "$path" ;;
    cwd-link) ln -s /proc/self/cwd/dir "$path" ;;
    root-link) ln -s "/proc/1/root$CANARY/dir" "$path" ;;
    fd-link) ln -s /proc/self/fd/9/dir "$path" ;;
    dangling-link) ln -s "$CANARY/new" "$path" ;;
    loop) ln -s "${path##*/}" "$path" ;;
    fifo) mkfifo "$path" ;;
    socket) cp -al "$BATS_FILE_TMPDIR/sock" "$path" 2>/dev/null || mknod "$path" p ;;
    file) echo attacker >"$path" ;;
    dir) mkdir "$path" ;;
    char) mknod "$path" c 1 5 ;;
    esac
}

# hostile CONFIG-EXPR PATH...: every kind of replacement for each path: the runtime fails or the effect stays in the root.
# It runs in the canary's directory with descriptor 9 on it, so that links through /proc lead there. The host is looked at once for each
# path: HOSTILE_KIND=word tries one kind alone, to find out which it was.
hostile() {
    local expr=$1 path kind top
    shift
    canary "$BATS_TEST_TMPDIR/canary"
    config "$expr"
    exec 9<"$CANARY"
    cd "$CANARY" || return
    host_snapshot
    for path in "$@"; do
        top=${path%%/*}
        for kind in ${HOSTILE_KIND:-absolute-link absolute-file-link upward-link cwd-link root-link fd-link dangling-link loop fifo socket file dir char}; do
            (cd "$BUNDLE" && replace "$path" "$kind")
            run_c
            [ "$status" -ne 124 ] || fail_with "$path as $kind: the runtime hangs"
            [ "$status" -lt 129 ] || [ "$status" -eq 255 ] || fail_with "$path as $kind: status $status"
            rm -rf "${BUNDLE:?}/rootfs/$top"
            [ ! -e "$SUITE_DIR/rootfs/$top" ] || cp -al "$SUITE_DIR/rootfs/$top" "$BUNDLE/rootfs/$top"
        done
        assert_canary "$path"
        assert_host_unchanged || fail_with "$path"
    done
}

no_dev_mounts='.mounts |= map(select(.destination | startswith("/dev") | not))'

@test "hostile rootfs: /dev (CVE-2026-41579, CVE-2026-47766)" {
    hostile . dev
}

@test "hostile rootfs: /dev without a mount on it (CVE-2026-41579, CVE-2026-47766)" {
    hostile "$no_dev_mounts" dev
}

@test "hostile rootfs: /dev/null and /dev/zero without a mount on /dev (CVE-2026-88265)" {
    hostile "$no_dev_mounts" dev/null dev/zero
}

@test "hostile rootfs: /dev/fd and /dev/stdout without a mount on /dev" {
    hostile "$no_dev_mounts" dev/fd dev/stdout
}

@test "hostile rootfs: /dev/ptmx without a mount on /dev" {
    hostile "$no_dev_mounts" dev/ptmx
}

@test "hostile rootfs: /dev/pts and /dev/shm without a mount on /dev" {
    hostile '.mounts |= map(select(.destination != "/dev"))' dev/pts dev/shm
}

@test "hostile rootfs: /proc (CVE-2019-19921, CVE-2025-54867)" {
    hostile . proc
}

@test "hostile rootfs: /sys (CVE-2025-54867)" {
    hostile . sys
}

@test "hostile rootfs: /sys/fs/cgroup without a mount on /sys" {
    hostile '.mounts |= map(select(.destination != "/sys"))' sys/fs/cgroup sys/fs
}

@test "hostile rootfs: the target of a tmpfs and its parent (CVE-2015-1335, CVE-2019-18837)" {
    hostile '.mounts += [{destination: "/data/sub", type: "tmpfs", source: "tmpfs", options: ["size=64k"]}]' data/sub data
}

@test "hostile rootfs: the target of a bind mount and its parent (CVE-2015-1335, CVE-2019-18837)" {
    mkdir src
    hostile ".mounts += [{destination: \"/data/sub\", type: \"bind\", source: \"$BUNDLE/src\", options: [\"bind\"]}]" data/sub data
}

@test "hostile rootfs: the target of a bind mount of a file" {
    touch afile
    hostile ".mounts += [{destination: \"/etc/file\", type: \"bind\", source: \"$BUNDLE/afile\", options: [\"bind\"]}]" etc/file etc
}

@test "hostile rootfs: a device outside /dev" {
    hostile '.linux.devices = [{path: "/other/node", type: "c", major: 10, minor: 229, fileMode: 511, uid: 7, gid: 7}]' other/node other
}

@test "hostile rootfs: masked and read-only paths" {
    hostile '.linux.maskedPaths = ["/data/mask"] | .linux.readonlyPaths = ["/other/ro"]' data/mask data other/ro other
}

@test "hostile rootfs: tmpcopyup" {
    hostile '.mounts += [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}]' data data/inside
}

@test "hostile rootfs: cwd that is missing" {
    hostile '.process.cwd = "/home/new"' home/new home
}

@test "hostile rootfs: /dev and a terminal (CVE-2025-52565, CVE-2026-88264)" {
    config '.process.terminal = true'
    canary "$BATS_TEST_TMPDIR/canary"
    local kind
    for kind in absolute-link upward-link absolute-file-link; do
        rm -rf rootfs && cp -al "$SUITE_DIR/rootfs" rootfs
        config "$no_dev_mounts"
        replace dev/console "$kind"
        "$SUITE_DIR/hosttool" pty "$SUITE_DIR/hosttool" ns "$SUITE_NS" timeout "$PATIENCE" "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
            </dev/null >/dev/null 2>&1 || true
        assert_canary "$kind"
    done
}

@test "hostile rootfs: a volume whose links lead out of it (CVE-2023-27561, CVE-2023-28642)" {
    canary "$BATS_TEST_TMPDIR/canary"
    mkdir vol
    ln -s "../../../../../../../../$CANARY/dir" vol/up
    ln -s "$CANARY/dir" vol/abs
    host_snapshot
    add_mounts <<END
/vol bind $BUNDLE/vol bind
/vol/up/a tmpfs tmpfs
/vol/abs/b tmpfs tmpfs
END
    run_c
    assert_canary
    assert_host_unchanged
}

@test "hostile rootfs: a link to the host's path leads to the path inside" {
    canary "$BATS_TEST_TMPDIR/canary"
    ln -s "$CANARY/dir" rootfs/data
    add_mount /data/sub tmpfs tmpfs size=64k
    run_mountinfo
    assert_super "$CANARY/dir/sub" +size=64k
    assert_canary
}

# ---- races

# race SECONDS PATH CONFIG-EXPR: creates while PATH (a directory) and PATH.evil (a link to the canary) change places.
race() {
    local until=$((SECONDS + $1)) runs=0 UNCHECKED=1
    canary "$BATS_TEST_TMPDIR/canary"
    config "$3"
    mkdir -p "rootfs/$2"
    ln -s "../../../../../../../../../../../../../$CANARY/dir" "rootfs/$2.evil"
    "$BATS_FILE_TMPDIR/swapper" "rootfs/$2" "rootfs/$2.evil" 3>&- &
    SWAPPER=$!
    host_snapshot
    while ((SECONDS < until)); do
        run_c
        runs=$((runs + 1))
        [ "$status" -ne 124 ] || fail_with "run $runs hangs"
        assert_canary "run $runs"
    done
    kill -0 "$SWAPPER" || fail_with "the swapper is gone"
    kill "$SWAPPER"
    wait "$SWAPPER" 2>/dev/null || true
    assert_host_unchanged
}

@test "race: the parent of a mount target is swapped with a link (CVE-2021-30465, CVE-2024-45310)" {
    race 1 data '.mounts += [range(20) | {destination: "/data/deep/sub\(.)", type: "tmpfs", source: "tmpfs"}]'
}

@test "race: the parent of a bind target that is a file is swapped with a link (CVE-2024-45310)" {
    touch afile
    race 1 data ".mounts += [range(20) | {destination: \"/data/deep/file\(.)\", type: \"bind\", source: \"$BUNDLE/afile\", options: [\"bind\"]}]"
}

@test "race: /dev is swapped with a link (CVE-2026-41579, CVE-2026-47766)" {
    race 1 dev "$no_dev_mounts"
}

@test "race: masked paths are swapped with a link (CVE-2025-31133)" {
    race 1 data '.linux.maskedPaths = [range(20) | "/data/file"] | .linux.readonlyPaths = [range(20) | "/data/sub"]'
}

# ---- what the container's process gets

@test "census: only the standard descriptors" {
    exec 7</etc 8</ 9</dev/null
    run_payload fds
    exec 7<&- 8<&- 9<&-
    assert_status 0
    assert_equal "$(cut -d' ' -f1 <<<"$output" | tr '\n' ' ')" "0 1 2 "
}

@test "census: only the environment of the configuration" {
    config '.process.env = ["PATH=/bin", "A=b"]'
    export LEAKED=secret
    run_payload env
    assert_equal "$(grep -v '^HOME=' <<<"$output" | sort | tr '\n' ' ')" "A=b PATH=/bin "
}

@test "census: capabilities are the configuration's and nothing is inheritable" {
    config '.process.capabilities = {bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"]}'
    run_payload caps
    assert_output '^CapInh:.0{16}$'
    assert_output '^CapAmb:.0{16}$'
    assert_output '^CapPrm:.0{14}20$'
    assert_output '^CapEff:.0{14}20$'
    assert_output '^CapBnd:.0{14}20$'
}

@test "census: the default configuration has no inheritable capability (CVE-2022-27650, CVE-2022-29162)" {
    run_payload caps
    assert_output '^CapInh:.0{16}$'
}

@test "census: no signal is blocked or ignored" {
    run_payload signals
    assert_output '^SigBlk:.0{16}$'
    assert_output '^SigIgn:.0{16}$'
}

@test "census: the waiting process is not the runtime's file" {
    create_c
    local pid
    pid=$(init_pid)
    [ "$(stat -L -c %d:%i "/proc/$pid/exe")" != "$(stat -L -c %d:%i "$RUNTIME")" ] || fail_with "/proc/$pid/exe is the runtime"
}

@test "census: the waiting process has no open directory of the host (CVE-2024-21626)" {
    exec 7</etc
    create_c
    exec 7<&-
    local pid fd target
    pid=$(init_pid)
    for fd in "/proc/$pid/fd"/*; do
        [ -d "$fd" ] || continue
        target=$(stat -L -c %d:%i "$fd")
        [ "$target" != "$(stat -L -c %d:%i /)" ] && [ "$target" != "$(stat -L -c %d:%i /etc)" ] || fail_with "$fd leads to the host"
    done
}

@test "cwd: /proc/self/fd/N does not lead out (CVE-2024-21626)" {
    canary "$BATS_TEST_TMPDIR/canary"
    local n
    exec 9<"$BATS_TEST_TMPDIR"
    for n in 3 4 5 6 7 8 9 10 11 12; do
        config ".process.cwd = \"/proc/self/fd/$n\""
        run_sh 'cat ./canary/file ../canary/file ../../canary/file; ls -d ../../../../../../../../work; pwd'
        refute_output '^secret'
        [ "$status" -ne 0 ] || refute_output '^\(unreachable\)|/bats-run'
    done
    exec 9<&-
    assert_canary
}

@test "cwd: a link to /proc/self/fd/N does not lead out" {
    canary "$BATS_TEST_TMPDIR/canary"
    local n
    exec 9<"$BATS_TEST_TMPDIR"
    for n in 3 5 7 8 9; do
        ln -sfn "/proc/self/fd/$n" rootfs/link
        config '.process.cwd = "/link"'
        run_sh 'cat ./canary/file ../canary/file ../../canary/file'
        refute_output '^secret'
    done
    exec 9<&-
}

# ---- the runtime's own binary

@test "binary: an entry point with #!/proc/self/exe does not reach the runtime's binary (CVE-2019-5736)" {
    local before
    before=$(sha256sum "$RUNTIME")
    printf '#!/proc/self/exe\n' >rootfs/evil && chmod 755 rootfs/evil
    set_args /evil
    host_snapshot
    run_c
    [ "$status" -ne 124 ] || fail_with "it hangs"
    assert_host_unchanged
    set_args /proc/self/exe
    run_c
    [ "$status" -ne 124 ] || fail_with "it hangs"
    assert_host_unchanged
    assert_equal "$(sha256sum "$RUNTIME")" "$before"
}

@test "binary: it cannot be written through /proc while a container starts" {
    local before i
    before=$(sha256sum "$RUNTIME")
    run_sh 'for i in 1 2 3; do echo x >/proc/1/exe; echo x >/proc/self/exe; done 2>/dev/null; true'
    assert_status 0
    assert_equal "$(sha256sum "$RUNTIME")" "$before"
}

# ---- files of the container that the runtime must not believe

@test "passwd: an entry whose name is a number is ignored (CVE-2016-3697)" {
    rm rootfs/etc/passwd
    printf '1000:x:0:0::/root:/bin/sh\n0:x:1234:0::/:/bin/sh\n' >rootfs/etc/passwd
    config '.process.user = {uid: 1000, gid: 1000}'
    run_payload ids
    assert_output '^uid 1000 1000 1000$'
    assert_output '^gid 1000 1000 1000$'
}

@test "passwd: a FIFO, a directory or a huge file in its place does no harm" {
    rm rootfs/etc/passwd && mkfifo rootfs/etc/passwd
    run_c
    [ "$status" -ne 124 ] || fail_with "it hangs on a FIFO"
    rm rootfs/etc/passwd && mkdir rootfs/etc/passwd
    run_c
    [ "$status" -ne 124 ]
    rmdir rootfs/etc/passwd && ln -s /dev/zero rootfs/etc/passwd
    run_c
    [ "$status" -ne 124 ] || fail_with "it reads an endless file"
}

@test "mask: /dev/null of the root file system is not trusted (CVE-2025-31133)" {
    canary "$BATS_TEST_TMPDIR/canary"
    echo secret-word >rootfs/etc/secret
    config "$no_dev_mounts" '.linux.maskedPaths = ["/etc/secret"]'
    local kind
    for kind in char file absolute-file-link fifo; do
        replace dev/null "$kind"
        run_sh 'head -c 20 /etc/secret; echo x >/etc/secret'
        [ "$status" -ne 124 ] || fail_with "$kind: it hangs"
        refute_output '^(secret|attacker)'
        assert_equal "$(cat rootfs/etc/secret)" secret-word
        assert_canary "$kind"
    done
}

# fake_proc FILE: a volume over /proc with FILE in it, a honeypot
fake_proc() {
    mkdir -p "$BUNDLE/fake/self/attr" "$BUNDLE/fake/1/attr" "$BUNDLE/fake/thread-self/attr" "$(dirname "$BUNDLE/fake/$1")"
    for f in "$1" self/oom_score_adj 1/oom_score_adj self/attr/exec thread-self/attr/exec self/setgroups self/uid_map; do
        echo honey >"$BUNDLE/fake/$f"
    done
    config '.mounts |= map(select(.destination != "/proc"))' '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
    add_mount /proc bind "$BUNDLE/fake" rbind
}

@test "proc: oom_score_adj is not written to a volume over /proc (CVE-2019-16884, CVE-2025-52881)" {
    fake_proc self/oom_score_adj
    config '.process.oomScoreAdj = 345'
    host_snapshot
    set_args payload pause
    if rt create --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1; then
        assert_equal "$(cat "/proc/$(init_pid)/oom_score_adj")" 345
    else
        assert_host_unchanged
    fi
    [ -z "$(grep -rLx honey fake)" ] || fail_with "the honeypot was written"
}

@test "proc: a sysctl is not written to a volume over /proc (CVE-2025-52881)" {
    fake_proc sys/net/core/somaxconn
    config '.linux.sysctl = {"net.core.somaxconn": "77"}'
    run_c
    [ -z "$(grep -rLx honey fake)" ] || fail_with "the honeypot was written"
}

@test "proc: a tmpfs over /proc does no harm (CVE-2019-16884, CVE-2025-52881)" {
    config '.mounts |= map(if .destination == "/proc" then .type = "tmpfs" | .options = [] else . end)' \
        '.process.oomScoreAdj = 345' '.linux.sysctl = {"net.core.somaxconn": "77"}'
    host_snapshot
    run_c
    [ "$status" -ne 124 ]
    assert_host_unchanged
}

@test "a created container has no descriptor of a mount or namespace except its root file system" {
    local fd leaks=""
    mkdir src rootfs/m
    config '.mounts += [{destination: "/m", type: "bind", source: "'"$BUNDLE"'/src", options: ["bind", "ro"]}]' \
        '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
    chown -R 100000:100000 rootfs
    set_args payload pause
    create_c </dev/null
    for fd in $(in_ns find "/proc/$(init_pid)/fd" -type l -printf '%l\n'); do
        case $fd in
        / | /proc | /dev/null | socket:* | pipe:* | anon_inode:* | */exec.fifo | /memfd:* | /runc | */task/1/fd | "$BATS_TEST_TMPDIR"/out | "$BATS_TEST_TMPDIR"/err) ;;
        *) leaks+=" $fd" ;;
        esac
    done
    assert_equal "$leaks" ""
}
