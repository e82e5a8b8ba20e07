#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the checks find what they look for? Each gets a small tree that is right, then one with a single fault."""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SPDX = '/* SPDX-License-Identifier: Apache-2.0 */\n'

WAITED = '\n## What is waited for\n\n| `wait_for_end`, `take`, `give` | an end |\n'
GOOD = {
    'src/base/text.c': SPDX + '#include "berth/base/text.h"\n\nint text(int a, int (*b)(int, int))\n{\n    return a;\n}\n',
    'include/berth/base/text.h': SPDX + '#pragma once\n',
    'src/sys/probe.c': SPDX + '#include "berth/base/text.h"\n#if 1\n#endif\n',
    'src/runtime/launch/create.h': SPDX + '#pragma once\n',
    'src/runtime/verbs/exec.c': SPDX + '#include "launch/create.h"\n',
    'include/berth/cli/commands.def': SPDX + 'CLI_COMMAND(RUN, run, "ID", 1, 1, "run it", "run c1")\n',
    'include/berth/cli/options.def': SPDX + "CLI_OPTION(RUN, 'd', \"detach\", FLAG, detach, NULL, \"leave\")\n",
    'README.md': 'Use `berth run --detach ID`.\n',
    'src/sys/process.c': SPDX + '\nint wait_for_end(int pid)\n{\n    return waitpid(pid, 0, 0) + poll(0, 0, 0) + waitpid(pid, 0, WNOHANG);\n}\n',
    'HACKING.md': 'Layers: `src/base`, `src/sys/`, `src/init`, `src/plan`, `src/runtime`; see `src/base/text.c`.\n' + WAITED,
    'berth': '#!/bin/sh\necho "  run  run it"\necho "  --detach  leave"\n',
}

WIRE = '#define PLAN_WIRE_path struct plan_text /* a path */\n'
OPERATION = '/* umount2(2). */\nPLAN_OP(UNMOUNT, unmount, "unmount", "I", "unmount {path}", ARG(path, path))\n'
RECORD = '/* Writes it down. */\nPLAN_OP(RECORD, record, "record", "H", "record", )\n'
BUILD = SPDX + '''
static void record(struct plan_builder *builder)
{
    PLAN_ADD(builder, RECORD, .by = PLAN_HOST);
}

int plan_build_mounts(struct plan_builder *builder)
{
    record(builder);
    return 0;
}
'''
GOOD.update({'include/berth/plan/plan.h': SPDX + WIRE + '#define PLAN_MAGIC 0x1U\n', 'include/berth/plan/ops.def': SPDX + OPERATION + RECORD,
             'src/init/run.c': SPDX + 'static init_handler *const handlers[] = {[PLAN_UNMOUNT] = unmount};\n', 'src/plan/build.c': BUILD,
             'src/runtime/verbs/live-mounts.c': SPDX + 'static const struct transaction_step steps[] = {{PLAN_RECORD, record}};\n'})

TAB = '\t'.join
HOOK = TAB(['hooks.order', 'config.md', 'Hooks', 'MUST', 'in order', 'Hooks MUST be called', 'hooks.bats: the "order"'])
VM = TAB(['vm', 'config.md', 'Hooks', 'MUST', '-', 'This MUST be a VM', 'not here: virtual machines'])
COUNT = TAB(['config.md', 'Hooks', 'MUST', '2']) + '\n'
READ = SPDX + '\n\nint take(int fd)\n{\n    return read(fd);\n}\n\nint give(int fd)\n{\n    return read(fd);\n}\n'
REACHED = '{"files": [{"file": "../src/sys/read.c", "functions": [{"name": "take", "execution_count": 1}, {"name": "give", "execution_count": 0}]}]}\n'
READERS = {
    'src/sys/read.c': READ,
    'coverage.json': REACHED,
    'tests/fuzz/unfuzzed.tsv': '#file\n' + TAB(['src/sys/read.c', 'give', 'a word of the kernel']) + '\n',
}
GOOD.update(READERS)
CONFORMANCE = {
    'tests/conformance.tsv': f'#id\n{HOOK}\n{VM}\n',
    'tests/conformance-counts.tsv': COUNT,
    'tests/conformance-results.tsv': '#test\tberth 1.0\tcrun 1.8\trunc 1.1\tcrun-new 1.28\trunc-new 1.3\nhooks.bats: the "order"\tok\tdeviates\n',
    'tests/unit/hook.c': SPDX,
    'bats/deviations.tsv': TAB(['crun', '^1[.]8$', 'hooks.bats', 'the "order"', 'any order']) + '\n',
    'bats/hooks.bats': '# SPDX-License-Identifier: Apache-2.0\n@test "the \\"order\\"" {\n}\n',
}
GOOD.update(CONFORMANCE)

