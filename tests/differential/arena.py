# SPDX-License-Identifier: Apache-2.0
"""Where containers live while they are compared: one folder, namespaces to join, and a look around for what is left."""
import contextlib
import ctypes
import os
import pathlib
import secrets
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
MNT_DETACH = 2
CGROUPS = pathlib.Path('/sys/fs/cgroup')
# Names of containers begin with it: the same PID may exist in another PID namespace.
PREFIX = f'd{secrets.token_hex(4)}n'
PATIENCE_S = 60
JOINABLE = {'ipc': 'ipc', 'net': 'network', 'uts': 'uts', 'cgroup': 'cgroup', 'pid': 'pid', 'time': 'time'}


def has_systemd():
    return os.path.isdir('/run/systemd/system')


def children_of(pid):
    try:
        return [int(word) for word in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]
    except OSError:
        return []


class Arena:
    def __init__(self, path):
        self.path, self.root, self.bundle = path, path / 'state', path / 'b'
        self.texts = []
        self.seen = None  # by the last look around, when all is as it was then
        # Orphans of a runtime come to us, which tells how they end.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        # Whoever holds it must be another process than one that left its user namespace behind.
        kinds = [kind for kind in ('net', 'ipc', 'uts', 'cgroup', 'time', 'pid') if os.path.exists(f'/proc/self/ns/{kind}')]
        self.holder = subprocess.Popen(['unshare', *(['-Ur'] if os.geteuid() else []), *(f'--{kind}' for kind in kinds), '--fork', '--kill-child', 'sleep',
                                        'infinity'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.held = self.wait_for_held()
        self.own = {kind: os.readlink(f'/proc/self/ns/{kind}') for kind in os.listdir('/proc/self/ns')}
        self.joined = {kind: os.readlink(f'/proc/{self.held}/ns/{kind}') for kind in kinds}
        self.hierarchy = self.options_of_hierarchy()

    def wait_for_held(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for pid in children_of(self.holder.pid):
                with contextlib.suppress(OSError):
                    if os.readlink(f'/proc/{pid}/exe').endswith('sleep'):
                        return pid
            time.sleep(0.01)
        raise TimeoutError('no namespaces to join')

    def place(self):
        """What of the host is in the answers: its kernel, its cgroups and where we are in them."""
        mounts = [line for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines() if ' - cgroup' in line]
        # A mount without its numbers, which are others each time.
        shown = [' '.join([line.split(' ', 5)[4], line.partition(' - ')[2]]) for line in mounts]
        own = [line.split(':', 2)[1:] for line in pathlib.Path('/proc/self/cgroup').read_text().splitlines()]
        return [os.uname().release, os.geteuid(), has_systemd(), shown, [one for one in own if self.has_hierarchy(one[0])]]

    def words(self):
        """For the configuration: {ns:net}, {bundle}."""
        return {f'ns:{kind}': f'/proc/{self.held}/ns/{kind}' for kind in JOINABLE} | {'bundle': str(self.bundle)}

    def namespace(self, link):
        """Whose it is, of an inode's number."""
        if link in self.own.values():
            return 'host'
        return 'joined' if link in self.joined.values() else 'new'

    def cgroups_of(self, pid):
        """The folders of a process in all hierarchies that are mounted here."""
        folders = []
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f'/proc/{pid}/cgroup').read_text().splitlines():
                number, names, path = line.split(':', 2)
                if names:
                    folder = CGROUPS / names.removeprefix('name=').split(',')[0]
                else:
                    folder = CGROUPS if (CGROUPS / 'cgroup.controllers').exists() else CGROUPS / 'unified'
                if (folder / path.lstrip('/')).is_dir() and (number != '0' or names == ''):
                    folders.append(folder / path.lstrip('/'))
        return folders

    def hierarchy_of(self, folder):
        """The name of its hierarchy: on v2 all cgroups are in one."""
        return 'unified' if (CGROUPS / 'cgroup.controllers').exists() else folder.relative_to(CGROUPS).parts[0]

    def has_hierarchy(self, names):
        return names == '' or (CGROUPS / names.removeprefix('name=').split(',')[0]).exists()

    def options_of_hierarchy(self):
        """Of cgroup v2 alone; empty elsewhere."""
        shown = [line.split(' ')[-1] for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines()
                 if line.split(' ')[4] == str(CGROUPS) and ' - cgroup2 ' in line]
        return shown[-1] if shown else ''

    def restore_hierarchy(self):
        """A mount by a peer takes options of the one hierarchy away, for the whole host."""
        if self.options_of_hierarchy() != self.hierarchy:
            subprocess.run(['mount', '-o', f'remount,{self.hierarchy}', CGROUPS], check=True)

    def look_around(self):
        mounts = {line.split(' ')[4] for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines()}
        run = {str(path) for path in pathlib.Path('/run').glob('*/*') if not str(path).startswith(('/run/berth/@', '/run/user', '/run/systemd'))}
        processes = {pathlib.Path(f'/proc/{pid}/comm').read_text().strip() for pid in self.orphans()}
        dev = {f'{path} {os.lstat(path).st_mode:o} {os.lstat(path).st_uid}' for path in pathlib.Path('/dev').glob('*')}
        cgroups = set(self.our_cgroups(CGROUPS, 4))
        shm = {str(path) for path in pathlib.Path('/dev/shm').glob('*')}
        return {'mounts': mounts, 'run': run, 'processes': processes, 'dev': dev, 'cgroups': cgroups, 'shm': shm, 'units': self.units()}

    def units(self):
        """Ours; systemd removes one a moment after it has answered."""
        end = time.monotonic() + PATIENCE_S
        while names := {path.name for path in pathlib.Path('/run/systemd/transient').glob(f'*{PREFIX}*')}:
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        return names

    def our_cgroups(self, folder, depth):
        """Others make and remove cgroups meanwhile."""
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if PREFIX in entry.name:
                    yield entry.path
                elif depth and entry.is_dir(follow_symlinks=False):
                    yield from self.our_cgroups(entry.path, depth - 1)

    def orphans(self):
        return [pid for pid in children_of(os.getpid()) if pid != self.holder.pid]

    def reap_orphans(self, spared=0):
        """As the first process of a host does: a process 1 of a pid namespace does not end before all in it are gone."""
        for pid in self.orphans():
            if pid != spared:
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)

    def clean(self):
        """What is left is in nobody's way."""
        for pid in self.orphans():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        while self.orphans() and time.monotonic() < end:
            self.reap_orphans()
            time.sleep(0.002)
        self.unmount()
        for path in self.our_cgroups(CGROUPS, 4):
            for folder, _, _ in os.walk(path, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)

    def unmount(self):
        """What a runtime has left mounted, before anything below it is removed."""
        mounts = [line.split(' ')[4] for line in pathlib.Path('/proc/self/mountinfo').read_text().splitlines()]
        for mount in reversed([mount for mount in mounts if mount.startswith(f'{self.path}/')]):
            ctypes.CDLL(None).umount2(mount.encode(), MNT_DETACH)

    def close(self):
        self.holder.kill()
        self.holder.wait()
