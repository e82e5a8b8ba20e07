# SPDX-License-Identifier: Apache-2.0
# Exit statuses of wrong use, and options that one of runc and crun has.
load helpers

@test "the exit status of an unknown command is 3, of an unknown option 1" {
    [ "$RT_KIND" != crun ] || skip "crun ends both with 1"
    run_rt nosuch
    assert_status 3
    run_rt list --nosuch
    assert_status 1
}

@test "spec --file writes another file in the bundle" {
    [ "$RT_KIND" != runc ] || skip "runc has no such option"
    run_ok spec --bundle "$BUNDLE" --file other.json
    jq -e '.ociVersion | length > 0' other.json >/dev/null
}

regex_only() { [ "$RT_KIND" != runc ] || skip "runc has no --regex"; }

# The ids of three waiting containers, "-a", "-b" and "-c" behind this test's.
three_containers() {
    local letter
    by_systemd && skip "systemd has its own places for cgroups"
    set_args payload pause
    for letter in a b c; do
        rt create --bundle "$BUNDLE" "$ID-$letter" </dev/null >/dev/null 2>&1
        rt start "$ID-$letter"
    done
}

ids() { rt list -q | sort | paste -sd' '; }

@test "delete --regex deletes only the containers that match" {
    regex_only
    three_containers
    run_ok delete --force --regex "^$ID-[ab]\$"
    assert_equal "$(ids)" "$ID-c"
    run_ok delete --force --regex "nothing-like-this"
    assert_equal "$(ids)" "$ID-c"
}

@test "kill --regex signals only the containers that match" {
    regex_only
    three_containers
    run_ok kill --regex "^$ID-(a|c)\$" KILL
    wait_status stopped "$ID-a"
    wait_status stopped "$ID-c"
    assert_equal "$(state_of "$ID-b")" running
}

@test "--regex: a container that fails does not stop the command for the others" {
    berth_only
    three_containers
    run_ok kill "$ID-a" KILL
    wait_status stopped "$ID-a"
    run_fails kill --regex "^$ID-" KILL
    assert_output "not running.*$ID-a"
    wait_status stopped "$ID-b"
    wait_status stopped "$ID-c"
}

@test "--regex: an invalid expression is an error" {
    regex_only
    run_fails delete --regex '['
}

@test "--rootless is auto, true or false" {
    local word
    mkdir -p "$ROOT"
    for word in auto true false; do run_ok --rootless="$word" list; done
    run_fails --rootless=maybe list
}

# ---- the forms of crun's argp and of runc's urfave/cli

crun_form() { [ "$RT_KIND" != runc ] || skip "runc has no such form"; }
runc_form() { [ "$RT_KIND" != crun ] || skip "crun has no such form"; }

@test "-V and --version print the version" {
    run_ok --version
    assert_output "^$RT_KIND version "
    [ "$RT_KIND" = runc ] || {
        run_ok -V
        assert_output "^$RT_KIND version "
    }
}

@test "--version has the lines that engines and tools read" {
    run_ok --version
    assert_output '(^|\n)commit: [0-9a-z]'
    assert_output '(^|\n)spec: 1[.]'
    [ "$RT_KIND" = runc ] || assert_output '[+]SYSTEMD [+]SELINUX [+]APPARMOR [+]CAP [+]SECCOMP [+]EBPF [+]CRIU [+]'
}

@test "the error for an unknown command has the words that callers look for" {
    [ "$RT_KIND" != crun ] || skip "crun's are others"
    run_fails nosuch
    assert_output "No help topic for 'nosuch'"
}

@test "the error for an invalid id has the words that callers look for" {
    [ "$RT_KIND" != crun ] || skip "crun's are others"
    run_fails run a/b
    assert_output 'invalid container ID format'
}

@test "-? prints the help, --usage the names of the options" {
    crun_form
    run_ok '-?'
    assert_output '--cgroup-manager'
    run_ok run '-?'
    assert_output '--bundle'
    run_ok --usage
    assert_output '--cgroup-manager=.*'
    run_ok run --usage
    assert_output '--console-socket=SOCKET'
}

@test "no line of --usage is wider than a screen" {
    berth_only
    local command
    for command in "" run update checkpoint; do
        run_ok ${command:+"$command"} --usage
        refute_output '.{80}'
    done
}

@test "help and h print the same as --help" {
    runc_form
    local word
    for word in help h; do
        run_ok "$word"
        assert_output '(^| )checkpoint '
        run_ok "$word" run
        assert_output '--bundle'
        refute_output '(^| )checkpoint '
    done
    run_ok run -h
    assert_output '--bundle'
}

@test "the exit status of help for an unknown command is 3" {
    runc_form
    run_rt help nosuch
    assert_status 3
    assert_output nosuch
}

