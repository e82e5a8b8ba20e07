# SPDX-License-Identifier: Apache-2.0
# For the files that want systemd as the manager of cgroups (tests/engines/run --here).

needs_systemd() { [ "$MANAGER" = systemd ] || skip "for a guest with systemd"; }

unit_has() { # unit_has UNIT PROPERTY=VALUE...
    local unit=$1 property
    shift
    for property in "$@"; do
        [ "$(systemctl show -p "${property%%=*}" "$unit")" = "$property" ] || fail "$unit: not $property but $(systemctl show -p "${property%%=*}" "$unit")"
    done
}

no_unit() { [ "$(systemctl show -p ActiveState "$1")" = ActiveState=inactive ] && [ -z "$(systemctl list-units --all --no-legend "$1")" ]; }
