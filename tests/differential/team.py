#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The workers: each has an arena of its own (arena.sh) and makes one case after the other (worker.py), here or in a guest of its own.
team.py UID KIND=RUNTIME...: becomes one, in a guest; CENSUS names the program of that name."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
USER = 1001
# Hooks inherit it: it is the same for every caller.
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LANG': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}
KINDS = ('berth', 'runc', 'crun')
GUEST_S = 7200


def python_of(user):
    """One below /root is out of an ordinary user's reach."""
    return '/usr/bin/python3' if user else sys.executable


class Worker:
    def __init__(self, words, environment):
        self.words, self.environment = words, environment
        self.start()

    def start(self):
        # Its own session: a signal for the terminal is not for the containers.
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
                                        env=self.environment)
        self.said_place = None

    def read(self, wanted):
        """The next line that begins as an answer does, since in a guest others come between; empty when the worker has ended."""
        line, said = self.process.stdout.readline(), ''
        while line and not line.startswith(wanted):
            line, said = self.process.stdout.readline(), line
        if not line and said:
            print(f'note: the last words of a worker: {said.strip()}', flush=True)
        return line

    def place(self):
        """Arena.place, once the worker has started."""
        self.said_place = self.said_place or self.read('ready ')
        if not self.said_place:
            raise RuntimeError(f'a worker does not start, status {self.process.wait()}')
        return json.loads(self.said_place.removeprefix('ready '))

    def ask(self, names, kinds=KINDS):
        """What each runtime (or those of KINDS) makes of a case: {kind: {'fields': ..., 'texts': ...}}."""
        self.place()
        self.process.stdin.write(json.dumps([names, list(kinds)]) + '\n')
        self.process.stdin.flush()
        line = self.read('{')
        return json.loads(line) if line else self.ask_others(names, kinds)

    def ask_others(self, names, kinds):
        """crun kills all that runs in a cgroup that it takes for a container's: such an end is its answer, and not of the others."""
        status = self.process.wait()
        if list(kinds) == ['berth']:
            raise RuntimeError(f'{",".join(names)}: berth ends the worker, status {status}')
        self.start()
        if len(kinds) == 1:
            return {kinds[0]: {'fields': {'left/worker': 'ended'}, 'texts': [f'the worker has ended, status {status}']}}
        return {kind: self.ask(names, [kind])[kind] for kind in kinds}

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def spoils(names, kinds):
    """Does it change what all later cases find? crun takes the root of the hierarchy for the container's cgroup, and leaves its device program
    there; and sysctls are the joined namespace's."""
    takes_root = 'crun' in kinds and {'cgroups-path=root', 'cgroups-path=empty'}.intersection(names)
    return takes_root or {'joined', 'sysctl'} <= {name.partition('=')[0] for name in names}


class Guest(Worker):
    """It does not see the end of its input."""

    def ask(self, names, kinds=KINDS):
        answers = super().ask(names, kinds)
        if spoils(names, kinds):
            self.end()
            self.start()
        return answers

    def end(self):
        self.process.terminate()
        self.process.wait()


def build_census(to):
    """In a guest the compiler takes long: CENSUS names one that is made already."""
    if 'CENSUS' in os.environ:
        shutil.copy(os.environ['CENSUS'], to)
    else:
        subprocess.run([os.environ.get('CC', 'gcc'), '-static', '-O1', '-Wall', '-Wextra', '-o', to, *HERE.glob('census*.c')], check=True)
    return to


def copy_programs(folder, runtimes):
    """Copies of the runtimes and of the code, since what lies below /root is out of an ordinary user's reach."""
    programs = {'census': build_census(folder / 'census-program'), 'code': folder / 'code'}
    shutil.copytree(HERE, programs['code'])
    for kind, runtime in runtimes.items():
        programs[kind] = folder / kind
        shutil.copy(runtime, programs[kind])
    return programs


def words_of(folder, programs, user):
    """The command that is a worker."""
    folder.mkdir()
    runtimes = [f'{kind}={path}' for kind, path in programs.items() if kind not in ('census', 'code')]
    return [HERE / 'arena.sh', folder, str(user), python_of(user), programs['code'] / 'worker.py', folder, programs['census'], *runtimes]


def start(folder, runtimes, count, user):
    programs = copy_programs(folder, runtimes)
    return [Worker(words_of(folder / f'arena{number}', programs, user), ENVIRONMENT) for number in range(count)]


def start_guests(folder, runtimes, count, user, guest):
    """Each has one processor. What takes long to make is made here, in FOLDER, which they see."""
    profile, _, kernel = guest.partition(':')
    census = build_census(folder / 'census')
    words = [HERE.parent / 'vm' / 'run', '-i', '-p', profile, '-k', kernel or 'uml-new', '-m', '2G', '-t', str(GUEST_S), '--', 'env', f'CENSUS={census}',
             HERE / 'team.py', str(user), *(f'{kind}={path}' for kind, path in runtimes.items())]
    return [Guest(words, os.environ) for _ in range(count)]


def main(user, *runtimes):
    folder = pathlib.Path(tempfile.mkdtemp(prefix='differential-'))
    folder.chmod(0o755)
    programs = copy_programs(folder, dict(runtime.split('=', 1) for runtime in runtimes))
    words = words_of(folder / 'arena', programs, int(user))
    os.execve(words[0], words, ENVIRONMENT)


if __name__ == '__main__':
    main(*sys.argv[1:])
