# SPDX-License-Identifier: Apache-2.0
"""The bundles that the benchmark runs: one config.json each, one root file system for all."""
import copy
import ctypes
import ctypes.util
import json
import os
import pathlib
import shutil
import subprocess

ARCH_X86_64 = 0xc000003e
ARCH_AARCH64 = 0xc00000b7
LAST_SYSCALL = 600

# System calls that an engine's container may not make by default: these are left out of the profile.
FORBIDDEN = set('''_sysctl acct add_key afs_syscall bpf clock_adjtime clock_settime create_module delete_module fanotify_init
    finit_module fsconfig fsmount fsopen fspick get_kernel_syms init_module io_uring_enter io_uring_register io_uring_setup ioperm
    iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mount mount_setattr move_mount nfsservctl open_by_handle_at
    open_tree perf_event_open pivot_root process_vm_readv process_vm_writev query_module quotactl quotactl_fd reboot request_key
    security set_mempolicy_home_node setdomainname sethostname setns settimeofday swapoff swapon sysfs syslog tuxcall umount2
    unshare userfaultfd uselib ustat vhangup vserver'''.split())
WITH_CONDITIONS = {'personality', 'socket', 'clone', 'clone3'}

# Properties that a container can see of itself: its mounts, capabilities, cgroups, devices, limits.
LOOK = ['/bin/sh', '-c', 'cat /proc/self/mountinfo /proc/self/cgroup; grep -E "^(Cap|NoNew|Seccomp|Groups|SigBlk|SigIgn)" /proc/self/status; '
        'ls -ln /dev | cut -c1-60; hostname; ulimit -n; umask; ip link; id; env | sort']

ENGINE_CAPABILITIES = ['CAP_' + name for name in '''CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP
    NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'''.split()]


def system_calls():
    """The names that libseccomp knows on this machine."""
    library = ctypes.CDLL(ctypes.util.find_library('seccomp') or 'libseccomp.so.2')
    resolve = library.seccomp_syscall_resolve_num_arch
    resolve.restype = ctypes.c_void_p
    native = ARCH_AARCH64 if os.uname().machine == 'aarch64' else ARCH_X86_64
    names = []
    for number in range(LAST_SYSCALL):
        name = resolve(ctypes.c_uint32(native), number)
        if name:
            names.append(ctypes.string_at(name).decode())
    return names


