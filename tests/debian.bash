# SPDX-License-Identifier: Apache-2.0
# Packages of another Debian than the one that runs here, for tests/vm/image, tests/peers and tests/cross. Nothing is installed: an apt of
# our own, in $STORE/apt, downloads them, and they are unpacked. The sourcing script sets
#
#   STORE           the folder for everything that is kept
#   SUITE           Debian's name of the release
#   ARCHITECTURE    Debian's name of the architecture, if it is not amd64
#   WORK            a new folder, once something is to be unpacked
#
# and say MESSAGE.

# Where this machine has Debian's packages from; apt need not have read any list yet.
mirror() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1
}

# An apt of our own, beside that of this machine.
apt_config() {
    local apt=$STORE/apt
    # It names its places whole: a tree that was moved needs another.
    ! grep -qsF "\"$apt/lists\"" "$apt/conf" || return 0
    rm -rf "$apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb [arch=${ARCHITECTURE:-amd64} signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $SUITE main" >"$apt/sources.list"
    cat >"$apt/conf" <<END
APT::Architecture "${ARCHITECTURE:-amd64}";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "/dev/null";
END
}

our() { APT_CONFIG=$STORE/apt/conf "$@" 2>>"$STORE/apt/log" </dev/null; }

# newest PACKAGE...: prints PACKAGE=VERSION lines.
newest() { our apt-cache madison "$@" | awk '!seen[$1]++ {print $1 "=" $3}'; }

# The dependencies of the packages on standard input.
needed_by() {
    local packages
    packages=$(cat)
    # shellcheck disable=SC2086
    our apt-cache depends --no-pre-depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances $packages
}

# with_libraries PACKAGE...: they and the libraries that they need; no program that they need.
with_libraries() {
    local all former=""
    all=$(printf '%s\n' "$@" | sort -u)
    while [ "$all" != "$former" ]; do
        former=$all
        all=$({ echo "$all"; needed_by <<<"$all" | sed -n 's/^ *|\?Depends: \(lib.*\)/\1/p'; } | sort -u)
    done
    echo "$all"
}

# Once a day; without a network the lists of yesterday do.
# needs_update KIND...: is one of the lists, which are in files of these names, older, or is there none?
needs_update() {
    local kind
    for kind in "$@"; do
        [ -n "$(find "$STORE/apt/$kind" -mmin -1440 2>/dev/null)" ] || return 0
    done
    return 1
}

update_lists() {
    : >"$STORE/apt/log"
    our apt-get update >/dev/null || say "apt-get update failed, see ${STORE#"$PWD/"}/apt/log"
}

# unpack FOLDER PACKAGE=VERSION...
unpack() {
    local to=$1 file
    shift
    (cd "$WORK" && our apt-get download "$@" >/dev/null) || { tail -n 5 "$STORE/apt/log" >&2; say "cannot download $*"; return 1; }
    for file in "$WORK"/*.deb; do
        dpkg-deb -x "$file" "$to"
        rm "$file"
    done
}

# merge_usr FOLDER: as Debian is installed. Packages of 12 have files in /bin and /lib, later ones only in /usr.
merge_usr() {
    local folder
    for folder in bin sbin lib lib64; do
        [ ! -L "$1/$folder" ] || continue
        mkdir -p "$1/usr/$folder"
        [ ! -d "$1/$folder" ] || cp -a "$1/$folder/." "$1/usr/$folder"
        rm -rf "${1:?}/$folder"
        ln -s "usr/$folder" "$1/$folder"
    done
}

# remove_old KIND: not those that a test which runs now might have.
remove_old() { find "$STORE" -mindepth 1 -maxdepth 1 -type d \( -name "$1-*" -o -name 'new.*' \) -mmin +1440 -exec rm -rf {} +; }
