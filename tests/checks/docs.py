#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs.py TREE [BERTH]: do README.md, HACKING.md and the help say what there is, and nothing else?

Every command is in README.md; every option is in README.md or in the help of each command that takes it, but for those that
options.def keeps to the manual, after CLI_HEADING(""); every option that
README.md and HACKING.md give to berth exists; every file that HACKING.md names exists; every layer is in HACKING.md; every
CVE in the table of SECURITY.md has a test that names it, and the reverse."""
import pathlib
import re
import subprocess
import sys

COMMAND = re.compile(r'^CLI_COMMAND\((\w+), (\w+),', re.MULTILINE)
OPTION = re.compile(r'^CLI_OPTION\(([^,]+), (?:0|\'.\'), "([^"]+)"', re.MULTILINE)
PATH = re.compile(r'`([\w.*-]+(?:/[\w.*-]+)+/?|[\w-]+\.(?:md|build|txt))`')


def read(tree, name):
    path = tree / name
    return path.read_text() if path.exists() else ''


def help_of(berth, *command):
    result = subprocess.run([berth, *command, '--help'], capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else ''


def has_option(text, option):
    return re.search(rf'--{re.escape(option)}(?![\w-])', text) is not None


def faults_of_commands(commands, readme, berth):
    for _, name in commands:
        if not re.search(rf'(?:berth |`){name}\b', readme):
            yield f'README.md: says nothing of the command {name}'
    if berth:
        overview = help_of(berth)
        for _, name in commands:
            if not re.search(rf'^ +{name} ', overview, re.MULTILINE):
                yield f'berth --help: says nothing of the command {name}'


def faults_of_options(options, commands, readme, berth):
    for takers, option in options:
        if berth is None or has_option(readme, option):
            continue
        texts = {name: help_of(berth, name) for bit, name in commands
                 if bit in re.split(r'\W+', takers) or 'ALL' in takers}
        if 'GLOBAL' in takers:
            texts[''] = help_of(berth)
        for name, text in texts.items():
            if not has_option(text, option):
                yield f'berth {name} --help: says nothing of --{option}'


def faults_of_uses(name, text, options):
    """What a document gives to berth must exist."""
    known = {option for _, option in options}
    for line in re.findall(r'\bberth [^\n`]*', text):
        line = line.split('&&')[0].split(' | ')[0]
        for option in re.findall(r'(?<=[\s\[])--([a-z][\w-]*)', line):
            if option not in known:
                yield f'{name}: berth has no option --{option}'


def faults_of_map(tree, hacking):
    for path in PATH.findall(hacking):
        if not path.startswith('build/') and not any(tree.glob(path.rstrip('/'))):
            yield f'HACKING.md: {path} does not exist'
    for folder in sorted((tree / 'src').iterdir()):
        if folder.is_dir() and f'src/{folder.name}' not in hacking:
            yield f'HACKING.md: says nothing of src/{folder.name}'


def faults_of_attacks(tree):
    listed = set(re.findall(r'^\| (CVE-\d+-\d+) \|', read(tree, 'SECURITY.md'), re.MULTILINE))
    tests = '\n'.join(line for file in sorted(tree.glob('bats/*.bats')) for line in file.read_text().splitlines() if line.startswith('@test'))
    tested = set(re.findall(r'CVE-\d+-\d+', tests))
    for number in sorted(listed - tested):
        yield f'SECURITY.md: no test names {number}'
    for number in sorted(tested - listed):
        yield f'SECURITY.md: says nothing of {number}'


def main(tree, berth=None):
    readme, hacking = read(tree, 'README.md'), read(tree, 'HACKING.md')
    commands = COMMAND.findall(read(tree, 'include/berth/cli/commands.def'))
    table = read(tree, 'include/berth/cli/options.def')
    options = OPTION.findall(table)
    faults = [] if commands and options else ['no commands or no options found']
    faults += faults_of_commands(commands, readme, berth)
    faults += faults_of_options(OPTION.findall(table.partition('CLI_HEADING("")')[0]), commands, readme, berth)
    faults += faults_of_uses('README.md', readme, options)
    faults += faults_of_uses('HACKING.md', hacking, options)
    faults += faults_of_map(tree, hacking)
    faults += faults_of_attacks(tree)
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:3]))
