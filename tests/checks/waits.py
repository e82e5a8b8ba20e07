#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""waits.py TREE: is every function of src that can wait named in HACKING.md, "What is waited for"?

A function waits that makes one of these calls, unless an argument says that the call returns at once. Functions are found as shape.py
finds them."""
import pathlib
import re
import sys

from shape import MACRO, NOT_CODE, blank, functions_of

DOCUMENT = 'HACKING.md'
SECTION = '## What is waited for\n'
WAITS = re.compile(
    r'\b(poll|(?:sys_)?ppoll|p?select|epoll_p?wait|waitid|waitpid|(?:sys_)?wait4|flock|lockf|(?:sys_)?recvmsg|recvm?msg|recv|recvfrom|'
    r'(?:sys_)?accept4?|connect|(?:clock_)?nanosleep|u?sleep|pause|sigwait\w*|sigtimedwait|(?:sys_)?futex|pthread_join|sem_\w*wait|'
    r'(?:sys_)?read|fd_read_all|send|(?:sys_)?sendmsg|sd_bus_wait|sd_bus_call)\s*\(')
AT_ONCE = re.compile(r'WNOHANG|LOCK_NB|LOCK_UN|MSG_DONTWAIT')
NAME = re.compile(r'(\w+)\s*\(')


def call_at(body, start, opening):
    """The text of the call whose arguments begin at the parenthesis `opening`."""
    depth = 0
    for i in range(opening, len(body)):
        depth += (body[i] == '(') - (body[i] == ')')
        if depth == 0:
            return body[start:i + 1]
    return body[start:]


def waits_of(body):
    """The names of the calls in a function that can wait."""
    names = set()
    for match in WAITS.finditer(body):
        call = call_at(body, match.start(), match.end() - 1)
        returns = AT_ONCE.search(call) or match.group(1) == 'poll' and re.search(r',\s*0\)$', call)
        if not returns:
            names.add(match.group(1))
    return sorted(names)


def waiting_functions(tree):
    """Yields (file, line, function, calls)."""
    for file in sorted((tree / 'src').rglob('*.c')):
        lines = MACRO.sub(blank, NOT_CODE.sub(blank, file.read_text())).split('\n')
        for first, last, signature in functions_of(lines):
            calls = waits_of('\n'.join(lines[first:last + 1]).partition('{')[2])
            name = NAME.search(signature)
            if calls and name:
                yield file.relative_to(tree).as_posix(), first + 1, name.group(1), calls


def main(tree):
    section = (tree / DOCUMENT).read_text().partition(SECTION)[2].partition('\n## ')[0]
    named = {word for row in section.splitlines() if row.startswith('|') for word in re.findall(r'`(\w+)`', row)}
    found = list(waiting_functions(tree))
    faults = [f'{file}:{line}: {name} can wait in {", ".join(calls)}: say in {DOCUMENT}, "{SECTION[3:-1]}", what ends that'
              for file, line, name, calls in found if name not in named]
    faults += [f'{DOCUMENT}: {name} waits for nothing, or does not exist'
               for name in sorted(named - {name for _, _, name, _ in found}) if '_' in name]
    if not found:
        faults.append(f'{tree}: no function waits')
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1])))
