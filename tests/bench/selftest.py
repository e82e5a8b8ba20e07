#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the gate fail when a cost has grown, and only then?"""
import contextlib
import io
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from recorded import Report, read_recorded, write_recorded

CASES = [
    # figure, recorded, the report
    (1030, 1000, 'ok 1 run: 1030 system calls, 1000 recorded (+3.0%)\n'),
    (1031, 1000, 'not ok 1 run: 1031 system calls, 1000 recorded (+3.1%)\n'),
    (64, 60, 'ok 1 run: 64 system calls, 60 recorded (+6.7%)\n'),
    (65, 60, 'not ok 1 run: 65 system calls, 60 recorded (+8.3%)\n'),
    (970, 1000, 'ok 1 run: 970 system calls, 1000 recorded (-3.0%)\n'),
    (900, 1000, 'ok 1 run: 900 system calls, 1000 recorded (-10.0%)\n# record it, so that it does not grow again: tests/bench/gate --update\n'),
]


def faults():
    for figure, recorded, expected in CASES:
        report = Report()
        with contextlib.redirect_stdout(io.StringIO()) as output:
            report.compare('run', 'calls', figure, recorded)
        if output.getvalue() != expected or report.faults != expected.startswith('not ok'):
            yield f'{figure} of {recorded}: {output.getvalue()!r}, {report.faults} faults'
    rows = {('v2', 'run'): {'calls': '5', 'instructions': '-', 'memory': '7'}}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / 'recorded.tsv'
        write_recorded(file, 'gcc 12', rows)
        if read_recorded(file) != ('gcc 12', rows):
            yield 'what is read is not what was written'


found = list(faults())
print('\n'.join(found))
sys.exit(1 if found else 0)
