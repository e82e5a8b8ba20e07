#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bind mounts whose source or destination is a symbolic link, and crun's words for that: copy-symlink, src-nofollow, dest-nofollow.

load helpers
load helpers-fs

# bind_link DESTINATION OPTIONS: the source is a symbolic link to a file with "content"
bind_link() {
    echo content >"$BUNDLE/file"
    ln -sf file "$BUNDLE/link"
    config ".mounts += [{destination: \"$1\", type: \"bind\", source: \"$BUNDLE/link\", options: [\"bind\", $2]}]"
}

@test "copy-symlink copies the link, wherever it leads" {
    berth_only "crun 1.8 does not know it yet"
    bind_link /copy '"copy-symlink"'
    set_args readlink /copy
    run_c
    assert_output '^file$'
    ln -sfn /no/such/place "$BUNDLE/link"
    rm -f rootfs/copy
    run_c
    assert_output '^/no/such/place$'
    # An existing entry is accepted if it is the same, and is an error otherwise.
    run_c
    assert_output '^/no/such/place$'
    rm rootfs/copy && ln -s /another rootfs/copy
    run_c
    [ "$status" -ne 0 ]
    assert_equal "$(readlink rootfs/copy)" /another
}

@test "copy-symlink of anything but a link is a bind mount" {
    berth_only "crun 1.8 does not know it yet"
    bind_link /copy '"copy-symlink"'
    rm "$BUNDLE/link" && echo more >"$BUNDLE/link"
    set_args cat /copy
    run_c
    assert_output '^more$'
}

@test "copy-symlink stays in the root file system" {
    berth_only "crun 1.8 does not know it yet"
    mkdir "$BATS_TEST_TMPDIR/host"
    ln -s "$BATS_TEST_TMPDIR/host" rootfs/out
    bind_link /out/copy '"copy-symlink"'
    set_args true
    run_c
    assert_equal "$(ls "$BATS_TEST_TMPDIR/host")" ""
}

@test "without src-nofollow a bind mount shows the target of its source link" {
    bind_link /place '"ro"'
    set_sh 'cat /place; readlink /place || echo no link'
    run_c
    assert_output '^content$'
    assert_output '^no link$'
}

@test "src-nofollow binds the link itself" {
    berth_only "crun 1.8 does not know it yet"
    bind_link /place '"src-nofollow"'
    ln -sfn /proc/self/status "$BUNDLE/link"
    set_sh 'readlink /place'
    run_c
    assert_output '^/proc/self/status$'
    [ ! -L rootfs/place ]
    ln -sfn /no/such/place "$BUNDLE/link"
    run_c
    assert_output '^/no/such/place$'
}

@test "src-nofollow in a user namespace" {
    berth_only "crun 1.8 does not know it yet"
    bind_link /place '"src-nofollow"'
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
    own_rootfs 100000
    set_args readlink /place
    run_c
    assert_output '^file$'
}

@test "dest-nofollow covers the link at the destination, not what it leads to" {
    berth_only "crun 1.8 does not know it yet"
    bind_link /link '"dest-nofollow"'
    echo inner >rootfs/inner
    ln -s /inner rootfs/link
    set_sh 'cat /link /inner'
    run_c
    assert_equal "$output" $'content\ninner'
    assert_equal "$(readlink rootfs/link)" /inner
    # Without it the file is covered.
    config '.mounts[-1].options = ["bind"]'
    run_c
    assert_equal "$output" $'content\ncontent'
}

@test "dest-nofollow creates what is missing" {
    berth_only "crun 1.8 does not know it yet"
    bind_link /a/b '"dest-nofollow"'
    set_args cat /a/b
    run_c
    assert_output '^content$'
}

@test "copy-symlink, dest-nofollow: a destination may end with slashes" {
    berth_only "crun 1.8 does not know them yet"
    bind_link /copy// '"copy-symlink"'
    set_args readlink /copy
    run_c
    assert_output '^file$'
    mkdir "$BUNDLE/dir" && echo inside >"$BUNDLE/dir/file"
    config ".mounts[-1] = {destination: \"/a/b/\", type: \"bind\", source: \"$BUNDLE/dir\", options: [\"bind\", \"dest-nofollow\"]}"
    set_args cat /a/b/file
    run_c
    assert_output '^inside$'
}

@test "dest-nofollow: a directory cannot cover a link" {
    berth_only "crun 1.8 does not know it yet"
    mkdir "$BUNDLE/dir"
    ln -s /tmp rootfs/link
    config ".mounts += [{destination: \"/link\", type: \"bind\", source: \"$BUNDLE/dir\", options: [\"bind\", \"dest-nofollow\"]}]"
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output 'mounts\[[0-9]+\].*not a directory'
}

# added OPTIONS: adds a bind mount of the link to the running container, at /place, where there is a link, too
added() {
    echo content >"$BUNDLE/file"
    ln -sf file "$BUNDLE/link"
    echo inner >rootfs/inner
    ln -s /inner rootfs/place
    set_args payload pause
    create_c
    rt start "$ID"
    echo "[{\"destination\": \"/place\", \"type\": \"bind\", \"source\": \"$BUNDLE/link\", \"options\": [\"bind\", $1]}]" >add.json
    run_rt mounts add "$ID" add.json
}

@test "mounts add with copy-symlink or dest-nofollow is an error" {
    berth_only "crun 1.8 does not know them yet"
    added '"dest-nofollow"'
    [ "$status" -ne 0 ]
    assert_output 'mounts\[0\].options: .*dest-nofollow'
    sed -i 's/dest-nofollow/copy-symlink/' add.json
    run_fails mounts add "$ID" add.json
    assert_output 'mounts\[0\].options: copy-symlink'
}

@test "mounts add with src-nofollow binds the link itself" {
    berth_only "crun 1.8 does not know it yet"
    added '"src-nofollow"'
    assert_status 0
    run_ok exec "$ID" readlink /inner
    assert_output '^file$'
}
