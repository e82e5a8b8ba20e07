# SPDX-License-Identifier: Apache-2.0
"""The root file system, mounts, devices, masks and hooks."""
from bundle import ABSENT, mount
from factors_process import values

BASE = {'proc': '/proc', 'dev': '/dev', 'pts': '/dev/pts', 'shm': '/dev/shm', 'mqueue': '/dev/mqueue', 'sys': '/sys', 'cgroup': '/sys/fs/cgroup'}
SOURCE = '{bundle}/source'


def more(*mounts):
    return {'mounts[]': list(mounts)}


def bind(destination, source='dir', options='rbind'):
    return mount(destination, 'bind', f'{SOURCE}/{source}', options)


def tmpfs(destination, options='mode=755'):
    return mount(destination, 'tmpfs', 'tmpfs', options)


def device(path, kind='c', major=1, minor=5, **rest):
    return {'path': path, 'type': kind, 'major': major, 'minor': minor, **rest}


def hook(name, *words, inside=False, **rest):
    """A census as a hook; /out is bound in for one that runs inside."""
    folder = '/out' if inside else '{bundle}/out'
    return {'path': '/bin/census' if inside else '{bundle}/rootfs/bin/census', 'args': ['census', '--to', f'{folder}/{name}', *words], **rest}


def hooks(*kinds, words=(), **rest):
    edits = {f'hooks.{kind}': [hook(kind, *words, inside=kind == 'startContainer', **rest)] for kind in kinds}
    return edits | more(mount('/out', 'bind', '{bundle}/out', 'bind'))


OPTIONS = '''nosuid nodev noexec nodiratime noatime relatime strictatime nosymfollow sync dirsync iversion mand lazytime defaults suid dev exec atime
    diratime norelatime loud silent acl noiversion rro rnosuid rnodev rnoexec rnoatime rrelatime rstrictatime rnosymfollow rrw rsuid'''.split()
PROPAGATION = 'shared rshared slave rslave private rprivate unbindable runbindable'.split()

