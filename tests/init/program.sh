#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# program.sh NM PROGRAM: the init needs no symbol from anywhere and has no memory of its own that is written to.
# program.sh --cross COMPILER OUTPUT ARGUMENT...: builds it for another machine first; skipped without that compiler.
set -eu

nm=$1
program=$2
if [ "$1" = --cross ]; then
    compiler=$2
    nm=${compiler%gcc}nm
    program=$3
    shift 3
    command -v "$compiler" >/dev/null || exit 77
    "$compiler" "$@" -o "$program"
fi
undefined=$("$nm" -u "$program")
if [ -n "$undefined" ]; then
    echo "undefined symbols in $program:" "$undefined"
    exit 1
fi
data=$("$nm" "$program" | grep -i ' [bd] ' || true)
if [ -n "$data" ]; then
    echo "mutable globals in $program:" "$data"
    exit 1
fi
