# SPDX-License-Identifier: Apache-2.0
# features.md and features-linux.md: what the runtime says it recognizes, it recognizes.
load helpers
load helpers-fs

test_setup() {
    rt features >"$BATS_TEST_TMPDIR/features" 2>/dev/null </dev/null || skip "no command features"
}

# names PATH: the words of a list of the structure
names() { jq -r "(.$1 // [])[]" "$BATS_TEST_TMPDIR/features"; }
# some PATH: the same, where the test is of no use without any
some() {
    names "$1" >"$BATS_TEST_TMPDIR/names"
    [ -s "$BATS_TEST_TMPDIR/names" ] || skip "the structure has no $1"
    mapfile -t NAMES <"$BATS_TEST_TMPDIR/names"
}
has_name() { names "$1" | grep -qx "$2"; }
runs() {
    run_c
    [ "$status" -eq 0 ] || fail_with "$1 is not recognized"
}

@test "ociVersionMin and ociVersionMax are present and accepted as ociVersion" {
    local version
    for version in ociVersionMin ociVersionMax; do
        config ".ociVersion = \"$(jq -r ".$version" "$BATS_TEST_TMPDIR/features")\""
        jq -e '.ociVersion | test("^[0-9]+[.][0-9]+[.][0-9]+")' config.json >/dev/null
        runs "$version"
    done
}

@test "ociVersionMax is not below ociVersionMin" {
    local versions
    versions=$(jq -r '.ociVersionMin, .ociVersionMax' "$BATS_TEST_TMPDIR/features" | sed 's/-/~/')
    assert_equal "$(sort -V <<<"$versions")" "$versions"
}

