# SPDX-License-Identifier: Apache-2.0
# Exit statuses of wrong use, and options that one of runc and crun has.
load helpers

@test "an unknown command ends with 3, an unknown option with 1" {
    [ "$RT_KIND" != crun ] || skip "crun ends both with 1"
    run_rt nosuch
    assert_status 3
    run_rt list --nosuch
    assert_status 1
}

@test "spec --file writes another file of the bundle" {
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

@test "delete --regex deletes those that match and no other" {
    regex_only
    three_containers
    run_ok delete --force --regex "^$ID-[ab]\$"
    assert_equal "$(ids)" "$ID-c"
    run_ok delete --force --regex "nothing-like-this"
    assert_equal "$(ids)" "$ID-c"
}

@test "kill --regex signals those that match and no other" {
    regex_only
    three_containers
    run_ok kill --regex "^$ID-(a|c)\$" KILL
    wait_status stopped "$ID-a"
    wait_status stopped "$ID-c"
    assert_equal "$(state_of "$ID-b")" running
}

@test "--regex: one that fails does not keep the others from their turn" {
    berth_only
    three_containers
    run_ok kill "$ID-a" KILL
    wait_status stopped "$ID-a"
    run_fails kill --regex "^$ID-" KILL
    assert_output "not running.*$ID-a"
    wait_status stopped "$ID-b"
    wait_status stopped "$ID-c"
}

@test "--regex: a broken expression is an error" {
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

@test "an unknown command is told in the words that callers look for" {
    [ "$RT_KIND" != crun ] || skip "crun's are others"
    run_fails nosuch
    assert_output "No help topic for 'nosuch'"
}

@test "a bad id is told in the words that callers look for" {
    [ "$RT_KIND" != crun ] || skip "crun's are others"
    run_fails run a/b
    assert_output 'invalid container ID format'
}

@test "-? is help, --usage the names of the options" {
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

@test "no line of --usage is longer than a screen" {
    berth_only
    local command
    for command in "" run update checkpoint; do
        run_ok ${command:+"$command"} --usage
        refute_output '.{80}'
    done
}

@test "help and h print what --help does" {
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

@test "help for an unknown command ends with 3" {
    runc_form
    run_rt help nosuch
    assert_status 3
    assert_output nosuch
}

@test "help stands behind a command for itself" {
    set_args true
    run_rt run --bundle "$BUNDLE/nowhere" help
    [ "$status" -ne 0 ]
    assert_output nowhere
}

@test "a long option may be cut short while it stays the only one" {
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

@test "what could be two options is an error that names both" {
    crun_form
    run_fails update --cpuset 0 "$ID"
    assert_output 'ambiguous.*--cpuset-cpus.*--cpuset-mems'
    run_fails --lo x list
    assert_output "ambiguous.*--log.*--log-format"
    refute_output 'ambiguous.*--root'
}

@test "an option whose name begins like others is none of them" {
    crun_form
    run_ok --log "$BATS_TEST_TMPDIR/log" --version
    run_ok --root "$BATS_TEST_TMPDIR" list
}

@test "one dash and the beginning of an option are letters" {
    crun_form
    run_fails run -bun "$ID"
    assert_output 'un'
}

@test "options may stand behind the operands" {
    runc_form
    run_rt run "$ID" --bundle /no/such/bundle
    assert_status 1
    assert_output '/no/such/bundle'
}

@test "an option that is given twice has the last value" {
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

# ---- typos

# typo STATUS WORDS WORD...: one line, with these words
typo() {
    local want=$1 words=$2
    shift 2
    run_rt "$@"
    assert_status "$want"
    assert_equal "${#lines[@]}" 1
    assert_output "$words"
}

@test "a mistyped command is one line that suggests the right one and names the help" {
    berth_only
    typo 3 'unknown command "stat".*did you mean state[?] see berth --help' stat x
    typo 3 'unknown command "rnu".*did you mean run[?]' rnu x
    typo 3 'unknown command "nosuch".*[(]see berth --help[)]$' nosuch
}

@test "a mistyped option is one line that suggests the right one and names the help" {
    berth_only
    typo 1 'unknown option --bundel.*did you mean --bundle[?] see berth run --help' run --bundel x y
    typo 1 'unknown option --log-fromat=json.*did you mean --log-format[?] see berth --help' --log-fromat=json list
    typo 1 'unknown option --qqqqqq [(]see berth list --help[)]$' list --qqqqqq
}

@test "operands that are missing or too many are one line that names the help" {
    berth_only
    typo 1 'run needs ID [(]see berth run --help[)]$' run
    typo 1 'kill: one argument too many: "c" [(]see berth kill --help[)]$' kill a b c
}

# A word, and what it should have been.
bad_words() {
    cat <<'END'
list --format jsn|--format is table or json, not "jsn" [(]did you mean json[?] see berth list --help
check --format yaml|--format is text or json, not "yaml"
--log-format xml list|--log-format is text or json, not "xml"
--log-level loud list|--log-level is error, warning, info or debug, not "loud"
--cgroup-manager systmd list|--cgroup-manager is cgroupfs, systemd or disabled, not "systmd" [(]did you mean systemd[?]
update --cpu-idle 2 x|--cpu-idle is 0 or 1, not "2"
checkpoint --network-lock nftable x|--network-lock is iptables, nftables or skip, not "nftable" [(]did you mean nftables[?]
END
}

@test "the words of an option that has few are checked before anything is done" {
    berth_only
    local line words
    while IFS='|' read -r line words; do
        read -ra words_of <<<"$line"
        typo 1 "$words" "${words_of[@]}"
    done < <(bad_words)
}

# ---- help

@test "no line of --help is longer than a screen, and options have an example" {
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

@test "a closed or full stdout is a failure of what prints" {
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
