#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""circles.py BUILD: does no file need itself by way of others of its layer, and no room? By the symbols of the objects in BUILD/src."""
import pathlib
import subprocess
import sys

DEFINED, NEEDED = 'TDBRC', 'U'


def symbols(objects):
    """Object: (the names that it defines, those that it needs)."""
    found = {file: (set(), set()) for file in objects}
    lines = subprocess.run(['nm', '-A', *objects], capture_output=True, text=True, check=True).stdout.splitlines()
    for line in lines:
        file, words = line.split(':', 1)
        kind, name = words.split()[-2:]
        if kind in DEFINED:
            found[pathlib.Path(file)][0].add(name)
        elif kind == NEEDED:
            found[pathlib.Path(file)][1].add(name)
    return found


def needs_of(objects):
    """File: {file that it needs: a name}, within a layer."""
    found = symbols(objects)
    maker = {name: file for file, (defined, _) in found.items() for name in defined}
    return {file: {maker[name]: name for name in sorted(needed) if maker.get(name, file) != file}
            for file, (_, needed) in found.items()}


def circle_of(needs):
    """A path that ends where it begins, or []."""
    done = set()

    def follow(path):
        for other in needs[path[-1]]:
            if other in path:
                return path[path.index(other):] + [other]
            if other not in done and (circle := follow([*path, other])):
                return circle
        done.add(path[-1])
        return []

    for file in needs:
        if file not in done and (circle := follow([file])):
            return circle
    return []


def name_of(file):
    """As meson makes names of objects: no file of ours has a "_"."""
    return file.name.removesuffix('.c.o').replace('_', '/') + '.c'


def rooms_of(needs):
    """The same for rooms, as they are named; "" is all that is in none."""
    rooms = {}
    for file, others in needs.items():
        room = name_of(file).rpartition('/')[0]
        needed = {name_of(other).rpartition('/')[0]: name for other, name in others.items()}
        rooms.setdefault(room, {}).update({other: name for other, name in needed.items() if other != room})
    return rooms


def words_of(needs, circle):
    names = [one if isinstance(one, str) else name_of(one) for one in circle]
    links = [needs[one][other] for one, other in zip(circle, circle[1:])]
    return ''.join(f'{name} -({link})-> ' for name, link in zip(names, links)) + names[-1]


def main(build):
    faults, count = [], 0
    for layer in sorted(folder for folder in (build / 'src').iterdir() if folder.is_dir()):
        objects = sorted(layer.glob('*.p/*.c.o'))
        count += len(objects)
        files = needs_of(objects) if objects else {}
        for needs in (files, rooms_of(files)):
            circle = circle_of(needs)
            if circle:
                faults.append(f'src/{layer.name}: {words_of(needs, circle)}')
    if count == 0:
        faults.append(f'{build}/src: no objects here')
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
