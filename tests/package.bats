# SPDX-License-Identifier: Apache-2.0
# The Debian package that contrib/package made, $PACKAGE: installed in a root of its own, an overlay of the machine's that goes with the test.

setup() {
    [ "$(id -u)" = 0 ] || skip "needs root"
    [ -e "${PACKAGE:-}" ] || skip "no PACKAGE, see contrib/package"
    TREE=$BATS_TEST_TMPDIR/tree
    mkdir "$TREE"
}

# in_overlay SCRIPT: with the package as /berth.deb
in_overlay() {
    PACKAGE=$(realpath "$PACKAGE") run unshare --mount --pid --fork --kill-child --propagation private sh -ec '
        mount -t tmpfs tmpfs "$1"
        mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
        cp "$PACKAGE" "$1/root/berth.deb"
        for dir in dev sys; do mount --rbind "/$dir" "$1/root/$dir"; done
        mount -t proc proc "$1/root/proc"
        mount -t tmpfs tmpfs "$1/root/run"
        mount -t tmpfs tmpfs "$1/root/tmp"
        cd "$1/root"
        exec chroot . sh -ec "$2"' sh "$TREE" "export DEBIAN_FRONTEND=noninteractive; cd /
            # An older one of this machine is not what is asked about.
            dpkg --purge berth >/dev/null 2>&1 || true
            $1" </dev/null
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "the package installs, and the installed berth runs a container" {
    in_overlay '
        dpkg -i berth.deb >/dev/null
        berth --version
        berth doctor >/dev/null || true
        mkdir -p /tmp/demo/rootfs/bin && cp /bin/busybox /tmp/demo/rootfs/bin/sh
        berth spec -b /tmp/demo
        jq ".process.terminal = false | .process.args = [\"sh\", \"-c\", \"echo from the container\"]" /tmp/demo/config.json >/tmp/config
        mv /tmp/config /tmp/demo/config.json
        berth run -b /tmp/demo c1'
    [[ $output == *"berth version"* ]]
    [ "${lines[-1]}" = "from the container" ]
}

# By its list: a machine may leave the manual out when it installs.
@test "the package has a manual page of every command, and completions of three shells" {
    dpkg-deb -c "$PACKAGE" | awk '{print $6}' >"$BATS_TEST_TMPDIR/files"
    while read -r command; do
        grep -qx "./usr/share/man/man1/berth-$command.1.gz" "$BATS_TEST_TMPDIR/files" || { echo "no page of $command"; false; }
    done < <(sed -n 's/^CLI_COMMAND([A-Z]*, "\([a-z]*\)".*/\1/p' "$BATS_TEST_DIRNAME/../include/berth/cli/commands.def")
    grep -x './usr/share/bash-completion/completions/berth' "$BATS_TEST_TMPDIR/files"
    grep -x './usr/share/fish/vendor_completions.d/berth.fish' "$BATS_TEST_TMPDIR/files"
    grep -x './usr/share/zsh/vendor-completions/_berth' "$BATS_TEST_TMPDIR/files"
}

@test "the package leaves nothing when it is removed" {
    in_overlay '
        dpkg -i berth.deb >/dev/null
        dpkg -L berth | sort >/tmp/files
        mkdir -p /run/berth/@seccomp
        dpkg --purge berth >/dev/null
        while read -r file; do [ -d "$file" ] || [ ! -e "$file" ] || echo "left: $file"; done </tmp/files
        [ ! -e /run/berth ] || echo "left: /run/berth"
        echo done'
    [ "$output" = "done" ]
}