BODY = '\nint long_one(void)\n{\n' + '    text();\n' * 60 + '}\n'
FAULTS = [
    # check, file, what it has instead, what the check says
    ('layers', 'src/base/text.c', SPDX + '#include "berth/sys/probe.h"\n', 'must not see berth/sys/probe.h'),
    ('layers', 'src/base/text.c', SPDX + '#include "../sys/probe.c"\n', 'not of this folder'),
    ('layers', 'src/base/text.c', SPDX + '#include "other.h"\n', 'not of this folder'),
    ('layers', 'src/base/text.c', SPDX + '#include <yajl/yajl_parse.h>\n', 'is for spec'),
    ('layers', 'include/berth/base/text.h', SPDX + '# include "berth/plan/plan.h"\n', 'must not see'),
    ('layers', 'src/init/run.c', SPDX + '#include <stdlib.h>\n', 'no libc'),
    ('layers', 'src/init/run.c', SPDX + '#include "berth/plan/print.h"\n', 'must not see'),
    ('layers', 'src/cli/main.c', SPDX + '#include "berth/plan/plan.h"\n', 'must not see'),
    ('layers', 'src/other/a.c', SPDX, 'is unknown'),
    ('layers', 'src/runtime/a.c', SPDX, 'is in no room'),
    ('layers', 'src/runtime/state/state.c', SPDX + '#include "launch/create.h"\n', 'room state must not see'),
    ('layers', 'src/runtime/verbs/exec.c', SPDX + '#include "launch/other.h"\n', 'not of this folder'),
    ('shape', 'src/base/text.c', 'int a;\n', 'no SPDX'),
    ('shape', 'src/base/text.c', SPDX + BODY, 'function of 63 lines'),
    ('shape', 'src/base/text.c', SPDX + '\n' * 500, 'file of 501 lines'),
    ('shape', 'src/base/text.c', SPDX + '/* ' + 'long ' * 20 + '*/\n', 'line of 105 columns'),
    ('shape', 'include/berth/cli/options.def', SPDX + '/* ' + 'long ' * 20 + '*/\n', 'line of 105 columns'),
    ('shape', 'src/base/text.c', SPDX + 'int a(int b, int c, int d, int e,\n      int f, int g)\n{\n}\n', '6 parameters'),
    ('shape', 'src/base/text.c', SPDX + 'int a(void) {\n}\n', 'opening brace'),
    ('shape', 'src/base/text.c', SPDX + 'int a(void)\n{\n    goto out;\n}\n', 'goto'),
    ('shape', 'src/base/text.c', SPDX + '#  ifdef __linux__\n#endif\n', '#if belongs'),
    ('shape', 'src/base/text.c', SPDX + '/* TO' 'DO: more */\n', 'left for later'),
    ('shape', 'bats/a.bats', '# SPDX-License-Identifier: Apache-2.0\n    sleep 0.3\n', 'a fixed time'),
    ('shape', 'bats/a.bats', '# SPDX-License-Identifier: Apache-2.0\n    run timeout -k 2 5 true\n', 'a fixed time'),
    ('shape', 'bats/a.bats', '# SPDX-License-Identifier: Apache-2.0\n    [ $((SECONDS - start)) -lt 3 ]\n', 'a fixed time'),
    ('shape', 'bats/a.bats', '# SPDX-License-Identifier: Apache-2.0\nload no-helpers\n', 'does not exist'),
    ('shape', 'contrib/tool', '#!/bin/sh\nexit 0\n', 'no SPDX'),
    ('docs', 'README.md', 'Use `--detach`.\n', 'README.md: says nothing of the command run'),
    ('docs', 'README.md', 'Use `berth run --detached ID`.\n', 'no option --detached'),
    ('docs', 'berth', '#!/bin/sh\necho "  run  run it"\n', 'says nothing of --detach'),
    ('docs', 'berth', '#!/bin/sh\necho "  --detach  leave"\n', 'says nothing of the command run'),
    ('docs', 'HACKING.md', '`src/base` and `src/sys` and `src/base/none.c`\n', 'src/base/none.c does not exist'),
    ('docs', 'HACKING.md', '`src/base`\n', 'says nothing of src/sys'),
    ('docs', 'SECURITY.md', '| CVE-2001-1 | x |\n', 'no test names CVE-2001-1'),
    ('docs', 'bats/new.bats', '@test "held (CVE-2001-2)" {\n', 'says nothing of CVE-2001-2'),
    ('waits', 'HACKING.md', WAITED.replace('`wait_for_end`, ', ''), 'wait_for_end can wait in waitpid: say'),
    ('waits', 'HACKING.md', WAITED.replace('take', 'take_all'), 'take_all waits for nothing'),
    ('waits', 'src/sys/process.c', SPDX + '\nint nap(void)\n{\n    return poll(0, 0, -1);\n}\n', 'nap can wait in poll'),
    ('readers', 'tests/fuzz/unfuzzed.tsv', '', 'give calls read, and no input'),
    ('readers', 'tests/fuzz/unfuzzed.tsv', READERS['tests/fuzz/unfuzzed.tsv'].replace('a word of the kernel', ''), 'has no reason'),
    ('readers', 'tests/fuzz/unfuzzed.tsv', READERS['tests/fuzz/unfuzzed.tsv'] + 'src/sys/read.c\ttake\ta\n', 'is reached by an input'),
    ('readers', 'tests/fuzz/unfuzzed.tsv', READERS['tests/fuzz/unfuzzed.tsv'] + 'src/sys/read.c\tlose\ta\n', 'does not exist'),
    ('readers', 'src/sys/read.c', READ + '\nint cut(char *a)\n{\n    return strsep(&a);\n}\n', 'cut calls strsep, and no input'),
    ('readers', 'coverage.json', REACHED.replace('": 1', '": 0'), 'take calls read, and no input'),
    ('operations', 'include/berth/plan/ops.def', SPDX, 'not every PLAN_OP'),
    ('operations', 'include/berth/plan/ops.def', SPDX + OPERATION.replace('2(2)', '(2)') + RECORD, 'plan.md is not what ops.def says'),
    ('operations', 'include/berth/plan/ops.def', SPDX + OPERATION + OPERATION.split('\n')[1], 'no comment says'),
    ('operations', 'include/berth/plan/ops.def', SPDX + OPERATION.replace('{path}', '{place}'), '{place} is none of its operands'),
    ('operations', 'include/berth/plan/ops.def', SPDX + OPERATION.replace('(path,', '(paths,'), 'does not describe the kind paths'),
    ('operations', 'include/berth/plan/ops.def', SPDX + OPERATION.replace('ARG(path, path)', 'ARG(path, path) ARG(path, to)'), 'PLAN_MAGIC has to change'),
    ('operations', 'include/berth/plan/plan.h', GOOD['include/berth/plan/plan.h'] + 'struct plan { int a; };\n', 'PLAN_MAGIC has to change'),
    ('operations', 'src/init/run.c', SPDX, 'UNMOUNT: there is no handler in src/init/run.c'),
    ('operations', 'include/berth/plan/ops.def', SPDX + OPERATION.replace('"I"', '"H"'), 'UNMOUNT: ops.def does not give it to who has a handler in src/init'),
    ('operations', 'src/plan/build.c', BUILD.replace('mounts', 'restore'), 'RECORD: plan_build_restore can plan it, but there is no handler'),
    ('operations', 'src/plan/build.c', BUILD.replace('_HOST', '_INIT'), 'RECORD: src/runtime/verbs/live-mounts.c has a handler, but plan_build_mounts'),
    ('operations', 'src/runtime/launch/steps.c', SPDX + 'x = {[PLAN_UNMOUNT] = unmount};\n', 'UNMOUNT: src/runtime/launch/steps.c has a handler, but nothing'),
    ('operations', 'src/runtime/verbs/start.c', SPDX + 'x = {[PLAN_RECORD] = record};\n', 'RECORD: src/runtime/verbs/start.c has a handler, but no plan'),
    ('operations', 'tests/plan/a.plan', ' 8 init  await-start: wait\n 9 host  record: record\n', 'RECORD: `start` has to carry it out'),
    ('conformance', 'tests/conformance.tsv', '', 'there are no requirements'),
    ('conformance', 'tests/conformance.tsv', 'hooks.order\tconfig.md\n', 'hooks.order: a row has'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}\n{HOOK}\n', 'hooks.order: appears twice'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}\n', 'MUST: 1 rows, the specification has 2'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}\n{VM}\n'.replace('Hooks\t', 'Other\t'), 'Other, MUST: 2 rows'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}\n{VM}\n'.replace('not here: virtual machines', ''), 'vm: has no test'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}\n{VM}\n'.replace('virtual machines', ''), 'vm: has no test'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}\n{VM}\n'.replace('This MUST be', 'This is'), 'not the key word'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK}s\n{VM}\n', 'no test "hooks.bats: the "order"s"'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK} | unit: hooks\n{VM}\n', 'no test "unit: hooks"'),
    ('conformance', 'tests/conformance.tsv', f'{HOOK} | unit: hook\n{VM}\n', 'conformance.md is not what'),
    ('conformance', 'tests/conformance-counts.tsv', COUNT + TAB(['config.md', 'Root', 'MUST', '1']), 'Root, MUST: 0 rows, the specification has 1'),
    ('conformance', 'bats/deviations.tsv', '', 'deviations.tsv does not say why'),
    ('conformance', 'bats/hooks.bats', '@test "order" {\n}\n', 'no test "hooks.bats: the'),
]


