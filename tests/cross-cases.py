#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cross-cases.py MACHINE LOG OBSTACLE...: reports the cases in meson's LOG (testlog.json) of MACHINE in the Test Anything Protocol: a line for the
cases of a program that pass, and one for each case that is skipped or fails. A case that fails counts as skipped when cross.tsv has a reason, in
a row of one of the OBSTACLEs. tests/cross numbers the lines.

cross-cases.py --left-out OBSTACLE...: the programs that are not run at all."""
import csv
import json
import os
import re
import sys

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cross.tsv')
CASE = re.compile(r'(not )?ok \d+ - (.*?)(?: # SKIP (.*))?$')


def rows_of(obstacles):
    """Rows (program, case, reason)."""
    with open(TABLE, encoding='utf-8') as table:
        rows = csv.reader((line for line in table if not line.startswith('#')), delimiter='\t', quoting=csv.QUOTE_NONE)
        return [row[1:] for row in rows if row[0] in obstacles]


def outcomes(test):
    """(name, whether it passes, why it was skipped) of each case; a program that ends badly is a case, too."""
    lines = test.get('stdout', '').splitlines()
    found = [match.groups() for match in map(CASE.match, lines) if match]
    cases = [(name, not bad, skipped) for bad, name, skipped in found]
    plan = [line for line in lines if re.match(r'1\.\.\d+', line)]
    code = test['returncode']
    if not plan:
        if cases or code != 0:
            cases.append((f'ends with status {code} ({test["result"]}), without a plan', False, None))
        else:
            cases.append(('succeeds', True, None))
    elif plan[0].startswith('1..0'):
        cases.append(('all of it', True, plan[0].partition('SKIP ')[2]))
    elif plan[0] != f'1..{len(cases)}' or code != (0 if all(good for _, good, _ in cases) else 1):
        cases.append((f'ends with status {code} ({test["result"]}) after {len(cases)} cases of {plan[0]}', False, None))
    return cases


class Report:
    def __init__(self, machine, rows):
        self.machine = machine
        self.rows = rows
        self.passed = self.failed = self.skipped = 0

    def line(self, good, text, skipped=None):
        print(f'{"ok" if good else "not ok"} - {self.machine}: {text}' + (f' # skip {skipped}' if skipped else ''))

    def reason(self, program, name):
        return next((row[2] for row in self.rows if row[0] == program and row[1] != '-' and re.fullmatch(row[1], name)), None)

    def add_program(self, program, cases):
        passed = 0
        for name, good, skipped in cases:
            reason = skipped if good else self.reason(program, name)
            if reason is not None:
                self.skipped += 1
                self.line(True, f'{program}: {name}', reason)
            elif good:
                passed += 1
            else:
                self.failed += 1
                self.line(False, f'{program}: {name}')
        self.passed += passed
        if passed > 0:
            self.line(True, f'{program}: {passed} cases pass')

    def add_left_out(self):
        for program, name, reason in self.rows:
            if name == '-':
                self.skipped += 1
                self.line(True, f'{program}: all of it', reason)


def main():
    if sys.argv[1] == '--left-out':
        print(*(row[0] for row in rows_of(sys.argv[2:]) if row[1] == '-'), sep='\n')
        return 0
    machine, log, *obstacles = sys.argv[1:]
    report = Report(machine, rows_of(obstacles))
    with open(log, encoding='utf-8') as tests:
        for test in map(json.loads, tests):
            report.add_program(test['name'].rpartition(' / ')[2], outcomes(test))
    report.add_left_out()
    print(f'# {machine}: {report.passed} passed, {report.failed} failed, {report.skipped} skipped')
    return 0 if report.failed == 0 and report.passed > 0 else 1


if __name__ == '__main__':
    sys.exit(main())
