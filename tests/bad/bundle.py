# SPDX-License-Identifier: Apache-2.0
"""The cases of wrong configurations, and bundles to try them in."""
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT = HERE.parent.parent / 'bats' / 'config.jq'
JQ = shutil.which('gojq') or 'jq'
DIRECTORIES = ('bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'run', 'mnt')
APPLETS = ('cat', 'echo', 'ls', 'sh', 'sleep', 'true')
PLACE = re.compile(r'((?:[^:\["]|\["[^"]*"\]|\[[^\]]*\])*): (.*)')


class Case:
    def __init__(self, name):
        self.name = name
        self.commands = []
        self.edit = ''
        self.text = None
        self.expected = []  # (place, words)

    def take(self, line):
        kind, rest = line[:1], line[2:]
        if kind == '$':
            self.commands.append(rest)
        elif kind == '=':
            self.text = rest + '\n' if self.text is None else self.text + rest + '\n'
        elif kind == '>':
            place, words = PLACE.match(rest).groups()
            self.expected.append(('' if place == '-' else place, '' if words == '-' else words))
        else:
            self.edit += line + '\n'


def read_cases():
    cases = []
    for line in (HERE / 'cases').read_text().splitlines():
        if line.startswith('-- '):
            cases.append(Case(line[3:]))
        elif line and cases:
            cases[-1].take(line)
    return cases


def make_rootfs(path):
    for name in DIRECTORIES:
        (path / name).mkdir(parents=True)
    shutil.copy(shutil.which('busybox'), path / 'bin' / 'busybox')
    for name in APPLETS:
        (path / 'bin' / name).symlink_to('busybox')
    (path / 'etc' / 'passwd').write_text('root:x:0:0:root:/root:/bin/sh\n')
    (path / 'etc' / 'group').write_text('root:x:0:\n')


def default_config():
    return subprocess.run([JQ, '-n', '-f', DEFAULT], check=True, capture_output=True).stdout


def make_bundle(path, case, config):
    """A new bundle of the case. The root file system is small: it is made anew each time."""
    if path.exists():
        shutil.rmtree(path)
    make_rootfs(path / 'rootfs')
    # Root of a user namespace has to reach it.
    path.parent.chmod(0o755)
    if case.text is None:
        config = subprocess.run([JQ, case.edit], input=config, check=True, capture_output=True).stdout
    else:
        config = case.text.encode()
    (path / 'config.json').write_bytes(config)
    for command in case.commands:
        subprocess.run(['sh', '-c', command], cwd=path, check=True)


def is_at(found, expected):
    """Is the place that was found the expected one, or in it?"""
    return found == expected or (expected != '' and found.startswith((expected + '.', expected + '[')))
