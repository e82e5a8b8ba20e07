#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# commit.sh TREE VERSION: does a build after a commit know that commit, without being configured again, and does one without git have the version?
set -euo pipefail
TREE=$1 VERSION=$2
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export GIT_CEILING_DIRECTORIES=$WORK GIT_CONFIG_GLOBAL=/dev/null
git() { command git -c user.name=n -c user.email=e -C "$WORK/tree" "$@"; }

# expect TEXT: what the build takes for its commit
expect() {
    local got
    ninja -C "$WORK/build" src/cli/commit.h >"$WORK/log" 2>&1 || { cat "$WORK/log"; exit 1; }
    got=$(sed -n 's/^#define BERTH_COMMIT //p' "$WORK/build/src/cli/commit.h")
    [ "$got" = "\"$1\"" ] || { echo "the build says $got, expected \"$1\""; exit 1; }
}

mkdir "$WORK/tree"
tar -C "$TREE" -c --exclude=./.git --exclude='./build*' . | tar -C "$WORK/tree" -x
meson setup "$WORK/build" "$WORK/tree" >"$WORK/log" 2>&1 || { cat "$WORK/log"; exit 1; }
expect "$VERSION"
git init -q
for _ in 1 2; do
    git commit -q --allow-empty -m x
    expect "$(git rev-parse HEAD)"
done