@test "help after a command is an operand" {
    set_args true
    run_rt run --bundle "$BUNDLE/nowhere" help
    [ "$status" -ne 0 ]
    assert_output nowhere
}

@test "a long option may be abbreviated while it is unambiguous" {
    crun_form
    local dir
    run_ok --vers
    assert_output "^$RT_KIND version "
    run_fails run --bun /no/such/bundle "$ID"
    assert_output '/no/such/bundle'
    run_fails run --bun=/no/such/bundle "$ID"
    assert_output '/no/such/bundle'
    run_ok delete --for "$ID"
}

@test "an ambiguous abbreviation is an error that names both options" {
    crun_form
    run_fails update --cpuset 0 "$ID"
    assert_output 'ambiguous.*--cpuset-cpus.*--cpuset-mems'
    run_fails --lo x list
    assert_output "ambiguous.*--log.*--log-format"
    refute_output 'ambiguous.*--root'
}

@test "a complete option name is not an abbreviation of a longer one" {
    crun_form
    run_ok --log "$BATS_TEST_TMPDIR/log" --version
    run_ok --root "$BATS_TEST_TMPDIR" list
}

@test "one dash and the beginning of a long option are short flags" {
    crun_form
    run_fails run -bun "$ID"
    assert_output 'un'
}

@test "options may follow the operands" {
    runc_form
    run_rt run "$ID" --bundle /no/such/bundle
    assert_status 1
    assert_output '/no/such/bundle'
}

@test "the last value of a repeated option counts" {
    run_rt run --bundle "$BUNDLE" --bundle /no/such/bundle "$ID"
    [ "$status" -ne 0 ]
    assert_output '/no/such/bundle'
}

@test "--systemd-cgroup with another --cgroup-manager is an error" {
    berth_only "crun takes the last one"
    local manager
    for manager in cgroupfs disabled; do
        run_fails --systemd-cgroup --cgroup-manager=$manager list
        assert_output "--systemd-cgroup.*$manager"
        run_fails --cgroup-manager=$manager --systemd-cgroup list
        assert_output "--systemd-cgroup.*$manager"
    done
    mkdir -p "$ROOT"
    run_ok --systemd-cgroup --cgroup-manager=systemd list
}

# ---- help

@test "the names of commands stand apart from their descriptions" {
    berth_only
    run_ok --help
    assert_output '^  checkpoint  checkpoint a container'
}

@test "no line of --help is wider than a screen, and options have an example" {
    berth_only
    local command
    for command in "" $(rt --help | sed -n '/^State and log/q; s/^  \([a-z]*\)  *[a-z].*/\1/p'); do
        run_ok ${command:+"$command"} --help
        refute_output '.{80}'
        assert_output $'\nExample:\n  berth [a-z]'
        refute_output '--fault'
    done
}

# headings TERM [NO_COLOR]: the first lines of --help on a terminal
on_terminal() { env -u NO_COLOR TERM="$1" ${2:+NO_COLOR="$2"} script -qec "'$RUNTIME' --help" /dev/null </dev/null; }

@test "headings are bold on a terminal, unless NO_COLOR or TERM=dumb" {
    berth_only
    local bold=$'\033'
    [[ $(on_terminal xterm) == *"${bold}[1m"* ]]
    [[ $(on_terminal xterm 1) != *"$bold"* ]]
    [[ $(on_terminal dumb) != *"$bold"* ]]
    [[ $(rt --help) != *"$bold"* ]]
}

# in_columns COLUMNS ARGUMENT...: what berth writes on a terminal of that width, without styles
in_columns() {
    env NO_COLOR=1 script -qec "stty cols $1 && '$RUNTIME' --root '$ROOT' ${*:2}" /dev/null </dev/null | tr -d '\r'
}

@test "on a terminal lines of --help and doctor are not wider than it, and broken only at blanks" {
    berth_only
    local command columns
    for command in --help 'exec --help' doctor; do
        # shellcheck disable=SC2086 # words
        run_ok $command
        for columns in 50 80 100; do
            in_columns "$columns" "$command" >"$BATS_TEST_TMPDIR/shown"
            diff <(tr -s ' \n' '\n' <<<"$output") <(tr -s ' \n' '\n' <"$BATS_TEST_TMPDIR/shown")
            # A word may be longer than the terminal is wide.
            ! grep -E "^.{$((columns + 1))}" "$BATS_TEST_TMPDIR/shown" | grep -vE "^ *[^ ]+\$" || false
        done
    done
}

