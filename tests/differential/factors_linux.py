# SPDX-License-Identifier: Apache-2.0
"""Namespaces, cgroups, seccomp and what else is of Linux; the properties of the top."""
from bundle import ABSENT
from factors_process import values

TYPES = 'pid network ipc uts mount cgroup'.split()
JOINED = {'network': 'net', 'ipc': 'ipc', 'uts': 'uts', 'cgroup': 'cgroup', 'pid': 'pid', 'time': 'time'}
MAP = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
ODD_MAP = [{'containerID': 0, 'hostID': 200000, 'size': 1}, {'containerID': 1, 'hostID': 300000, 'size': 5000}]


def user_namespace(uids, gids, **rest):
    edits = {'linux.namespaces[user]': ABSENT, 'linux.namespaces[]': [{'type': 'user', **rest}]}
    return edits | {f'linux.{key}': value for key, value in (('uidMappings', uids), ('gidMappings', gids)) if value is not None}


def filter_of(default='SCMP_ACT_ALLOW', *calls, **rest):
    return {'linux.seccomp': {'defaultAction': default, **({'syscalls': list(calls)} if calls else {}), **rest}}


def call(action, *names, **rest):
    return {'names': list(names), 'action': action, **rest}


def argument(index, value, op, two=None):
    return {'index': index, 'value': value, 'op': op, **({} if two is None else {'valueTwo': two})}


def resources(path, **named):
    return {name.replace('_', '-'): {f'linux.resources.{path}': value} for name, value in named.items()}


def rule(allow=True, access='rwm', **rest):
    return {'allow': allow, 'access': access, **rest}


DENY = rule(False)
ACTIONS = 'KILL KILL_PROCESS KILL_THREAD TRAP ERRNO TRACE LOG ALLOW'.split()
FLAGS = 'TSYNC LOG SPEC_ALLOW WAIT_KILLABLE_RECV'.split()
THROTTLE = [{'major': 254, 'minor': 0, 'rate': 1048576}]

