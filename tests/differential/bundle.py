# SPDX-License-Identifier: Apache-2.0
"""The bundle of a case: the configuration that all start from, edits of it, and its root file system."""
import json
import os
import re
import shutil
import stat

ABSENT = object()  # as the value of an edit: the property goes

CAPABILITIES = ['CAP_' + name for name in '''CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP
    NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'''.split()]


def mount(destination, kind, source, options=''):
    return {'destination': destination, 'type': kind, 'source': source, 'options': options.split(',') if options else []}


def base_config():
    return {
        'ociVersion': '1.0.2',
        'process': {
            'user': {'uid': 0, 'gid': 0}, 'args': ['census', 'wait'], 'cwd': '/',
            'env': ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
            'capabilities': {name: CAPABILITIES[:] for name in ('bounding', 'effective', 'permitted')},
            'rlimits': [{'type': 'RLIMIT_NOFILE', 'soft': 1024, 'hard': 1024}],
            'noNewPrivileges': True,
        },
        'root': {'path': 'rootfs'},
        'hostname': 'differential',
        'mounts': [
            mount('/proc', 'proc', 'proc', 'nosuid,noexec,nodev'),
            mount('/dev', 'tmpfs', 'tmpfs', 'nosuid,strictatime,mode=755,size=65536k'),
            mount('/dev/pts', 'devpts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5'),
            mount('/dev/shm', 'tmpfs', 'shm', 'nosuid,noexec,nodev,mode=1777,size=65536k'),
            mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid,noexec,nodev'),
            mount('/sys', 'sysfs', 'sysfs', 'nosuid,noexec,nodev,ro'),
            mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'nosuid,noexec,nodev,relatime,ro'),
        ],
        'linux': {
            'namespaces': [{'type': kind} for kind in ('pid', 'network', 'ipc', 'uts', 'mount', 'cgroup')],
            'resources': {'devices': [{'allow': False, 'access': 'rwm'}]},
            'maskedPaths': ['/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list',
                            '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware'],
            'readonlyPaths': ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
        },
    }


def make_rootless(config, uid, gid):
    """What `spec --rootless` writes: one id, the network of the host, no cgroups."""
    linux = config['linux']
    linux['namespaces'] = [{'type': kind} for kind in ('pid', 'ipc', 'uts', 'mount', 'user')]
    linux['uidMappings'] = [{'containerID': 0, 'hostID': uid, 'size': 1}]
    linux['gidMappings'] = [{'containerID': 0, 'hostID': gid, 'size': 1}]
    del linux['resources']
    for one in config['mounts']:
        one['options'] = [option for option in one['options'] if option != 'gid=5']
    config['mounts'][5] = mount('/sys', 'bind', '/sys', 'rbind,nosuid,noexec,nodev,ro')
    del config['mounts'][6]


def key_of(item):
    return item.get('destination') or item.get('type') if isinstance(item, dict) else item


def step_into(holder, part):
    """The value at one part of a path; what is missing is made."""
    if isinstance(holder, list):
        return next(item for item in holder if key_of(item) == part)
    if holder.get(part) is None:
        holder[part] = {}
    return holder[part]


def edit(config, path, value):
    """linux.namespaces[pid].path, mounts[]: [NAME] is the item whose destination or type that is, [] is one more."""
    parts = [part for part in re.split(r'\.(?![^\[]*\])|(\[[^\]]*\])', path) if part]
    *before, last = [part.strip('[]') if part != '[]' else '' for part in parts]
    for number, part in enumerate(before):
        if parts[number + 1] == '[]' and not config.get(part):
            config[part] = []
        try:
            config = step_into(config, part)
        except StopIteration:
            return  # another edit has taken it away
    if isinstance(config, list):
        edit_item(config, last, value)
    elif value is ABSENT:
        config.pop(last, None)
    else:
        config[last] = value


def edit_item(items, key, value):
    if key == '':
        items += value if isinstance(value, list) else [value]
        return
    for number, item in enumerate(items):
        if key_of(item) == key:
            items[number:number + 1] = [] if value is ABSENT else [value]
            return


def replace_words(value, words):
    """{NAME} in any string."""
    text = json.dumps(value)
    for name, word in words.items():
        text = text.replace('{%s}' % name, word)
    return json.loads(text)


def add_file(path, text, mode):
    path.write_text(text)
    path.chmod(mode)


def make_rootfs(root, census):
    """Small, and with odd modes and owners for mounts to cover."""
    for name in ('bin', 'dev', 'etc', 'mnt/dir/sub', 'proc', 'root', 'sys', 'tmp', 'opt/setgid', 'opt/private', 'home'):
        (root / name).mkdir(parents=True)
    # A link costs less than a copy, and what a runtime makes of it is seen.
    os.link(census, root / 'bin/census')
    add_file(root / 'etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n', 0o644)
    add_file(root / 'etc/group', 'root:x:0:\nuser:x:1000:\nextra:x:2000:user,root\n', 0o644)
    add_file(root / 'etc/masked', 'secret\n', 0o644)
    add_file(root / 'mnt/file', 'image\n', 0o640)
    add_file(root / 'bin/plain', 'no program\n', 0o644)
    os.symlink('/mnt/dir', root / 'mnt/link')
    os.symlink('/nowhere', root / 'mnt/dangling')
    os.symlink('loop', root / 'mnt/loop')
    (root / 'tmp').chmod(0o1777)
    (root / 'opt/setgid').chmod(0o2775)
    (root / 'opt/private').chmod(0o700)
    if os.geteuid() == 0:
        os.chown(root / 'opt/setgid', 1000, 1000)


def make_sources(folder):
    """What binds lead to."""
    (folder / 'dir/sub').mkdir(parents=True)
    add_file(folder / 'dir/inside', 'bound\n', 0o644)
    add_file(folder / 'file', 'bound file\n', 0o604)
    add_file(folder / 'process.json', json.dumps({'args': ['census', 'exit', '4'], 'cwd': '/tmp', 'env': ['PATH=/bin', 'E=1'],
                                                  'user': {'uid': 0, 'gid': 0}, 'oomScoreAdj': 10}), 0o644)


def make(path, census, config):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    make_rootfs(path / 'rootfs', census)
    make_sources(path / 'source')
    (path / 'out').mkdir()
    (path / 'out').chmod(0o777)
    (path / 'config.json').write_text(json.dumps(config))


def tree_of(path):
    """Type, mode and owner of everything below it: what a runtime has left in the root file system."""
    top, found = os.lstat(path), {}
    folders = [(str(path), '')]
    while folders:
        folder, before = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                st = entry.stat(follow_symlinks=False)
                kind = f'{st.st_mode:o} {st.st_uid}:{st.st_gid} {os.major(st.st_rdev)}:{os.minor(st.st_rdev)}'
                found[before + entry.name] = kind if stat.S_ISDIR(st.st_mode) else f'{kind} {st.st_size} bytes'
                # Some runtimes leave mounts where there is no mount namespace.
                if stat.S_ISDIR(st.st_mode) and st.st_dev == top.st_dev:
                    folders.append((entry.path, f'{before}{entry.name}/'))
    return found
