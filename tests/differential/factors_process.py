# SPDX-License-Identifier: Apache-2.0
"""The process, its user, and the lives of containers."""
from bundle import ABSENT, CAPABILITIES


def values(path, **named):
    """Levels that set one property."""
    return {name: {path: value} for name, value in named.items()}


ALL = ['CAP_' + name for name in '''CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
    SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND
    AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'''.split()]
SOME = ['CAP_NET_RAW', 'CAP_CHOWN']


def sets(**named):
    return {'process.capabilities': named}


def limit(name, soft, hard):
    return {'type': name, 'soft': soft, 'hard': hard}


def affinity(initial=None, final=None):
    return {key: value for key, value in (('initial', initial), ('final', final)) if value is not None}


WITH_EXEC = {'@flow': 'exec'}
USER = 'process.user'

FACTORS = {
    'flow': {name: {'@flow': name} for name in ('create', 'update', 'pause', 'exec')} | {
        'unstarted': {'@flow': 'unstarted', '@signal': ['KILL']},
        'run': {'@flow': 'run', 'process.args': ['census', 'exit', '5']},
        'run-signal': {'@flow': 'run', 'process.args': ['census', 'die', '9'], 'linux.namespaces[pid]': ABSENT},
        'run-die-as-1': {'@flow': 'run', 'process.args': ['census', 'die', '15']},
        'console': {'@flow': 'console', 'process.terminal': True},
        'kill-number': {'@flow': 'create', '@signal': ['9']},
        'kill-name': {'@flow': 'create', '@signal': ['SIGKILL']},
        'kill-lower': {'@flow': 'create', '@signal': ['kill']},
        # Process 1 ignores it; when another one has died of it is chance.
        'kill-real-time': {'@flow': 'create', '@signal': ['SIGRTMIN+1'], '@survives': True, 'linux.namespaces[pid]': ABSENT, 'linux.namespaces[]': [{'type': 'pid'}], '@last': 2},
        'kill-zero': {'@flow': 'create', '@signal': ['0'], '@survives': True},
        'kill-unknown': {'@flow': 'create', '@signal': ['NONSENSE']},
        'kill-default': {'@flow': 'create', '@signal': []},
        'no-pivot': {'@options': ['--no-pivot']},
        'no-keyring': {'@options': ['--no-new-keyring']},
        'preserve': {'@options': ['--preserve-fds', '2'], '@descriptors': [3, 4]},
        'descriptors': {'@descriptors': [3, 9]},
        'listen': {'@environment': {'LISTEN_FDS': '1'}, '@descriptors': [3]},
        'terminal-without-socket': {'process.terminal': True},
    },
    'exec': {name: {**WITH_EXEC, '@exec': words} for name, words in {
        'user': ['--user', '1000'], 'user-group': ['--user', '1000:2000'], 'cwd': ['--cwd', '/mnt'], 'cwd-missing': ['--cwd', '/nowhere'],
        'env': ['--env', 'A=b', '--env', 'PATH=/bin'], 'cap': ['--cap', 'CAP_SYS_ADMIN'], 'cap-user': ['--cap', 'CAP_NET_RAW', '--user', '1000'],
        'no-new-privs': ['--no-new-privs'], 'process': ['--process', '{bundle}/source/process.json'], 'preserve': ['--preserve-fds', '1'],
        'env-home': ['--env', 'HOME=/x', '--user', '1000'],
    }.items()},
    'update': {name: {'@flow': 'update', '@update': words} for name, words in {
        'pids': ['--pids-limit', '77'], 'pids-unlimited': ['--pids-limit', '-1'], 'memory': ['--memory', '64M'], 'memory-swap': ['--memory', '64M', '--memory-swap', '128M'],
        'reservation': ['--memory-reservation', '32M'], 'shares': ['--cpu-share', '512'], 'quota': ['--cpu-quota', '50000', '--cpu-period', '100000'],
        'period': ['--cpu-period', '50000'], 'quota-unlimited': ['--cpu-quota', '-1'], 'cpus': ['--cpuset-cpus', '0'], 'weight': ['--blkio-weight', '300'],
        'memory-unlimited': ['--memory', '-1'], 'nothing': [], 'cpus-bad': ['--cpuset-cpus', '999'],
    }.items()},
    'caller': {
        'umask-0': {'@caller': {'umask': 0}}, 'umask-077': {'@caller': {'umask': 0o077}}, 'affinity': {'@caller': {'affinity': [0]}},
        'ignores': {'@caller': {'ignore': True}}, 'blocks': {'@caller': {'block': True}}, 'nice': {'@caller': {'nice': 5}},
        'cwd': {'@caller': {'cwd': '/proc'}}, 'environment': {'@environment': {'HOME': '/elsewhere', 'OWN': 'x'}},
    },
    'args': values('process.args', absolute=['/bin/census', 'wait'], missing=['nothing'], missing_path=['/bin/nothing'], plain=['/bin/plain'], directory=['/bin'],
                   dotted=['./census', 'wait'], relative=['bin/census', 'wait'], empty_word=['census', 'wait', ''], many=['census', 'wait', *map(str, range(300))],
                   letters=['census', 'wait', 'a b', '"', '\\', '\u00e4\n'], none=[], absent=ABSENT, empty=[''], exits=['census', 'exit', '3']),
    'cwd': values('process.cwd', tmp='/tmp', missing='/made/deep', file='/etc/passwd', link='/mnt/link', dangling='/mnt/dangling', private='/opt/private',
                  dots='/mnt/../tmp', relative='tmp', slash='/tmp/', proc='/proc', empty='', inside='/mnt/dir/sub', dev='/dev/shm', absent=ABSENT),
    'env': values('process.env', none=[], absent=ABSENT, duplicate=['PATH=/bin', 'A=1', 'A=2'], no_path=['A=1'], empty_value=['PATH=/bin', 'A='],
                  home_empty=['PATH=/bin', 'HOME='], home=['PATH=/bin', 'HOME=/tmp'], odd=['PATH=/bin', 'a.b-c=1', 'S=a=b', 'Z= x '], term=['PATH=/bin', 'TERM='],
                  no_equals=['PATH=/bin', 'WORD'], name_empty=['PATH=/bin', '=x'], path_empty=['PATH='], path_relative=['PATH=bin:/bin'], many=['PATH=/bin', *(f'V{i}={i}' for i in range(900))]),
    'user': {
        'named': {USER: {'uid': 1000, 'gid': 1000}}, 'unnamed': {USER: {'uid': 4242, 'gid': 4242}}, 'group-only': {USER: {'uid': 0, 'gid': 1000}},
        'user-only': {USER: {'uid': 1000, 'gid': 0}}, 'no-gid': {USER: {'uid': 1000}}, 'no-uid': {USER: {'gid': 5}}, 'empty': {USER: {}}, 'absent': {USER: ABSENT},
        'large': {USER: {'uid': 4294967294, 'gid': 4294967294}}, 'invalid': {USER: {'uid': 4294967295, 'gid': 0}}, 'username': {USER: {'uid': 0, 'gid': 0, 'username': 'x'}},
    },
    'groups': values('process.user.additionalGids', one=[5], more=[5, 10, 2000, 99999], duplicate=[5, 5], zero=[0], none=[], own=[1000], null=ABSENT, many=list(range(3000, 3300))),
    'umask': values('process.user.umask', zero=0, usual=0o022, private=0o077, all=0o777, odd=0o027),
    'capabilities': {
        'absent': {'process.capabilities': ABSENT}, 'empty': sets(), 'bounding': sets(bounding=SOME), 'all': sets(bounding=ALL, effective=ALL, permitted=ALL),
        'ambient': sets(bounding=SOME, effective=SOME, permitted=SOME, inheritable=SOME, ambient=SOME),
        'ambient-only': sets(bounding=SOME, permitted=SOME, ambient=SOME), 'inheritable': sets(bounding=SOME, inheritable=SOME, permitted=SOME, effective=SOME),
        'effective-more': sets(bounding=SOME, permitted=['CAP_CHOWN'], effective=SOME), 'permitted-only': sets(bounding=SOME, permitted=SOME),
        'unbounded': sets(permitted=SOME, effective=SOME), 'unknown': sets(bounding=['CAP_NONSENSE', 'CAP_CHOWN']), 'lower': sets(bounding=['cap_chown']),
        'null': sets(bounding=None), 'duplicate': sets(bounding=['CAP_CHOWN', 'CAP_CHOWN'], permitted=['CAP_CHOWN', 'CAP_CHOWN']),
        'no-chown': sets(**{name: CAPABILITIES[1:] for name in ('bounding', 'effective', 'permitted')}),
    },
    'rlimits': {name: {'process.rlimits': limits} for name, limits in {
        'none': [], 'two': [limit('RLIMIT_NOFILE', 100, 200), limit('RLIMIT_CORE', 0, 0)], 'soft-zero': [limit('RLIMIT_CORE', 0, 1000)],
        'infinite': [limit('RLIMIT_CORE', 18446744073709551615, 18446744073709551615)], 'soft-above': [limit('RLIMIT_CORE', 10, 5)],
        'duplicate': [limit('RLIMIT_CORE', 1, 2), limit('RLIMIT_CORE', 3, 4)], 'unknown': [limit('RLIMIT_NONSENSE', 1, 1)], 'nproc': [limit('RLIMIT_NPROC', 4000, 4000)],
        'stack': [limit('RLIMIT_STACK', 4194304, 8388608)], 'many': [limit('RLIMIT_' + kind, 5000, 5000) for kind in 'LOCKS MSGQUEUE RTTIME SIGPENDING RSS'.split()],
        'nice': [limit('RLIMIT_NICE', 0, 0), limit('RLIMIT_RTPRIO', 0, 0)], 'large': [limit('RLIMIT_NOFILE', 2097152, 2097152)],
        'memory': [limit('RLIMIT_AS', 1 << 33, 1 << 33), limit('RLIMIT_DATA', 1 << 33, 1 << 33), limit('RLIMIT_MEMLOCK', 65536, 65536)],
    }.items()} | {'absent': {'process.rlimits': ABSENT}},
    'no-new-privileges': values('process.noNewPrivileges', false=False, absent=ABSENT),
    'oom': values('process.oomScoreAdj', zero=0, plus=500, most=1000, minus=-500, least=-1000, above=1001, null=None),
    'scheduler': {name: {'process.scheduler': value} for name, value in {
        'nice': {'policy': 'SCHED_OTHER', 'nice': 7}, 'nice-minus': {'policy': 'SCHED_OTHER', 'nice': -5}, 'batch': {'policy': 'SCHED_BATCH'}, 'batch-nice': {'policy': 'SCHED_BATCH', 'nice': 3},
        'idle': {'policy': 'SCHED_IDLE'}, 'fifo': {'policy': 'SCHED_FIFO', 'priority': 10}, 'rr': {'policy': 'SCHED_RR', 'priority': 1},
        'reset': {'policy': 'SCHED_OTHER', 'flags': ['SCHED_FLAG_RESET_ON_FORK']}, 'fifo-no-priority': {'policy': 'SCHED_FIFO'}, 'fifo-nice': {'policy': 'SCHED_FIFO', 'priority': 5, 'nice': 5},
        'deadline': {'policy': 'SCHED_DEADLINE', 'runtime': 1000000, 'deadline': 10000000, 'period': 10000000}, 'no-policy': {}, 'unknown': {'policy': 'SCHED_NONSENSE'},
    }.items()},
    'io': {name: {'process.ioPriority': value} for name, value in {
        'best': {'class': 'IOPRIO_CLASS_BE', 'priority': 6}, 'idle': {'class': 'IOPRIO_CLASS_IDLE', 'priority': 0}, 'idle-bare': {'class': 'IOPRIO_CLASS_IDLE'},
        'real-time': {'class': 'IOPRIO_CLASS_RT', 'priority': 2}, 'above': {'class': 'IOPRIO_CLASS_BE', 'priority': 8}, 'unknown': {'class': 'IOPRIO_CLASS_X', 'priority': 0},
    }.items()},
    'exec-affinity': {name: {'process.execCPUAffinity': value, **WITH_EXEC} for name, value in {
        'final': affinity(final='0'), 'initial': affinity(initial='0'), 'both': affinity('0', '1'), 'all': affinity('0-1', '0-1'), 'bad': affinity('x'), 'empty': affinity('', ''),
    }.items()},
    'console-size': {name: {'process.consoleSize': {'height': height, 'width': width}, 'process.terminal': terminal, '@flow': flow} for name, height, width, terminal, flow in (
        ('usual', 25, 80, True, 'console'), ('zero', 0, 0, True, 'console'), ('without-terminal', 25, 80, False, 'detach'))},
    'labels': {'apparmor': {'process.apparmorProfile': 'unconfined'}, 'apparmor-empty': {'process.apparmorProfile': ''}, 'selinux-empty': {'process.selinuxLabel': ''},
               'mount-empty': {'linux.mountLabel': ''}, 'apparmor-missing': {'process.apparmorProfile': 'nonsense'}, 'selinux': {'process.selinuxLabel': 'a:b:c:s0'}},
}
