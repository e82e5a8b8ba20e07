# SPDX-License-Identifier: Apache-2.0
"""What is measured, each for all contenders together. A row is [what, one value a contender, ...]; None: not measured."""
import json
import os
import pathlib
import re
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

COLD = 'sleep 0.06'  # the pause after which the first write to a cgroup's procs file waits for a grace period
TIMEOUT = 20  # seconds
FLOOR_VERBS = ['start', 'state', 'kill', 'delete']  # what tests/bench/verbs.c does itself

LIMIT_STEP = 4 << 10
LIMIT_MAX = 64 << 20


def note(text):
    print('bench:', text, file=sys.stderr, flush=True)


class Contender:
    """One runtime, with a state directory of its own."""

    def __init__(self, name, path, folder, container_id):
        self.name = name
        self.root = folder / f'state-{name}'
        self.id = container_id
        self.base = [path, '--root', str(self.root)]

    def maker(self, other):
        """The same state directory and ID for the program of another contender."""
        return Contender(self.name, other.base[0], self.root.parent, self.id)

    def command(self, *words):
        return [*self.base, *map(str, words)]

    def line(self, *words):
        return shlex.join(self.command(*words))

    def call(self, *words):
        """Returns the exit status, or None after the time-out."""
        process = subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            return process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def output(self, *words):
        result = subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
                                text=True, check=True)
        return result.stdout

    def delete(self):
        self.call('delete', '--force', self.id)

    def pid(self):
        return json.loads(self.output('state', self.id))['pid']

    def wait_stopped(self):
        end = time.monotonic() + TIMEOUT
        while json.loads(self.output('state', self.id))['status'] != 'stopped':
            if time.monotonic() > end:
                raise TimeoutError(f'{self.name}: the container does not stop')
            time.sleep(0.01)


def hyperfine(lines, runs, prepare=(), warmup=3):
    """Times all command lines in one call; returns medians in ms."""
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        command = ['hyperfine', '-N', '--style', 'none', '--warmup', str(warmup), '--runs', str(runs), '--export-json', file.name]
        for line in prepare:
            command += ['--prepare', line]
        result = subprocess.run(command + list(lines), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f'hyperfine: {result.stderr.strip()}')
        return [entry['median'] * 1000 for entry in json.load(file)['results']]


def script(*lines):
    """One word for a shell: hyperfine runs no shell of its own."""
    return shlex.join(['sh', '-c', '; '.join(lines)])


# --- time ---------------------------------------------------------------------------------------

def can_run(contender, bundle):
    result = subprocess.run(contender.command('run', '--bundle', bundle, contender.id), stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=TIMEOUT, text=True, check=False)
    if result.returncode != 0:
        note(f'{contender.name} cannot: {result.stderr.strip()}')
        contender.delete()
    return result.returncode == 0


def times_of_able(contenders, bundle, to_line, runs, prepare=()):
    """Medians of those that can run the bundle; None for the others."""
    able = [each for each in contenders if can_run(each, bundle)]
    medians = iter(hyperfine(map(to_line, able), runs, prepare) if able else ())
    return [next(medians) if each in able else None for each in contenders]


def run_times(contenders, name, bundle, runs):
    def to_line(each):
        return each.line('run', '--bundle', bundle, each.id)

    note(f'run: {name}')
    yield [f'`run`, {name}, hot', *times_of_able(contenders, bundle, to_line, runs)]
    yield [f'`run`, {name}, cold', *times_of_able(contenders, bundle, to_line, runs, [COLD])]


def with_floor(contenders, floor, verb):
    return [*contenders, floor] if verb in FLOOR_VERBS else contenders


