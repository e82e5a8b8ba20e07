# SPDX-License-Identifier: Apache-2.0
# A typo on the command line: one line that says what is wrong, and suggests what was probably meant.
load helpers

test_setup() { berth_only "the words are berth's"; }

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
    typo 3 'unknown command "stat".*did you mean state[?] see berth --help' stat x
    typo 3 'unknown command "rnu".*did you mean run[?]' rnu x
    typo 3 'unknown command "nosuch".*[(]see berth --help[)]$' nosuch
}

@test "a mistyped option is one line that suggests the right one and names the help" {
    typo 1 'unknown option --bundel.*did you mean --bundle[?] see berth run --help' run --bundel x y
    typo 1 'unknown option --log-fromat=json.*did you mean --log-format[?] see berth --help' --log-fromat=json list
    typo 1 'unknown option --qqqqqq [(]see berth list --help[)]$' list --qqqqqq
}

@test "an option on the wrong side of the command is one line that shows the right one" {
    typo 1 'unknown option --root [(]did you mean berth --root DIR run[?] see berth run --help[)]$' run --root /x y
    typo 1 'unknown option --debug [(]did you mean berth --debug list[?] see berth list --help[)]$' list --debug
    typo 1 'unknown option --bundle=x [(]did you mean berth run --bundle DIR[?] see berth --help[)]$' --bundle=x run y
    typo 1 'unknown option --detach [(]did you mean berth run --detach[?] see berth --help[)]$' --detach run y
    typo 1 'unknown option --detach [(]see berth --help[)]$' --detach list
}

@test "an option of the other side is no abbreviation of one of this side" {
    cd "$BATS_TEST_TMPDIR"
    typo 1 'unknown option --root [(]did you mean berth --root DIR spec[?]' spec --root
    [ ! -e config.json ] || fail_with "spec has written a configuration"
    typo 1 'unknown option --cgroup [(]did you mean berth exec --cgroup .*PATH[?]' --cgroup systemd exec c true
    mkdir -p "$ROOT"
    run_ok --cgroup cgroupfs list
}

@test "a short option, or one with a single dash, on the wrong side gets the same suggestion" {
    typo 1 'unknown option -b [(]did you mean berth run --bundle DIR[?] see berth --help[)]$' -b demo run c
    typo 1 'unknown option -b in -bdemo [(]did you mean berth run --bundle DIR[?]' -bdemo run c
    typo 1 'unknown option -bundle=x [(]did you mean berth run --bundle DIR[?]' -bundle=x run c
    typo 1 'unknown option -root [(]did you mean berth --root DIR list[?]' list -root x
}

@test "the value of an option on the wrong side is not taken for the command" {
    typo 1 'did you mean berth create --bundle DIR[?]' --bundle run create c
    typo 1 'did you mean berth create --bundle DIR[?]' -b run create c
    typo 1 'did you mean berth run --bundle DIR[?]' --bundle=create run c
    typo 1 'unknown option --bundle [(]see berth --help[)]$' --bundle run
    typo 1 'unknown option --bundle [(]see berth --help[)]$' --bundle
}

@test "words and options of other programs suggest berth's" {
    local words
    while read -ra words; do
        typo 3 "unknown command \"${words[0]}\".*did you mean ${words[*]:1}[?] see berth --help" "${words[0]}" x
    done <<'END'
ls list
rm delete
stop kill
unpause resume
inspect state
version --version
RUN run
END
    typo 1 'unknown option -9 [(]did you mean kill ID 9[?] see berth kill --help' kill -9 x
    typo 1 'unknown option -KILL [(]did you mean kill ID KILL[?]' kill x -KILL
    typo 1 'unknown option -i in -it [(]see berth exec --help' exec -it x sh
    typo 1 'mounts needs add or remove, not "ad" [(]see berth mounts --help' mounts ad x y
    typo 1 'unknown signal "SIGKIL" [(]did you mean KILL[?][)]' kill x SIGKIL
    typo 1 'unknown signal "99" [(]kill -l lists them[)]' kill x 99
}

@test "an empty word in place of a directory or an expression is an error" {
    typo 1 '--root needs the name of a directory, not ""' --root= list
    typo 1 '--bundle needs the name of a directory, not ""' run --bundle= "$ID"
    typo 1 '--bundle needs the name of a directory, not ""' spec -b ''
    set_args payload pause
    create_c
    typo 1 '--regex: "" would match every container [(]to match every container, use "[.]"[)]$' delete --force --regex ''
    assert_equal "$(rt list -q)" "$ID"
}

@test "an ID that is none: one line says what is wrong with it" {
    typo 1 'format: "": it is empty$' run ''
    typo 1 'format: "a b": only letters, digits, and _[+]-[.] are allowed$' run 'a b'
    typo 1 'format: "[.][.]": it names a directory$' run ..
    typo 1 'format: "x{255}[.]{3}": it is longer than 255 bytes$' run "$(printf 'x%.0s' {1..5000})"
}

@test "a bundle that is missing, or there already: one line says what to do" {
    cd "$BATS_TEST_TMPDIR"
    typo 1 'read .*/config.json: no such file or directory [(]--bundle names the bundle; berth spec writes a config.json[)]$' run "$ID"
    typo 1 'write .*/config.json: file exists [(]remove it first, or write another with --file[)]$' spec --bundle "$BUNDLE"
}

@test "missing or extra operands are one line that names the help" {
    typo 1 'run needs ID [(]see berth run --help[)]$' run
    typo 1 'kill: one argument too many: "c" [(]see berth kill --help[)]$' kill a b c
}

# A word, and what it should have been.
bad_words() {
    cat <<'END'
list --format jsn|--format is table or json, not "jsn" [(]did you mean json[?] see berth list --help
list --format JSON|--format is table or json, not "JSON" [(]did you mean json[?]
check --format yaml|--format is text or json, not "yaml"
--log-format xml list|--log-format is text or json, not "xml"
--log-level loud list|--log-level is error, warning, info or debug, not "loud"
--cgroup-manager systmd list|--cgroup-manager is cgroupfs, systemd or disabled, not "systmd" [(]did you mean systemd[?]
update --cpu-idle 2 x|--cpu-idle is 0 or 1, not "2"
checkpoint --network-lock nftable x|--network-lock is iptables, nftables or skip, not "nftable" [(]did you mean nftables[?]
END
}

@test "an option with fixed values is checked before anything is done" {
    local line words
    while IFS='|' read -r line words; do
        read -ra words_of <<<"$line"
        typo 1 "$words" "${words_of[@]}"
    done < <(bad_words)
}
