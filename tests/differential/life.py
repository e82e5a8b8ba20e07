# SPDX-License-Identifier: Apache-2.0
"""The life of one container: the steps of a flow, and what is found out at each, as text by name."""
import array
import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import termios
import time

import arena as arenas
import bundle

DEADLINE_S = 60

# Words that callers look for in the message of a failed command.
PHRASES = {
    'denied': r'(?i)permission denied|operation not permitted',
    'not found': r'(?i)executable file not found in|no such file or directory|open executable',
    'unknown container': r'container (\S+ )?does not exist',
    'not running': r'(?i)not running|process already finished|no such process',
}
WARNING = re.compile(r'^(?:warning: |time="[^"]*" level=warning ).*\n?', re.MULTILINE)

CGROUP_FILES = '''cpu.shares cpu.cfs_quota_us cpu.cfs_period_us cpu.cfs_burst_us cpu.rt_runtime_us cpu.rt_period_us cpu.idle cpuset.cpus cpuset.mems
    memory.limit_in_bytes memory.soft_limit_in_bytes memory.memsw.limit_in_bytes memory.swappiness memory.oom_control memory.use_hierarchy
    memory.kmem.tcp.limit_in_bytes pids.max devices.list blkio.weight blkio.bfq.weight blkio.throttle.read_bps_device
    blkio.throttle.write_bps_device blkio.throttle.read_iops_device blkio.throttle.write_iops_device hugetlb.2MB.limit_in_bytes
    hugetlb.2MB.rsvd.limit_in_bytes net_cls.classid freezer.state cpu.max cpu.max.burst cpu.weight cpu.weight.nice memory.max memory.low memory.high
    memory.min memory.swap.max memory.oom.group io.max io.weight io.bfq.weight hugetlb.2MB.max hugetlb.2MB.rsvd.max cgroup.freeze
    cgroup.subtree_control cgroup.type cgroup.max.depth'''.split()


UNIT_PROPERTIES = '''Slice Description Delegate CollectMode DefaultDependencies KillMode TimeoutStopUSec After Before Wants MemoryMax MemoryHigh MemoryLow
    MemoryMin MemorySwapMax CPUWeight CPUQuotaPerSecUSec CPUQuotaPeriodUSec AllowedCPUs AllowedMemoryNodes TasksMax IOWeight DevicePolicy DeviceAllow'''.split()


def has_ended(pid, seconds):
    """A child ends within so many seconds."""
    with contextlib.closing(os.fdopen(os.pidfd_open(pid))) as process:
        return bool(select.select([process], [], [], seconds)[0])


