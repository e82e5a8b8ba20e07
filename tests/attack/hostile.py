# SPDX-License-Identifier: Apache-2.0
"""A bundle that an attacker has had a hand in, a canary outside its root file system, and what tells an escape and a weaker container."""
import argparse
import contextlib
import ctypes
import functools
import json
import os
import pathlib
import pty
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import threading

import containers
from containers import SECONDS, TIMED_OUT

LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, CLONE_NEWNS, CLONE_NEWUSER = 0x1000, 0x20000, 0x10000000
OWNER = 100000
SECRET = 'SECRET of the root file system\n'
# Fields of the census that say how strong a container is; those of mounts and paths are looked at one by one.
STRENGTH = ('ids/', 'capabilities/', 'namespaces/', 'limits/', 'calls/', 'devices/', 'network/', 'keyring/', 'descriptors/', 'process/no_new_privs',
            'process/securebits', 'process/seccomp', 'process/keep_caps', 'process/dumpable', 'process/session', 'process/root', 'signals/')
# Every path of the root file system that a run touches. What the census needs to do its work is not among them: /tmp.
PATHS = ['dev', 'dev/null', 'dev/zero', 'dev/full', 'dev/random', 'dev/urandom', 'dev/tty', 'dev/console', 'dev/ptmx', 'dev/fd', 'dev/stdin', 'dev/stdout',
         'dev/stderr', 'dev/core', 'dev/pts', 'dev/pts/ptmx', 'dev/shm', 'dev/mqueue', 'proc', 'proc/self', 'proc/sys', 'proc/1', 'sys', 'sys/fs',
         'sys/fs/cgroup', 'sys/firmware', 'etc', 'etc/passwd', 'etc/group', 'etc/masked', 'mnt', 'mnt/dir', 'mnt/file', 'mnt/bound', 'mnt/new',
         'mnt/new/deep', 'opt', 'opt/hook', 'opt/hook.out', 'opt/copy', 'opt/copy/link', 'opt/node', 'opt/added', 'run', 'run/notify',
         'run/notify/notify.sock', 'srv', 'srv/work', 'census', 'lib', 'bin']


# --- what an attacker may put in a path's place ------------------------------------------------------------------------------------

def link_to(target):
    return lambda path, canary: path.symlink_to(target.format(c=canary.folder, up='../' * 16 + str(canary.folder).lstrip('/'), fd=canary.fd, name=path.name))


def node(kind, number):
    return lambda path, _: os.mknod(path, kind | 0o666, number)


def make_socket(path, _):
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open('.', os.O_DIRECTORY)
        # sun_path is short.
        os.chdir(path.parent)
        with contextlib.suppress(OSError):
            one.bind(path.name)
        os.fchdir(here)
        os.close(here)


def make_directory(path, _, mode=0o755, full=False):
    path.mkdir()
    if full:
        (path / 'entry').mkdir()
        (path / 'file').write_text('of the attacker\n')
    path.chmod(mode)


def make_file(path, _, mode=0o644):
    path.write_text('of the attacker\n')
    path.chmod(mode)


def mount(path, source, kind, flags):
    """mount(8) is not everywhere."""
    if LIBC.mount(source, bytes(path), kind, flags, None) < 0:
        raise OSError(ctypes.get_errno(), 'mount')


def mount_on(path, source, kind, flags):
    path.mkdir() if kind else path.touch()
    mount(path, source, kind, flags)