def write(tree, files):
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / 'berth').chmod(0o755)


def run_in(tree, check, *options):
    command = [sys.executable, HERE / f'{check}.py', tree, *options]
    if check == 'docs':
        command.append(tree / 'berth')
    if check == 'readers':
        command.append(tree / 'coverage.json')
    if check == 'conformance':
        command[1:3] = [HERE.parent / 'conformance.py', '--tree', tree]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run(check, files):
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        write(tree, files)
        return run_in(tree, check)


def conformance_document():
    """What --update makes of a tree, after --results of a log has."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        log, other = tree / 'hooks.tap', tree / 'other.tap'
        write(tree, {**GOOD, 'tests/conformance-results.tsv': '#test\tberth 1.0\t\trunc 1.1\tcrun-new 1.28\trunc-new 1.3\nhooks.bats: the "order"\tok\n'})
        log.write_text('1..1\nok 1 the "order" in 5ms # skip deviates: any order\n')
        other.write_text('1..0\n')
        results = [run_in(tree, 'conformance', *options)
                   for options in (['--results', 'crun', '1.8', log], ['--results', 'crun', '1.8', other], ['--update'])]
        same = (tree / 'tests/conformance-results.tsv').read_text() == GOOD['tests/conformance-results.tsv']
        text = (tree / 'tests/conformance.md').read_text()
        run_in(tree, 'conformance', '--results', 'crun', '1.9', other)
        same = same and 'deviates' not in (tree / 'tests/conformance-results.tsv').read_text()
    good = same and all(result.returncode == 0 for result in results) and 'crun, *hooks.bats: the "order"*: any order' in text
    return text, [] if good else [f'conformance: --update and --results do otherwise: {results}']


def operations_document():
    """What --update makes of a tree."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        write(tree, GOOD)
        run_in(tree, 'operations', '--update')
        return (tree / 'docs/plan.md').read_text()