@test "there are only members that the specification defines" {
    local unknown
    unknown=$(jq -r 'def extra($known): keys - ($known | split(" "));
        extra("ociVersionMin ociVersionMax hooks mountOptions linux annotations potentiallyUnsafeConfigAnnotations") +
        (.linux // {} | extra("namespaces capabilities cgroup seccomp apparmor selinux memoryPolicy intelRdt mountExtensions netDevices")) +
        (.linux.cgroup // {} | extra("v1 v2 systemd systemdUser rdma")) +
        (.linux.seccomp // {} | extra("enabled actions operators archs knownFlags supportedFlags")) +
        (.linux.intelRdt // {} | extra("enabled schemata monitoring")) + (.linux.memoryPolicy // {} | extra("modes flags")) +
        (.linux.mountExtensions // {} | extra("idmap")) | .[]' "$BATS_TEST_TMPDIR/features")
    assert_equal "$unknown" ''
}

@test "every hook is supported" {
    local kind
    some hooks
    mkdir logs
    config ".mounts += [{destination: \"$BUNDLE/logs\", source: \"$BUNDLE/logs\", options: [\"rbind\"]}]"
    for kind in "${NAMES[@]}"; do
        config ".hooks.$kind = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo $kind >>$BUNDLE/logs/log\"]}]"
    done
    runs hooks
    assert_equal "$(sort logs/log)" "$(printf '%s\n' "${NAMES[@]}" | sort)"
}

# remount needs a mount, idmap its mappings; both words have tests of their own. What is not recognized would be an option of tmpfs.
@test "every mount option is recognized" {
    local word n=0 table=''
    some mountOptions
    mkdir src
    for word in "${NAMES[@]}"; do
        n=$((n + 1))
        case $word in
        remount | idmap | ridmap) continue ;;
        bind | rbind) table+="/m/$n none $BUNDLE/src $word"$'\n' ;;
        *) table+="/m/$n tmpfs tmpfs $word"$'\n' ;;
        esac
    done
    add_mounts <<<"$table"
    runs "one of the options"
}

@test "annotations are a map of strings without an empty key" {
    jq -e '.annotations // {} | (type == "object") and (to_entries | all(.[]; (.key != "") and (.value | type == "string")))' \
        "$BATS_TEST_TMPDIR/features" >/dev/null
}

# ---- features-linux.md

@test "every namespace is recognized" {
    local type
    some linux.namespaces
    for type in "${NAMES[@]}"; do
        reset_config
        config ".linux.namespaces |= map(select(.type != \"$type\")) + [{type: \"$type\"}]"
        [ "$type" != user ] || config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' '.linux.gidMappings = .linux.uidMappings'
        runs "$type"
    done
}

CAPABILITIES="CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST
    NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE
    SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND
    AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"

# A container cannot ask for features that the caller lacks.
@test "every capability is recognized" {
    local name n=0 own mask=0 wanted='[]'
    some linux.capabilities
    own=$((16#$(in_ns sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)))
    for name in $CAPABILITIES; do
        if has_name linux.capabilities "CAP_$name" && (((own >> n) & 1)); then
            mask=$((mask | 1 << n))
            wanted=$(jq -c ". + [\"CAP_$name\"]" <<<"$wanted")
        fi
        n=$((n + 1))
    done
    config ".process.capabilities = {bounding: $wanted}"
    set_args payload caps
    runs "one of the capabilities"
    assert_output "CapBnd:.*$(printf %016x "$mask")\$"
}

seccomp() {
    config ".linux.seccomp = ($1)"
    runs "$2"
}

# SCMP_ACT_NOTIFY needs somebody who listens.
@test "every action of seccomp is recognized" {
    local name
    some linux.seccomp.actions
    for name in "${NAMES[@]}"; do
        [ "$name" = SCMP_ACT_NOTIFY ] ||
            seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"acct\"], action: \"$name\"}]}" "$name"
    done
}

@test "every operator of seccomp is recognized" {
    local name
    some linux.seccomp.operators
    for name in "${NAMES[@]}"; do
        seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"acct\"], action: \"SCMP_ACT_ERRNO\",
            args: [{index: 0, value: 5, valueTwo: 5, op: \"$name\"}]}]}" "$name"
    done
}

# libseccomp joins no architectures of different byte order in one filter.
@test "every architecture of seccomp is recognized" {
    local name
    some linux.seccomp.archs
    for name in "${NAMES[@]}"; do
        config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: [\"$name\"], syscalls: [{names: [\"acct\"],
            action: \"SCMP_ACT_ERRNO\"}]}"
        run_c
        [ "$status" -eq 0 ] || assert_output 'argument out of domain'
    done
}

# SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is of no use without SCMP_ACT_NOTIFY.
flags_are_taken() {
    local name
    some "$1"
    for name in "${NAMES[@]}"; do
        [ "$name" = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV ] ||
            seccomp "{defaultAction: \"SCMP_ACT_ALLOW\", flags: [\"$name\"], syscalls: [{names: [\"acct\"], action: \"SCMP_ACT_ERRNO\"}]}" "$name"
    done
}

@test "every known flag of seccomp is recognized" { flags_are_taken linux.seccomp.knownFlags; }

@test "every supported flag of seccomp is supported" { flags_are_taken linux.seccomp.supportedFlags; }

memory_policy() {
    config ".linux.memoryPolicy = $1"
    run_c
    refute_output "$2"
}

# An option that the kernel lacks is an error, but not one about the word.
@test "every mode of memoryPolicy is recognized" {
    local name
    some linux.memoryPolicy.modes
    for name in "${NAMES[@]}"; do
        case $name in
        MPOL_DEFAULT | MPOL_LOCAL) memory_policy "{mode: \"$name\"}" "$name" ;;
        *) memory_policy "{mode: \"$name\", nodes: \"0\"}" "$name" ;;
        esac
    done
}

@test "every flag of memoryPolicy is recognized" {
    local name
    some linux.memoryPolicy.flags
    for name in "${NAMES[@]}"; do memory_policy "{mode: \"MPOL_BIND\", nodes: \"0\", flags: [\"$name\"]}" "$name"; done
}

@test "idmap support of mounts is reported" {
    has_name mountOptions idmap || skip "no idmap"
    jq -e '.linux.mountExtensions.idmap.enabled == true' "$BATS_TEST_TMPDIR/features" >/dev/null
}