KINDS = {
    'missing': lambda path, _: None,
    'absolute-dir': link_to('{c}/dir'), 'absolute-file': link_to('{c}/file'), 'absolute-new': link_to('{c}/new'),
    'upward-dir': link_to('{up}/dir'), 'upward-file': link_to('{up}/file'), 'upward-new': link_to('{up}/new'), 'upward-fifo': link_to('{up}/fifo'),
    'root-link': link_to('/proc/1/root{c}/dir'), 'cwd-link': link_to('/proc/self/cwd/dir'), 'cwd-new': link_to('/proc/self/cwd/new'),
    'fd-link': link_to('/proc/self/fd/{fd}/dir'), 'fd-new': link_to('/proc/self/fd/{fd}/new'), 'parent-fd': link_to('/proc/1/fd/{fd}/dir'),
    'loop': link_to('{name}'), 'to-root': link_to('/'), 'to-proc': link_to('/proc/self'), 'to-dev': link_to('/dev'), 'to-secret': link_to('/opt/secret'),
    'to-inner': link_to('/opt/inner'), 'long-link': link_to(('a' * 255 + '/') * 15),
    'fifo': lambda path, _: os.mkfifo(path), 'socket': make_socket, 'file': make_file, 'directory': make_directory,
    'full-directory': lambda path, canary: make_directory(path, canary, full=True),
    'closed-file': lambda path, canary: make_file(path, canary, 0), 'closed-directory': lambda path, canary: make_directory(path, canary, 0),
    'null': node(stat.S_IFCHR, os.makedev(1, 3)), 'zero': node(stat.S_IFCHR, os.makedev(1, 5)), 'tty': node(stat.S_IFCHR, os.makedev(5, 0)),
    'kmem': node(stat.S_IFCHR, os.makedev(1, 2)), 'disk': node(stat.S_IFBLK, os.makedev(7, 200)),
    'tmpfs': lambda path, _: mount_on(path, b'hostile', b'tmpfs', 0),
    'file-mount': lambda path, _: mount_on(path, b'/proc/self/comm', None, MS_BIND),
}


# Where a link leads to within the root file system: what was to be done at the path is done there.
LEADS = {'to-dev': 'dev', 'to-proc': 'proc'}


# --- the bundle ------------------------------------------------------------------------------------------------------------------------