@test "on a terminal the findings of check are not wider than it, and broken only at blanks" {
    berth_only
    local columns
    config '.process.args = ["a  b"] | .process.cwd = "relative" | .linux.maskedPath = []' '.linux.seccomp = {defaultAction: "SCMP_ACT_NO"}'
    run_fails check
    for columns in 50 80 100; do
        in_columns "$columns" check >"$BATS_TEST_TMPDIR/shown"
        diff <(tr -s ' \n' '\n' <<<"$output") <(tr -s ' \n' '\n' <"$BATS_TEST_TMPDIR/shown")
        ! grep -E "^.{$((columns + 1))}" "$BATS_TEST_TMPDIR/shown" | grep -vE "^ *[^ ]+\$" || false
    done
}

@test "a list that is too wide for the terminal shows whole seconds" {
    berth_only
    create_c
    [[ $(in_columns 500 list) =~ \.[0-9]{9}Z ]]
    local list
    list=$(in_columns 60 list)
    [[ $list =~ :[0-9]{2}Z && $list == *"$ID"* ]]
    [[ $(rt list) =~ \.[0-9]{9}Z ]]
}

# ---- names that would control the terminal

@test "messages and the dry run show control characters of names by their codes" {
    berth_only
    local esc=$'\033' c1=$'\302\233'
    run_fails run "a${esc}[31m"
    assert_output '"a\\x1b\[31m"'
    run_fails run $'a\23331m\302\240'
    assert_output $'"a\\\\x9b31m\302\240"'
    printf '#!/no/%s]0;title\007%s\n' "$esc" "$c1" >rootfs/script
    chmod 755 rootfs/script
    set_args /script
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output 'interpreter "/no/\\x1b]0;title\\x07\\xc2\\x9b"'
    set_args /bin/x "${esc}[7m"$'\n'
    run_ok run --dry-run --bundle "$BUNDLE" "$ID"
    refute_output "$esc"
    assert_output '[(]/bin/x \\x1b\[7m\\n[)]'
}

# ---- output that gets lost

# Commands that print, each with its words.
printing() {
    cat <<END
--version
--help
--usage
help
features
doctor
list
list --quiet
list --format json
state $ID
ps $ID -o pid,comm
ps --format json $ID
events --stats $ID
check --format json --bundle $BUNDLE
run --dry-run --bundle $BUNDLE $ID-other
END
}

lost() { [ "$status" -eq 1 ] || fail_with "'$*' with its output lost ended with $status"; }

@test "printing to a closed or full stdout fails" {
    berth_only "others print into nothing now and then"
    local words
    set_args payload pause
    create_c
    printing | while read -ra words; do
        status=0
        output=$(rt "${words[@]}" </dev/null 2>&1 >&-) || status=$?
        lost "${words[@]}"
        assert_output 'write .*bad file descriptor'
        status=0
        output=$(rt "${words[@]}" </dev/null 2>&1 >/dev/full) || status=$?
        lost "${words[@]}"
        assert_output 'write .*no space left on device'
    done
}

# ---- little memory

# limited LIMIT VALUE ARGS...: the runtime, under a limit of bash's ulimit
limited() {
    status=0
    # shellcheck disable=SC2086 # it may have words before it
    bash -c 'ulimit "$1" "$2" && exec "${@:3}"' bash "$1" "$2" $RUNTIME --root "$ROOT" "${@:3}" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 ||
        status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

@test "too little stack is an error that says so, and no crash" {
    berth_only "others crash"
    local size words
    set_args payload pause
    create_c
    for size in 24 32 40 48 64; do
        printing | while read -ra words; do
            limited -s "$size" "${words[@]}"
            assert_status 1
            assert_output '^too little stack: berth needs 128 KiB .*RLIMIT_STACK'
        done
    done
}

# The environment is on the stack, too.
@test "with little more than the least stack no command crashes" {
    berth_only "others need more"
    local words
    set_args payload pause
    create_c
    printing | while read -ra words; do
        RUNTIME="env -i PATH=$PATH $RUNTIME" limited -s 84 "${words[@]}"
        # doctor may find faults
        [ "$status" -eq 0 ] || [ "${words[0]} $status" = "doctor 1" ] || fail_with "'${words[*]}' failed: $status"
    done
}

@test "the stack that the error names suffices" {
    berth_only "others need more"
    local words
    set_args payload pause
    create_c
    printing | while read -ra words; do
        RUNTIME="env -i PATH=$PATH $RUNTIME" limited -s 128 "${words[@]}"
        refute_output '^too little stack'
    done
}

@test "a large environment leaves enough of an unlimited stack" {
    local number
    status=0
    # shellcheck disable=SC2086 # RUNTIME may have several words
    (
        ulimit -s unlimited
        for number in {1..30}; do export "LARGE_$number=$(printf '%0100000d' 0)"; done
        exec $RUNTIME --root "$ROOT" list
    ) </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
}

@test "too little memory is an error that names the limits" {
    berth_only "others crash"
    limited -d 400 check --bundle "$BUNDLE"
    assert_status 1
    assert_output '^out of memory .*RLIMIT_DATA'
}
