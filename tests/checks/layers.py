#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layers.py TREE: does every #include obey the layers, and the rooms of a layer? Each sees only those named here."""
import pathlib
import re
import sys

ALLOWED = {
    'arch': [],
    'base': [],
    'sys': ['arch', 'base'],
    'spec': ['base'],
    'seccomp': ['spec', 'sys', 'base'],
    'bus': ['sys', 'base'],
    'cgroup': ['bus', 'spec', 'sys', 'base'],
    'rdt': ['spec', 'base'],
    'plan': ['spec', 'base'],
    'init': ['arch', 'plan/ops.def', 'plan/plan.h'],
    'runtime': ['plan', 'cgroup', 'rdt', 'bus', 'seccomp', 'spec', 'sys', 'base', 'init/image.h'],
    'cli': ['runtime', 'base', 'spec/defaults.h', 'sys/memory.h'],
}
# Folders of a large layer.
ROOMS = {
    'runtime': {
        'state': [],
        'explain': ['state'],
        'launch': ['state', 'explain'],
        'criu': ['state', 'explain', 'launch'],
        'verbs': ['state', 'explain', 'launch'],
        'examine': ['state', 'explain', 'launch'],
    },
    'cgroup': {
        'hierarchy': [],
        'processes': ['hierarchy'],
        'systemd': ['hierarchy'],
        'resources': ['hierarchy', 'systemd'],
        'stats': ['hierarchy'],
        'place': ['hierarchy', 'systemd'],
    },
}
# Libraries, each for the layers that wrap it.
LIBRARIES = {'yajl/': ['spec'], 'seccomp.h': ['seccomp'], 'sys/capability.h': ['spec'], 'systemd/': ['bus']}
FREESTANDING = ('linux/', 'asm/', 'stddef.h', 'stdint.h', 'stdbool.h', 'stdarg.h')
MADE_BY_BUILD = ['spec-types.h', 'commit.h']

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def may_include(layer, header):
    """May `layer` include berth/HEADER?"""
    target = header.split('/')[0]
    return target == layer or target in ALLOWED[layer] or header in ALLOWED[layer]


def fault_of_system_header(layer, header):
    for library, layers in LIBRARIES.items():
        if header.startswith(library) and layer not in layers:
            return f'<{header}> is for {", ".join(layers)}'
    if layer == 'init' and not header.startswith(FREESTANDING):
        return f'<{header}>: the init has no libc'
    return None


def fault_of_own_header(layer, folder, header):
    """Of the same folder, or "ROOM/NAME.h"."""
    room, name = header.rpartition('/')[::2]
    if not room and ((folder / name).exists() or name in MADE_BY_BUILD):
        return None
    if room not in ROOMS.get(layer, {}) or not (folder.parent / room / name).exists():
        return f'"{header}" is not of this folder'
    if room not in ROOMS[layer][folder.name]:
        return f'room {folder.name} must not see {header}'
    return None


def fault_of(layer, folder, kind, header):
    """What is wrong with one #include, or None."""
    if kind == '<':
        return fault_of_system_header(layer, header)
    if header.startswith('berth/'):
        if may_include(layer, header.removeprefix('berth/')):
            return None
        return f'layer {layer} must not see {header}'
    return fault_of_own_header(layer, folder, header)


def faults_of_folder(folder):
    layer = folder.name
    if layer not in ALLOWED:
        return [f'{folder}: the layer {layer} is unknown: say in layers.py what it may see']
    faults = []
    for file in sorted(folder.rglob('*.[chd]*')):
        if layer in ROOMS and folder.parent.name == 'src' and file.parent.name not in ROOMS[layer]:
            faults.append(f'{file}: is in no room of {layer}')
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            fault = match and fault_of(layer, file.parent, *match.groups())
            if fault:
                faults.append(f'{file}:{number}: {fault}')
    return faults


def main(tree):
    faults = []
    for parent in ('src', 'include/berth'):
        folders = [child for child in sorted((tree / parent).iterdir()) if child.is_dir()]
        if not folders:
            faults.append(f'{tree / parent}: no layers here')
        for folder in folders:
            faults += faults_of_folder(folder)
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
