# SPDX-License-Identifier: Apache-2.0
# Shows that something long goes on, and why it failed. Sourced by contrib/quickstart, contrib/test and contrib/package.
#
# while_running WHAT [STATUS...]: says WHAT on standard error until progress_done: on a terminal in one line that changes every
# second, else in a line of 120 characters every 30 seconds; with the time since then and what the command STATUS prints ("120/340").

PROGRESS_PID=

while_running() {
    local what=$1 start=$SECONDS
    shift
    progress_done
    if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
        progress_line "$what" "$start" "$@" &
    else
        progress_log "$what" "$start" "$@" &
    fi
    PROGRESS_PID=$!
}

# progress_words WIDTH WHAT START STATUS...: at most WIDTH characters, of which the status gives up what is too much.
progress_words() {
    local width=$1 what=$2 seconds=$((SECONDS - $3)) status='' took room
    shift 3
    [ $# -eq 0 ] || status=$("$@" 2>/dev/null) || true
    # apt-get ends its lines as on a terminal, with a carriage return.
    read -r status <<<"${status//[[:cntrl:]]/ }"
    status=${status:-...}
    took=$(printf '(%d:%02d)' $((seconds / 60)) $((seconds % 60)))
    room=$((width - ${#what} - ${#took} - 3))
    printf '%s: %s %s' "$what" "${status:0:room > 3 ? room : 3}" "$took"
}

progress_line() {
    local width
    trap 'exit 0' TERM
    while kill -0 $$ 2>/dev/null; do # the script may be killed
        width=$(stty size <&2 | cut -d' ' -f2)
        # A line that is longer would not go away whole; a terminal may have no size.
        printf '\r\033[K%s' "$(progress_words $((width > 20 ? width - 1 : 79)) "$@")" >&2
        sleep 1 &
        wait $!
    done
}

progress_log() {
    trap 'kill $! 2>/dev/null; exit 0' TERM
    while :; do
        sleep 30 &
        wait $!
        kill -0 $$ 2>/dev/null || return 0 # the script may be killed
        progress_words 120 "$@" >&2
        echo >&2
    done
}

# Takes the changing line away; it comes back with the next second.
progress_clear() { if [ -n "$PROGRESS_PID" ] && [ -t 2 ]; then printf '\r\033[K' >&2; fi; }

progress_done() {
    [ -n "$PROGRESS_PID" ] || return 0
    kill "$PROGRESS_PID" 2>/dev/null || true
    wait "$PROGRESS_PID" 2>/dev/null || true # or it may write once more
    progress_clear
    PROGRESS_PID=
}

# why_failed LOG: on standard error, what a build, its tests, meson or apt-get complained of; the reason comes last
why_failed() {
    grep -vE '^\[[0-9]+/[0-9]+\] ' "$1" | tail -n 20 || true
    {
        sed -n '/^Summary of Failures:/,/^Ok:/{/ FAIL \| TIMEOUT \| ERROR /p}' "$1"
        grep -E '^[^ ]+:[0-9]+:[0-9]+: (fatal )?error: |undefined reference|ERROR: |^E: ' "$1"
    } | head -n 5 || true
} >&2

# ninja_status LOG: "120/340" of a log of ninja's
ninja_status() { sed -n 's/^\[\([0-9]*\/[0-9]*\)\].*/\1/p' "$1" | tail -n 1; }

# meson_status LOG: "12/66, 1 failed" of a log of meson test's
meson_status() {
    awk '$1 ~ "^[0-9]+/[0-9]+$" { ended = $1; failed += / (FAIL|TIMEOUT|ERROR) / }
        END { if (ended != "") printf "%s, %d failed", ended, failed }' "$1"
}

# tap_status REPORT...: "120/340, 1 failed" of reports in the Test Anything Protocol, which may be incomplete
tap_status() {
    awk '/^1[.][.]/ { split($1, plan, "[.][.]"); planned += plan[2] } /^(not )?ok/ { ended++ } /^not ok/ { failed++ }
        END { printf "%d/%d, %d failed", ended, planned, failed }' "$@"
}
