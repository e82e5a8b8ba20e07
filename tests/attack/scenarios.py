# SPDX-License-Identifier: Apache-2.0
"""What tests/attack/inject lets a runtime do: configurations, the commands on them, and what the census must show of each configuration."""
import collections
import errno

from containers import MANAGER
from listeners import REFUSED

# The files that say what a cgroup allows, of v1 and of v2.
LIMITS = ['memory/memory.limit_in_bytes', 'pids/pids.max', 'cpu/cpu.shares', 'cpu/cpu.cfs_quota_us', 'devices/devices.list', 'freezer/freezer.state',
          'memory.max', 'memory.swap.max', 'pids.max', 'cpu.weight', 'cpu.max', 'cgroup.freeze', 'cgroup.type', 'cgroup.subtree_control']
HOOKS = ('prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop')
# The unprivileged user of the rootless scenarios, and the first of the subordinate identifiers.
USER, SUBORDINATE = 61001, 700000
MOUNTS = [{'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', 'nodev', 'noexec', 'size=1M']},
          {'destination': '/tmp/proc', 'type': 'proc', 'source': 'proc', 'options': ['nosuid', 'ro']},
          {'destination': '/srv', 'type': 'bind', 'source': 'source', 'options': ['bind', 'ro', 'nosuid', 'nodev']}]


# --- edits of the configuration; {path} is the folder of the worker, {id} the container's --------------------------------------

def plain(config):
    config['process']['terminal'] = False
    config['process']['args'] = ['/census', 'files', *(f'/sys/fs/cgroup/{name}' for name in LIMITS)]


