#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""operations.py TREE [--update]: is docs/plan.md what include/berth/plan/ops.def says? --update writes it.

Every operation has a comment that says what it does, and its words name no operand that it has not. The kinds of operands
are described where include/berth/plan/plan.h defines them."""
import pathlib
import re
import sys

ACTORS = {'H': 'host', 'F': 'first', 'I': 'init'}
PAGE = 'docs/plan.md'

KIND = re.compile(r'^#define PLAN_WIRE_(\w+) ([^/\n]+?) /\* (.*) \*/$', re.MULTILINE)
PART = re.compile(r'/\* --- (?P<section>.*?) -+ \*/'
                  r'|/\*(?P<comment>(?:(?!\*/).)*)\*/'
                  r'|PLAN_OP\((?P<name>\w+), (?P<member>\w+), "(?P<shown>[\w-]+)", "(?P<actors>\w+)",\s*'
                  r'"(?P<words>(?:\\.|[^"\\])*)",\s*(?P<operands>(?:ARG\(\w+, \w+\)\s*)*)\)', re.DOTALL)
ARGUMENT = re.compile(r'ARG\((\w+), (\w+)\)')

HEAD = '''# The operations of a plan

A plan is a list of steps, and each step carries out one of these operations. `berth create --dry-run` prints the plan of a
bundle: the number of each step, its actor, its operation, the operands, the slots and tokens that it uses and makes (`<` and
`>`), the step that it waits for, and the place in config.json that asks for it. [HACKING.md](../HACKING.md) explains actors,
slots and tokens.

This page is made of `include/berth/plan/ops.def` by `tests/checks/operations.py . --update`.

## Kinds of operands

| kind | in C | what it is |
|---|---|---|
'''


def text_of(comment):
    return ' '.join(re.sub(r'^\s*\* ?', '', line).strip() for line in comment.strip().splitlines()).strip()


def escape(text):
    return text.replace('<', '&lt;').replace('|', '\\|').replace('*', '\\*')


def operations_of(source):
    """Yields (section, None) and (match, comment)."""
    comment = None
    for match in PART.finditer(source):
        if match['section']:
            yield match['section'], None
            comment = None
        elif match['comment'] is not None:
            comment = text_of(match['comment'])
        else:
            yield match, comment
            comment = None


def faults_of(match, comment, kinds):
    operands = dict((name, kind) for kind, name in ARGUMENT.findall(match['operands']))
    if not comment:
        yield f'{match["name"]}: no comment says what it does'
    for placeholder in re.findall(r'{(\w+)}', match['words']):
        if placeholder not in operands:
            yield f'{match["name"]}: {{{placeholder}}} is none of its operands'
    for name, kind in operands.items():
        if kind not in kinds:
            yield f'{match["name"]}: {name}: plan.h does not describe the kind {kind}'


def words_of(match):
    return re.sub(r'\\(.)', r'\1', match['words'])


def entry_of(match, comment):
    lines = [f'### {match["shown"]}', '', escape(comment or ''), '',
             f'By {" or ".join(ACTORS[letter] for letter in match["actors"])}; in words: {escape(words_of(match))}.', '']
    operands = ARGUMENT.findall(match['operands'])
    if operands:
        lines += ['| operand | kind |', '|---|---|'] + [f'| `{name}` | {kind} |' for kind, name in operands] + ['']
    return lines


def page_of(tree):
    """The page, and what is wrong with its source."""
    kinds = {name: (wire, what) for name, wire, what in KIND.findall((tree / 'include/berth/plan/plan.h').read_text())}
    source = (tree / 'include/berth/plan/ops.def').read_text()
    lines, faults, count = [], [], 0
    for item, comment in operations_of(source):
        if isinstance(item, str):
            lines += [f'## {item[0].upper()}{item[1:]}', '']
            continue
        count += 1
        faults += faults_of(item, comment, kinds)
        lines += entry_of(item, comment)
    if count == 0 or count != len(re.findall(r'^PLAN_OP\(', source, re.MULTILINE)):
        faults.append('ops.def: not every PLAN_OP can be read')
    table = ''.join(f'| {name} | `{wire}` | {escape(what)} |\n' for name, (wire, what) in kinds.items())
    return HEAD + table + '\n' + '\n'.join(lines), faults


def main(tree, update):
    page, faults = page_of(tree)
    path = tree / PAGE
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(page)
    elif not path.exists() or path.read_text() != page:
        faults.append(f'{PAGE} is not what ops.def says: tests/checks/operations.py . --update')
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1]), '--update' in sys.argv[2:]))
