#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""selftest.py [BERTH]: does the comparison find what it is for? Without BERTH what needs no root: the rules of comparing, the cases, the properties that
no level sets. With it (as root) berth takes the parts of both peers, and of itself with a planted fault, which has to be found."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import bundle
import cases
import compare
import factors
import kept

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent.parent / 'schemas' / 'config.json'

# A wrapper around berth, and the field in which it is seen. edit FILTER: the configuration goes through jq.
PLANTED = [
    ('a mask is dropped', 'edit \'.linux.maskedPaths -= ["/proc/keys"]\'', 'census/mounts//proc/keys#1/'),
    ('a mount loses nosuid', 'edit \'(.mounts[] | select(.destination == "/dev/shm") | .options) -= ["nosuid"]\'', 'census/mounts//dev/shm#1/options'),
    ('a capability more', 'edit \'.process.capabilities.effective += ["CAP_SYS_CHROOT"] | .process.capabilities.bounding += ["CAP_SYS_ADMIN"]\'', 'census/capabilities/bounding'),
    ('privileges can be gained', 'edit \'.process.noNewPrivileges = false\'', 'census/process/no_new_privs'),
    ('a namespace is the host\'s', 'edit \'.linux.namespaces |= map(select(.type != "ipc"))\'', 'census/namespaces/ipc'),
    ('a group more', 'edit \'.process.user.additionalGids = [27]\'', 'census/ids/groups'),
    ('another umask', 'umask 077', 'census/process/umask'),
    ('a descriptor leaks', 'exec 5</dev/zero; set -- "$1" "$2" "$3" --preserve-fds 3 "${@:4}"', 'census/descriptors/5'),
    ('a limit is lost', 'edit \'.process.rlimits = []\'', 'census/limits/nofile'),
    ('failure', 'exit 9', 'call/1-run/status'),
    ('a warning', 'echo warning >&2', 'call/1-run/says'),
    ('a file is left in /run', 'mkdir -p /run/planted/x', 'left/run'),
    ('a mount is left', 'mkdir -p /run/user/m; mount -t tmpfs planted /run/user/m', 'left/mounts'),
]

WRAPPER = '''#!/bin/bash
berth={berth}
edit() {{ for word; do :; done; c=$bundle/config.json; jq "$1" "$c" >"$c.new" && mv "$c.new" "$c"; }}
bundle=
for word; do [ -z "$next" ] || bundle=$word; next=; [ "$word" != --bundle ] || next=1; done
if [ -n "$bundle" ]; then
    :
    {plant}
fi
exec "$berth" "$@"
'''


# --- without root ---------------------------------------------------------------------------------

def schema_paths(schema, node, path):
    """Every property's path, without indices."""
    if '$ref' in node:
        node = schema['$defs'][node['$ref'].rsplit('/', 1)[1]]
    if 'items' in node:
        yield from schema_paths(schema, node['items'], path)
    for name, child in node.get('properties', {}).items():
        yield f'{path}.{name}'.lstrip('.')
        yield from schema_paths(schema, child, f'{path}.{name}'.lstrip('.'))
    if isinstance(node.get('additionalProperties'), dict):
        yield from schema_paths(schema, node['additionalProperties'], path + '.*')


def value_paths(value, path, known):
    """Of a configuration's value, as the schema names them."""
    if isinstance(value, list):
        for item in value:
            yield from value_paths(item, path, known)
    elif isinstance(value, dict):
        for name, child in value.items():
            inner = f'{path}.{name}'.lstrip('.')
            if inner not in known and any(one.startswith(path + '.*.') for one in known):
                inner = path + '.*'
            yield inner
            yield from value_paths(child, inner, known)


def faults_of_coverage():
    """Each property of the schema is in some bundle."""
    schema = json.loads(SCHEMA.read_text())
    known = set(schema_paths(schema, schema, ''))
    seen = set(value_paths(bundle.base_config(), '', known))
    for name in factors.all_names():
        seen.update(value_paths(factors.apply([name])[0], '', known))
    yield from (f'no level sets {path}' for path in sorted(known - seen))


