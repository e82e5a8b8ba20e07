#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""operations.py TREE [--update]: is docs/plan.md what include/berth/plan/ops.def says? --update writes it.

Every operation has a comment that says what it does, its words name no operand that it has not, and each of its actors has a
handler for it. Each command has the host's handlers for all that its plans can hold: what the functions of src/plan add that its
builder reaches, and for `start` what comes after await-start in the plans of tests/plan. The kinds of operands are described
where include/berth/plan/plan.h defines them. `start` reads a plan that another build may have written: when the layout of plans
changes, PLAN_MAGIC has to change."""
import hashlib
import pathlib
import re
import sys

from shape import NOT_CODE, blank, functions_of

ACTORS = {'H': 'host', 'F': 'first', 'I': 'init'}
PAGE = 'docs/plan.md'

# Who carries out steps -> where the tables of handlers are
COMMON = 'src/runtime/launch/steps.c'
HANDLERS = {
    'H': [COMMON, 'src/runtime/criu/restore.c', 'src/runtime/verbs/live-mounts.c', 'src/runtime/verbs/start.c'],
    'FI': ['src/init/run.c'],
}
# The builders of plans -> where the host's handlers for their steps are
BUILDERS = {
    ('plan_build', 'plan_build_exec'): [COMMON],
    ('plan_build_restore',): [COMMON, 'src/runtime/criu/restore.c'],
    ('plan_build_mounts', 'plan_build_unmounts'): [COMMON, 'src/runtime/verbs/live-mounts.c'],
}
# Operations that a builder seems to reach, and why it does not plan them
UNPLANNED = {
    ('plan_build', 'plan_build_exec'): {'COPY_MOUNTS'},  # only for mounts that are added to an existing container
}
START = 'src/runtime/verbs/start.c'
ADDED = re.compile(r'\bPLAN_ADD\(\s*\w+, (\w+),\s*\.by = (\w+)')
# A line of a plan: number, actor, operation
SHOWN_STEP = re.compile(r'^ *\d+ +(\w+) +([\w-]+)', re.MULTILINE)
HANDLER = re.compile(r'(?:\[PLAN_(\w+)\] =|\{PLAN_(\w+),) \w+')
MAGIC = re.compile(r'^#define PLAN_MAGIC (\w+).*$', re.MULTILINE)
LAYOUT = re.compile(r'^PLAN_MAGIC (\w+) stands for the layout (\w+)\.$', re.MULTILINE)

KIND = re.compile(r'^#define PLAN_WIRE_(\w+) ([^/\n]+?) /\* (.*) \*/$', re.MULTILINE)
PART = re.compile(r'/\* --- (?P<section>.*?) -+ \*/'
                  r'|/\*(?P<comment>(?:(?!\*/).)*)\*/'
                  r'|PLAN_OP\((?P<name>\w+), (?P<member>\w+), "(?P<shown>[\w-]+)", "(?P<actors>\w+)",\s*'
                  r'"(?P<words>(?:\\.|[^"\\]|"\s+")*)",\s*(?P<operands>(?:ARG\(\w+, \w+\)\s*)*)\)', re.DOTALL)
ARGUMENT = re.compile(r'ARG\((\w+), (\w+)\)')

HEAD = '''# The operations of a plan

A plan is a list of steps, and each step carries out one of these operations. `berth create --dry-run` prints the plan of a
bundle: the number of each step, its actor, its operation, the operands, the slots and tokens that it uses and makes (`<` and
`>`), the step that it waits for, and the place in config.json that asks for it. [HACKING.md](../HACKING.md) explains actors,
slots and tokens.

This page is made of `include/berth/plan/ops.def` by `tests/checks/operations.py . --update`.

PLAN_MAGIC {magic} stands for the layout {layout}.

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
    return re.sub(r'\\(.)', r'\1', re.sub(r'"\s+"', '', match['words']))


def entry_of(match, comment):
    lines = [f'### {match["shown"]}', '', escape(comment or ''), '',
             f'By {" or ".join(ACTORS[letter] for letter in match["actors"])}; in words: {escape(words_of(match))}.', '']
    operands = ARGUMENT.findall(match['operands'])
    if operands:
        lines += ['| operand | kind |', '|---|---|'] + [f'| `{name}` | {kind} |' for kind, name in operands] + ['']
    return lines


def handled_in(tree, files):
    return {a or b for file in files if (tree / file).exists() for a, b in HANDLER.findall((tree / file).read_text())}


def lacks_of(tree, match):
    """The actors that have no handler for the operation, or one that they do not need."""
    for letters, files in HANDLERS.items():
        handled = handled_in(tree, files)
        if set(letters) & set(match['actors']) and match['name'] not in handled:
            yield f'{match["name"]}: there is no handler in {" or ".join(files)}'
        if not set(letters) & set(match['actors']) and match['name'] in handled:
            yield f'{match["name"]}: ops.def does not give it to who has a handler in {" or ".join(files)}'


class Planner:
    """The functions of src/plan: which others each of them names, and what it adds to a plan."""

    def __init__(self, tree):
        self.bodies = {}  # (file, name) and name: (file, body)
        for file in sorted((tree / 'src/plan').glob('*.c')):
            lines = NOT_CODE.sub(blank, file.read_text()).split('\n')
            for first, last, signature in functions_of(lines):
                name = re.match(r'.*?(\w+)\(', signature)[1]
                entry = file.name, '\n'.join(lines[first + 1:last])
                self.bodies[file.name, name] = entry
                if not signature.startswith('static'):
                    self.bodies[name] = entry

    def operations_from(self, builders):
        """The operations that the host may have to carry out in a plan of these builders."""
        found, seen, left = set(), set(), [self.bodies[name] for name in builders if name in self.bodies]
        while left:
            file, body = left.pop()
            if (file, body) in seen:
                continue
            seen.add((file, body))
            found |= {name for name, by in ADDED.findall(body) if by not in ('PLAN_INIT', 'PLAN_FIRST')}
            words = set(re.findall(r'\w+', body))
            left += [self.bodies[key] for word in words for key in ((file, word), word) if key in self.bodies]
        return found


def faults_of_tables(tree, operations):
    """Whether the host has handlers for all that each command's plans can hold, and no others. `operations`: name -> match."""
    planner = Planner(tree)
    of_host = {name for name, match in operations.items() if 'H' in match['actors']}
    planned = {builders: planner.operations_from(builders) & of_host - UNPLANNED.get(builders, set()) for builders in BUILDERS}
    for builders, files in BUILDERS.items():
        for name in sorted(planned[builders] - handled_in(tree, files)):
            yield f'{name}: {" and ".join(builders)} can plan it, but there is no handler in {" or ".join(files)}'
        for name in sorted(handled_in(tree, files[1:]) - planned[builders]):
            yield f'{name}: {files[-1]} has a handler, but {" and ".join(builders)} cannot plan it'
    for name in sorted(handled_in(tree, [COMMON]) - set().union(*planned.values())):
        yield f'{name}: {COMMON} has a handler, but nothing plans it'
    by_shown = {match['shown']: name for name, match in operations.items()}
    late = {by_shown.get(shown, shown) for file in (tree / 'tests/plan').glob('*.plan')
            for actor, shown in SHOWN_STEP.findall(file.read_text().partition(' await-start:')[2]) if actor == 'host'}
    for name in sorted(late ^ handled_in(tree, [START])):
        yield f'{name}: ' + (f'`start` has to carry it out: no handler in {START}' if name in late
                             else f'{START} has a handler, but no plan of tests/plan has it after await-start')


