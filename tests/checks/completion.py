#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""completion.py BASH ZSH FISH: what do the completions offer? In the shells that are here, with a berth that has the containers c1 and c2,
and "rooted" below /r."""
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile

BERTH = '''#!/bin/sh
[ "$1" != --root ] || { [ "$2" != /r ] && [ "$2" != "$HOME/a r" ] || echo rooted; exit; }
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
    ('berth list --format=', ['json', 'table']),
    ('berth list --format=j', ['json']),
    ('berth list -fj', ['json']),
    ('berth list -qf ', ['json', 'table']),
    ('berth exec -tu 0 ', ['c1', 'c2']),
    ('berth exec -u 1:2 ', ['c1', 'c2']),
    ('berth exec -e A=b c', ['c1', 'c2']),
    ('berth exec --user=1:2 --env=A=b ', ['c1', 'c2']),
    ('berth --log journald:x ru', ['run']),
    ('berth kill c1 ki', ['KILL']),
    ('berth kill c1 SIGKI', ['SIGKILL']),
    ('berth run --fau', []),
    ('berth run --bundle=dir', ['directory']),
    ('berth run -bdir', ['directory']),
    ('berth run -b "dir', ['directory']),
    ('berth run -b a:', ['a:b']),
    ('berth --root "/r" kill ', ['rooted']),
    ('berth --root ~/a\\ r kill ', ['rooted']),
    ('berth --root $(touch ran) kill ', []),
    ('berth --root `touch ran` kill ', []),
    ('berth --root ${(e)RUN} kill ', []),
    (r'berth --root ${(e)${(Q)${:-\\\$\(touch ran\)}}} kill ', []),
]

# The functions for directories that fish has do not look into such words.
FISH_LACKS = ['berth run -bdir', 'berth run -b a:']

# In a terminal: the completion says what it offers, and ends the shell.
BASH_SCRIPT = '''
source "$COMPLETION"
traced() { _berth "$@"; printf 'HIT:%s\\n' '' "${COMPREPLY[@]}"; echo END; exit; }
complete -F traced berth
bind 'set enable-bracketed-paste off'
PS1=BEGIN
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


def run(words, folder, environment):
    result = subprocess.run(words, cwd=folder / 'here', env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False, timeout=60)
    return result.stdout, result.stderr.strip()


def ended(output, complaint):
    """A shell that died or hung offers nothing, either."""
    return output, complaint if 'END' in output else f'{complaint} does not come to an end'


def offers_of_fish(path, line, folder, environment):
    return run(['fish', '--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', path, line], folder, environment)


def offers_of_zsh(_, line, folder, environment):
    return ended(*run(['zsh', '-f', folder / 'script', line], folder, environment))


def read_until(terminal, end):
    """At the end of the program reading fails."""
    output = b''
    while end not in output and select.select([terminal], [], [], 60)[0]:
        try:
            output += os.read(terminal, 4096)
        except OSError:
            break
    return output.decode()


def offers_of_bash(path, line, folder, environment):
    terminal, its_side = os.openpty()
    with subprocess.Popen(['bash', '--rcfile', folder / 'bashrc', '-i'], cwd=folder / 'here', env={**environment, 'COMPLETION': path},
                          stdin=its_side, stdout=its_side, stderr=its_side, start_new_session=True) as shell:
        os.close(its_side)
        read_until(terminal, b'BEGIN')
        os.write(terminal, f'{line}\t'.encode())
        output = read_until(terminal, b'END')
        os.close(terminal)
        shell.kill()
    return ended(output, '')


def words_of(shell, output):
    lines = output.replace('\r', '').split('\n')
    if shell != 'fish':
        lines = [line.partition('HIT:')[2] for line in lines if 'HIT:' in line]
    return {line.split('\t')[0].rstrip('/ ') for line in lines} - {''}


def offers(shell, path, line, folder):
    environment = {**os.environ, 'PATH': f'{folder}/bin:{os.environ["PATH"]}', 'HOME': str(folder), 'COMPLETIONS': str(folder / 'zsh'), 'RUN': '$(touch ran)'}
    output, complaint = {'bash': offers_of_bash, 'fish': offers_of_fish, 'zsh': offers_of_zsh}[shell](path, line, folder, environment)
    return words_of(shell, output), complaint


def make_folder(folder, zsh):
    for name in ('bin', 'here/directory', 'here/a:b', 'zsh'):
        (folder / name).mkdir(parents=True)
    (folder / 'here/file').touch()
    (folder / 'bin/berth').write_text(BERTH)
    (folder / 'bin/berth').chmod(0o755)
    (folder / 'bashrc').write_text(BASH_SCRIPT)
    (folder / 'script').write_text(ZSH_SCRIPT)
    shutil.copy(zsh, folder / 'zsh/_berth')


def is_same(found, expected):
    """fish says what stands before a value in the word, bash leaves out what it does not replace."""
    return found == expected or found[0] == '-' and found.endswith(expected) or expected.endswith(':' + found)


def fault_of(shell, path, folder, case):
    line, expected = case
    found, complaint = offers(shell, path, line, folder)
    if not expected and not line.split(' ')[-1]:
        found = {word for word in found if not word.startswith('-')}  # zsh has options left, where there is nothing else
    found = {next((word for word in expected if is_same(offer, word)), offer) for offer in found}
    good = expected <= found if isinstance(expected, set) else set(expected) == found
    if (folder / 'here/ran').exists():
        complaint += ' and runs a command that is on the line'
        (folder / 'here/ran').unlink()
    return '' if good and not complaint else f'{shell}: "{line}" offers {sorted(found)}, not {sorted(expected)} {complaint}'


def faults_of(shell, path, folder):
    for case in CASES:
        if shell == 'fish' and case[0] in FISH_LACKS:
            continue
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
