# SPDX-License-Identifier: Apache-2.0
"""The workers: each has an arena of its own (arena.sh) and makes one case after the other (worker.py)."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
USER = 1001
# Hooks inherit it: it is the same for every caller.
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'LANG': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}


def python_of(user):
    """One below /root is out of an ordinary user's reach."""
    return '/usr/bin/python3' if user else sys.executable


class Worker:
    def __init__(self, folder, programs, user):
        folder.mkdir()
        words = [f'{kind}={path}' for kind, path in programs.items() if kind not in ('census', 'code')]
        # Its own session: a signal for the terminal is not for the containers.
        self.process = subprocess.Popen([HERE / 'arena.sh', folder, str(user), python_of(user), programs['code'] / 'worker.py', folder, programs['census'], *words],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
                                        env=ENVIRONMENT)
        self.place = json.loads(self.read_line('its start'))

    def ask(self, names, kinds=None):
        """What each runtime (or those of KINDS) makes of a case: {kind: {'fields': ..., 'texts': ...}}."""
        self.process.stdin.write(json.dumps([names, kinds]) + '\n')
        self.process.stdin.flush()
        return json.loads(self.read_line(names))

    def read_line(self, what):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'the worker has ended, status {self.process.wait()}, at {what}')
        return line

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def build_census(to):
    """In a guest the compiler takes long: CENSUS names one that is made already."""
    if 'CENSUS' in os.environ:
        shutil.copy(os.environ['CENSUS'], to)
    else:
        subprocess.run([os.environ.get('CC', 'gcc'), '-static', '-O1', '-Wall', '-Wextra', '-o', to, *HERE.glob('census*.c')], check=True)
    return to


def start(folder, runtimes, count, rootless):
    """Copies of the runtimes and of the code, since what lies below /root is out of an ordinary user's reach."""
    programs = {'census': build_census(folder / 'census-program'), 'code': folder / 'code'}
    shutil.copytree(HERE, programs['code'])
    for kind, runtime in runtimes.items():
        found = shutil.which(runtime)
        if not found:
            sys.exit(f'there is no {runtime}')
        programs[kind] = folder / kind
        shutil.copy(found, programs[kind])
    return [Worker(folder / f'arena{number}', programs, USER if rootless else 0) for number in range(count)]
