#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shape.py TREE: functions up to 60 lines and 5 parameters, files up to 500 lines, lines of C and of .def tables up to 100 columns, no
goto, #if only where kernels and machines differ, nothing left for later, a licence in every file; no test relies on time: it waits
for what it needs, and gives up after $PATIENCE; the helpers that a test loads exist.

It relies on the layout: a function's opening and closing brace each stand alone at the start of a line."""
import pathlib
import re
import sys

FUNCTION_LINES = 60
FILE_LINES = 500
COLUMNS = 100
PARAMETERS = 5

FOLDERS = ['src', 'include', 'tests', 'bats', 'contrib', 'schemas']
C_SUFFIXES = ['.c', '.h', '.def']
CODE_SUFFIXES = C_SUFFIXES + ['.py', '.sh', '.bats', '.bash', '.jq']
SYSTEM_CALLS = 'include/berth/arch/'  # a system call has six arguments
CONDITIONS_ALLOWED = ['src/sys/', 'include/berth/sys/', 'include/berth/arch/', 'src/init/sys_words.h', 'tests/', 'bats/']
FOR_LATER = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b')
FIXED_TIME = re.compile(r'^\s*sleep \$?[\w.]{1,3}\s*$|\btimeout (?:-k \S+ |-(?!k)\S+ )*[1-9]|\bSECONDS - \w+\)\) -l[et] \d')
LOADED = re.compile(r'^load (\S+)$', re.MULTILINE)
LICENCE = 'SPDX-License-Identifier: Apache-2.0'

NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
MACRO = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.MULTILINE)
CONDITION = re.compile(r'^[ \t]*#[ \t]*(?:if|ifdef|ifndef)\b', re.MULTILINE)


def blank(match):
    """The same number of lines with nothing on them."""
    return '\n' * match.group().count('\n')


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def count_parameters(signature):
    """Of the function whose parameter list ends the signature."""
    depth, count = 0, 0
    for i in range(len(signature) - 1, -1, -1):
        letter = signature[i]
        depth += (letter == ')') - (letter == '(')
        count += letter == ',' and depth == 1
        if depth == 0:
            return 0 if signature[i + 1:-1].strip() in ('', 'void') else count + 1
    return count + 1


def functions_of(lines):
    """Yields (first line, last line, signature) of each function; lines count from 0."""
    for opening, line in enumerate(lines):
        if line.rstrip() != '{':
            continue
        first = opening
        while first > 0 and lines[first - 1].strip() and lines[first - 1].rstrip()[-1] not in ';}':
            first -= 1
        last = opening
        while last < len(lines) - 1 and lines[last].rstrip() != '}':
            last += 1
        yield first, last, ' '.join(lines[first:opening]).strip()


def faults_of_functions(name, code):
    lines = code.split('\n')
    for number, line in enumerate(lines, 1):
        if re.match(r'[a-z].*\)\s*\{$', line):
            yield number, 'the opening brace of a function stands on a line of its own'
    for first, last, signature in functions_of(lines):
        length = last - first + 1
        if length > FUNCTION_LINES:
            yield first + 1, f'a function of {length} lines, more than {FUNCTION_LINES}'
        count = count_parameters(signature)
        if count > PARAMETERS and not name.startswith(SYSTEM_CALLS):
            yield first + 1, f'{count} parameters, more than {PARAMETERS}'


def faults_of_c(name, text):
    code = NOT_CODE.sub(blank, text)
    for match in re.finditer(r'\bgoto\b', code):
        yield line_of(code, match.start()), 'goto'
    if not name.startswith(tuple(CONDITIONS_ALLOWED)):
        for match in CONDITION.finditer(code):
            yield line_of(code, match.start()), '#if belongs in sys, arch and init/sys_words.h'
    yield from faults_of_functions(name, MACRO.sub(blank, code))


def faults_of(name, text):
    lines = text.split('\n')
    if LICENCE not in '\n'.join(lines[:2]):
        yield 1, 'no SPDX line'
    if len(lines) - 1 > FILE_LINES:
        yield len(lines), f'a file of {len(lines) - 1} lines, more than {FILE_LINES}'
    for number, line in enumerate(lines, 1):
        if name.endswith(('.c', '.h', '.def')) and len(line) > COLUMNS:
            yield number, f'a line of {len(line)} columns, more than {COLUMNS}'
        if FOR_LATER.search(line):
            yield number, 'something is left for later'
        if name.endswith('.bats') and FIXED_TIME.search(line):
            yield number, 'a fixed time: wait_until, wait_for or time_for_faults, and $PATIENCE'
    if name.endswith(tuple(C_SUFFIXES)):
        yield from faults_of_c(name, text)


def faults_of_loads(file, text):
    for match in LOADED.finditer(text) if file.suffix == '.bats' else ():
        if not (file.parent / f'{match.group(1)}.bash').is_file():
            yield line_of(text, match.start()), f'loads {match.group(1)}, which does not exist'


def is_code(file):
    if not file.is_file() or file.is_symlink() or 'corpus' in file.parts:  # those are inputs
        return False
    if file.suffix in CODE_SUFFIXES:
        return True
    return file.suffix == '' and file.read_bytes()[:2] == b'#!'


def main(tree):
    files = [file for folder in FOLDERS for file in sorted((tree / folder).rglob('*')) if is_code(file)]
    failed = not files
    for file in files:
        name = file.relative_to(tree).as_posix()
        text = file.read_text()
        for number, fault in (*faults_of(name, text), *faults_of_loads(file, text)):
            print(f'{name}:{number}: {fault}')
            failed = True
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(pathlib.Path(sys.argv[1])))
