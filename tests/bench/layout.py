# SPDX-License-Identifier: Apache-2.0
"""The linker script src/cli/layout.ld: the object files whose code the commands execute."""
import bisect
import re

# Object files without code that every command reads, the largest last: only its beginning is read.
DATA = ['image-data.o', 'table.c.o', 'meson-generated_.._.._.._schemas_spec-tables.c.o', 'libc.a:C-ctype.o']

# Code of commands that are not traced: the bundle is the current directory, standard output is a terminal.
MORE = ['*libc.a:getcwd.o', '*libc.a:isatty.o', '*libc.a:rawmemchr-avx2.o', '*libc.a:rawmemchr-evex.o', '*libc.a:tcgetattr.o']

HEAD = '''/* Written by `tests/bench/gate --layout`: the code and constants that the usual commands use come one after the other. The kernel maps
 * 64 KiB around each page that a process touches, so scattered code costs every process the memory of the whole program. An object
 * file that is missing here, or that no longer exists, costs memory, no more. */
'''


def sections_of(text):
    """(start, end, name of the object file) of each piece of code in a linker's map."""
    text = text[text.index('Linker script and memory map'):]
    found = re.findall(r'^ \.text[\w.]*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$', text, re.MULTILINE)
    return sorted((int(start, 16), int(start, 16) + int(size, 16), name) for start, size, name in found if int(start, 16) > 0)


def pattern(name):
    """Of an object file's name in a linker script: "*libc.a:malloc.o", "*/launch.c.o"."""
    member = re.fullmatch(r'(?:.*/)?(lib\w+\.a)\((.*)\)', name)
    return f'*{member[1]}:{member[2]}' if member else '*/' + name.rpartition('/')[2]


def patterns_of(text, offsets):
    sections = sections_of(text)
    starts = [start for start, _, _ in sections]
    found = set()
    for offset in offsets:
        start, end, name = sections[bisect.bisect_right(starts, offset) - 1]
        if start <= offset < end:
            found.add(pattern(name))
    return sorted(found)


def section(name, place, patterns, kinds):
    lines = ''.join(f'    {each}({kinds})\n' for each in patterns)
    return f'SECTIONS {{\n  {name} : {{\n{lines}  }}\n}} INSERT {place};\n'


def write_layout(path, text, offsets):
    """`text` is the linker's map, `offsets` those of the instructions that were executed."""
    patterns = sorted({*patterns_of(text, offsets), *MORE})
    data = [f'*{name}' if ':' in name else f'*/{name}' for name in DATA]
    path.write_text(HEAD + section('.text.used', 'BEFORE .text', patterns, '.text .text.[!u]*') +
                    section('.text.rest', 'AFTER .fini', ['*'], '.text.unlikely .text .text.*') +
                    section('.rodata.used', 'AFTER .rodata', [*patterns, *data], '.rodata .rodata.*'), encoding='utf-8')
    return len(patterns)
