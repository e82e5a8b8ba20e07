#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hardening.py [--no-fortify] [--static] PROGRAM... OBJECTS: are the programs and the object files below the folder OBJECTS built with what
meson.build asks for? --no-fortify: the C library has no fortified functions. --static: the first program needs no library."""
import pathlib
import subprocess
import sys

# What readelf says of an object whose code has landing pads, by its machine.
LANDING_PADS = {'Advanced Micro Devices X86-64': 'IBT', 'AArch64': 'BTI'}
# Programs that are embedded as data; the init is built by commands of its own.
EMBEDDED = {'image-data.o', 'bus-helper-data.o'}


def readelf(option, file):
    return subprocess.run(['readelf', option, '-W', file], capture_output=True, text=True, check=True).stdout


def faults_of_program(program, fortified):
    header, segments, dynamic, symbols = (readelf(option, program) for option in ('-h', '-l', '-d', '-s'))
    if 'DYN (' not in header:
        yield f'{program}: not position-independent'
    if 'GNU_RELRO' not in segments:
        yield f'{program}: no GNU_RELRO segment'
    # Nothing is bound late where there is no loader.
    if 'INTERP' in segments and 'BIND_NOW' not in dynamic and 'NOW' not in dynamic:
        yield f'{program}: symbols are bound late, so that the table stays writable'
    stack = next((line for line in segments.splitlines() if 'GNU_STACK' in line), '')
    if ' RW ' not in stack:
        yield f'{program}: the stack can be executed: {stack.strip()}'
    if '__stack_chk_fail' not in symbols:
        yield f'{program}: no stack protector'
    if fortified and '_chk' not in symbols.replace('__stack_chk_fail', ''):
        yield f'{program}: no fortified function'


def faults_of_objects(folder):
    objects = [file for file in sorted(folder.rglob('*.o')) if file.name not in EMBEDDED]
    if not objects:
        yield f'{folder}: no object file'
    for file in objects:
        machine = next(line for line in readelf('-h', file).splitlines() if 'Machine:' in line).partition(':')[2].strip()
        pads = LANDING_PADS.get(machine, '')
        if pads and pads not in readelf('-n', file):
            yield f'{file}: no landing pads ({pads})'


def main(options, programs, folder):
    faults = [fault for program in programs for fault in faults_of_program(program, '--no-fortify' not in options)]
    if '--static' in options and 'INTERP' in readelf('-l', programs[0]):
        faults.append(f'{programs[0]}: needs a loader, though it was linked with -static-pie')
    faults += faults_of_objects(pathlib.Path(folder))
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


words = sys.argv[1:]
files = [word for word in words if not word.startswith('--')]
sys.exit(main(words[:-len(files)], files[:-1], files[-1]))
