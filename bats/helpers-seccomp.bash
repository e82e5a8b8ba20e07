# SPDX-License-Identifier: Apache-2.0
# What the files on linux.seccomp share.

# filter DEFAULT RULES: with the rules as JSON
filter() { config ".linux.seccomp = {defaultAction: \"$1\", architectures: $(architectures)[:1], syscalls: $2}"; }
