# SPDX-License-Identifier: Apache-2.0
# What the files on mounts add and mounts remove share: the container is $ID, and $BUNDLE/src has a file with the word text.
#
#   a_file TABLE                      $FILE of lines DEST TYPE SOURCE [OPTIONS], "-" for what is absent
#   added [TABLE], removed [TABLE]    of that file must succeed
#   add_fails PATTERN [TABLE], remove_fails PATTERN [TABLE]    must leave all mounts as they are and say one line
#   look                              the container's mounts into $output, for mnt and the like
#   table                             prints them, without numbers
#   inside SCRIPT                     in the container
load helpers-fs
load helpers-exec

test_setup() {
    berth_has mounts
    FILE=$BATS_TEST_TMPDIR/mounts.json
    config '.root.readonly = false'
    mkdir src
    echo text >src/file
}

test_teardown() {
    [ -z "${SWAPPER:-}" ] || kill "$SWAPPER" 2>/dev/null || true
    host_unmount_all
}

a_file() {
    jq -Rn '[inputs | select(. != "") | split(" ") | {destination: .[0], type: .[1], source: .[2],
        options: ((.[3] // "") | split(",") | map(select(. != "")))} | map_values(select(. != "-"))]' <<<"$1" >"$FILE"
}

added() {
    [ $# -eq 0 ] || a_file "$1"
    run_ok mounts add "$ID" "$FILE"
    assert_equal "$output" ""
}

removed() {
    [ $# -eq 0 ] || a_file "$1"
    run_ok mounts remove "$ID" "$FILE"
    assert_equal "$output" ""
}

change_fails() {
    local before
    before=$(table)
    run_fails mounts "$1" "$ID" "$FILE"
    assert_output "$2"
    [ "$RT_KIND" != berth ] || assert_one_line
    assert_equal "$(table)" "$before"
}

add_fails() {
    [ $# -eq 1 ] || a_file "$2"
    change_fails add "$1"
}

remove_fails() {
    [ $# -eq 1 ] || a_file "$2"
    change_fails remove "$1"
}

look() { output=$(cat "/proc/$(init_pid)/mountinfo"); }
table() { cut -d' ' -f3-6 "/proc/$(init_pid)/mountinfo"; }

# session_is_over ID: the init of a command that was killed has noticed that
session_is_over() { [ -z "$(ps -eo sess=,stat= | awk -v id="$1" '$1 == id && $2 !~ /^Z/')" ]; }
inside() { in_c -- sh -c "$1"; }
