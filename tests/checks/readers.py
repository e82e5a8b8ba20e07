#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""readers.py TREE COVERAGE: does an input of tests/fuzz/corpus reach every function that reads bytes from outside or cuts text?

COVERAGE is what `gcov --stdout --json-format` says after fuzz-replay has run the corpus. A function that no input reaches has a row in
tests/fuzz/unfuzzed.tsv: file, function, the reason. Functions are found as shape.py finds them."""
import json
import pathlib
import re
import sys

from shape import MACRO, NOT_CODE, blank, functions_of

# Functions that read bytes, and those that cut text or turn it into numbers.
READERS = re.compile(
    r'\b(file_read|file_read_named|host_read_text|fd_read_all|read|sys_read|pread|recv|recvmsg|sys_recvmsg|sys_socket_receive|fgets|getline|fread|'
    r'strsep|strtok|strtok_r|\w*scanf|strto[a-z]+|text_to_[ui]64|text_next_u64|init_parse_\w+|mountinfo_parse|cgroup_line_parse)\s*\(')
LISTED = 'tests/fuzz/unfuzzed.tsv'
NAME = re.compile(r'(\w+)\s*\(')
PATH = re.compile(r'(?:^|/)(src/.*)')


def readers_of(tree):
    """{(file, function): the calls that make it a reader}"""
    readers = {}
    for file in sorted((tree / 'src').rglob('*.c')):
        lines = MACRO.sub(blank, NOT_CODE.sub(blank, file.read_text())).split('\n')
        for first, last, signature in functions_of(lines):
            body = '\n'.join(lines[first:last + 1]).partition('{')[2]
            calls = sorted(set(READERS.findall(body)))
            name = NAME.search(signature)
            if calls and name:
                readers[file.relative_to(tree).as_posix(), name.group(1)] = calls
    return readers


def reached_of(coverage):
    """The functions that have run, as (file, function)."""
    reached = set()
    for line in coverage.read_text().splitlines():
        for file in json.loads(line)['files']:
            path = PATH.search(file['file'])
            reached |= {(path.group(1), function['name']) for function in file['functions'] if path and function['execution_count'] > 0}
    return reached


def listed_of(tree):
    """Yields (line number, file, function, reason) of the list."""
    for number, line in enumerate((tree / LISTED).read_text().splitlines(), 1):
        if line and not line.startswith('#'):
            file, function, reason = (line.split('\t') + ['', ''])[:3]
            yield number, file, function, reason


def faults_of(tree, readers, reached):
    listed = set()
    for number, file, function, reason in listed_of(tree):
        place = f'{LISTED}:{number}: {function} of {file}'
        if (file, function) not in readers:
            yield f'{place} reads nothing, or does not exist'
        elif (file, function) in reached:
            yield f'{place} is reached by an input'
        elif not reason.strip():
            yield f'{place} has no reason'
        listed.add((file, function))
    for (file, function), calls in readers.items():
        if (file, function) not in reached and (file, function) not in listed:
            yield (f'{file}: {function} calls {", ".join(calls)}, and no input of tests/fuzz/corpus reaches it: add a target or an input, '
                   f'or a row with the reason to {LISTED}')


def main(tree, coverage):
    readers = readers_of(tree)
    reached = reached_of(coverage)
    faults = list(faults_of(tree, readers, reached))
    if not readers or not reached:
        faults.append(f'{coverage}: nothing was read, or nothing has run')
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