def layout_of(tree):
    """PLAN_MAGIC, and a digest of everything in a plan that has a place in memory."""
    header = (tree / 'include/berth/plan/plan.h').read_text()
    magic = MAGIC.search(header)
    code = ''.join(re.sub(r'/\*.*?\*/', '', MAGIC.sub('', header), flags=re.DOTALL).split())
    operations = [(item['name'], ARGUMENT.findall(item['operands']))
                  for item, _ in operations_of((tree / 'include/berth/plan/ops.def').read_text()) if not isinstance(item, str)]
    return magic[1] if magic else '', hashlib.sha256(f'{code}{operations}'.encode()).hexdigest()[:16]


def page_of(tree):
    """The page, and what is wrong with its source."""
    magic, layout = layout_of(tree)
    kinds = {name: (wire, what) for name, wire, what in KIND.findall((tree / 'include/berth/plan/plan.h').read_text())}
    source = (tree / 'include/berth/plan/ops.def').read_text()
    lines, faults, operations = [], [], {}
    for item, comment in operations_of(source):
        if isinstance(item, str):
            lines += [f'## {item[0].upper()}{item[1:]}', '']
            continue
        operations[item['name']] = item
        faults += [*faults_of(item, comment, kinds), *lacks_of(tree, item)]
        lines += entry_of(item, comment)
    faults += faults_of_tables(tree, operations)
    if not operations or len(operations) != len(re.findall(r'^PLAN_OP\(', source, re.MULTILINE)):
        faults.append('ops.def: not every PLAN_OP can be read')
    table = ''.join(f'| {name} | `{wire}` | {escape(what)} |\n' for name, (wire, what) in kinds.items())
    return HEAD.format(magic=magic, layout=layout) + table + '\n' + '\n'.join(lines), faults


def main(tree, update):
    page, faults = page_of(tree)
    path = tree / PAGE
    before = LAYOUT.search(path.read_text()) if path.exists() else None
    after = LAYOUT.search(page)
    if before and before[1] == after[1] and before[2] != after[2]:
        faults.append('plan.h, ops.def: the layout of plans is another one: PLAN_MAGIC has to change')
    elif update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(page)
    elif not path.exists() or path.read_text() != page:
        faults.append(f'{PAGE} is not what ops.def says: tests/checks/operations.py . --update')
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1]), '--update' in sys.argv[2:]))
