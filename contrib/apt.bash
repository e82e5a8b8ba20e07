# SPDX-License-Identifier: Apache-2.0
# Sourced by contrib/quickstart, contrib/test and contrib/package.

# apt_install COMMAND PACKAGE...: `apt-get COMMAND`. An earlier run may have been killed: what dpkg has not finished is finished, and an apt-get
# that still runs is waited for.
apt_install() {
    local command=$1 tries=60
    shift
    export DEBIAN_FRONTEND=noninteractive
    dpkg --configure -a || return
    until apt-get update; do
        [ $((tries -= 1)) -gt 0 ] && lists_are_locked || return
        sleep 5
    done
    apt-get -o DPkg::Lock::Timeout=300 "$command" -y --no-install-recommends "$@"
}

# fcntl(2) locks, as apt-get takes them, are in this list by the file's number.
lists_are_locked() { grep -q ":$(stat -c %i /var/lib/apt/lists/lock) " /proc/locks; }
