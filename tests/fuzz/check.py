#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py BERTH [SEED [SECONDS [KIND]]]: documents that break rules at random places, given to all commands of a BERTH that was built
with sanitizers which read JSON of the user's: configurations to `check` and a dry run; as root also mounts, processes and resources to
commands on living containers. What is wrong may be refused in any words, but never by a crash; the container lives on as it was, and
nothing is left on the host. Each seed is one document, of a KIND below."""
import copy
import ctypes
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import typing

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
VALUES = [None, True, False, 0, -1, 1, 2**31, 2**32, 2**63, 2**64 - 1, -2**63, 1.5, '', '/', '..', 'a', '-1', '0-9999', '/dev/null', '%d',
          'a%db', 'x' * 5000, '\0', 'é', '\n', 'idmap', 'rbind', '.x', 'SCMP_ACT_NOTIFY', '/proc/self/ns/net', 'L3:0=fff', [], {}, [''],
          {'': ''}, [0], [[]]]
FULL = json.loads((TREE / 'tests/unit/data/full-config.json').read_text())
DEFAULT = json.loads(subprocess.run(['jq', '-n', '-f', TREE / 'bats/config.jq'], capture_output=True, check=True).stdout)
MAPPING = [{'containerID': 0, 'hostID': 1000, 'size': 10}]
MOUNTS = [
    {'destination': '/m/dir', 'type': 'bind', 'source': 'src', 'options': ['rbind', 'ro', 'nosuid', 'rslave']},
    {'destination': '/m/file', 'source': 'src/file', 'options': ['bind', 'rnoexec', 'src-nofollow']},
    {'destination': '/m/mapped', 'source': 'src', 'options': ['bind', 'idmap'], 'uidMappings': MAPPING, 'gidMappings': MAPPING},
    {'destination': '/m/tmp', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['size=64k', 'mode=750', 'nodev', 'unbindable']},
    {'destination': '/bin', 'type': 'tmpfs', 'options': ['tmpcopyup']},
    {'destination': '/m/over', 'type': 'overlay', 'source': 'overlay', 'options': ['lowerdir=src:rootfs', 'userxattr']},
    {'destination': '/m/../m/link/x', 'type': 'tmpfs', 'options': ['sync', 'relatime']},
]
LIMITS = {
    'memory': {'limit': 2**26, 'reservation': 2**25, 'swap': 2**27, 'swappiness': 10},
    'cpu': {'shares': 512, 'quota': 50000, 'period': 100000, 'burst': 1000, 'cpus': '0', 'mems': '0', 'idle': 0},
    'pids': {'limit': 100},
    'blockIO': {'weight': 100, 'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 2**20}]},
    'hugepageLimits': [{'pageSize': '2MB', 'limit': 2**21}],
    'network': {'classID': 5, 'priorities': [{'name': 'lo', 'priority': 3}]},
    'devices': [{'allow': False, 'access': 'rwm'}, {'allow': True, 'type': 'c', 'major': 1, 'minor': 3, 'access': 'rw'}],
}
REFUSAL = range(0, 2)
ANY = range(0, 256)


class Kind(typing.NamedTuple):
    originals: list
    lives: bool  # is there a container?
    calls: list  # of the words, and what the exit status may be


KINDS = {
    'config': Kind([FULL, DEFAULT, DEFAULT], False, [
        (['check', '-b', 'BUNDLE', '-f', 'FILE'], REFUSAL),
        (['run', '--dry-run', '-b', 'BUNDLE', '-f', 'FILE', 'ID'], REFUSAL)]),
    'mounts': Kind([MOUNTS, {'mounts': MOUNTS}, MOUNTS + DEFAULT['mounts'], FULL['mounts'], *([mount] for mount in MOUNTS)], True, [
        (['mounts', 'add', '--dry-run', 'ID', 'FILE'], REFUSAL),
        (['mounts', 'remove', '--dry-run', 'ID', 'FILE'], REFUSAL),
        (['mounts', 'add', 'ID', 'FILE'], REFUSAL),
        (['mounts', 'remove', 'ID', 'FILE'], REFUSAL)]),
    'process': Kind([FULL['process'], DEFAULT['process'], {**DEFAULT['process'], **FULL['process'], 'args': ['true'], 'cwd': '/'}], True, [
        (['exec', '--dry-run', '--process', 'FILE', 'ID'], (*REFUSAL, 255)),
        (['exec', '--process', 'FILE', 'ID'], ANY),
        (['exec', '-p', 'FILE', '-t', '-u', '1:2', '-e', 'A=b', '-c', 'KILL', '-g', '5', 'ID', 'true'], ANY)]),
    'resources': Kind([FULL['linux']['resources'], LIMITS, LIMITS, *({key: value} for key, value in LIMITS.items())], True, [
        (['update', '-r', 'FILE', 'ID'], REFUSAL)]),
}


# --- documents

def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, path + (key,))


def at(document, path):
    for key in path:
        document = document[key]
    return document


def mutate(document, rng):
    places = [path for path in paths(document) if path]
    if not places:
        return
    *above, key = rng.choice(places)
    parent = at(document, above)
    act = rng.random()
    if act < 0.25:
        del parent[key]
    elif act < 0.75:
        parent[key] = copy.deepcopy(rng.choice(VALUES))
    elif act < 0.85 and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[key] = copy.deepcopy(at(document, rng.choice(places)))


def text_of(originals, rng):
    document = copy.deepcopy(rng.choice(originals))
    for _ in range(rng.choice([0, 1, 1, 2, 3, 6])):
        mutate(document, rng)
    text = json.dumps(document)
    return text[:rng.randrange(len(text))] if rng.random() < 0.05 else text


# --- the host and the container

def keep_the_host_safe():
    """In mounts of its own, where only files below /mnt, which go with them, can be written; and what loses its parent becomes a child
    of this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) != 0 or libc.prctl(36, 1, 0, 0, 0) != 0:  # CLONE_NEWNS, PR_SET_CHILD_SUBREAPER
        sys.exit(os.strerror(ctypes.get_errno()))
    for words in (['--make-rprivate', '/'], ['-o', 'remount,bind,ro', '/'], ['-t', 'tmpfs', 'tmpfs', '/mnt']):
        subprocess.run(['mount', *words], check=True)
    tempfile.tempdir = '/mnt'


