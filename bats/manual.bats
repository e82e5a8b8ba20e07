# SPDX-License-Identifier: Apache-2.0
# The examples of the manual, contrib/man/NAME.md, end well: each page's in a directory with the bundle demo, and where a command is for a
# container that is there, with the container c1 of it, which start has to start. c2 is one that an example makes. Their IDs are this test's in
# place of c1 and c2: another suite may run on the same machine.
load helpers
load helpers-cgroups

test_setup() {
    berth_only "the manual is berth's"
    [ -x /bin/busybox ] || skip "no /bin/busybox"
    mv "$BUNDLE" "$BATS_TEST_TMPDIR/demo"
    BUNDLE=$BATS_TEST_TMPDIR/demo
    cd "$BATS_TEST_TMPDIR" || return 1
    set_args sleep 1000
    mkdir bin
    printf '#!/bin/sh\nexec %q ns %q %q --root %q %s "$@"\n' "$SUITE_DIR/hosttool" "$SUITE_NS" "$RUNTIME" "$ROOT" \
        "$(! by_systemd || echo --systemd-cgroup)" >bin/berth
    chmod +x bin/berth
}

# indented_lines FILE SECTION: with this test's ID
indented_lines() { sed -n "/^## $2/,/^## [^${2:0:1}]/s/^    //p" "$BATS_TEST_DIRNAME/../$1" | sed "s/\bc1\b/$ID/g; s/\bc2\b/${ID}b/g"; }
examples() { indented_lines "contrib/man/$1.md" Examples; }

# examples_run NAME [create|run]: the container is made by that command before
examples_run() {
    [ $# -lt 2 ] || rt "$2" -b demo ${3:+"$3"} "$ID" </dev/null >/dev/null 2>&1
    examples "$1" >script
    [ -s script ]
    status=0
    PATH=$PWD/bin:$PATH timeout "$PATIENCE" bash -e script </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
}

@test "every page has examples that are tried here" {
    local page name
    for page in "$BATS_TEST_DIRNAME"/../contrib/man/*.md; do
        name=$(basename "$page" .md)
        grep -q "examples\(_run\)\? $name\b" "$BATS_TEST_FILENAME" || fail_with "the examples of $name are not tried"
    done
}

@test "examples of berth" {
    examples_run berth
    assert_output '^hello from process [0-9]+$'
}

@test "examples of create" { examples_run create; }
@test "examples of start" { examples_run start create; }

@test "examples of run" {
    set_args echo hello
    examples_run run
    assert_output '^hello$'
}

@test "examples of exec" {
    examples_run exec run -d
    assert_output '^hello from /bin$'
    assert_output '^uid=1000'
}

@test "examples of state" { examples_run state run -d; }
@test "examples of explain" {
    jq '.process.args = ["sh", "-c", "exit 3"]' demo/config.json >failing.json
    rt run -d -b demo "$ID" </dev/null >/dev/null 2>&1
    mv failing.json demo/config.json
    examples_run explain
    assert_output '^exit status 3$'
    assert_output '^Its process exited with status 3 at '
    assert_output "\"$ID\" is running"
}
@test "examples of kill" { examples_run kill run -d; }
@test "examples of delete" { examples_run delete run -d; }

@test "examples of pause" {
    has_freezer || skip "no freezer here"
    examples_run pause run -d
    assert_output '"status": "paused"'
}

@test "examples of resume" {
    has_freezer || skip "no freezer here"
    examples_run resume run -d
}

@test "examples of update" { examples_run update run -d; }

@test "examples of mounts" {
    examples_run mounts run -d
    assert_output ' /mnt/shared ro'
    assert_output ' /mnt/scratch rw.*size=16384k'
}

@test "examples of checkpoint" {
    hierarchies_stay
    examples_run checkpoint run -d
}

@test "examples of restore" {
    hierarchies_stay
    examples_run restore run -d
}

@test "examples of ps" {
    command -v ps >/dev/null || skip "no ps(1)"
    examples_run ps run -d
    assert_output 'sleep 1000'
}

@test "examples of list" { examples_run list run -d; }
@test "examples of events" { examples_run events run -d; }
@test "examples of spec" { examples_run spec; }
@test "examples of check" { examples_run check; }

# A feature that this host lacks is not the manual's fault.
@test "examples of doctor and features" {
    examples doctor >script
    PATH=$PWD/bin:$PATH bash script >/dev/null || [ $? -eq 1 ]
    examples_run features
}

# As they stand there, one after the other, but for those that only a newer criu can do here.
@test "the commands of README.md run" {
    has_freezer || skip "no freezer here"
    hierarchies_stay
    mkdir readme && cd readme
    indented_lines README.md 'On its own' >script
    grep -q '^berth run ' script && grep -q '^berth delete ' script
    criu check >/dev/null 2>&1 || sed -i '/^berth \(checkpoint\|restore\) /d' script
    status=0
    PATH=$BATS_TEST_TMPDIR/bin:$PATH timeout "$PATIENCE" bash -e script </dev/null >out 2>&1 3>&- || status=$?
    read_output out
    assert_status 0
    assert_output '^in [0-9]+$'
    assert_output '"pids"'
}

# The numbers of steps depend on the host's cgroups.
@test "the dry run in README.md is that of the default configuration" {
    local line
    mkdir -p default/rootfs
    (cd default && "$RUNTIME" spec)
    "$RUNTIME" run --dry-run -b default c1 | sed "s|$PWD/default|/tmp/demo|; s/^ *[0-9]* *//" >plan
    sed -n 's/^ \{4,\}[0-9]\+ \(init .*\)/\1/p' "$BATS_TEST_DIRNAME/../README.md" >shown
    [ "$(wc -l <shown)" -ge 5 ]
    while read -r line; do
        grep -Fxq -- "$line" plan || fail_with "no step reads: $line"
    done <shown
}
