# SPDX-License-Identifier: Apache-2.0
"""What was found out about a container, in fields that can be compared: numbers that are another each time become words."""
import json
import re

STATUS = '''Seccomp Seccomp_filters NoNewPrivs Cpus_allowed_list Mems_allowed_list Groups Umask CoreDumping THP_enabled Speculation_Store_Bypass
    Threads TracerPid'''.split()
# Not the container's own, or another each time.
IGNORED = ('process/ppid', 'file//proc/self/status', 'file//proc/self/mountinfo', 'file//proc/self/autogroup', 'uts/release', 'tree//dev/pts/')

INODE, PROCESS, TERMINAL = re.compile(r'\b(\w+):\[(\d+)\]'), re.compile(r'/proc/\d+\b'), re.compile(r'\bpts/\d+')


def mounts_of(text):
    """Of /proc/self/mountinfo, in the words of each mount; mounts at one place are counted from below."""
    fields, seen = {}, {}
    for line in text.splitlines():
        before, _, after = line.partition(' - ')
        words, (kind, source, supers) = before.split(' '), after.split(' ', 2)
        seen[words[4]] = seen.get(words[4], 0) + 1
        key = f'mounts/{words[4]}#{seen[words[4]]}'
        propagation = ' '.join(re.sub(r':\d+', '', word) for word in words[6:]) or 'private'
        fields.update({f'{key}/root': words[3], f'{key}/options': ','.join(sorted(words[5].split(','))), f'{key}/propagation': propagation,
                       f'{key}/type': kind, f'{key}/source': source, f'{key}/super': ','.join(sorted(supers.split(',')))})
    return fields


def flat(value, key):
    """An object in an object is a longer key."""
    if isinstance(value, dict):
        return {name: word for part in value for name, word in flat(value[part], f'{key}/{part}').items()}
    return {key: json.dumps(value)}


def json_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


class Words:
    """What is another each time."""

    def __init__(self, arena, name):
        self.arena, self.name, self.folder = arena, name, str(arena.path)

    def plain(self, text):
        """Most texts have none of it, and there are hundreds."""
        if ':[' in text:
            text = INODE.sub(self.inode, text)
        if '/proc/' in text:
            text = PROCESS.sub('/proc/N', text)
        if 'pts/' in text:
            text = TERMINAL.sub('pts/N', text)
        return text.replace(self.folder, '{arena}').replace(self.name, '{id}').rstrip('\n')

    def cgroups(self, text):
        """Of the hierarchies that are mounted here: others may mount one elsewhere meanwhile."""
        lines = [line.split(':', 2) for line in text.splitlines()]
        return '\n'.join(sorted(f'{names}:{path}' for _, names, path in lines if self.arena.has_hierarchy(names)))

    def inode(self, match):
        kind, number = match.groups()
        return 'a ' + kind if kind in ('pipe', 'socket') else self.arena.namespace(f'{kind}:[{number}]')

    def census(self, key, text):
        data = json_of(text)
        if not isinstance(data, dict):
            return {f'{key}/census': 'none' if not text else 'cut off' if text.startswith('{') else 'other output'}
        fields = {f'{key}/census': 'whole'}
        status = dict(line.split(':', 1) for line in data.get('file//proc/self/status', '').splitlines() if ':' in line)
        for name in STATUS:
            if name in status:
                fields[f'{key}/status/{name}'] = status[name].strip()
        mountinfo = data.get('file//proc/self/mountinfo', '')
        # A hook on the host sees the host's mounts, which come and go.
        mounts = mounts_of(mountinfo) if ' - ' in mountinfo and key in ('census', 'exec', 'hook/startContainer') else {}
        for name, value in mounts.items():
            is_process = name.endswith('/root') and re.fullmatch(r'/\d+', value) and mounts[name.removesuffix('root') + 'type'] == 'proc'
            fields[self.plain(f'{key}/{name}')] = '/N' if is_process else self.plain(value)
        for name, value in data.items():
            fields.update(self.census_field(key, name, value))
        if fields.get(f'{key}/namespaces/pid') != 'new':
            fields.pop(f'{key}/process/pid', None)
        return fields

    def census_field(self, key, name, value):
        if name.startswith(IGNORED):
            return {}
        if name.startswith('environment/'):
            name, _, value = ('environment/' + value).partition('=')
        if name.endswith(('uid_map', 'gid_map')):
            value = ' '.join(value.split())
        if name == 'file//proc/self/cgroup' and ':' in value:
            value = self.cgroups(value)
        if name == 'stdin':
            return self.state(f'{key}/stdin', value)
        return {f'{key}/{name}': self.plain(value)}

    def state(self, key, text):
        """Of `state`, `list` and the standard input of hooks."""
        data = json_of(text)
        if isinstance(data, list):
            data = {str(one.get('id')): one for one in data}
        if not isinstance(data, dict):
            return {key: 'no object'}
        fields = {}
        for name, value in flat(data, key).items():
            last = name.rsplit('/', 1)[1]
            if last == 'pid':
                value = 'a number' if value.isdigit() and value != '0' else value
            if last == 'created':
                value = re.sub(r'\d', 'N', re.sub(r'\.\d+', '.N', value))
            fields[self.plain(name)] = self.plain(value)
        return fields


def fields_of(found, arena, name):
    """The fields of what Life has found out."""
    words, fields = Words(arena, name), {}
    for key, value in found.items():
        if key in ('census', 'exec') or key.startswith('hook '):
            fields.update(words.census(key.replace(' ', '/'), value))
        elif key.startswith(('state/', 'list/')):
            fields.update(words.state(key, value))
        elif key.endswith('/devices.list'):
            fields[key] = '\n'.join(sorted(value.splitlines()))  # a set of rules
        elif key == 'outside/cgroup':
            fields[key] = words.plain(words.cgroups(value))
        elif key.endswith(('uid_map', 'gid_map')):
            fields[key] = ' '.join(value.split())
        else:
            fields[words.plain(key)] = words.plain(value)
    return fields