def make_bundle(bundle):
    for name in ('rootfs/bin', 'rootfs/m/dir', 'src'):
        (bundle / name).mkdir(parents=True)
    (bundle / 'src/file').write_text('text')
    (bundle / 'rootfs/m/link').symlink_to('/m/dir')
    for name in ('sh', 'sleep', 'true'):
        shutil.copy('/bin/busybox', bundle / 'rootfs/bin' / name)
    config = copy.deepcopy(DEFAULT)
    config['process']['args'] = ['sleep', '100000']
    (bundle / 'config.json').write_text(json.dumps(config))


def children():
    """All of this process, but not those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass
    return pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text().split()


def mounts_of(pid):
    return pathlib.Path(f'/proc/{pid}/mountinfo').read_text()


class Berth:
    def __init__(self, program, directory):
        self.program, self.directory, self.bundle = program, directory, directory / 'b'
        self.words = {'BUNDLE': str(self.bundle), 'FILE': str(directory / 'document.json'), 'ID': f'fuzz{os.getpid()}'}
        self.alive, self.calls = False, {True: 0, False: 0}
        make_bundle(self.bundle)

    def call(self, words):
        command = [self.program, '--root', self.directory / 'root', *(self.words.get(word, word) for word in words)]
        # By a file: a container that lives on would hold a pipe open.
        with tempfile.TemporaryFile() as said:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, timeout=30, cwd=self.bundle,
                                    check=False).returncode
            said.seek(0)
            return status, said.read().decode(errors='replace')

    def state(self):
        command = [self.program, '--root', self.directory / 'root', 'state', self.words['ID']]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def renew(self, lives):
        if self.alive:
            self.call(['delete', '--force', 'ID'])
        self.alive = lives
        if lives and self.call(['run', '--detach', '-b', 'BUNDLE', 'ID'])[0] != 0:
            sys.exit('no container can be made')

    def looks(self):
        """What no call may change, and the container's mounts."""
        state = self.state() if self.alive else {'pid': 'self', 'status': ''}
        return (state['status'], children(), mounts_of('self')), mounts_of(state['pid'])

    def fails(self, kind):
        """Yields what is no refusal."""
        same, mounts = self.looks()
        for words, statuses in kind.calls:
            status, said = self.call(words)
            self.calls[status == 0] += 1
            same_before, mounts_before = same, mounts
            same, mounts = self.looks()
            if status not in statuses or 'Sanitizer' in said or 'runtime error' in said:
                yield f'{words}: status {status}\n{said}'
            if same != same_before:
                yield f'{words}: status {status}\n{said}{same_before} is now {same}'
            if mounts != mounts_before and words[:2] != ['mounts', 'remove'] and (words[:2] != ['mounts', 'add'] or status != 0):
                yield f'{words}: status {status}\n{said}{mounts_before} are now\n{mounts}'


def fuzz(berth, seed, seconds, kinds):
    end, bad, renews = time.monotonic() + seconds, 0, True
    while time.monotonic() < end:
        # A container gets a hundred documents, one after the other.
        kind = kinds[seed // 100 % len(kinds)]
        if renews or seed % 100 == 0:
            berth.renew(kind.lives)
        renews = False
        pathlib.Path(berth.words['FILE']).write_text(text_of(kind.originals, random.Random(seed)))
        for failure in berth.fails(kind):
            print(f'seed {seed}: {failure}')
            bad, renews = bad + 1, True
        seed += 1
    print(f'seeds up to {seed - 1}: {berth.calls[True]} calls went well, {berth.calls[False]} were refused, {bad} failures')
    return bad > 0


def main(program, seed='1', seconds='60', kind=None):
    is_root = os.geteuid() == 0
    program = os.path.realpath(program)
    kinds = [KINDS[kind]] if kind else [kind for kind in KINDS.values() if is_root or not kind.lives]
    if is_root:
        keep_the_host_safe()
    with tempfile.TemporaryDirectory() as directory:
        berth = Berth(program, pathlib.Path(directory))
        try:
            return fuzz(berth, int(seed), float(seconds), kinds)
        finally:
            berth.renew(False)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
