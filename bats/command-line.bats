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
