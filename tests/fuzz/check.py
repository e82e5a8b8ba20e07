#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check.py BERTH [SEED [SECONDS]]: configurations that break rules at random places, given to `check` and to the dry run of a BERTH
that was built with sanitizers. What is wrong may be refused in any words, but never by a crash. Each seed is one configuration."""
import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
VALUES = [None, True, False, 0, -1, 1, 2**31, 2**32, 2**63, 2**64 - 1, -2**63, 1.5, '', '/', '..', 'a', '-1', '0-9999', '/dev/null', '%d',
          'a%db', 'x' * 5000, '\0', 'é', '\n', 'idmap', 'rbind', '.x', 'SCMP_ACT_NOTIFY', '/proc/self/ns/net', 'L3:0=fff', [], {}, [''],
          {'': ''}, [0], [[]]]


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, path + (key,))


def at(config, path):
    for key in path:
        config = config[key]
    return config


def mutate(config, rng):
    places = [path for path in paths(config) if path]
    if not places:
        return
    *above, key = rng.choice(places)
    parent = at(config, above)
    act = rng.random()
    if act < 0.25:
        del parent[key]
    elif act < 0.75:
        parent[key] = copy.deepcopy(rng.choice(VALUES))
    elif act < 0.85 and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[key] = copy.deepcopy(at(config, rng.choice(places)))


def configuration(seed, originals):
    rng = random.Random(seed)
    config = copy.deepcopy(rng.choice(originals))
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        mutate(config, rng)
    return config


def fails(berth, bundle):
    """Yields what is no refusal."""
    for words in (['check', '-b', bundle], ['run', '--dry-run', '-b', bundle, 'fuzz']):
        result = subprocess.run([berth, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        said = result.stderr.decode(errors='replace')
        if result.returncode not in (0, 1) or 'Sanitizer' in said or 'runtime error' in said:
            yield f'{words[0]}: status {result.returncode}\n{said}'


def main(berth, seed='1', seconds='60'):
    full = json.loads((TREE / 'tests/unit/data/full-config.json').read_text())
    default = json.loads(subprocess.run(['jq', '-n', '-f', TREE / 'bats/config.jq'], capture_output=True, check=True).stdout)
    end, seed, bad = time.monotonic() + float(seconds), int(seed), 0
    with tempfile.TemporaryDirectory() as bundle:
        (pathlib.Path(bundle) / 'rootfs').mkdir()
        while time.monotonic() < end:
            config = configuration(seed, [full, default, default])
            (pathlib.Path(bundle) / 'config.json').write_text(json.dumps(config))
            for failure in fails(berth, bundle):
                print(f'seed {seed}: {failure}')
                bad += 1
            seed += 1
    print(f'seeds up to {seed - 1}: {bad} failures')
    return bad > 0


sys.exit(main(*sys.argv[1:]))
