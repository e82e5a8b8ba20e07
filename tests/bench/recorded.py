# SPDX-License-Identifier: Apache-2.0
"""The figures that tests/bench/gate has recorded, and the comparison with them."""

TOLERANCE = 0.03
# Kernels and hosts differ by as much: a call that one of them does not have, a page that is there already.
ROOM = {'calls': 4, 'instructions': 0, 'memory': 40}
COSTS = ['calls', 'instructions', 'memory']
UNITS = {'calls': 'system calls', 'instructions': 'instructions', 'memory': 'KiB'}


def read_recorded(path):
    """The build, and {(view, phase): {cost: figure}}; a figure is text, '-' for none."""
    build, *lines = path.read_text(encoding='utf-8').splitlines()
    rows = [line.split('\t') for line in lines if not line.startswith('#')]
    return build.partition('\t')[2], {(view, phase): dict(zip(COSTS, figures)) for view, phase, *figures in rows}


def write_recorded(path, build, rows):
    lines = [f'#build\t{build}', '#view\tphase\t' + '\t'.join(UNITS[cost] for cost in COSTS)]
    lines += ['\t'.join([*key, *(row[cost] for cost in COSTS)]) for key, row in rows.items()]
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')


class Report:
    """In the Test Anything Protocol."""

    def __init__(self):
        self.lines = 0
        self.faults = 0

    def say(self, is_good, text):
        self.lines += 1
        self.faults += not is_good
        print(f'{"ok" if is_good else "not ok"} {self.lines} {text}', flush=True)

    def skip(self, what, reason):
        self.say(True, f'{what} # skip {reason}')

    def compare(self, name, cost, figure, recorded):
        grown = (figure - recorded) / recorded
        self.say(grown <= TOLERANCE or figure - recorded <= ROOM[cost], f'{name}: {figure} {UNITS[cost]}, {recorded} recorded ({grown:+.1%})')
        if grown < -TOLERANCE:
            print('# record it, so that it does not grow again: tests/bench/gate --update', flush=True)
