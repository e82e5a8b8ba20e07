# SPDX-License-Identifier: Apache-2.0
"""create, update and delete with every setting of linux.resources at once, against the system calls alone that the first contender
makes on cgroups: recorded by strace, and done again by a program that does nothing else."""
import json
import pathlib
import re
import subprocess

import measure


class FLOOR:  # pylint: disable=too-few-public-methods
    """Stands for the bare system calls in the table's head."""
    name = 'bare calls'


ALL = {
    'memory': {'limit': 256 << 20, 'swap': 512 << 20, 'reservation': 128 << 20},
    'cpu': {'shares': 512, 'quota': 400000, 'period': 80000, 'burst': 10000, 'cpus': '0', 'mems': '0', 'idle': 0},
    'pids': {'limit': 100},
    'blockIO': {'weight': 300},
}
CALL = re.compile(r'''^(?:\[pid +\d+\] )?(?:
    (?P<write>p?write(?:64)?)\(\d+<(?P<file>/sys/fs/cgroup/[^>]*)>,\ "(?P<text>(?:[^"\\]|\\.)*)"
    | (?P<dir>mkdir|rmdir)\("(?P<path>/sys/fs/cgroup/[^"]*)".*=\ 0$)''', re.VERBOSE)


def resources_of(bundle):
    """As update takes them: everything of the host's that has a controller for it, and its first disk."""
    disks = sorted(disk for disk in pathlib.Path('/sys/block').glob('*') if (disk / 'device').exists())
    settings = json.loads(json.dumps(ALL))
    if disks:
        major, minor = map(int, (disks[0] / 'dev').read_text(encoding='utf-8').split(':'))
        for name, rate in (('ReadBps', 1 << 30), ('WriteBps', 1 << 30), ('ReadIOPS', 100000), ('WriteIOPS', 100000)):
            settings['blockIO'][f'throttle{name}Device'] = [{'major': major, 'minor': minor, 'rate': rate}]
    path = bundle / 'resources.json'
    path.write_text(json.dumps(settings), encoding='utf-8')
    return path


def calls_of(contender, words, path):
    """What the command does to cgroups, as lines for writes.c; joining one is left to processes."""
    trace = path.with_suffix('.strace')
    subprocess.run(['strace', '-y', '-s', '4096', '-e', 'trace=write,pwrite64,mkdir,rmdir', '-o', trace,
                    *contender.command(*words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=measure.TIMEOUT, check=True)
    lines = []
    for line in trace.read_text(encoding='utf-8').splitlines():
        match = CALL.match(re.sub(r'^\d+ +', '', line))
        if not match:
            continue
        if match['dir']:
            lines.append(f'{match["dir"]}\t{match["path"]}')
        elif not match['file'].endswith(('/tasks', '/cgroup.procs', '/cgroup.kill')):
            lines.append(f'write\t{match["file"]}\t{match["text"]}')
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return path


class Bench:
    """One run: the contenders that can do all of it, and the floor."""

    def __init__(self, contenders, bundles, helper, runs):
        self.contenders, self.helper, self.runs = contenders, helper, runs
        self.none, self.folder = bundles.sleeping(), bundles.folder
        self.settings = resources_of(self.none)
        self.every = bundles.with_resources(json.loads(self.settings.read_text(encoding='utf-8')))
        self.able = [each for each in contenders if self.is_able(each)]

    def is_able(self, contender):
        able = contender.call('create', '--bundle', self.every, contender.id) == 0 and \
            contender.call('update', '--resources', self.settings, contender.id) == 0
        if not able:
            measure.note(f'{contender.name} cannot set all of it')
        contender.delete()
        return able

    def times(self, words, bundle, *phases):
        """Of each contender, from a container made anew; None for one that cannot."""
        prepare = []
        for each in self.able:
            steps = [each.line('delete', '--force', each.id) + ' 2>/dev/null']
            if 'create' in phases:
                steps.append(each.line('create', '--bundle', bundle, each.id))
            prepare.append(measure.script(*steps, 'true'))
        lines = [each.line(*words, each.id) for each in self.able]
        medians = iter(measure.hyperfine(lines, self.runs, prepare, warmup=1))
        return [next(medians) if each in self.able else None for each in self.contenders]

    def bare(self, calls, *prepare):
        return measure.hyperfine([f'{self.helper} {calls}'], self.runs, [measure.script(*prepare, 'true')], warmup=1)


def rows(contenders, bundles, helper, runs):
    """With every setting, with none, and the calls that the first contender makes for them."""
    measure.note('resources')
    bench = Bench(contenders, bundles, helper, runs)
    first, folder, none, every = contenders[0], bundles.folder, bench.none, bench.every
    update = ['update', '--resources', bench.settings]

    created = calls_of(first, ['create', '--bundle', every, first.id], folder / 'create.calls')
    updated = calls_of(first, [*update, first.id], folder / 'update.calls')
    anew = [first.line('delete', '--force', first.id), first.line('create', '--bundle', none, first.id)]
    written = bench.bare(updated, *anew)
    deleted = calls_of(first, ['delete', '--force', first.id], folder / 'delete.calls')
    dirs = f'sed -n "s/^mkdir.//p" {created}'
    made = bench.bare(created, f'for d in $({dirs} | tac); do rmdir $d; done')
    removed = bench.bare(deleted, f'for d in $({dirs}); do mkdir $d; done 2>/dev/null')
    nothing = bench.bare('/dev/null')

    yield ['`create`, no setting', *bench.times(['create', '--bundle', none], none), *nothing]
    yield ['`create`, every setting', *bench.times(['create', '--bundle', every], every), *made]
    yield ['`update`, no setting', *bench.times(['update'], none, 'create'), *nothing]
    yield ['`update`, every setting', *bench.times(update, none, 'create'), *written]
    yield ['`delete --force`, no setting', *bench.times(['delete', '--force'], none, 'create'), *nothing]
    yield ['`delete --force`, every setting', *bench.times(['delete', '--force'], every, 'create'), *removed]
    for each in contenders:
        each.delete()