class Life:
    """Of the container NAME, by one runtime. `found` is what is found out."""

    def __init__(self, arena, runtime, name, case):
        self.arena, self.name, self.case = arena, name, case
        self.base = [runtime, '--root', str(arena.root), *case.get('@global', [])]
        self.found, self.pid, self.calls = {}, 0, 0
        self.out = arena.path / 'census.json'
        self.terminal = None

    def preset(self, caller):
        """In the child, before the runtime: how its caller is."""
        os.umask(caller.get('umask', 0o022))
        if 'affinity' in caller:
            os.sched_setaffinity(0, caller['affinity'])
        if caller.get('ignore'):
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if caller.get('block'):
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        if 'nice' in caller:
            os.nice(caller['nice'])
        if 'cwd' in caller:
            os.chdir(caller['cwd'])

    def call(self, *words, out=None):
        """The runtime's status and words are found out; the status is the answer."""
        self.calls += 1
        key = f'call/{self.calls}-{words[0]}'
        words = [word.replace('{bundle}', str(self.arena.bundle)) for word in words]
        with open(self.arena.path / 'said', 'w+b') as said:
            status = self.wait_for([*self.base, *words], out or said, said)
            said.seek(0)
            text = said.read().decode(errors='replace')
        self.found[f'{key}/status'] = str(status)
        self.note_words(key, status, text)
        return status, text

    def wait_for(self, words, out, said):
        environment = {**os.environ, **self.case.get('@environment', {})}
        descriptors = self.case.get('@descriptors')
        if descriptors:
            words = ['sh', '-c', f'exec "$@" {" ".join(f"{number}</dev/zero" for number in descriptors)}', 'sh', *words]
        caller = self.case.get('@caller')
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=said, env=environment, cwd=self.arena.path,
                              preexec_fn=caller and (lambda: self.preset(caller))) as process:
            if not has_ended(process.pid, DEADLINE_S):
                process.kill()
                return 'too late'
            return process.wait()

    def note_words(self, key, status, text):
        reasons = WARNING.sub('', text)
        if reasons.strip() and (status != 0 or self.case.get('@words')):
            self.found[f'{key}/words'] = ', '.join(name for name, pattern in PHRASES.items() if re.search(pattern, reasons)) or 'others'
        elif status == 0:
            self.found[f'{key}/says'] = 'something' if text.strip() and 'state' not in key and 'list' not in key and 'ps' not in key else '-'
        self.arena.texts.append(text.strip())

    # --- the steps ----------------------------------------------------------------------------

    def create(self, verb, *options):
        """create, or run; false when there is no container then."""
        with open(self.out, 'wb') as out:
            status, _ = self.call(verb, '--bundle', str(self.arena.bundle), '--pid-file', str(self.arena.path / 'pid'), *options, self.name, out=out)
        pidfile = self.arena.path / 'pid'
        if status == 0 and pidfile.exists():
            self.pid = int(pidfile.read_text())
        return status == 0

    def step_run(self):
        self.create('run')
        self.take_census()

    def step_detach(self):
        if not self.create('run', '--detach', *self.case.get('@options', [])):
            return False
        return self.await_census()

    def step_create(self):
        return self.create('create', *self.case.get('@options', []))

    def step_console(self):
        """As conmon: a socket gets the terminal."""
        path = self.arena.path / 'console'
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            if not self.create('run', '--detach', '--console-socket', str(path)):
                return False
            readable, _, _ = select.select([server], [], [], DEADLINE_S)
            if not readable:
                self.found['console'] = 'none'
                return False
            connection, _ = server.accept()
            with connection:
                name, extra, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        # A name is sent along, too, which nobody uses.
        self.terminal = array.array('i', extra[0][2])[0]
        modes = termios.tcgetattr(self.terminal)
        self.found['console'] = f'{modes[0]:x} {modes[1]:x} {modes[2]:x} {modes[3]:x}'
        self.found['console/name'] = 'some' if name else 'none'
        return self.await_census()

    def read_terminal(self):
        data = b''
        end = time.monotonic() + DEADLINE_S
        while b'}\r\n' not in data and b'}\n' not in data and time.monotonic() < end:
            readable, _, _ = select.select([self.terminal], [], [], 0.5)
            try:
                data += os.read(self.terminal, 1 << 16) if readable else b''
            except OSError:
                break
            if not readable and not self.is_alive():
                break
        self.found['console/newline'] = 'CR LF' if b'\r\n' in data else 'LF'
        self.out.write_bytes(data)

    def step_start(self):
        return self.call('start', self.name)[0] == 0 and self.await_census()

    def step_state(self):
        _, text = self.call('state', self.name)
        self.found[f'state/{self.calls}'] = text

    def step_ps(self):
        self.call('ps', '--format', 'json', self.name)

    def step_list(self):
        _, text = self.call('list', '--format', 'json')
        self.found[f'list/{self.calls}'] = text

    def step_pause(self):
        return self.call('pause', self.name)[0] == 0

    def step_resume(self):
        return self.call('resume', self.name)[0] == 0

    def step_update(self):
        return self.call('update', *self.case.get('@update', ['--pids-limit', '40']), self.name)[0] == 0

    def step_exec(self):
        self.out = self.arena.path / 'exec.json'
        with open(self.out, 'wb') as out:
            options = self.case.get('@exec', [])
            tail = [] if any(word.startswith('--process') for word in options) else ['census', 'exit', '3']
            self.call('exec', *options, self.name, *tail, out=out)
        self.take_census('exec')

    def step_kill(self):
        status, _ = self.call('kill', self.name, *self.case.get('@signal', ['TERM']))
        if status == 0 and not self.case.get('@survives'):
            self.reap()

    def step_delete(self):
        self.call('delete', self.name)

    def step_force(self):
        self.call('delete', '--force', self.name)
        self.reap()

    def step_outside(self):
        """What the host sees of the process."""
        if not self.is_alive():
            return
        proc = pathlib.Path('/proc', str(self.pid))
        for name in ('oom_score_adj', 'uid_map', 'gid_map', 'setgroups', 'cgroup', 'comm', 'loginuid'):
            with contextlib.suppress(OSError):
                self.found[f'outside/{name}'] = (proc / name).read_text()
        for kind in self.arena.own:
            with contextlib.suppress(OSError):
                self.found[f'outside/namespaces/{kind}'] = os.readlink(proc / 'ns' / kind)
        for folder in self.arena.cgroups_of(self.pid):
            self.note_cgroup(folder)
            for unit in [part for part in folder.parts if self.name in part and part.endswith(('.scope', '.slice'))][:1] if arenas.has_systemd() else []:
                self.note_unit(unit)
        # It has ended meanwhile: how much was seen of it is chance.
        if not self.is_alive():
            self.found = {key: text for key, text in self.found.items() if not key.startswith(('outside/', 'cgroup/', 'unit/'))}

    def note_unit(self, unit):
        """What systemd has been told of it."""
        shown = subprocess.run(['systemctl', 'show', '--property', ','.join(UNIT_PROPERTIES), '--', unit], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               text=True, check=True, timeout=DEADLINE_S)
        for line in shown.stdout.splitlines():
            name, _, value = line.partition('=')
            self.found[f'unit/{name}'] = ' '.join(sorted(value.split())) if name in ('After', 'Before', 'Wants') else value

    def note_cgroup(self, folder):
        hierarchy = self.arena.hierarchy_of(folder)
        for name in CGROUP_FILES:
            with contextlib.suppress(OSError):
                self.found[f'cgroup/{hierarchy}/{name}'] = (folder / name).read_text().strip()

    # --- the container's process --------------------------------------------------------------

    def is_alive(self):
        """Its orphans are ours, so that a dead one stays until it is waited for."""
        try:
            return self.pid > 0 and pathlib.Path('/proc', str(self.pid), 'stat').read_text().rsplit(')', 1)[1].split()[0] not in 'ZX'
        except OSError:
            return False

    def await_census(self):
        if self.terminal is not None:
            self.read_terminal()
        end = time.monotonic() + DEADLINE_S
        # A program that ends by itself has ended before the next step, or what that makes of it would be chance.
        while time.monotonic() < end and self.is_alive() and (self.case['@ends'] or not self.out.read_bytes().endswith((b'}\n', b'}\r\n'))):
            time.sleep(0.002)
        self.take_census()
        return True

    def take_census(self, key='census'):
        self.found[key] = self.out.read_text(errors='replace')

    def reap(self):
        """How the container's process ended."""
        end = time.monotonic() + DEADLINE_S
        while self.pid and time.monotonic() < end:
            self.arena.reap_orphans(spared=self.pid)
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                break
            if pid:
                self.found['end'] = str(os.waitstatus_to_exitcode(status))
                break
            # A process 1 ends after the others of its namespace, which are waited for above.
            has_ended(self.pid, 0.01)
        self.pid = 0

    def close(self):
        if self.terminal is not None:
            os.close(self.terminal)
        for path in (self.arena.path / 'pid', self.arena.path / 'console'):
            path.unlink(missing_ok=True)