def faults_of_cases():
    names = [f'{factor}={level}' for factor in 'abcdefgh' for level in range(4)]
    made = list(cases.pairwise(names, 10000))
    seen = {pair for case in made for pair in cases.pairs_of(case)}
    wanted = 28 * 16
    if len(seen) != wanted or len(made) > wanted // 4:
        yield f'{len(made)} cases have {len(seen)} of {wanted} pairs'
    if any(len({cases.factor_of(name) for name in case}) != len(case) for case in made):
        yield 'two levels of one factor in a case'
    if made != list(cases.pairwise(names, 10000)):
        yield 'the cases are not the same each time'


RULES = [
    # berth, runc, crun: is it a difference?
    ({'a': '1'}, {'a': '1'}, {'a': '2'}, False),
    ({'a': '1'}, {'a': '2'}, {'a': '2'}, True),
    ({'a': '1'}, {'a': '2'}, {'a': '3'}, True),
    ({'census/a': '1'}, {'census/a': '2', 'call/1-run/status': '1'}, {'call/1-run/status': '1'}, False),
    ({'left/x': '1'}, {}, {}, True),
    ({'census/mounts//sys/fs/cgroup/unified#1/super': 'nsdelegate,rw'}, {'census/mounts//sys/fs/cgroup/unified#1/super': 'rw'}, {}, False),
    ({'census/mounts//sys/fs/cgroup#1/super': 'nsdelegate,rw'}, {'census/mounts//sys/fs/cgroup#1/super': 'rw'}, {}, True),
    ({'census/census': 'whole', 'census/a': '1'}, {'census/census': 'none'}, {'census/census': 'none'}, True),
    ({'census/census': 'none'}, {'census/census': 'whole', 'census/a': '1'}, {'census/census': 'whole', 'census/a': '1'}, True),
    ({'call/1-run/status': '1'}, {'call/1-run/status': '0'}, {'call/1-run/status': '1'}, True),
    ({'call/1-run/status': '0'}, {'call/1-run/status': '0'}, {'call/1-run/status': '1'}, False),
    ({'call/1-run/status': '0'}, {'call/1-run/status': '1'}, {'call/1-run/status': '1'}, True),
]


def faults_of_rules():
    for berth, runc, crun, expected in RULES:
        if bool(compare.differences({'berth': berth, 'runc': runc, 'crun': crun}, compare.Habits())) != expected:
            yield f'{berth} {runc} {crun}: should {"" if expected else "not "}be a difference'
    habits, whole = compare.Habits(), {'census/census': 'whole', 'census/a': '1'}
    habits.learn([], {'berth': whole, 'runc': whole, 'crun': whole | {'census/a': '2'}})
    if compare.differences({'berth': whole, 'runc': {'census/census': 'none'}, 'crun': whole | {'census/a': '2'}}, habits):
        yield 'a peer without a census has an opinion on what is in it'
    yield from faults_of_habits()
    row = compare.Row('host', 'a=* b=1', 'mounts/*[x]', '*', 's', 'r')
    one = compare.Difference('mounts/[x]', '1', {})
    for environment, names, expected in (('host', ['a=2', 'b=1'], True), ('v2', ['a=2', 'b=1'], False), ('host', ['a=2'], False)):
        if row.explains(environment, names, one) != expected:
            yield f'a row in {environment} with {names}'


STATUS = 'call/1-run/status'
LEARNT = [
    # levels, what berth, runc and crun have there
    (('a', 'b'), {'x': '1', STATUS: '0'}, {'x': '2', STATUS: '1'}, {'x': '1', STATUS: '0'}),
    (('c',), {'x': '1', STATUS: '0'}, {'x': '1', STATUS: '0'}, {'x': '3', STATUS: '1'}),
    (('d',), {'x': '1', STATUS: '1'}, {'x': '4', STATUS: '0'}, {'x': '4', STATUS: '1'}),
]
HABITS = [
    # levels, berth, runc, crun: is it a difference?
    ('abc', {'x': '1'}, {'x': '2'}, {'x': '3'}, False),
    ('abc', {STATUS: '0'}, {STATUS: '1'}, {STATUS: '1'}, False),
    ('ab', {'x': '1'}, {'x': '2'}, {'x': '3'}, True),   # crun is so with c
    ('acd', {'x': '1'}, {'x': '2'}, {'x': '3'}, True),  # runc is so with a and b
    ('abc', {'x': '2'}, {'x': '1'}, {'x': '1'}, True),
    ('abcd', {'x': '1'}, {'x': '4'}, {'x': '4'}, True),  # both are so with d
    ('abcd', {STATUS: '1'}, {STATUS: '0'}, {STATUS: '1'}, True),
]


