# SPDX-License-Identifier: Apache-2.0
# For tests about file systems: mounts of the container (a mountinfo in $output) and of the host.
#
#               add_mount DEST TYPE SOURCE [OPTIONS]    one more mount; OPTIONS are separated by commas
#               add_mounts              the same for each line of stdin: DEST TYPE SOURCE [OPTIONS]
#               reset_config            the configuration that the test began with
#               run_mountinfo           run the container: its mount table becomes $output
#               mnt DEST                the last line for DEST: $mnt_root $mnt_opts $mnt_prop $mnt_type $mnt_source $mnt_super
#               assert_mnt DEST [+WORD|-WORD]...        options of the mount that must (not) be there
#               assert_super DEST [+WORD|-WORD]...      the same for options of the file system
#               host_mount ARGS... DIR  mount(8) in the runtime's namespace, undone after the test
#               canary DIR              a tree on the host that nobody may touch; assert_canary
#               run_sh SCRIPT           run `sh -c SCRIPT` in the container
#               run_payload WORD...     run the payload's command in the container

add_mounts() {
    local table
    table=$(jq -Rn '[inputs | select(. != "") | split(" ") | map(select(. != "")) |
        {destination: .[0], type: .[1], source: .[2], options: ((.[3] // "") | split(",") | map(select(. != "")))}]') || return 1
    jq --argjson t "$table" '.mounts += $t' "$BUNDLE/config.json" >"$BUNDLE/config.json.new" || return 1
    mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

add_mount() { add_mounts <<<"$*"; }

run_sh() {
    set_sh "$1"
    run_c
}

run_payload() {
    set_args payload "$@"
    run_c
}

run_mountinfo() {
    set_args cat /proc/self/mountinfo
    run_c
    assert_status 0
}

# The table is parsed once for each $output.
parse_mounts() {
    local line
    declare -gA MOUNT_LINE=()
    set -f
    while IFS= read -r line; do
        # shellcheck disable=SC2086
        set -- $line
        [ "$#" -lt 9 ] || MOUNT_LINE[$5]=$line
    done <<<"$output"
    set +f
    PARSED=$output
}

mnt() {
    local rest
    [ "${PARSED:-}" = "$output" ] || parse_mounts
    set -f
    # shellcheck disable=SC2086
    set -- "$1" ${MOUNT_LINE[$1]:-}
    set +f
    [ "$#" -gt 1 ] || return 1
    mnt_root=$5 mnt_opts=$7 mnt_prop='' rest=${*:8}
    [[ $rest == -* ]] || mnt_prop=${rest%% -*}
    rest=${rest#*- }
    mnt_type=${rest%% *} rest=${rest#* }
    mnt_source=${rest%% *} mnt_super=${rest#* }
}

reset_config() { cp "$SUITE_DIR/config.json" "$BUNDLE/config.json"; }

# has_words LIST [+WORD|-WORD]...: prints what is wrong
has_words() {
    local list=",$1," word
    shift
    for word in "$@"; do
        case $word in
        +*) [[ $list == *",${word#+},"* ]] || echo "lacks ${word#+}" ;;
        -*) [[ $list != *",${word#-},"* ]] || echo "has ${word#-}" ;;
        *) echo "bad word $word in the test" ;;
        esac
    done
}

assert_mnt() {
    local wrong
    mnt "$1" || fail_with "no mount on $1"
    wrong=$(has_words "$mnt_opts" "${@:2}")
    [ -z "$wrong" ] || fail_with "mount on $1 ($mnt_opts): $wrong"
}

assert_super() {
    local wrong
    mnt "$1" || fail_with "no mount on $1"
    wrong=$(has_words "$mnt_super" "${@:2}")
    [ -z "$wrong" ] || fail_with "file system on $1 ($mnt_super): $wrong"
}

host_mount() {
    in_ns mount "$@" || return 1
    HOST_MOUNTS+=("${!#}")
}

host_unmount_all() {
    local i
    for ((i = ${#HOST_MOUNTS[@]} - 1; i >= 0; i--)); do in_ns umount -l "${HOST_MOUNTS[i]}"; done
    HOST_MOUNTS=()
    return 0
}

# Files that override test_teardown call this themselves.
test_teardown() { host_unmount_all; }

tree_sum() { (cd "$1" && find . -printf '%p %y %m %U:%G %s %T@ %l\n' -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum); }

canary() {
    CANARY=$1
    mkdir -p "$CANARY/dir/sub"
    echo secret >"$CANARY/file"
    echo secret >"$CANARY/dir/file"
    chmod 600 "$CANARY/file"
    chmod 711 "$CANARY/dir"
    CANARY_SUM=$(tree_sum "$CANARY")
}

assert_canary() {
    [ "$(tree_sum "$CANARY")" = "$CANARY_SUM" ] || {
        find "$CANARY" -printf '%p %y %m %U:%G %s\n'
        fail_with "the host's files were touched${1:+ ($1)}"
    }
}