FLOWS = {
    'detach': ['detach', 'outside', 'force'],
    'run': ['run'],
    'create': ['create', 'state', 'outside', 'start', 'outside', 'state', 'ps', 'list', 'kill', 'state', 'ps', 'delete', 'state'],
    'unstarted': ['create', 'kill', 'delete', 'force'],
    'exec': ['detach', 'exec', 'kill', 'exec', 'delete'],
    'update': ['detach', 'update', 'outside', 'force'],
    'pause': ['detach', 'pause', 'outside', 'state', 'resume', 'state', 'force'],
    'console': ['console', 'outside', 'force'],
}


def left_behind(arena, before):
    """What is there now and was not before."""
    arena.reap_orphans()
    found, arena.seen = {}, arena.look_around()
    for kind, now in arena.seen.items():
        more = sorted(now - before[kind])
        if more:
            found[f'left/{kind}'] = ' '.join(more)
    return found


def live(arena, runtime, name, case):
    """One container from first to last."""
    before = arena.seen or arena.look_around()
    life = Life(arena, runtime, name, case)
    flow = FLOWS[case.get('@flow', 'detach')]
    for step in flow:
        if getattr(life, f'step_{step}')() is False:
            break
    life.close()
    made = bundle.tree_of(arena.bundle / 'rootfs')
    life.found.update({f'rootfs/{path}': kind for path, kind in made.items()})
    for path in (arena.bundle / 'out').iterdir():
        life.found[f'hook {path.name}'] = path.read_text(errors='replace')
    if (arena.root / name).exists():
        life.found['kept'] = 'the container'
        subprocess.run([*life.base, 'delete', '--force', name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False, timeout=DEADLINE_S)
    life.reap()
    left = left_behind(arena, before)
    life.found.update(left)
    if left or arena.orphans():
        arena.clean()
        arena.seen = None
    arena.restore_hierarchy()
    shutil.rmtree(arena.root, ignore_errors=True)
    return life.found
