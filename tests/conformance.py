#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""conformance.py [--tree TREE]: has every requirement of the specification a test that exists?
conformance.py --update: writes conformance.md anew
conformance.py --results RUNTIME VERSION FILE.tap...: notes how the tests ended; each log is named after its file of bats/. RUNTIME is berth, crun,
                  runc, crun-new or runc-new: these two are of tests/peers. Files without a log keep what was noted for the same version
conformance.py --count FOLDER: counts the key words in the specification's documents there, and looks for the rows' originals

tests/conformance.tsv has a row for each key word in the text, separated by tabs:
  id, document, section, keyword
  requirement   in few words
  original      words around the key word; links are left out
  tests         "FILE.bats: NAME", "unit: NAME", "plan: NAME" or "init: NAME", separated by " | ";
                or "not here: WHY" for what is not for a runtime on Linux
  note          where berth does otherwise on purpose: why; mostly left out
tests/conformance-counts.tsv has how often each key word is in each section, tests/conformance-results.tsv how each test ended."""
import argparse
import collections
import pathlib
import re
import sys

RUNTIMES = ['berth', 'crun', 'runc', 'crun-new', 'runc-new']
NOT_HERE = 'not here: '
WORST_LAST = ['skip', 'ok', 'deviates', 'not ok']

KEYWORD = re.compile(r'\b(MUST NOT|MUST|REQUIRED|SHALL NOT|SHALL)\b')
HEADING = re.compile(r'#+ (?:<a name="[^"]*" ?/>)?(?!Example)(.*)')
LINK = re.compile(r'\[([^][]*)\](?:\([^)]*\)|\[[^]]*\])')
TEST = re.compile(r'^@test "((?:\\.|[^"\\])*)" \{', re.MULTILINE)
RESULT = re.compile(r'^(not ok|ok) \d+ (.*?)(?: in \d+ ?ms)?(?: # skip ?(.*))?$', re.MULTILINE)

COLUMNS = 'id document section keyword requirement original tests note'
Row = collections.namedtuple('Row', COLUMNS, defaults=[''])


def lines_of(file):
    text = file.read_text() if file.exists() else ''
    return [line.split('\t') for line in text.splitlines() if line and not line.startswith('#')]


class Table:
    """What is in the tree."""

    def __init__(self, tree):
        self.tree = tree
        self.folder = tree / 'tests'
        fields = lines_of(self.folder / 'conformance.tsv')
        self.rows = [Row(*row) for row in fields if 7 <= len(row) <= 8]
        self.broken = [row[0] for row in fields if not 7 <= len(row) <= 8]
        self.counts = {tuple(row[:3]): int(row[3]) for row in lines_of(self.folder / 'conformance-counts.tsv')}
        self.deviations = lines_of(tree / 'bats/deviations.tsv')
        self.names = {}
        self.read_results()

    def read_results(self):
        file = self.folder / 'conformance-results.tsv'
        lines = file.read_text().splitlines() if file.exists() else []
        head = lines[0].split('\t')[1:] if lines else []
        self.versions = {runtime: '' for runtime in RUNTIMES}
        self.versions.update(cell.split(' ') for cell in head if ' ' in cell)
        self.results = {runtime: {} for runtime in RUNTIMES}
        for test, *cells in lines_of(file):
            for runtime, cell in zip(RUNTIMES, cells):
                if cell:
                    self.results[runtime][test] = cell

    def exists(self, test):
        kind, _, name = test.partition(': ')
        if kind.endswith('.bats'):
            return name in self.names_in(kind)
        places = {'unit': ['unit/{}.c', 'unit/data/{}.cases', 'unit/{}.py'], 'plan': ['plan/{}.plan'], 'init': ['init/{}.c']}
        return any((self.folder / place.format(name)).exists() for place in places.get(kind, []))

    def names_in(self, file):
        if file not in self.names:
            path = self.tree / 'bats' / file
            text = path.read_text() if path.exists() else ''
            self.names[file] = {re.sub(r'\\(.)', r'\1', name) for name in TEST.findall(text)}
        return self.names[file]

    def why(self, runtime, test):
        """The reasons in deviations.tsv why this runtime fails the test."""
        file, _, name = test.partition(': ')
        return [row[4] for row in self.deviations
                if row[0] == runtime.removesuffix('-new') and row[2] == file and row[3] in ('*', name) and
                (row[1] == '*' or re.search(row[1], self.versions[runtime]))]


def is_here(row):
    return not row.tests.startswith(NOT_HERE)


def tests_of(row):
    return row.tests.split(' | ') if is_here(row) and row.tests else []


def all_tests(table):
    return sorted({test for row in table.rows for test in tests_of(row)})


# --- the check --------------------------------------------------------------------------------

def faults_of_rows(table):
    for name in table.broken:
        yield f'{name}: a row has 7 or 8 columns'
    seen = set()
    for row in table.rows:
        if row.id in seen:
            yield f'{row.id}: appears twice'
        seen.add(row.id)
        if not KEYWORD.fullmatch(row.keyword) or row.keyword not in row.original:
            yield f'{row.id}: "{row.keyword}" is not the key word of the original'
        if is_here(row) and not tests_of(row) or row.tests.strip() == NOT_HERE.strip():
            yield f'{row.id}: has no test'
        for test in tests_of(row):
            if not table.exists(test):
                yield f'{row.id}: there is no test "{test}"'


def faults_of_counts(table):
    found = collections.Counter((row.document, row.section, row.keyword) for row in table.rows)
    for place in dict.fromkeys([*table.counts, *found]):
        if found[place] != table.counts.get(place, 0):
            yield f'{", ".join(place)}: {found[place]} rows, the specification has {table.counts.get(place, 0)}'


def faults_of_results(table):
    for runtime in RUNTIMES:
        for test, cell in table.results[runtime].items():
            if cell == 'deviates' and not table.why(runtime, test):
                yield f'{runtime}, "{test}": deviates, and bats/deviations.tsv does not say why'


def faults_of(table):
    faults = [*faults_of_rows(table), *faults_of_counts(table), *faults_of_results(table)]
    if not table.rows:
        faults.append('there are no requirements')
    document = table.folder / 'conformance.md'
    if not faults and (not document.exists() or document.read_text() != markdown(table)):
        faults.append('conformance.md is not what the tables give: run tests/conformance.py --update')
    return [f'tests/{fault}' if fault.startswith('conformance.md') else f'tests/conformance.tsv: {fault}' for fault in faults]


# --- the document -----------------------------------------------------------------------------

def verdict(table, runtime, row):
    """ok, deviates, not ok, or "" when no test of the row was run."""
    cells = [table.results[runtime].get(test, 'skip').partition(':')[0] for test in tests_of(row)]
    worst = max(cells, key=WORST_LAST.index)
    if runtime == 'berth' and worst == 'ok' and row.note:
        return 'deviates'
    return '' if worst == 'skip' else worst


def cell(text):
    return text.replace('|', '\\|')


def reasons(table, rows):
    """A line for each deviation in these rows."""
    found = dict.fromkeys(f'berth: {row.note}' for row in rows if row.note)
    for runtime in RUNTIMES:
        for row in rows:
            for test in tests_of(row):
                state = table.results[runtime].get(test, '')
                if state == 'deviates':
                    found.update(dict.fromkeys(f'{runtime}, *{test}*: {why}' for why in table.why(runtime, test)))
                elif state == 'not ok':
                    found[f'{runtime}, *{test}*: fails'] = None
    return [f'- {line}' for line in found]


def section_lines(table, section, rows):
    yield from [f'### {section}', '', f'| | requirement | tests | {" | ".join(RUNTIMES)} |', '|---' * (3 + len(RUNTIMES)) + '|']
    for row in rows:
        verdicts = ' | '.join(verdict(table, runtime, row) for runtime in RUNTIMES)
        tests = '<br>'.join(cell(test.replace('.bats: ', ': ')) for test in tests_of(row))
        yield f'| {row.keyword} | `{row.id}` {cell(row.requirement)} | {tests} | {verdicts} |'
    yield ''
    lines = reasons(table, rows)
    yield from [*lines, ''] if lines else []


def summary_lines(table, rows):
    yield from ['| | fulfilled | deviates | fails | no test was run |', '|---|---|---|---|---|']
    for runtime in RUNTIMES:
        count = collections.Counter(verdict(table, runtime, row) for row in rows)
        name = f'{runtime.removesuffix("-new")} {table.versions[runtime]}'.strip()
        yield f'| {name} | {count["ok"]} | {count["deviates"]} | {count["not ok"]} | {count[""]} |'


def markdown(table):
    rows = [row for row in table.rows if is_here(row)]
    others = [row for row in table.rows if not is_here(row)]
    lines = ['# Conformance', '', '<!-- Written by tests/conformance.py --update from conformance.tsv: change that. -->', '',
             f'The OCI runtime specification 1.3.0 has {len(rows)} times MUST, MUST NOT or REQUIRED for a runtime on Linux. Each is a row',
             'here: the word, what is required, the tests, and how these end on berth, on crun and runc of Debian 12, and on the newest of',
             'Debian. Tests are in `bats/`, those of `unit`, `plan` and `init` below `tests/`. *deviates*: the runtime is known to do otherwise, as the lines below a table say;',
             'an empty cell: no test could be run, for want of the kernel\'s or the runtime\'s support.', '',
             *summary_lines(table, rows), '']
    document = None
    for place in dict.fromkeys((row.document, row.section) for row in rows):
        if place[0] != document:
            document = place[0]
            lines += [f'## {document}', '']
        lines += section_lines(table, place[1], [row for row in rows if (row.document, row.section) == place])
    lines += ['## Not for a runtime on Linux', '']
    lines += [f'- {row.document}, {row.section}: "{row.original}": {row.tests.removeprefix(NOT_HERE)}' for row in others]
    return '\n'.join(lines) + '\n'


# --- the tools --------------------------------------------------------------------------------

def update(table):
    """Results of tests that are not named any more go, too."""
    write_results(table)
    (table.folder / 'conformance.md').write_text(markdown(table))


def write_results(table):
    lines = ['\t'.join(['#test', *(f'{runtime} {table.versions[runtime]}'.strip() for runtime in RUNTIMES)])]
    for test in all_tests(table):
        cells = [table.results[runtime].get(test, '') for runtime in RUNTIMES]
        if any(cells):
            lines.append('\t'.join([test, *cells]).rstrip('\t'))
    (table.folder / 'conformance-results.tsv').write_text('\n'.join(lines) + '\n')


def results_in(log):
    """Yields (test, result) of FILE.tap; a program of the unit tests is one test, and its log has the name unit-NAME.tap."""
    kind, _, name = log.stem.partition('-')
    found = RESULT.findall(log.read_text())
    if kind in ('unit', 'init', 'plan'):
        yield f'{kind}: {name}', 'not ok' if any(state == 'not ok' for state, _, _ in found) else 'ok'
        return
    for state, test, skipped in found:
        if skipped:
            state = 'deviates' if skipped.startswith('deviates') else f'skip: {skipped}'
        yield f'{log.stem}.bats: {test}', state


def log_name_of(test):
    """FILE of "FILE.bats: NAME", unit-NAME of "unit: NAME"."""
    kind, _, name = test.partition(': ')
    return kind.removesuffix('.bats') if kind.endswith('.bats') else f'{kind}-{name}'


def note_results(table, runtime, version, logs):
    """Of several logs of one file the worst result counts: guests run tests that the host skips. Files without a log keep their results of the
    same version."""
    stays = table.versions[runtime] == version
    table.versions[runtime] = version
    logs = [pathlib.Path(log) for log in logs]
    new = {log.stem for log in logs}
    found = table.results[runtime] = {test: state for test, state in table.results[runtime].items() if stays and log_name_of(test) not in new}
    for log in logs:
        for test, state in results_in(log):
            rank = WORST_LAST.index(state.partition(':')[0])
            if test not in found or rank > WORST_LAST.index(found[test].partition(':')[0]):
                found[test] = state
    write_results(table)


def keywords_in(text):
    """Yields (section, line, key words) of a document; links are taken out."""
    section, is_code = '', False
    for line in text.splitlines():
        is_code ^= line.startswith('```')
        if re.match('#+ ', line) and not is_code:
            heading = HEADING.match(line)
            section = heading[1].strip() if heading else section
            continue
        line = ' '.join(LINK.sub(r'\1', line).replace('**', '').split())
        yield section, line, KEYWORD.findall(line)


def count(table, folder):
    counts, texts = collections.Counter(), collections.defaultdict(str)
    for document in dict.fromkeys(row.document for row in table.rows):
        for section, line, words in keywords_in((folder / document).read_text()):
            counts.update((document, section, word) for word in words)
            texts[document, section] += line + '\n'
    lines = ['#document\tsection\tkeyword\tcount', *('\t'.join([*place, str(number)]) for place, number in counts.items())]
    (table.folder / 'conformance-counts.tsv').write_text('\n'.join(lines) + '\n')
    return [f'{row.id}: the original is not in its section' for row in table.rows
            if row.original not in texts[row.document, row.section]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tree', type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--results', nargs='+')
    parser.add_argument('--count', type=pathlib.Path)
    options = parser.parse_args()
    table = Table(options.tree)
    faults = []
    if options.count:
        faults = count(table, options.count)
        table = Table(options.tree)
    if options.results:
        note_results(table, *options.results[:2], options.results[2:])
    if options.update or options.results:
        update(table)
        table = Table(options.tree)
    faults += faults_of(table)
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
