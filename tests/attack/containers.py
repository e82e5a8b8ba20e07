# SPDX-License-Identifier: Apache-2.0
"""What the attacks share: one container after the other under one name, the runtime's commands on it, and what is left of it."""
import concurrent.futures
import contextlib
import ctypes
import json
import multiprocessing
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
CGROUPS = pathlib.Path('/sys/fs/cgroup')
PR_SET_CHILD_SUBREAPER = 36
SECONDS = 10
TIMED_OUT = 124
# The injector itself.
TOOL_FAILED = 125
# The injector says so on standard error.
DONE = 'inject: done\n'
UNITS = pathlib.Path('/run/systemd/transient')
# In the names of containers: the same PID may exist in another PID namespace.
RUN = secrets.token_hex(4)
# With systemd the runtimes use its cgroup manager.
MANAGER = ['--systemd-cgroup'] if pathlib.Path('/run/systemd/system').is_dir() else []
DISTINCT = 'of system calls that come from the same place of the program (the call, all that is to return, its paths) only the first'


def workers(count):
    """They have what this process has set. Since Python 3.14 others would begin anew, and could not load a program without .py."""
    return concurrent.futures.ProcessPoolExecutor(count, mp_context=multiprocessing.get_context('fork'))


def build(work, *programs):
    """The programs of the attacks, and the census of tests/differential."""
    census = sorted((HERE.parent / 'differential').glob('*.c'))
    for name, words in [(name, [HERE / f'{name}.c']) for name in programs] + [('census', ['-static', *census])]:
        subprocess.run(['gcc', '-O1', '-o', pathlib.Path(work) / name, *words], check=True)
    os.chmod(work, 0o755)


def own_namespace(kind):
    """'' where the kernel has none of this kind."""
    try:
        return os.readlink('/proc/self/ns/' + kind)
    except FileNotFoundError:
        return ''


def conclude(points, faults):
    """Prints the last line, and returns the status. An attack that tried nothing has shown nothing: that is a failure."""
    if points == 0 and faults == 0:
        print('no point was tried')
        faults = 1
    print(f'{points} points, {faults} failures')
    return 1 if faults else 0


class Container:
    """Its folder has b (the bundle), state (the state directory), and out and err, what was written."""

    def __init__(self, runtime, path, name):
        self.runtime, self.path, self.id = runtime, path, name
        self.bundle, self.root, self.out = path / 'b', path / 'state', path / 'out'
        self.bundle.mkdir(parents=True)
        # Orphans of the runtime come to us, so that none is overlooked.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def words(self, line):
        return [self.runtime, *MANAGER, '--root', str(self.root), *self.fill_in(line)]

    def fill_in(self, line):
        return [word.format(b=self.bundle, path=self.path, id=self.id) for word in line.split()]

    def call(self, line, *prefix, limit=SECONDS, **streams):
        """The status, and what it said on standard error. PREFIX: words before the command."""
        with open(self.out, 'ab') as out, open(self.path / 'err', 'w+b') as err:
            streams = {'stdin': subprocess.DEVNULL, 'stdout': out, 'stderr': err} | streams
            child = subprocess.Popen([*prefix, *self.words(line)], **streams)
            status = self.wait(child, limit)
            err.seek(0)
            return status, err.read().decode(errors='replace')

    @staticmethod
    def wait(child, limit):
        """Reaps the orphans meanwhile: the first process of a PID namespace ends when all others are reaped."""
        end = time.monotonic() + limit
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == child.pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                return child.returncode
            if pid == 0:
                time.sleep(0.001)
            if time.monotonic() > end:
                child.kill()
                child.wait()
                return TIMED_OUT

    def state(self):
        child = subprocess.run(self.words('state ' + self.id), capture_output=True, text=True, check=False)
        return json.loads(child.stdout) if child.returncode == 0 else {'status': 'none', 'pid': 0}

    def status(self):
        return self.state()['status']

    def pid(self):
        return str(self.state()['pid'])

    def wait_for_census(self):
        """Of a container that was only started, the census may come a little later."""
        end = time.monotonic() + SECONDS
        while not self.out.read_text(errors='replace').endswith('}\n') and time.monotonic() < end:
            time.sleep(0.002)

    def wait_until_stopped(self):
        end = time.monotonic() + SECONDS
        while self.status() == 'running' and time.monotonic() < end:
            time.sleep(0.002)

    def cgroups(self):
        """Of the container, which has the default place: a child of each hierarchy's root, or with systemd of its slice."""
        found = []
        for parent in [CGROUPS, *CGROUPS.iterdir(), *CGROUPS.glob('*/system.slice')]:
            with contextlib.suppress(OSError):
                found += [parent / name for name in os.listdir(parent) if self.id in name]
        return found

    def units(self):
        """Of systemd, for the container."""
        return [path for path in UNITS.glob('*') if self.id in path.name]

    def clean(self):
        """Returns what is wrong after delete --force, or ''."""
        status, text = self.call('delete --force ' + self.id)
        if status != 0:
            self.sweep()
            return f'delete --force ends with {status}: {text.strip()}'
        end = time.monotonic() + SECONDS
        while (left := self.left()) and time.monotonic() < end:
            time.sleep(0.005)
        if left:
            self.sweep()
        return left

    def left(self):
        if self.reap():
            return 'a process is left'
        if self.root.exists() and any(path for path in self.root.iterdir() if not path.name.startswith(('.', '@'))):
            return f'left in the state directory: {[path.name for path in self.root.iterdir()]}'
        left = self.cgroups() + self.units()
        return f'left: {left[0]}' if left else ''

    @staticmethod
    def reap():
        """Whether there are children still."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
            return True
        return False

    def sweep(self):
        """So that the next point starts from nothing: ends all processes and removes what is left."""
        end = time.monotonic() + SECONDS
        while (self.kill_all() or self.cgroups()) and time.monotonic() < end:
            time.sleep(0.002)
        for unit in self.units():
            for verb in ('stop', 'reset-failed'):
                subprocess.run(['systemctl', verb, unit.name], capture_output=True, check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def kill_all(self):
        """Removes the cgroups that are empty. Whether there are children still."""
        for folder in self.cgroups():
            with contextlib.suppress(OSError):
                for name, thawed in (('freezer.state', 'THAWED'), ('cgroup.freeze', '0')):
                    if (folder / name).exists():
                        (folder / name).write_text(thawed)
            with contextlib.suppress(OSError):
                for pid in (folder / 'cgroup.procs').read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):
                folder.rmdir()
        for pid in pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        return self.reap()