def phase_times(contenders, floor, bundle, runs):
    """Each phase after a pause, from a container made anew. `floor` has only some phases; the first contender makes its containers."""
    makers = [*contenders, floor.maker(contenders[0])]

    def lines_to(*phases):
        lines = [[each.line('delete', '--force', each.id) + ' 2>/dev/null'] for each in makers]
        for each, steps in zip(makers, lines):
            if 'create' in phases:
                steps.append(each.line('create', '--bundle', bundle, each.id))
            if 'start' in phases:
                steps.append(each.line('start', each.id))
            steps.append(COLD)
        return [script(*steps) for steps in lines]

    phases = {
        'create': (lines_to(), ['create', '--bundle', bundle]),
        'start': (lines_to('create'), ['start']),
        'state': (lines_to('create', 'start'), ['state']),
        'exec': (lines_to('create', 'start'), ['exec']),
        'kill': (lines_to('create', 'start'), ['kill']),
        'delete --force': (lines_to('create', 'start'), ['delete', '--force']),
    }
    after_id = {'kill': ['KILL'], 'exec': ['true']}
    for name, (prepare, words) in phases.items():
        note(f'phase: {name}')
        measured = with_floor(contenders, floor, words[0])
        lines = []
        for each in measured:
            lines.append(each.line(*words, each.id, *after_id.get(name, [])))
        medians = hyperfine(lines, runs, prepare[:len(lines)], warmup=1)
        yield [f'`{name}`, cold', *medians, *[None] * (len(makers) - len(medians))]
    for each in makers:
        each.delete()


def cpu_time(contender, words):
    """Of the command and of all processes that it waits for: user and system together, in ms."""
    nothing = [(os.POSIX_SPAWN_OPEN, fd, '/dev/null', os.O_RDWR, 0) for fd in (0, 1, 2)]
    command = contender.command(*words)
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=nothing)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise RuntimeError(f'{contender.name}: {" ".join(words)}: status {status}')
    return (usage.ru_utime + usage.ru_stime) * 1000


def cpu_rows(contenders, floor, bundle, runs):
    """What a node's engine does all day, beside others: the processor's time hardly depends on them."""
    note('CPU time')
    makers = [*contenders, floor.maker(contenders[0])]
    for each in makers:
        each.call('create', '--bundle', bundle, each.id)
        each.call('start', each.id)
    for name, arguments in (('exec', ['true']), ('state', [])):
        measured = with_floor(contenders, floor, name)
        times = {each: [] for each in measured}
        for _ in range(runs):
            for each in measured:
                times[each].append(cpu_time(each, [name, each.id, *arguments]))
        medians = [statistics.median(times[each]) for each in measured]
        yield [f'CPU time of `{name}`', *medians, *[None] * (len(makers) - len(medians))]
    for each in makers:
        each.delete()


def parallel_times(contenders, bundle, count):
    def to_line(each):
        run = each.line('run', '--bundle', bundle)
        return script(f'for i in $(seq {count}); do {run} {each.id}-$i & pids="$pids $!"; done',
                      'for pid in $pids; do wait $pid || exit 1; done')

    note(f'scale: {count} in parallel')
    return [f'{count} × `run` in parallel', *times_of_able(contenders, bundle, to_line, 3)]


def copy_states(contender, bundle, count):
    """Leaves `count` states of stopped containers: copies of a real one's, under other names of the same length."""
    seed = Contender(contender.name, contender.base[0], contender.root.parent, 'seed00000')
    seed.root = contender.root.with_name(contender.root.name + '-list')
    seed.base[2] = str(seed.root)
    seed.call('create', '--bundle', bundle, seed.id)
    pid = json.loads(seed.output('state', seed.id))['pid']
    seed.call('kill', seed.id, 'KILL')
    seed.wait_stopped()
    # Whoever has got the process reaps it, as an engine does: list takes longer for a zombie.
    end = time.monotonic() + TIMEOUT
    while pathlib.Path(f'/proc/{pid}').exists():
        if time.monotonic() > end:
            raise TimeoutError(f'{seed.name}: nobody reaps the container')
        time.sleep(0.01)
    files = [file for file in (seed.root / seed.id).iterdir() if file.is_file()]
    contents = {file.name: file.read_bytes() for file in files}
    links = {link.name: link.readlink() for link in (seed.root / seed.id).iterdir() if link.is_symlink()}
    for i in range(1, count):
        name = f'seed{i:05}'
        (seed.root / name).mkdir(mode=0o700)
        for file, content in contents.items():
            (seed.root / name / file).write_bytes(content.replace(seed.id.encode(), name.encode()))
        for link, target in links.items():
            (seed.root / name / link).symlink_to(target)
    seen = len(seed.output('list', '--quiet').split())
    if seen != count:
        raise RuntimeError(f'{seed.name}: list shows {seen} of {count} containers')
    return seed