def faults_of_habits():
    """Values of a peer that are known of fewer levels, where berth was as the other peer."""
    habits = compare.Habits()
    for names, *fields in LEARNT:
        habits.learn(names, dict(zip(('berth', 'runc', 'crun'), fields)))
    for names, *fields, expected in HABITS:
        if bool(compare.differences(dict(zip(('berth', 'runc', 'crun'), fields)), habits, names)) != expected:
            yield f'{names}: {fields}: should {"" if expected else "not "}be a difference'
    if habits.not_learnt('ab') or habits.not_learnt('abc') != [('a', 'c'), ('b', 'c')]:
        yield f'to be learnt: {habits.not_learnt("abc")}'


def faults_of_rows():
    for row in compare.read_rows():
        if not row.reason or not row.section:
            yield f'expected.tsv: {row.field}: no reason or section'
        for pattern in (one for condition in row.conditions() for one in condition.split(' || ')):
            if not any(compare.matches(name, pattern) for name in factors.all_names()):
                yield f'expected.tsv: there is no {pattern}'


class Asked:
    """In the place of a worker: notes what it is asked."""

    def __init__(self):
        self.asked = []

    def ask(self, names, kinds):
        self.asked.append((names, kinds))
        return {kind: {'fields': {'call/1-run/status': 'too late' if names == ['io=best'] else kind}, 'texts': []} for kind in kinds}


def faults_of_kept():
    """An answer is asked for once, until the runtime changes."""
    with tempfile.TemporaryDirectory(prefix='differential-test-') as name:
        folder, worker = pathlib.Path(name), Asked()
        runtimes = {kind: folder / kind for kind in ('berth', 'runc')}
        mounts = [['/sys/fs/cgroup/unified cgroup2 cgroup2 rw'], ['/sys/fs/cgroup/unified cgroup2 cgroup2 rw,nsdelegate', '/tmp/x cgroup cgroup rw,hugetlb']]
        a, b, late = 'oom=zero', 'umask=zero', 'io=best'
        for number, (changed, names) in enumerate([('berth', [b, a]), (None, [a, b]), ('berth', [a, b]), ('runc', [late]), (None, [late])]):
            for kind, path in runtimes.items():
                if kind == changed or not path.exists():
                    path.write_text(str(number))
                    path.chmod(0o755)
            place = json.dumps(['6.1', 0, False, mounts[number % 2], []])
            answers = kept.Remembering(worker, kept.Answers(folder / 'answers', runtimes, [place])).ask(names)
            if list(answers) != ['berth', 'runc'] or any(answer['texts'] != [] for answer in answers.values()):
                yield f'answers that were kept are {answers}'
        both = ['berth', 'runc']
        if worker.asked != [([b, a], both), ([a, b], ['berth']), ([late], both), ([late], both)]:
            yield f'with answers that were kept a worker is asked {worker.asked}'


# --- as root --------------------------------------------------------------------------------------

def compare_with(folder, berth, runtime):
    """RUNTIME against berth as both peers: status and words."""
    environment = {**os.environ, 'RUNC': str(berth), 'CRUN': str(berth), 'BERTH': str(runtime), 'CENSUS': str(folder / 'census'), 'EXPECTED': '/dev/null'}
    result = subprocess.run([HERE / 'run', '--case', ''], env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def faults_of_planted(berth):
    with tempfile.TemporaryDirectory(prefix='differential-test-') as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        subprocess.run([os.environ.get('CC', 'gcc'), '-static', '-O1', '-o', folder / 'census', *HERE.glob('census*.c')], check=True)
        status, words = compare_with(folder, berth, berth)
        if status != 0:
            yield f'berth differs from itself: {words}'
        for fault, plant, field in PLANTED:
            wrapper = folder / 'wrapper'
            wrapper.write_text(WRAPPER.format(berth=berth, plant=plant))
            wrapper.chmod(0o755)
            status, words = compare_with(folder, berth, wrapper)
            if status != 1 or f'\n{field}' not in words:
                yield f'not found: {fault}: status {status}: {words}'


def main(berth=None):
    faults = [*faults_of_coverage(), *faults_of_cases(), *faults_of_rules(), *faults_of_rows(), *faults_of_kept()] if berth is None else [*faults_of_planted(os.path.abspath(berth))]
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