def profile():
    """A filter of the size and form of an engine's default one: a long list of allowed calls, some with conditions."""
    names = [name for name in system_calls() if name not in FORBIDDEN | WITH_CONDITIONS]
    machines = {'x86_64': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
                'aarch64': ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']}
    rules = [{'names': names, 'action': 'SCMP_ACT_ALLOW'}]
    for persona in (0, 8, 0x20000, 0x20008, 0xffffffff):
        rules.append({'names': ['personality'], 'action': 'SCMP_ACT_ALLOW',
                      'args': [{'index': 0, 'value': persona, 'op': 'SCMP_CMP_EQ'}]})
    rules.append({'names': ['socket'], 'action': 'SCMP_ACT_ALLOW',
                  'args': [{'index': 0, 'value': 40, 'op': 'SCMP_CMP_NE'}]})
    rules.append({'names': ['clone'], 'action': 'SCMP_ACT_ALLOW',
                  'args': [{'index': 0, 'value': 0x7e020000, 'valueTwo': 0, 'op': 'SCMP_CMP_MASKED_EQ'}]})
    rules.append({'names': ['clone3'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38})
    return {'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 1,
            'architectures': machines[os.uname().machine], 'syscalls': rules}


class Bundles:
    """Makes bundles below `folder`, each from the config that `spec` of the first contender writes."""

    def __init__(self, folder, runtime):
        self.folder = folder
        self.rootfs = folder / 'rootfs'
        self.make_rootfs()
        subprocess.run([runtime, 'spec', '--bundle', folder], check=True)
        with open(folder / 'config.json', encoding='utf-8') as file:
            self.default = json.load(file)
        self.default['ociVersion'] = '1.0.0'  # older runtimes refuse later ones, which change nothing here
        self.default['process'].update(terminal=False, args=['true'])
        self.default['root']['path'] = str(self.rootfs)

    def make_rootfs(self):
        for name in 'bin dev etc proc root sys tmp mnt'.split():
            (self.rootfs / name).mkdir(parents=True)
        for i in range(1000):
            (self.rootfs / 'mnt' / str(i)).mkdir()
        shutil.copy(shutil.which('busybox'), self.rootfs / 'bin/busybox')
        for applet in 'sh true sleep cat grep ls cut hostname ip id env sort'.split():
            (self.rootfs / 'bin' / applet).symlink_to('busybox')

    def write(self, name, config):
        bundle = self.folder / name
        bundle.mkdir(exist_ok=True)
        (bundle / 'config.json').write_text(json.dumps(config, indent=4), encoding='utf-8')
        return bundle

    def copy(self):
        return copy.deepcopy(self.default)

    def plain(self):
        return self.write('default', self.copy())

    def smallest(self, program):
        """With a program that is smaller than any runtime."""
        shutil.copy(program, self.rootfs / 'bin/smallest')
        config = self.copy()
        config['process']['args'] = ['smallest']
        return self.write('smallest', config)

    def looking(self):
        config = self.copy()
        config['process']['args'] = LOOK
        return self.write('looking', config)

    def sleeping(self):
        config = self.copy()
        config['process']['args'] = ['sleep', '1000']
        return self.write('sleeping', config)

    def with_seccomp(self):
        config = self.copy()
        config['linux']['seccomp'] = profile()
        return self.write('seccomp', config)

    def limited(self, limit):
        config = self.copy()
        config['linux'].setdefault('resources', {})['memory'] = {'limit': limit}
        return self.write('limited', config)

    def with_resources(self, resources):
        """The sleeping one, with these limits besides its device rules."""
        config = self.copy()
        config['process']['args'] = ['sleep', '1000']
        config['linux'].setdefault('resources', {}).update(resources)
        return self.write('resources', config)

    def with_mounts(self, count):
        config = self.copy()
        source = self.folder / 'volume'
        source.mkdir(exist_ok=True)
        config['mounts'] += [bind(source, f'/mnt/{i}', 'ro') for i in range(count)]
        return self.write(f'mounts-{count}', config)

    def kubernetes(self, pause_pid, cgroup):
        """As the kubelet's container runtimes ask for it: a pod's cgroup, its network, ipc and uts, twenty bind mounts."""
        config = self.copy()
        process, linux = config['process'], config['linux']
        process['capabilities'] = {kind: ENGINE_CAPABILITIES for kind in ('bounding', 'effective', 'permitted')}
        process['oomScoreAdj'] = 1000
        process['noNewPrivileges'] = False
        config.pop('hostname', None)
        config['root']['readonly'] = False
        config['mounts'] += self.volumes()
        linux['cgroupsPath'] = cgroup
        linux['resources'] = {
            'devices': linux.get('resources', {}).get('devices', []),
            'memory': {'limit': 256 << 20},
            'cpu': {'shares': 512, 'quota': 50000, 'period': 100000},
        }
        linux['namespaces'] = [{'type': kind} for kind in ('pid', 'mount', 'cgroup')] + [
            {'type': kind, 'path': f'/proc/{pause_pid}/ns/{file}'}
            for kind, file in (('network', 'net'), ('ipc', 'ipc'), ('uts', 'uts'))]
        linux['maskedPaths'] = ['/proc/' + name for name in '''asound acpi kcore keys latency_stats timer_list timer_stats
            sched_debug scsi'''.split()] + ['/sys/firmware', '/sys/devices/virtual/powercap']
        linux['readonlyPaths'] = ['/proc/' + name for name in ('bus', 'fs', 'irq', 'sys', 'sysrq-trigger')]
        return self.write('kubernetes', config)

    def volumes(self):
        """Twenty: the files that every pod has, and volumes."""
        mounts = []
        for name in ('hosts', 'resolv.conf', 'hostname'):
            source = self.folder / name
            source.touch()
            (self.rootfs / 'etc' / name).touch()
            mounts.append(bind(source, '/etc/' + name, 'rw'))
        for i in range(17):
            source = self.folder / f'volume-{i}'
            source.mkdir(exist_ok=True)
            mounts.append(bind(source, f'/mnt/{i}', 'ro' if i % 2 else 'rw'))
        return mounts


def bind(source, destination, access):
    return {'destination': destination, 'type': 'bind', 'source': str(source), 'options': ['rbind', 'rprivate', access]}


def remove_cgroups(name):
    """Removes what is left of the cgroups named `name`, deepest first."""
    hierarchies = [child for child in pathlib.Path('/sys/fs/cgroup').glob('*') if child.is_dir()]
    for hierarchy in hierarchies + [pathlib.Path('/sys/fs/cgroup')]:
        for folder, _, _ in os.walk(hierarchy / name, topdown=False):
            try:
                os.rmdir(folder)
            except OSError as error:
                print(f'left behind: {folder}: {error.strerror}')
