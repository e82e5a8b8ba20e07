#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""completion.py BASH ZSH FISH: what do the completions offer? In the shells that are here, with a berth that has the containers c1 and c2,
and "rooted" below /r."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BERTH = '''#!/bin/sh
[ "$1" != --root ] || { [ "$2" != /r ] || echo rooted; exit; }
[ "$*" != "list -q" ] || printf 'c1\\nc2\\n'
'''

# line, all that is offered; a set: these among others
CASES = [
    ('berth ru', ['run']),
    ('berth --log-format json ru', ['run']),
    ('berth --log f ', {'create', 'run', 'features'}),
    ('berth --cgr', ['--cgroup-manager']),
    ('berth --cgroup-manager ', ['cgroupfs', 'disabled', 'systemd']),
    ('berth --log-format j', ['json']),
    ('berth kill ', ['c1', 'c2']),
    ('berth kill --all c', ['c1', 'c2']),
    ('berth kill c1 KI', ['KILL']),
    ('berth kill c1 KILL ', []),
    ('berth --root /r kill ', ['rooted']),
    ('berth --root=/r kill ', ['rooted']),
    ('berth exec --use', ['--user']),
    ('berth exec --user 0 ', ['c1', 'c2']),
    ('berth exec c1 --us', []),
    ('berth exec c1 ', []),
    ('berth ps -f ', ['json', 'table']),
    ('berth doctor --format ', ['json', 'text']),
    ('berth mounts ', ['add', 'remove']),
    ('berth mounts add ', ['c1', 'c2']),
    ('berth mounts add c1 fil', ['file']),
    ('berth update c1 --pids', ['--pids-limit']),
    ('berth update --cpu-idle ', ['0', '1']),
    ('berth run ', []),
    ('berth run -b dir', ['directory']),
    ('berth run --pid-file fil', ['file']),
    ('berth run --pid-file dir', ['directory']),
    ('berth run --console-socket fil', ['file']),
    ('berth run --preserve-fds ', []),
    ('berth exec --cwd dir', []),
    ('berth list ', []),
]

BASH_SCRIPT = '''
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$(($# - 2))
_berth berth
printf '%s\\n' "${COMPREPLY[@]}"
'''

# In a terminal of zsh's own: compadd says what it gets, and the first completion ends the shell.
ZSH_SCRIPT = r'''
zmodload zsh/zpty
zpty z "zsh -f -i"
zpty -w z 'PS1= PS2= PROMPT_EOL_MARK=; stty -echo; fpath=($COMPLETIONS $fpath); autoload -Uz compinit; compinit -u -d $HOME/dump'
zpty -w z 'compadd() { local -a hits rest; [[ " ${@[1,(i)(-|--)]} " != *\ -[OAD]\ * ]] || { builtin compadd "$@"; return }
    builtin compadd -A hits -D rest "$@"; (( ! $#hits )) || print -l HIT:$^hits; builtin compadd "$@" }'
zpty -w z 'say() { zle complete-word; print; print E''ND; exit }; zle -N say; bindkey "^I" say; print BE''GIN'
zpty -r z out '*BEGIN*'
zpty -n -w z "$1"$'\t'
zpty -r z out '*END*'
print -r -- $out
'''


def bash_words(line):
    """As readline parts them."""
    return line.replace('=', ' = ').split() + [''] * (line[-1] in ' =')


def offers_of_bash(path, line, _):
    return ['bash', '-c', BASH_SCRIPT, 'bash', path, *bash_words(line)]


def offers_of_fish(path, line, _):
    return ['fish', '--no-config', '-c', f'source {path}; complete -C "{line}"']


def offers_of_zsh(_, line, folder):
    return ['zsh', '-f', folder / 'script', line]


def words_of(shell, output):
    lines = output.replace('\r', '').split('\n')
    if shell == 'zsh':
        lines = [line.partition('HIT:')[2] for line in lines if 'HIT:' in line]
    return {line.split('\t')[0].rstrip('/ ') for line in lines} - {''}


def offers(shell, path, line, folder):
    command = {'bash': offers_of_bash, 'fish': offers_of_fish, 'zsh': offers_of_zsh}[shell](path, line, folder)
    environment = {**os.environ, 'PATH': f'{folder}/bin:{os.environ["PATH"]}', 'HOME': str(folder), 'COMPLETIONS': str(folder / 'zsh')}
    result = subprocess.run(command, cwd=folder / 'here', env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False, timeout=60)
    return words_of(shell, result.stdout), result.stderr.strip()


def make_folder(folder, zsh):
    for name in ('bin', 'here/directory', 'zsh'):
        (folder / name).mkdir(parents=True)
    (folder / 'here/file').touch()
    (folder / 'bin/berth').write_text(BERTH)
    (folder / 'bin/berth').chmod(0o755)
    (folder / 'script').write_text(ZSH_SCRIPT)
    shutil.copy(zsh, folder / 'zsh/_berth')


def fault_of(shell, path, folder, case):
    line, expected = case
    found, complaint = offers(shell, path, line, folder)
    if not expected:
        found = {word for word in found if not word.startswith('-')}  # zsh has options left, where there is nothing else
    good = expected <= found if isinstance(expected, set) else set(expected) == found
    return '' if good and not complaint else f'{shell}: "{line}" offers {sorted(found)}, not {sorted(expected)} {complaint}'


def faults_of(shell, path, folder):
    for case in CASES:
        fault = fault_of(shell, path, folder, case)
        # The terminal of zsh may mix what is typed with what is shown, on a busy machine.
        if fault and shell == 'zsh':
            fault = fault_of(shell, path, folder, case)
        if fault:
            yield fault


def main(bash, zsh, fish):
    faults = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_folder(folder, zsh)
        for shell, path in (('bash', bash), ('zsh', zsh), ('fish', fish)):
            if shutil.which(shell):
                faults += faults_of(shell, path, folder)
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


sys.exit(main(*map(os.path.abspath, sys.argv[1:4])))