FACTORS = {
    'without': {name: {f'mounts[{path}]': ABSENT} for name, path in BASE.items()} | {'all': {'mounts': []}, 'absent': {'mounts': ABSENT}},
    'proc': {'ro': {'mounts[/proc].options': ['ro']}, 'hidepid': {'mounts[/proc].options': ['hidepid=2']}, 'bare': {'mounts[/proc].options': ABSENT},
             'subset': {'mounts[/proc].options': ['subset=pid']}, 'bind': {'mounts[/proc]': mount('/proc', 'bind', '/proc', 'rbind')}},
    'dev': {'ro': {'mounts[/dev].options': ['nosuid', 'ro', 'mode=755']}, 'bare': {'mounts[/dev].options': ABSENT}, 'noexec': {'mounts[/dev].options': ['nosuid', 'noexec', 'mode=755']},
            'bind': {'mounts[/dev]': mount('/dev', 'bind', '/dev', 'rbind')}, 'nodev': {'mounts[/dev].options': ['nodev', 'mode=755']}},
    'shm': {'bare': {'mounts[/dev/shm].options': ABSENT}, 'size': {'mounts[/dev/shm].options': ['size=1m', 'nr_inodes=100']}, 'bind': {'mounts[/dev/shm]': bind('/dev/shm')}},
    'pts': {'bare': {'mounts[/dev/pts].options': ABSENT}, 'max': {'mounts[/dev/pts].options': ['newinstance', 'max=4', 'ptmxmode=0600']}},
    'sys': {'rw': {'mounts[/sys].options': ['nosuid']}, 'bind': {'mounts[/sys]': mount('/sys', 'bind', '/sys', 'rbind,ro')}, 'rro': {'mounts[/sys].options': ['rro']},
            'tmpfs': {'mounts[/sys]': tmpfs('/sys')}},
    'cgroup': {'rw': {'mounts[/sys/fs/cgroup].options': ['rw', 'nosuid', 'noexec', 'nodev']}, 'bare': {'mounts[/sys/fs/cgroup].options': ABSENT},
               'bind': {'mounts[/sys/fs/cgroup]': mount('/sys/fs/cgroup', 'bind', '/sys/fs/cgroup', 'rbind,ro')}, 'elsewhere': more(mount('/mnt/cg', 'cgroup', 'cgroup', 'ro'))},
    'root': {'readonly': {'root.readonly': True}, 'absolute': {'root.path': '{bundle}/rootfs'}, 'dots': {'root.path': './rootfs/../rootfs'}, 'slash': {'root.path': 'rootfs/'},
             'missing': {'root.path': 'nothing'}, 'file': {'root.path': 'config.json'}, 'bundle': {'root.path': ''}},
    'propagation': values('linux.rootfsPropagation', **{name: name for name in PROPAGATION}, unknown='nonsense', empty=''),
    'bind': {name: more(*mounts) for name, mounts in {
        'directory': [bind('/mnt/dir')], 'file': [bind('/mnt/file', 'file')], 'plain': [bind('/mnt/dir', options='bind')], 'ro': [bind('/mnt/dir', options='bind,ro')],
        'rro': [bind('/mnt/dir', options='rbind,rro')], 'new': [bind('/mnt/new/deep')], 'new-file': [bind('/mnt/new/file', 'file')], 'missing': [bind('/mnt/dir', 'nothing')],
        'dir-on-file': [bind('/mnt/file')], 'file-on-dir': [bind('/mnt/dir', 'file')], 'link': [bind('/mnt/link')], 'dangling': [bind('/mnt/dangling')], 'loop': [bind('/mnt/loop')],
        'relative': [mount('/mnt/dir', 'bind', 'source/dir', 'rbind')], 'typeless': [{'destination': '/mnt/dir', 'source': SOURCE + '/dir', 'options': ['rbind']}],
        'no-option': [mount('/mnt/dir', 'bind', SOURCE + '/dir')], 'type-none': [mount('/mnt/dir', 'none', SOURCE + '/dir', 'rbind')], 'twice': [bind('/mnt/dir'), bind('/mnt/dir', 'file')],
        'nested': [bind('/mnt/dir'), tmpfs('/mnt/dir/sub')], 'nested-new': [bind('/mnt/dir'), bind('/mnt/dir/new/deeper')], 'file-nested': [bind('/mnt/dir'), bind('/mnt/dir/inside', 'file')],
        'ro-nested': [bind('/mnt/dir', options='rbind,ro'), tmpfs('/mnt/dir/sub')], 'ro-nested-new': [bind('/mnt/dir', options='rbind,ro'), tmpfs('/mnt/dir/missing')],
        'under-dev': [bind('/dev/here')], 'file-under-dev': [bind('/dev/file', 'file')], 'under-proc': [bind('/proc/sys')], 'under-sys': [bind('/sys/kernel')], 'dev-null': [mount('/mnt/file', 'bind', '/dev/null', 'bind')],
        'destination-relative': [bind('mnt/dir')], 'destination-dots': [bind('/mnt/../opt')], 'destination-root': [bind('/')], 'on-root-dots': [bind('/..')],
        'all-flags': [bind('/mnt/dir', options='rbind,ro,nosuid,nodev,noexec,noatime')], 'proc-self': [bind('/proc/self/fd')], 'proc-file': [bind('/proc/uptime', 'file')],
        'twice-options': [bind('/mnt/dir', options='rbind,ro,rw')], 'empty-option': [bind('/mnt/dir', options='rbind,,ro')], 'unknown-option': [bind('/mnt/dir', options='rbind,nonsense')],
        'tmp': [bind('/tmp')], 'etc': [bind('/etc/resolv.conf', 'file'), bind('/etc/hosts', 'file'), bind('/etc/hostname', 'file')],
    }.items()},
    'bind-option': {name: more(bind('/mnt/dir', options=f'rbind,{name}')) for name in OPTIONS + PROPAGATION},
    'tmpfs-option': {name: more(tmpfs('/mnt/dir', name)) for name in OPTIONS + PROPAGATION},
    'tmpfs': {name: more(*mounts) for name, mounts in {
        'private': [tmpfs('/opt/private', '')], 'setgid': [tmpfs('/opt/setgid', '')], 'mode': [tmpfs('/opt/private', 'mode=1777')], 'new': [tmpfs('/mnt/new', '')], 'new-mode': [tmpfs('/mnt/new', 'mode=700')],
        'ro': [tmpfs('/opt/private', 'ro')], 'size': [tmpfs('/mnt/dir', 'size=1m')], 'percent': [tmpfs('/mnt/dir', 'size=1%')], 'owner': [tmpfs('/mnt/dir', 'uid=1000,gid=1000,mode=700')],
        'copyup': [tmpfs('/mnt', 'tmpcopyup')], 'copyup-new': [tmpfs('/mnt/newer', 'tmpcopyup')], 'copyup-mode': [tmpfs('/mnt', 'tmpcopyup,mode=700')], 'copyup-ro': [tmpfs('/mnt', 'tmpcopyup,ro')],
        'run': [tmpfs('/run', 'rw,noexec,nosuid,nodev,mode=755')], 'ro-nested': [tmpfs('/mnt', 'ro'), tmpfs('/mnt/below')], 'tmp': [tmpfs('/tmp', '')], 'var': [tmpfs('/var/lib/x/y', '')],
        'bad-option': [tmpfs('/mnt/dir', 'nonsense=1')], 'source-none': [mount('/mnt/dir', 'tmpfs', 'none')], 'source-less': [{'destination': '/mnt/dir', 'type': 'tmpfs'}], 'over-dev': [tmpfs('/dev/sub', '')],
    }.items()},
    'mount': {name: more(*mounts) for name, mounts in {
        'proc-again': [mount('/mnt/dir', 'proc', 'proc')], 'sysfs-again': [mount('/mnt/dir', 'sysfs', 'sysfs', 'ro')], 'mqueue-again': [mount('/mnt/dir', 'mqueue', 'mqueue')],
        'devpts-again': [mount('/mnt/dir', 'devpts', 'devpts', 'newinstance')], 'unknown-type': [mount('/mnt/dir', 'nonsense', 'x')], 'ramfs': [mount('/mnt/dir', 'ramfs', 'ramfs')],
        'overlay': [mount('/mnt/dir', 'overlay', 'overlay', f'lowerdir={SOURCE}/dir:{SOURCE}')], 'no-destination': [{'type': 'tmpfs', 'source': 'x'}], 'cgroup2': [mount('/mnt/dir', 'cgroup2', 'cgroup2', 'ro')],
        'ramfs-options': [mount('/mnt/dir', 'ramfs', 'ramfs', 'nosuid,noexec,ro')], 'idmapped': [{**bind('/mnt/dir'), 'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 10}], 'gidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 10}]}],
        'idmap-option': [bind('/mnt/dir', options='rbind,idmap')], 'ridmap': [bind('/mnt/dir', options='rbind,ridmap')], 'uid-mapping-only': [{**bind('/mnt/dir'), 'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 10}]}],
    }.items()},
    'masked': values('linux.maskedPaths', none=[], absent=ABSENT, file=['/etc/masked'], directory=['/mnt/dir'], missing=['/nowhere/x'], both=['/etc/masked', '/mnt/dir', '/proc/version'], link=['/mnt/link'],
                     duplicate=['/etc/masked', '/etc/masked'], relative=['etc/masked'], dangling=['/mnt/dangling'], mounted=['/dev/shm'], device=['/dev/null'], root=['/'], dots=['/mnt/../etc/masked'], slash=['/mnt/dir/']),
    'readonly': values('linux.readonlyPaths', none=[], absent=ABSENT, file=['/etc/masked'], directory=['/mnt/dir'], missing=['/nowhere'], mounted=['/dev/shm', '/proc/sys'], link=['/mnt/link'], duplicate=['/mnt/dir', '/mnt/dir'],
                       relative=['mnt/dir'], masked_too=['/proc/acpi', '/proc/kcore', '/proc/sys'], root=['/'], dev=['/dev'], self=['/proc/self']),
    'devices': {name: {'linux.devices': devices} for name, devices in {
        'none': [], 'zero': [device('/dev/mine')], 'mode': [device('/dev/mine', fileMode=0o640, uid=1000, gid=2000)], 'mode-0': [device('/dev/mine', fileMode=0)], 'elsewhere': [device('/mnt/mine')], 'deep': [device('/dev/deep/er/mine')],
        'fifo': [{'path': '/dev/fifo', 'type': 'p'}], 'fifo-mode': [{'path': '/dev/fifo', 'type': 'p', 'fileMode': 0o622}], 'u': [device('/dev/mine', 'u')], 'block': [device('/dev/mine', 'b', 7, 99)], 'null-again': [device('/dev/null', minor=3, fileMode=0o600)],
        'null-other': [device('/dev/null')], 'twice': [device('/dev/mine'), device('/dev/mine')], 'twice-other': [device('/dev/mine'), device('/dev/mine', minor=7)], 'slash': [device('/dev/mine/')], 'relative': [device('dev/mine')],
        'on-file': [device('/etc/masked')], 'on-directory': [device('/mnt/dir')], 'no-numbers': [{'path': '/dev/mine', 'type': 'c'}], 'large': [device('/dev/mine', 'c', 4095, 1048575)], 'setuid': [device('/dev/mine', fileMode=0o4666)],
        'kind-bits': [device('/dev/mine', fileMode=0o20660)], 'unknown': [device('/dev/mine', 'x')], 'fuse': [device('/dev/fuse', 'c', 10, 229)], 'below-shm': [device('/dev/shm/mine')], 'dots': [device('/dev/../dev/mine')], 'console': [device('/dev/console', 'c', 5, 1)],
    }.items()},
    'hooks': {kind: hooks(kind) for kind in ('prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop')} | {
        'all': hooks('prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'),
        'env': hooks('prestart', 'createRuntime', 'startContainer', 'createContainer', 'poststart', 'poststop', env=['A=b']), 'env-empty': hooks('createRuntime', 'startContainer', 'createContainer', env=[]),
        'timeout': hooks('prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop', timeout=5), 'timeout-0': hooks('createRuntime', timeout=0), 'timeout-minus': hooks('createRuntime', timeout=-1),
        **{f'{kind}-fails': hooks(kind, words=('exit', '3')) for kind in ('prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop')},
        'missing': {'hooks.createRuntime': [{'path': '/nowhere/hook'}]}, 'relative': {'hooks.createRuntime': [{'path': 'hook'}]}, 'bare': {'hooks.prestart': [{'path': '/bin/true'}]}, 'empty': {'hooks': {}},
        'killed': hooks('createRuntime', words=('die', '9')), 'times-out': hooks('createRuntime', words=('wait',), timeout=1),
    },
}