def circles(sources):
    """What the check says of objects that are made of NAME: source."""
    with tempfile.TemporaryDirectory() as folder:
        objects = pathlib.Path(folder) / 'src/base/libbase.a.p'
        objects.mkdir(parents=True)
        for name, source in sources.items():
            subprocess.run(['cc', '-x', 'c', '-c', '-o', objects / f'{name}.c.o', '-'], input=source, text=True, check=True)
        return run_in(pathlib.Path(folder), 'circles')


def faults_of_circles():
    needs_b, b = 'void b(void); void a(void) { b(); }', 'void b(void) { }'
    needs_a = 'void a(void); void b(void) { a(); }'
    cases = [({'a': needs_b, 'b': b}, ''), ({'a': needs_b, 'b': needs_a}, 'src/base: a.c -(b)-> b.c -(a)-> a.c'),
             ({'one_a': needs_b, 'two_b': b, 'two_d': 'void c(void); void d(void) { c(); }', 'one_c': 'void c(void) { }'}, 'src/base: one -(b)-> two -(c)-> one'),
             ({}, 'no objects')]
    results = [(words, circles(sources)) for sources, words in cases]
    return [f'circles: not "{words}" but: {result.stdout}{result.stderr}' for words, result in results
            if words not in result.stdout or result.returncode != (words != '')]


def main():
    GOOD['docs/plan.md'] = operations_document()
    GOOD['tests/conformance.md'], faults = conformance_document()
    for check in ('layers', 'shape', 'docs', 'readers', 'waits', 'operations', 'conformance'):
        result = run(check, GOOD)
        if result.returncode != 0:
            faults.append(f'{check}: complains of a good tree: {result.stdout}{result.stderr}')
    for check, name, text, words in FAULTS:
        readme = {'README.md': 'Use `berth run`.\n'} if name == 'berth' else {}
        result = run(check, {**GOOD, **readme, name: text})
        if result.returncode != 1 or words not in result.stdout:
            faults.append(f'{check}: does not say "{words}" but: {result.stdout}{result.stderr}')
    faults += faults_of_circles()
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main())
