#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""worker.py FOLDER CENSUS RUNTIME...: tells what it is like here (arena.Arena.place), then reads from standard input cases (a list of FACTOR=LEVEL) and
which runtimes are asked (null: all), and answers with what each made of them: a line of JSON each. Runs in arena.sh."""
import json
import os
import pathlib
import signal
import sys

import arena as arenas
import bundle
import factors
import life
import outcome


def run_case(arena, census, runtimes, names):
    """The fields of each runtime, and what they said."""
    rootless = os.geteuid() != 0
    config, controls = factors.apply(names, rootless, systemd=arenas.has_systemd() and not rootless)
    run_case.count += 1
    name = f'{arenas.PREFIX}{run_case.count}'
    words = arena.words() | {'id': name}
    config, controls = bundle.replace_words(config, words), bundle.replace_words(controls, words)
    answer = {}
    for kind, runtime in runtimes.items():
        bundle.make(arena.bundle, census, config)
        arena.texts = []
        found = life.live(arena, runtime, name, controls)
        answer[kind] = {'fields': outcome.fields_of(found, arena, name), 'texts': arena.texts}
    return answer


run_case.count = 0


def main(folder, census, *runtimes):
    os.umask(0o022)
    # A shell lets its background jobs ignore these; whether runc's containers do so, too, is chance.
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    local = pathlib.Path(folder, 'census')
    local.write_bytes(pathlib.Path(census).read_bytes())
    local.chmod(0o755)
    arena = arenas.Arena(pathlib.Path(folder))
    try:
        print('ready', json.dumps(arena.place()), flush=True)
        for line in sys.stdin:
            names, kinds = json.loads(line)
            asked = {kind: path for kind, path in (runtime.split('=', 1) for runtime in runtimes) if kind in kinds}
            answer = run_case(arena, local, asked, names)
            print(json.dumps(answer), flush=True)
    finally:
        arena.close()
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