FACTORS = {
    'dropped': {name: {f'linux.namespaces[{name}]': ABSENT} for name in TYPES} | {'all-but-mount': {'linux.namespaces': [{'type': 'mount'}], 'hostname': ABSENT}, 'none': {'linux.namespaces': []}},
    'joined': {name: {f'linux.namespaces[{name}]': ABSENT, 'linux.namespaces[]': [{'type': name, 'path': '{ns:%s}' % kind}], '@last': True} for name, kind in JOINED.items()} | {
        'empty-path': {'linux.namespaces[ipc]': {'type': 'ipc', 'path': ''}}, 'missing': {'linux.namespaces[ipc]': {'type': 'ipc', 'path': '/nowhere/ns'}},
        'wrong-kind': {'linux.namespaces[ipc]': {'type': 'ipc', 'path': '{ns:net}'}}, 'no-namespace': {'linux.namespaces[ipc]': {'type': 'ipc', 'path': '/etc/passwd'}},
        'twice': {'linux.namespaces[]': [{'type': 'ipc'}]}, 'unknown': {'linux.namespaces[]': [{'type': 'nonsense'}]},
        # The peers would change the host, for all cases to come.
        'own': {'linux.namespaces[ipc]': {'type': 'ipc', 'path': '/proc/self/ns/ipc'}, 'linux.sysctl': ABSENT, '@last': True},
    },
    'time': {'new': {'linux.namespaces[]': [{'type': 'time'}]}} | {name: {'linux.namespaces[]': [{'type': 'time'}], 'linux.timeOffsets': offsets} for name, offsets in {
        'both': {'monotonic': {'secs': 1000, 'nanosecs': 5}, 'boottime': {'secs': 5000}}, 'minus': {'boottime': {'secs': -1}}, 'unknown': {'realtime': {'secs': 5}}, 'zero': {'monotonic': {'secs': 0, 'nanosecs': 0}}}.items()} | {
        'offsets-alone': {'linux.timeOffsets': {'monotonic': {'secs': 5}}}},
    'userns': {'usual': user_namespace(MAP, MAP), 'odd': user_namespace(ODD_MAP, ODD_MAP), 'no-maps': user_namespace(None, None), 'empty-maps': user_namespace([], []), 'uids-only': user_namespace(MAP, None),
               'maps-alone': {'linux.uidMappings': MAP, 'linux.gidMappings': MAP}, 'identity': user_namespace([{'containerID': 0, 'hostID': 0, 'size': 4294967295}], [{'containerID': 0, 'hostID': 0, 'size': 4294967295}]),
               'no-root': user_namespace([{'containerID': 1000, 'hostID': 1000, 'size': 10}], [{'containerID': 1000, 'hostID': 1000, 'size': 10}]),
               'overlap': user_namespace(MAP + MAP, MAP + MAP), 'size-0': user_namespace([{'containerID': 0, 'hostID': 0, 'size': 0}], MAP)},
    'hostname': values('hostname', absent=ABSENT, empty='', longest='a' * 64, longer='a' * 65, odd='A_b.c-d'),
    'domainname': values('domainname', some='example.org', empty='', longer='a' * 65),
    'version': values('ociVersion', first='1.0.0', newest='1.3.0', later='1.9.9', before='0.5.0', next='2.0.0', pre='1.0.2-dev', build='1.0.2+x', none='', no_version='abc', absent=ABSENT, number=1),
    'annotations': values('annotations', some={'org.example': 'x', 'a': ''}, empty={}, null=ABSENT, systemd={'org.systemd.property.TimeoutStopUSec': 'uint64 5000000'},
                          systemd_seconds={'org.systemd.property.TimeoutStopSec': 'uint64 5'}, systemd_words={'org.systemd.property.After': "['systemd-journald.service']"}, systemd_collect={'org.systemd.property.CollectMode': "'inactive-or-failed'"},
                          systemd_unknown={'org.systemd.property.Nonsense': "'x'"}, systemd_bad={'org.systemd.property.TimeoutStopUSec': 'x'}, systemd_subgroup={'run.oci.systemd.subgroup': 'sub'}, systemd_delegate={'run.oci.delegate-cgroup': 'sub'},
                          number={'a': 1}, bundle={'bundle': '/x'}),
    'unknown-property': {'top': {'nonsense': 1}, 'process': {'process.nonsense': 1}, 'linux': {'linux.nonsense': {'a': 1}}, 'windows': {'windows': {'a': 1}}, 'vm': {'vm': {'hypervisor': {'path': '/x'}}}},
    'sysctl': values('linux.sysctl', net={'net.ipv4.ip_forward': '1'}, ipc={'kernel.msgmax': '9000'}, slash={'net/ipv4/ip_forward': '1'}, mqueue={'fs.mqueue.msg_max': '11'}, host={'kernel.pid_max': '40000'}, unknown={'net.nonsense': '1'},
                     several={'net.core.somaxconn': '500', 'kernel.shm_rmid_forced': '1', 'kernel.sem': '250 32000 100 128'}, bad={'net.ipv4.ip_forward': 'x'}, empty={}, domain={'kernel.domainname': 'x.org'}, hostname={'kernel.hostname': 'x'},
                     ping={'net.ipv4.ping_group_range': '0 2147483647'}, port={'net.ipv4.ip_unprivileged_port_start': '0'}, number={'net.ipv4.ip_forward': 1}, dots={'net.ipv4.conf.lo/x.forwarding': '1'}),
    'seccomp': {'allow': filter_of(), 'log': filter_of('SCMP_ACT_LOG'), 'empty': {'linux.seccomp': {}}, 'null': {'linux.seccomp': None}, 'no-calls': filter_of(syscalls=[])} | {
        f'call-{action.lower()}': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_' + action, 'sysinfo')) for action in ACTIONS} | {
        f'flag-{flag.lower()}': filter_of(flags=['SECCOMP_FILTER_FLAG_' + flag]) for flag in FLAGS} | {
        'errno': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'mkdir', 'getcpu', errnoRet=38)), 'errno-0': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'mkdir', errnoRet=0)),
        'errno-large': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'mkdir', errnoRet=5000)), 'unknown-call': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'nonsense')),
        'arguments': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'setns', args=[argument(1, 0, 'SCMP_CMP_EQ')])), 'masked': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'setns', args=[argument(1, 255, 'SCMP_CMP_MASKED_EQ', 0)])),
        **{f'compare-{op.lower()}': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'keyctl', args=[argument(0, 999, 'SCMP_CMP_' + op)], errnoRet=71)) for op in 'NE LT LE GE GT'.split()},
        'same-argument': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'keyctl', args=[argument(0, 999, 'SCMP_CMP_EQ'), argument(0, 5, 'SCMP_CMP_EQ')], errnoRet=71)),
        'architectures': filter_of(architectures=['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']), 'foreign': filter_of(architectures=['SCMP_ARCH_AARCH64']), 'unknown-architecture': filter_of(architectures=['SCMP_ARCH_NONSENSE']),
        'default-errno': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'mkdir'), defaultErrnoRet=1), 'default-errno-large': filter_of(defaultErrnoRet=70000), 'unknown-action': filter_of('SCMP_ACT_NONSENSE'),
        'unknown-flag': filter_of(flags=['SECCOMP_FILTER_FLAG_NONSENSE']), 'listener-unused': filter_of(listenerPath='/nowhere/socket'), 'listener-metadata': filter_of(listenerMetadata='x'), 'errno-without': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ALLOW', 'mkdir', errnoRet=5)),
        'twice': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO', 'mkdir', errnoRet=5), call('SCMP_ACT_ERRNO', 'mkdir', errnoRet=6)), 'no-names': filter_of('SCMP_ACT_ALLOW', call('SCMP_ACT_ERRNO')), 'default-errno-action': {'linux.seccomp': {
            'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38, 'syscalls': [call('SCMP_ACT_ALLOW', *sorted('''read write close fstat lstat stat mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl
            access execve exit exit_group newfstatat openat open getdents64 readlink fcntl getuid geteuid getgid getegid getresuid getresgid getgroups capget prctl arch_prctl set_tid_address set_robust_list rseq prlimit64 getrandom rt_sigtimedwait
            pause futex uname getcwd umask getpid getppid getpgrp getsid lseek socket sched_getaffinity sendto recvmsg recvfrom bind getsockname mkdir rmdir unlink mknod readlinkat pselect6 epoll_wait nanosleep statx dup dup2 dup3
            capset setuid setgid setgroups setresuid setresgid chdir kill execveat seccomp poll ppoll madvise sigaltstack fchdir fstatfs statfs tgkill gettid clone clone3 wait4 pipe2 eventfd2 epoll_create1 epoll_ctl epoll_pwait
            sched_yield sched_getattr'''.split()))]}},
    },
    'personality': {name: {'linux.personality': value} for name, value in {'linux': {'domain': 'LINUX'}, 'linux32': {'domain': 'LINUX32'}, 'unknown': {'domain': 'NONSENSE'}, 'flags': {'domain': 'LINUX', 'flags': ['x']}, 'empty': {}}.items()},
    'memory-policy': {name: {'linux.memoryPolicy': value} for name, value in {'default': {'mode': 'MPOL_DEFAULT'}, 'bind': {'mode': 'MPOL_BIND', 'nodes': '0'}, 'interleave': {'mode': 'MPOL_INTERLEAVE', 'nodes': '0', 'flags': ['MPOL_F_STATIC_NODES']},
                                                                   'local': {'mode': 'MPOL_LOCAL'}, 'missing-node': {'mode': 'MPOL_BIND', 'nodes': '99'}, 'no-nodes': {'mode': 'MPOL_BIND'}}.items()},
    'rdt': {'empty': {'linux.intelRdt': {}}, 'class': {'linux.intelRdt': {'closID': 'x', 'l3CacheSchema': 'L3:0=f'}}, 'schemata': {'linux.intelRdt': {'schemata': ['L3:0=f']}}, 'bandwidth': {'linux.intelRdt': {'memBwSchema': 'MB:0=20'}}, 'monitoring': {'linux.intelRdt': {'enableMonitoring': True}}},
    'net-devices': {'empty': {'linux.netDevices': {}}, 'missing': {'linux.netDevices': {'nothing0': {}}}, 'renamed': {'linux.netDevices': {'nothing0': {'name': 'eth0'}}}},
    'cgroups-path': values('linux.cgroupsPath', absolute='/diff/{id}', relative='diff/{id}', deep='/diff/{id}/a/b', root='/', dots='/diff/../{id}', empty='', systemd='system.slice:diff:{id}', slash='/diff/{id}/',
                           any_slice=':diff:{id}', nested_slice='diff-more.slice:diff:{id}', no_prefix='system.slice::{id}', slice='system.slice:diff:{id}.slice', no_slice='nonsense:diff:{id}'),
    'cgroup-manager': {'cgroupfs': {'@global': []}, 'systemd-wrong-path': {'@global': ['--systemd-cgroup'], 'linux.cgroupsPath': '/a/b'}},
    'device-rules': resources('devices', absent=ABSENT, none=[], allow_all=[rule()], deny_all=[DENY], fuse=[DENY, rule(type='c', major=10, minor=229)], chars=[DENY, rule(type='c')], chars_mknod=[DENY, rule(type='c', access='m')], blocks_read=[DENY, rule(type='b', access='r')],
                              major=[DENY, rule(type='c', major=5)], minus=[DENY, rule(type='c', major=-1, minor=-1)], order=[rule(type='c', major=10, minor=200), DENY], no_access=[DENY, {'allow': True, 'type': 'c', 'major': 10, 'minor': 229}], odd_access=[DENY, rule(type='c', major=10, minor=229, access='rwa')],
                              no_type=[{'allow': False}], deny_null=[DENY, rule(False, type='c', major=1, minor=3)], type_a=[{'allow': False, 'type': 'a', 'access': 'rwm'}], deny_one=[rule(), rule(False, type='c', major=10, minor=229)], one_mem=[DENY, rule(type='c', major=1, minor=1, access='r')]),
    'pids': resources('pids', some={'limit': 100}, unlimited={'limit': -1}, zero={'limit': 0}, minus={'limit': -5}, empty={}, null=None),
    'cpu': resources('cpu', shares={'shares': 512}, least_shares={'shares': 2}, one_share={'shares': 1}, no_shares={'shares': 0}, most_shares={'shares': 262144}, more_shares={'shares': 1000000}, quota={'quota': 50000, 'period': 100000}, quota_alone={'quota': 20000}, period_alone={'period': 50000}, unlimited={'quota': -1, 'period': 50000},
                     quota_0={'quota': 0}, burst={'quota': 50000, 'period': 100000, 'burst': 10000}, idle={'idle': 1}, idle_0={'idle': 0}, cpus={'cpus': '0'}, range={'cpus': '0-1', 'mems': '0'}, no_cpu={'cpus': '99'}, bad_cpus={'cpus': 'x'}, empty_cpus={'cpus': ''}, small_quota={'quota': 10}, real_time={'realtimePeriod': 1000000, 'realtimeRuntime': 0}),
    'memory': resources('memory', limit={'limit': 67108864}, unlimited={'limit': -1}, zero={'limit': 0}, odd={'limit': 67108865}, reservation={'reservation': 33554432}, both={'limit': 67108864, 'reservation': 33554432}, swap={'limit': 67108864, 'swap': 134217728}, swap_same={'limit': 67108864, 'swap': 67108864}, swap_unlimited={'limit': 67108864, 'swap': -1},
                        swap_less={'limit': 67108864, 'swap': 1048576}, swap_alone={'swap': 134217728}, swappiness={'swappiness': 10}, swappiness_0={'swappiness': 0}, swappiness_most={'swappiness': 101}, swappiness_minus={'swappiness': 18446744073709551615}, no_oom={'disableOOMKiller': True}, oom={'disableOOMKiller': False}, hierarchy={'useHierarchy': True}, check={'limit': 67108864, 'checkBeforeUpdate': True},
                        kernel={'kernel': 67108864}, tcp={'kernelTCP': 67108864}, tiny={'limit': 4096}, swap_0={'swap': 0}),
    'block': resources('blockIO', weight={'weight': 300}, least={'weight': 10}, above={'weight': 1001}, zero={'weight': 0}, leaf={'leafWeight': 300}, read_bytes={'throttleReadBpsDevice': THROTTLE}, write_bytes={'throttleWriteBpsDevice': THROTTLE}, read_operations={'throttleReadIOPSDevice': THROTTLE}, write_operations={'throttleWriteIOPSDevice': THROTTLE},
                       device={'weightDevice': [{'major': 254, 'minor': 0, 'weight': 200}]}, leaf_device={'weightDevice': [{'major': 254, 'minor': 0, 'leafWeight': 200}]}, missing={'throttleReadBpsDevice': [{'major': 99, 'minor': 9, 'rate': 5}]}, zero_rate={'throttleReadBpsDevice': [{'major': 254, 'minor': 0, 'rate': 0}]}, empty={}),
    'huge': resources('hugepageLimits', some=[{'pageSize': '2MB', 'limit': 4194304}], zero=[{'pageSize': '2MB', 'limit': 0}], unknown=[{'pageSize': '3MB', 'limit': 0}], none=[], odd=[{'pageSize': '2048KB', 'limit': 0}]),
    'network': resources('network', class_id={'classID': 1048577}, priorities={'priorities': [{'name': 'lo', 'priority': 5}]}, empty={}),
    'rdma': resources('rdma', some={'mlx5_0': {'hcaHandles': 3, 'hcaObjects': 10}}, empty={}),
    'unified': resources('unified', pids={'pids.max': '50'}, memory={'memory.high': '100000000'}, unknown={'nonsense.max': '1'}, bad={'pids.max': 'x'}, empty={}, weight={'cpu.weight': '50'}, parent={'../pids.max': '50'}),
    'resources': {'absent': {'linux.resources': ABSENT}, 'empty': {'linux.resources': {}}, 'null': {'linux.resources': None}},
    'linux': {'empty': {'linux': {'namespaces': [{'type': 'mount'}]}, 'hostname': ABSENT, '@last': False}},
}