def list_times(contenders, bundle, count, runs):
    note(f'scale: list of {count}')
    seeds = [copy_states(each, bundle, count) for each in contenders]
    row = [f'`list` of {count} stopped containers', *hyperfine([seed.line('list') for seed in seeds], runs)]
    for seed in seeds:
        seed.delete()
    return row


def mounts_times(contenders, bundle, count, runs):
    def to_line(each):
        return each.line('run', '--bundle', bundle, each.id)

    note(f'scale: {count} mounts')
    return [f'`run` with {count} bind mounts', *times_of_able(contenders, bundle, to_line, runs)]


# --- memory and system calls --------------------------------------------------------------------

def peak_memory(contender, bundle, helper):
    """The median of the peak resident memory of `run` and what it waits for, in KiB."""
    peaks = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(9):
            subprocess.run([helper, file.name, *contender.command('run', '--bundle', bundle, contender.id)],
                           stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
            peaks.append(int(pathlib.Path(file.name).read_text(encoding='utf-8')))
    return statistics.median(peaks)


def waiting_memory(contender, bundle):
    """The private memory of a created container's waiting process, in KiB."""
    if contender.call('create', '--bundle', bundle, contender.id) != 0:
        return None
    text = pathlib.Path(f'/proc/{contender.pid()}/smaps_rollup').read_text(encoding='utf-8')
    contender.delete()
    return sum(int(size) for size in re.findall(r'^Private_(?:Clean|Dirty): +(\d+)', text, re.MULTILINE))


def works_within(contender, bundles, limit):
    """Does `true` end well every time under this limit of memory?"""
    bundle = bundles.limited(limit)
    for _ in range(3):
        if contender.call('run', '--bundle', bundle, contender.id) != 0:
            contender.delete()
            return False
    return True


def smallest_limit(contender, bundles):
    """In KiB; by bisection in pages."""
    fails, works = 0, LIMIT_MAX
    while works - fails > LIMIT_STEP:
        middle = (fails + works) // 2 // LIMIT_STEP * LIMIT_STEP
        if works_within(contender, bundles, middle):
            works = middle
        else:
            fails = middle
    return works // 1024 if works < LIMIT_MAX else None


def system_calls(contender, bundle):
    """Of `run` and all its children, the container's `true` among them."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(['strace', '-f', '-c', '-U', 'calls,name', '-o', file.name,
                        *contender.command('run', '--bundle', bundle, contender.id)],
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
        text = pathlib.Path(file.name).read_text(encoding='utf-8')
    return sum(int(calls) for calls, name in re.findall(r'^ *(\d+) (\w+)$', text, re.MULTILINE) if name != 'total')


def memory_rows(contenders, bundles, helper):
    smallest, sleeping = bundles.smallest(helper), bundles.sleeping()
    note('memory')
    yield ['peak memory of `run`, KiB', *(peak_memory(each, smallest, helper) for each in contenders)]
    yield ['private memory of a created container\'s process, KiB', *(waiting_memory(each, sleeping) for each in contenders)]
    yield ['smallest memory limit under which `true` runs, KiB', *(smallest_limit(each, bundles) for each in contenders)]


def view_inside(contender, bundle, program=()):
    """Sorted lines of the output of `run`, without what differs from run to run: numbers of mounts and devices, times."""
    output = contender.output('run', '--bundle', bundle, contender.id, *program)
    output = re.sub(r'^\d+ \d+ \d+:\d+ ', '', output, flags=re.MULTILINE)
    return sorted(re.sub(r'\w{3} +\d+ \d\d:\d\d.*', '', output).splitlines())


def call_rows(contenders, bundles):
    note('system calls')
    yield ['system calls of `run`', *(system_calls(each, bundles.plain()) for each in contenders)]


def end_softly(process):
    process.send_signal(signal.SIGTERM)
    process.wait()