def configure(config):
    """As much as possible of what has a path in the container."""
    linux, process = config['linux'], config['process']
    process |= {'terminal': False, 'args': ['/census'], 'cwd': '/srv/work'}
    config['root']['readonly'] = False
    config['mounts'] += [
        {'destination': '/mnt/new/deep', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', 'size=64k']},
        {'destination': '/mnt/file', 'type': 'bind', 'source': 'source/file', 'options': ['bind', 'ro']},
        {'destination': '/mnt/bound', 'type': 'bind', 'source': 'source/dir', 'options': ['rbind', 'nosuid', 'nodev']},
        {'destination': '/opt/copy', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['tmpcopyup', 'size=1m']}]
    linux['devices'] = [{'path': '/opt/node', 'type': 'c', 'major': 1, 'minor': 3, 'fileMode': 0o666, 'uid': 0, 'gid': 0}]
    linux['maskedPaths'].append('/etc/masked')
    linux['readonlyPaths'].append('/mnt/dir')
    config['hooks'] = {'startContainer': [{'path': '/opt/hook', 'args': ['hook', '--to', '/opt/hook.out'], 'timeout': 5}]}


def waits(config):
    config['process']['args'].append('wait')


def in_user_namespace(config):
    linux = config['linux']
    linux['namespaces'].append({'type': 'user'})
    linux['uidMappings'] = linux['gidMappings'] = [{'containerID': 0, 'hostID': OWNER, 'size': 65536}]
    del linux['devices']


def without_dev(config):
    """/dev and /sys are directories of the root file system; a terminal needs /dev/pts."""
    kept = '/dev/pts' if config['process']['terminal'] else ''
    config['mounts'] = [mount for mount in config['mounts'] if mount['destination'] == kept or not mount['destination'].startswith(('/dev', '/sys'))]


def with_terminal(config):
    config['process']['terminal'] = True
    without_dev(config)


# For `mounts add`.
LIVE_MOUNTS = [{'destination': '/opt/added', 'type': 'tmpfs', 'source': 'tmpfs'}, {'destination': '/opt/proc', 'type': 'proc', 'source': 'proc'},
          {'destination': '/srv/work', 'type': 'bind', 'source': 'source/dir', 'options': ['bind', 'ro']},
          {'destination': '/etc/passwd', 'type': 'bind', 'source': 'source/file', 'options': ['bind', 'ro']}]
VOLUMES = ['dev', 'etc', 'mnt', 'opt', 'srv', 'run', 'lib']


def on_volumes(config):
    """The paths are in volumes, which other containers may share, and so is /dev, where the terminal is bound."""
    with_terminal(config)
    config['mounts'] = [{'destination': '/' + name, 'type': 'bind', 'source': 'volume/' + name, 'options': ['bind']} for name in VOLUMES] + config['mounts']


def on_false_proc(config):
    """A volume lies on /proc, over the real one."""
    config['mounts'].append({'destination': '/proc', 'type': 'bind', 'source': 'volume/proc', 'options': ['bind']})
    config['linux']['sysctl'] = {'net.ipv4.ip_forward': '1'}


def remove(path):
    """Whatever it is."""
    if not path.is_symlink() and path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Canary:
    """A folder that must stay as it is."""

    def __init__(self, folder):
        self.folder = folder
        (folder / 'dir/sub').mkdir(parents=True)
        for name in ('file', 'dir/file', 'dir/null', 'dir/passwd', 'dir/masked', 'dir/work'):
            (folder / name).write_text('root:x:0:0:CANARY:/CANARY:/bin/sh\n')
            (folder / name).chmod(0o640)
        os.mkfifo(folder / 'fifo')
        self.fd = None


class Ground(containers.Container):
    """The folder of one worker; canary and source are what the container must not change."""

    def __init__(self, options, name, edits):
        super().__init__(options.runtime, pathlib.Path(options.work) / name, name)
        self.census = pathlib.Path(options.work) / 'census'
        self.is_private = in_user_namespace in edits
        self.terminal = with_terminal in edits or on_volumes in edits
        subprocess.run([options.runtime, 'spec'], cwd=self.bundle, check=True)
        config = json.loads((self.bundle / 'config.json').read_text())
        for edit in (configure, *edits):
            edit(config)
        (self.bundle / 'config.json').write_text(json.dumps(config))
        # A bind mount's source is the host's, wherever it leads.
        self.trusted = VOLUMES if on_volumes in edits else ['proc'] if on_false_proc in edits else []
        self.tree = self.bundle / ('volume' if on_volumes in edits or on_false_proc in edits else 'rootfs')
        os.chmod(self.path, 0o755)
        # The target of the attack, which is not examined.
        self.aside = None
        self.canary, self.source = Canary(self.path / 'canary'), Canary(self.bundle / 'source')
        self.canary.fd = os.open(self.canary.folder, os.O_DIRECTORY | os.O_PATH)

    def lay_out(self):
        """A fresh root file system, and a volume like it."""
        for tree in {self.bundle / 'rootfs', self.tree}:
            shutil.rmtree(tree, ignore_errors=True)
            for name in ('dev/pts', 'dev/shm', 'dev/mqueue', 'proc/self/attr', 'proc/1', 'proc/sys/net/ipv4', 'sys/fs/cgroup', 'sys/firmware', 'etc', 'mnt/dir',
                         'mnt/bound', 'opt/copy', 'opt/inner', 'run', 'srv/work', 'tmp', 'lib', 'bin'):
                (tree / name).mkdir(parents=True)
            for name, text in {'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n', 'etc/group': 'root:x:0:\n', 'etc/masked': SECRET, 'opt/secret': SECRET,
                               'mnt/file': '', 'opt/copy/file': 'copied\n', 'proc/self/oom_score_adj': '', 'proc/sys/net/ipv4/ip_forward': ''}.items():
                (tree / name).write_text(text)
            (tree / 'opt/copy/link').symlink_to('file')
            for name in ('census', 'opt/hook'):
                os.link(self.census, tree / name)
            if self.is_private:
                subprocess.run(['chown', '-hR', f'{OWNER}:{OWNER}', tree], check=True)
                os.chown(self.census, 0, 0)

    def replace(self, place, kind):
        """Returns whether that could be done: not everything can be put into every file system."""
        return self.put(self.tree, place, kind)

    def replace_inside(self, place, kind):
        """As a process in the living container could."""
        pidfd = os.pidfd_open(int(self.pid()))
        child = os.fork()
        if child == 0:
            done = LIBC.setns(pidfd, CLONE_NEWNS | (CLONE_NEWUSER if self.is_private else 0)) == 0 and self.put(pathlib.Path('/'), place, kind)
            os._exit(not done)
        os.close(pidfd)
        return os.waitpid(child, 0)[1] == 0

    def put(self, tree, place, kind):
        path = tree / place
        try:
            remove(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            KINDS[kind](path, self.canary)
            if self.is_private and tree == self.tree and (path.is_symlink() or path.exists()):
                os.chown(path, OWNER, OWNER, follow_symlinks=False)
        except OSError:
            return False
        return True

    def withdraw_mounts(self):
        """Those that a kind has made, before the tree goes."""
        for line in reversed(pathlib.Path('/proc/self/mountinfo').read_text().splitlines()):
            if line.split(' ')[4].startswith(str(self.bundle)):
                subprocess.run(['umount', '-n', '-l', line.split(' ')[4]], check=False)

    def enter(self, line, *prefix, **more):
        """Runs a command in the canary's directory with a descriptor on it, so that links through /proc lead there, and a terminal if there is one."""
        streams = {'cwd': self.canary.folder, 'pass_fds': [self.canary.fd], 'env': os.environ | {'NOTIFY_SOCKET': str(self.path / 'notify')}, **more}
        if not self.terminal:
            return self.call(line, *prefix, **streams)
        master, slave = pty.openpty()
        reader = threading.Thread(target=self.drain, args=[master])
        reader.start()
        try:
            return self.call(line, *prefix, **streams | {'stdin': slave, 'stdout': slave, 'start_new_session': True})
        finally:
            os.close(slave)
            reader.join(SECONDS)
            os.close(master)

    def drain(self, master):
        """What comes to the terminal is as if it had been written to the file; ends when nobody has the terminal open."""
        with open(self.out, 'ab') as out, contextlib.suppress(OSError):
            while data := os.read(master, 65536):
                out.write(data.replace(b'\r\n', b'\n'))

    def outside(self):
        """All that nothing may change: what is around the trees, the nodes of /dev, the mounts."""
        seen = {}
        own = {str(path) for path in (self.bundle / 'rootfs', self.tree, self.root, self.out, self.path / 'err', self.path / 'list', self.path / 'evil', self.aside)}
        for folder, names, files in os.walk(self.path):
            names[:] = [name for name in names if os.path.join(folder, name) not in own]
            for path in [os.path.join(folder, name) for name in names + files] + [folder]:
                if path not in own and path not in (str(self.path), str(self.bundle)):
                    seen[path] = self.inode(path)
        for name in os.listdir('/dev'):
            seen['/dev/' + name] = self.inode('/dev/' + name)[:4]
        mounts = pathlib.Path('/proc/self/mountinfo').read_text().splitlines()
        seen['mounts'] = sorted(line.split(' ')[4] for line in mounts if '/n' not in line.split(' ')[4] or str(self.path) in line.split(' ')[4])
        return seen

    @staticmethod
    def inode(path):
        one = os.lstat(path)
        return [oct(one.st_mode), one.st_uid, one.st_gid, one.st_rdev, one.st_nlink, one.st_size, one.st_mtime_ns, one.st_ctime_ns]

    def read_census(self):
        """The last one that was printed."""
        text = self.out.read_text(errors='replace').replace(self.id, 'ID')
        try:
            start = text.rindex('{"')
            return json.loads(text[start:text.rindex('}\n') + 1])
        except ValueError:
            return {}


# --- what is wrong ------------------------------------------------------------------------------------------------------------------

def mount_lines(census):
    """The fields of each mount, if /proc could be read."""
    return [line.split(' ') for line in census.get('file//proc/self/mountinfo', '').splitlines() if ' - ' in line]


def mounts_of(census):
    """Mount point: options, type. What lies under another on the same point does not count."""
    return {line[4]: (line[5], line[line.index('-') + 1]) for line in mount_lines(census)}


def is_below(path, place):
    return path == '/' + place or path.startswith(f'/{place}/') or ('/' + place).startswith(path + '/')


def escape(ground, before, census):
    """What shows that the container, or the runtime for it, came out; ''."""
    after = ground.outside()
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            return f'ESCAPE {path}: {before.get(path)} became {after.get(path)}'
    # The source of a bind mount is what the host has there.
    for key, value in census.items() if ground.aside is None else ():
        if key.startswith(('file/', 'environment/')) and 'CANARY' in value and key != 'file//mnt/file':
            return f'ESCAPE {key} has what is outside'
    # A link may lead to a place of the same name in the root file system.
    for line in mount_lines(census):
        if line[3].startswith('/ID/canary') and ground.aside is None:
            return f'ESCAPE a mount: {line}'
    return ''


def namespace_of(census, key):
    return 'host' if census.get(key) == containers.own_namespace(key.removeprefix('namespaces/')) else 'own'


def weaker(baseline, census, places, returned):
    """What makes the container less than the undisturbed one, leaving aside what is at PLACES; ''. RETURNED: what was elsewhere for a moment, or None."""
    has_proc = 'file//proc/self/mountinfo' in baseline and 'proc' not in places
    for key in baseline:
        if not key.startswith(STRENGTH):
            continue
        if key.startswith('namespaces/'):
            if has_proc and namespace_of(baseline, key) != namespace_of(census, key):
                return f'WEAKER {key}: the host\'s'
        elif not key.startswith('descriptors/') and baseline[key] != census.get(key) and (has_proc or key != 'process/root'):
            return f'WEAKER {key}: {census.get(key)}, not {baseline[key]}'
    extra = {key for key in census if key.startswith('descriptors/')} - {key for key in baseline if key.startswith('descriptors/')}
    if extra:
        return f'WEAKER {sorted(extra)}: {census[min(extra)]}'
    mounts, wanted = mounts_of(census), mounts_of(baseline)

    def is_aside(path):
        """What came back must have its masks: they are on files of the kernel, which nobody moves."""
        top = '/' + path.split('/')[1]
        is_masked = path not in (top, '/sys/fs/cgroup') and wanted.get(top, ('', ''))[1] in ('proc', 'sysfs') and mounts.get(top) == wanted[top]
        return any(is_below(path, place) for place in places) and (returned is None or not is_masked)

    for path, words in wanted.items():
        if mounts and mounts.get(path) != words and not is_aside(path):
            return f'WEAKER mount on {path}: {mounts.get(path)}, not {words}'
    # A path of the root file system is masked or read-only by what is there when it is looked up: who moves that away for this moment, and back, may
    # write to the root file system from outside, and needs no such trick to read or change it.
    def is_protected(path):
        return returned is None or not is_below(path, returned)

    if is_protected('/etc/masked') and census.get('access//etc/masked', '').endswith(('full ok', 'full EROFS', 'directory opens full')):
        return f'WEAKER /etc/masked can be read: {census["access//etc/masked"]}'
    if is_protected('/mnt/dir') and census.get('writable//mnt/dir') == 'ok':
        return 'WEAKER /mnt/dir can be written to'
    return ''


def fault(ground, before, baseline, result, places, returned=None):
    """PLACES: where it was attacked; RETURNED: what of it came back. One line that says what is wrong after a command with a status and words on standard error; ''."""
    status, text = result
    census = ground.read_census() if status == 0 else {}
    wrong = escape(ground, before, census)
    if wrong:
        return wrong
    if status == TIMED_OUT:
        return f'HANG after {SECONDS} s'
    if status < 0 or 128 < status < 255:
        return f'status {status}: {text.strip()[-200:]}'
    if status != 0 and not text.strip() and not ground.out.read_text(errors='replace').strip():
        return f'status {status} without a message'
    return weaker(baseline, census, places, returned) if census else ''


# --- a command of its own ------------------------------------------------------------------------------------------------------------

def options_of(description, scenarios, has_places=False):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('scenarios', nargs='*', help=f'of {" ".join(scenarios)}; default: all')
    parser.add_argument('--runtime', default=str(containers.HERE.parents[1] / 'build/src/cli/berth'))
    parser.add_argument('--every', type=int, default=1, metavar='N', help='only every Nth point')
    parser.add_argument('--offset', type=int, default=0, metavar='N', help='and of those from the Nth on')
    if has_places:
        parser.add_argument('--distinct', action='store_true', help=containers.DISTINCT)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--only', metavar='PATTERN', help='points whose words match this regular expression')
    parser.add_argument('--work', help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.runtime = str(pathlib.Path(shutil.which(options.runtime) or options.runtime).absolute())
    return options


def in_arena(script, runtime, words):
    """Runs the script once more where nodes, mounts and the state directories are its own, and another directory is the current one: tests/differential/arena.sh."""
    with tempfile.TemporaryDirectory(prefix='berth-attack.') as work:
        return subprocess.run([containers.HERE.parent / 'differential/arena.sh', work, '0', script, *words, '--runtime', runtime, '--work', work], check=False).returncode


def baseline_of(attack_class, options, scenario):
    attack = attack_class(options, scenario, 0)
    try:
        return attack.record()
    finally:
        attack.sweep()


def work_through(attack_class, options, scenario, work):
    number, points, baseline = work
    attack = attack_class(options, scenario, number)
    faults, runs, tried = 0, 0, 0
    try:
        for point in points:
            wrong, status = attack.judge(baseline, point)
            if wrong:
                # A point that fails once may have met a busy machine.
                wrong, status = attack.judge(baseline, point)
            tried += status is not None
            runs += status == 0
            if wrong:
                faults += 1
                print(f'{scenario} {attack.describe(point)}: {wrong}'[:400], flush=True)
    finally:
        attack.sweep()
    return faults, runs, tried


def sweep(attack_class, options):
    """An attack_class is a Ground that has record, judge and describe. Returns the status of the whole."""
    containers.build(options.work, 'injector')
    is_berth = pathlib.Path(options.runtime).name == 'berth'
    points, faults = 0, 0
    with containers.workers(options.jobs) as pool:
        for scenario in options.scenarios or [name for name in attack_class.SCENARIOS if is_berth or name != 'mounts']:
            try:
                baseline, chosen = pool.submit(baseline_of, attack_class, options, scenario).result()
                if not chosen:
                    raise RuntimeError('undisturbed, it has no point')
            except RuntimeError as error:
                print(f'{scenario}: {error}', flush=True)
                faults += 1
                continue
            chosen = [point for point in chosen if options.only is None or re.search(options.only, attack_class.describe(point))]
            chosen = chosen[options.offset::options.every]
            work = [(i + 1, chosen[i::options.jobs], baseline) for i in range(options.jobs)]
            results = list(pool.map(functools.partial(work_through, attack_class, options, scenario), work))
            counts = [sum(result[i] for result in results) for i in range(3)]
            print(f'{scenario}: {counts[2]} points, {counts[0]} failures ({counts[1]} containers ran, {len(chosen) - counts[2]} points could not be tried)', flush=True)
            points, faults = points + counts[2], faults + counts[0]
    return containers.conclude(points, faults)
