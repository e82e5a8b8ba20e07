#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manual.py TREE MANUAL: is there a page of every command, do groff and mandoc take all pages in the folder MANUAL without a word (where they are installed), and
does the generator find what is wrong in prose?"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LINTS = [['groff', '-ww', '-z', '-man', '-Tutf8'], ['mandoc', '-T', 'lint', '-W', 'style']]

# file, what is added to it (None: it is removed), what the generator says
FAULTS = [
    ('start.md', None, 'start.md: missing'),
    ('start.md', 'See berth-begin(1).\n', 'no page berth-begin(1)'),
    ('start.md', 'Use `berth start --fast`.\n', 'berth start has no option --fast'),
    ('start.md', 'Use `--force`.\n', 'berth start has no option --force'),
    ('start.md', '    berth --root /r kill -ax c1\n', 'berth kill has no option -ax'),
    ('start.md', '## Other\n\nText.\n', 'a section Other'),
    ('start.md', 'Use `berth exec c1 ls --color`, `berth run --detach c1` and `--root`.\n', ''),
]


def commands_of(tree):
    return re.findall(r'^CLI_COMMAND\(\w+, (\w+)', (tree / 'include/berth/cli/commands.def').read_text(), re.MULTILINE)


def faults_of_pages(tree, pages):
    names = {page.name for page in pages}
    for name in ['berth', *(f'berth-{command}' for command in commands_of(tree))]:
        if f'{name}.1' not in names:
            yield f'no page {name}(1)'
    for lint in LINTS:
        if shutil.which(lint[0]):
            for page in pages:
                result = subprocess.run([*lint, page], capture_output=True, text=True, check=False)
                if result.returncode != 0 or result.stdout or result.stderr:
                    yield f'{page}: {lint[0]}: {result.stdout}{result.stderr}'


def faults_of_generator(tree):
    for name, text, words in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(tree / 'contrib', pathlib.Path(folder) / 'contrib')
            file = copy / 'man' / name
            if text is None:
                file.unlink()
            else:
                file.write_text(f'{file.read_text()}\n{text}')
            command = [sys.executable, '-B', copy / 'man/gen.py', tree / 'include/berth/cli', '1', f'{folder}/berth.1']
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        if words not in result.stderr or (result.returncode == 0) != (words == '') or (words == '' and result.stderr):
            yield f'gen.py says of "{text}" in {name} not "{words}" but: {result.stderr}'


def main(tree, pages):
    faults = [*faults_of_pages(tree, pages), *faults_of_generator(tree)]
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1]), sorted(pathlib.Path(sys.argv[2]).glob('*.1'))))