def rich(config):
    plain(config)
    linux = config['linux']
    linux['namespaces'].append({'type': 'user'})
    linux['uidMappings'] = linux['gidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
    linux['resources'] = {'memory': {'limit': 1 << 28}, 'pids': {'limit': 50}, 'cpu': {'shares': 512, 'quota': 50000},
                          'devices': [{'allow': False, 'access': 'rwm'}]}
    linux['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW',
                        'syscalls': [{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': errno.EXDEV}]}
    linux['sysctl'] = {'net.ipv4.ip_forward': '1'}
    # A cgroup by the default name is removed whoever has made it.
    if not MANAGER:
        linux['cgroupsPath'] = '/{id}-rich'
    config['process'] |= {'user': {'uid': 5, 'gid': 6, 'additionalGids': [7, 8], 'umask': 0o27}, 'oomScoreAdj': 100,
                          'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 100, 'hard': 200}]}
    config['mounts'].append({'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['nosuid', 'mode=1777']})
    # Each writes its name into a file, that of startContainer into one in the container.
    config['hooks'] = {name: [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo ' + name + ' >>{path}/hooks']}] for name in HOOKS}
    config['hooks']['startContainer'] = [{'path': '/census', 'args': ['census', '--to', '/tmp/startContainer']}]


def full(config):
    """As rich, and with what leads to others: a seccomp agent, a mount with owners of its own, a network namespace that is not the runtime's."""
    rich(config)
    linux = config['linux']
    linux['seccomp'] |= {'listenerPath': '{path}/agent', 'listenerMetadata': 'metadata',
                         'syscalls': [{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_NOTIFY'}]}
    config['mounts'].append({'destination': '/mnt', 'type': 'bind', 'source': 'owned', 'options': ['bind', 'idmap'],
                             'uidMappings': [{'containerID': 0, 'hostID': 101000, 'size': 100}],
                             'gidMappings': [{'containerID': 0, 'hostID': 102000, 'size': 100}]})
    next(one for one in linux['namespaces'] if one['type'] == 'network')['path'] = '{path}/net'
    # The joined namespace is not the user namespace's.
    del linux['sysctl']


def with_terminal(edit):
    def edited(config):
        edit(config)
        config['process']['terminal'] = True
    return edited


def rootless(config):
    """What `spec --rootless` writes, with the limits that an unprivileged user may set."""
    plain(config)
    linux = config['linux']
    linux['namespaces'] = [{'type': kind} for kind in ('pid', 'ipc', 'uts', 'mount', 'user')]
    linux['uidMappings'] = linux['gidMappings'] = [{'containerID': 0, 'hostID': USER, 'size': 1}]
    del linux['resources']
    for mount in config['mounts']:
        mount['options'] = [option for option in mount.get('options', []) if option != 'gid=5']
        if mount['destination'] == '/sys':
            mount |= {'type': 'none', 'source': '/sys', 'options': ['rbind', 'nosuid', 'noexec', 'nodev', 'ro']}
    config['mounts'] = [mount for mount in config['mounts'] if mount['type'] != 'cgroup']
    config['process']['rlimits'] = [{'type': 'RLIMIT_NOFILE', 'soft': 100, 'hard': 200}]
    linux['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW',
                        'syscalls': [{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': errno.EXDEV}]}


def subordinate(config):
    """As rootless, with subordinate identifiers, which newuidmap(1) and newgidmap(1) map, and a network namespace."""
    rootless(config)
    linux = config['linux']
    linux['namespaces'].append({'type': 'network'})
    linux['uidMappings'] = linux['gidMappings'] = [{'containerID': 0, 'hostID': USER, 'size': 1},
                                                   {'containerID': 1, 'hostID': SUBORDINATE, 'size': 1000}]
    config['process']['user'] = {'uid': 5, 'gid': 6, 'additionalGids': [7]}


def pod(config):
    """Holds namespaces without a process: nothing takes a census in it."""
    config.clear()
    config |= {'ociVersion': '1.3.0', 'root': {'path': 'rootfs'}, 'hostname': 'pod', 'annotations': {'run.berth.pod': 'namespaces'},
               'linux': {'namespaces': [{'type': kind} for kind in ('network', 'ipc', 'uts', 'user')], 'sysctl': {'net.ipv4.ip_forward': '1'},
                         'uidMappings': [{'containerID': 0, 'hostID': 100000, 'size': 65536}],
                         'gidMappings': [{'containerID': 0, 'hostID': 100000, 'size': 65536}]}}
    if not MANAGER:
        config['linux'] |= {'cgroupsPath': '/{id}', 'resources': {'memory': {'limit': 1 << 28}}}


def waiting(edit):
    def edited(config):
        edit(config)
        config['process']['args'] = ['/census', 'wait']
    return edited


# --- what the census shows when nothing fails: regular expressions of the whole value ------------------------------------------

IN_RICH = {'in/ids/uid': '5 5 5', 'in/ids/groups': '(6 )?7 8 ', 'in/process/seccomp': '2', 'in/calls/mkdir': 'EXDEV', 'in/process/umask': '0027',
           'in/file//proc/self/uid_map': r' *0 +100000 +65536\n', 'in/tree//tmp/startContainer': '10.* 0:0 .*'}
IN_FULL = IN_RICH | {'in/calls/mkdir': errno.errorcode[REFUSED], 'in/namespaces/net': 'joined', 'agent/0/names': 'seccompFd', 'agent/0/descriptors': '1', 'agent/0/status': 'ID (created|creating)', 'agent/answers': '[1-9].*',
                     'in/tree//mnt/of0': '100644 1000:2000 .*', 'in/tree//mnt/of5': '100644 1005:2005 .*', 'in/tree//mnt/of200': '100644 65534:65534 .*'}
IN_TERMINAL = {'terminals': '1', 'in/terminal/controlling': 'ok', 'in/terminal/foreground': 'own', 'in/terminal/size': '.*'}
IN_ROOTLESS = {'in/ids/uid': '0 0 0', 'in/process/seccomp': '2', 'in/calls/mkdir': 'EXDEV', 'in/namespaces/user': 'other', 'in/namespaces/net': 'host',
               'in/file//proc/self/uid_map': fr' *0 +{USER} +1\n', 'in/limits/nofile': '100 200'}
IN_SUBORDINATE = IN_ROOTLESS | {'in/ids/uid': '5 5 5', 'in/ids/groups': '(6 )?7 ', 'in/namespaces/net': 'other',
                                'in/file//proc/self/uid_map': fr' *0 +{USER} +1\n *1 +{SUBORDINATE} +1000\n'}
STARTED = 'prestart createRuntime createContainer poststart'
HOOKS_RUN = {'hooks': STARTED}

# --- scenarios -------------------------------------------------------------------------------------------------------------------

Scenario = collections.namedtuple('Scenario', 'edit before command after shows', defaults=([], {}))
CREATE, START = 'create --bundle {b} {id}', 'start {id}'
CREATE_TERMINAL = 'create --bundle {b} --console-socket {path}/console {id}'

SCENARIOS = {
    'run': Scenario(plain, [], 'run --bundle {b} {id}'),
    'run-rich': Scenario(rich, [], 'run --bundle {b} {id}', [], IN_RICH | {'hooks': STARTED + ' poststop'}),
    'run-full': Scenario(full, [], 'run --bundle {b} {id}', [], IN_FULL | {'hooks': STARTED + ' poststop', 'agent/states': '1'}),
    'run-console': Scenario(with_terminal(full), [], 'run --detach --bundle {b} --console-socket {path}/console {id}', [], IN_FULL | IN_TERMINAL | HOOKS_RUN),
    'create': Scenario(plain, [], CREATE, [START]),
    'create-rich': Scenario(rich, [], CREATE, [START], IN_RICH | HOOKS_RUN),
    'create-console': Scenario(with_terminal(full), [], CREATE_TERMINAL, [START], IN_FULL | IN_TERMINAL | HOOKS_RUN),
    'create-pod': Scenario(pod, [], CREATE, ['state {id}'], {'status': 'created'}),
    'delete-pod': Scenario(pod, [CREATE], 'delete {id}', [], {'status': 'none'}),
    'start': Scenario(plain, [CREATE], START),
    'start-rich': Scenario(rich, [CREATE], START, [], IN_RICH | HOOKS_RUN),
    'start-console': Scenario(with_terminal(full), [CREATE_TERMINAL], START, [], IN_FULL | IN_TERMINAL | HOOKS_RUN),
    'exec': Scenario(waiting(plain), [CREATE, START], 'exec {id} /census'),
    'exec-rich': Scenario(waiting(rich), [CREATE, START], 'exec {id} /census', [], IN_RICH),
    'exec-console': Scenario(waiting(full), [CREATE, START], 'exec --tty --detach --console-socket {path}/console {id} /census wait', [],
                             IN_FULL | IN_TERMINAL | {'agent/states': '2', 'agent/1/descriptors': '1'}),
    'update': Scenario(waiting(rich), [CREATE, START], 'update --memory 128M --pids-limit 30 {id}'),
    'pause': Scenario(waiting(plain), [CREATE, START], 'pause {id}'),
    'resume': Scenario(waiting(plain), [CREATE, START, 'pause {id}'], 'resume {id}'),
    'kill': Scenario(waiting(plain), [CREATE, START], 'kill {id} KILL'),
    'state': Scenario(waiting(plain), [CREATE, START], 'state {id}'),
    'state-paused': Scenario(waiting(plain), [CREATE, START, 'pause {id}'], 'state {id}', [], {'status': 'paused', 'out': '.*"paused".*'}),
    'list': Scenario(waiting(plain), [CREATE, START], 'list'),
    'list-paused': Scenario(waiting(plain), [CREATE, START, 'pause {id}'], 'list', [], {'out': '.* paused .*'}),
    'ps': Scenario(waiting(plain), [CREATE, START], 'ps {id}'),
    'kill-paused': Scenario(waiting(plain), [CREATE, START, 'pause {id}'], 'kill {id} KILL', [], {'status': 'stopped'}),
    'delete': Scenario(waiting(plain), [CREATE, START], 'delete --force {id}'),
    'delete-paused': Scenario(waiting(plain), [CREATE, START, 'pause {id}'], 'delete --force {id}', [], {'status': 'none'}),
    'delete-console': Scenario(waiting(with_terminal(full)), [CREATE_TERMINAL, START], 'delete --force {id}', [], {'hooks': STARTED + ' poststop'}),
    'mounts': Scenario(waiting(plain), [CREATE, START], 'mounts add {id} {b}/mounts.json'),
    'mounts-rich': Scenario(waiting(rich), [CREATE, START], 'mounts add {id} {b}/mounts.json'),
    'unmount': Scenario(waiting(plain), [CREATE, START, 'mounts add {id} {b}/mounts.json'], 'mounts remove {id} {b}/unmounts.json'),
    'run-rootless': Scenario(rootless, [], 'run --bundle {b} {id}', [], IN_ROOTLESS),
    'create-rootless': Scenario(rootless, [], CREATE, [START], IN_ROOTLESS),
    'start-rootless': Scenario(rootless, [CREATE], START, [], IN_ROOTLESS),
    'exec-rootless': Scenario(waiting(rootless), [CREATE, START], 'exec {id} /census', [], IN_ROOTLESS),
    'kill-rootless': Scenario(waiting(rootless), [CREATE, START], 'kill {id} KILL'),
    'delete-rootless': Scenario(waiting(rootless), [CREATE, START], 'delete --force {id}'),
    'mounts-rootless': Scenario(waiting(rootless), [CREATE, START], 'mounts add {id} {b}/mounts.json'),
    'create-subordinate': Scenario(subordinate, [], CREATE, [START], IN_SUBORDINATE),
    'exec-subordinate': Scenario(waiting(subordinate), [CREATE, START], 'exec {id} /census', [], IN_SUBORDINATE),
    'checkpoint': Scenario(waiting(plain), [CREATE, START], 'checkpoint --image-path {b}/image {id}'),
    'restore': Scenario(waiting(plain), [CREATE, START, 'checkpoint --image-path {b}/image {id}'],
                        'restore --detach --bundle {b} --image-path {b}/image {id}'),
}
NEED_IDMAP = tuple(name for name in SCENARIOS if name.endswith(('-full', '-console')))
NEED_CRIU = ('checkpoint', 'restore')
NEED_NEWUIDMAP = ('create-subordinate', 'exec-subordinate')
ONLY_BERTH = ('create-pod', 'delete-pod', 'mounts', 'mounts-rich', 'mounts-rootless', 'unmount')
ROOTLESS = tuple(name for name in SCENARIOS if name.endswith(('-rootless', '-subordinate')))
# When one of these fails, the container is as it was before. What was unmounted cannot come back.
CHANGE_NOTHING = ('exec', 'update', 'mounts add', 'checkpoint', 'state', 'list', 'ps')
