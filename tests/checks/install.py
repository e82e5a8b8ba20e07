#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""install.py TREE BUILD BINDIR LIBEXECDIR DATADIR MANDIR: does `meson install` put everything in its place, and nothing else?"""
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAMS = ['berth']
HELPERS = ['berth/berth-init', 'berth/berth-bus']
DATA = [
    'bash-completion/completions/berth', 'zsh/site-functions/_berth', 'fish/vendor_completions.d/berth.fish',
    'doc/berth/README.md', 'doc/berth/HACKING.md', 'doc/berth/LICENSE',
]


def pages_of(tree):
    commands = re.findall(r'^CLI_COMMAND\(\w+, (\w+)', (tree / 'include/berth/cli/commands.def').read_text(), re.MULTILINE)
    return ['man1/berth.1', *(f'man1/berth-{command}.1' for command in commands)]


def faults_of(root, programs, rest):
    """Of what is there below the root, where there should be programs and the rest."""
    found = {f'/{file.relative_to(root)}': file for file in root.rglob('*') if file.is_file()}
    expected = programs | rest
    yield from (f'{name} is not installed' for name in sorted(expected - found.keys()))
    yield from (f'{name} is installed: say so in install.py' for name in sorted(found.keys() - expected))
    for name, file in found.items():
        if file.stat().st_size == 0:
            yield f'{name} is empty'
        if (file.stat().st_mode & 0o777) != (0o755 if name in programs else 0o644):
            yield f'{name} has the mode {file.stat().st_mode:o}'


def faults_of_program(berth):
    result = subprocess.run([berth, '--version'], capture_output=True, text=True, check=False)
    if result.returncode != 0 or not result.stdout.startswith('berth version '):
        yield f'the installed berth does not say its version: {result}'


def main(tree, build, folders):
    bindir, libexecdir, datadir, mandir = folders
    programs = {*(f'{bindir}/{name}' for name in PROGRAMS), *(f'{libexecdir}/{name}' for name in HELPERS)}
    rest = {*(f'{datadir}/{name}' for name in DATA), *(f'{mandir}/{name}' for name in pages_of(tree))}
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(['meson', 'install', '-C', build, '--no-rebuild', '--destdir', folder],
                                capture_output=True, text=True, check=False)
        faults = [f'meson install: {result.stdout}{result.stderr}'] if result.returncode != 0 else []
        faults += faults or [*faults_of(pathlib.Path(folder), programs, rest), *faults_of_program(f'{folder}{bindir}/berth')]
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
