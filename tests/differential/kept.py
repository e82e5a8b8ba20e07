# SPDX-License-Identifier: Apache-2.0
"""What the runtimes answered in earlier runs: a run that follows a change of berth or of expected.tsv makes only the containers that it has to."""
import contextlib
import hashlib
import json
import pathlib
import re
import shutil
import sqlite3
import threading
import zlib

import factors

HERE = pathlib.Path(__file__).resolve().parent
# They make no containers; the levels are in the key of each case.
JUDGES = ('run', 'team.py', 'compare.py', 'kept.py', 'cases.py', 'selftest.py', 'factors_linux.py', 'factors_mounts.py', 'factors_process.py')


def digest_of(*paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def makers():
    """All that has a part in an answer, besides the runtime and the kernel."""
    return sorted(path for path in HERE.iterdir() if path.is_file() and path.suffix != '.tsv' and path.name not in JUDGES)


def key_of(names):
    names = sorted(names)
    return json.dumps([names, *factors.levels(names)], default=lambda _: 'absent', sort_keys=True)


def without_chance(place):
    """Others mount hierarchies elsewhere meanwhile, and those of a hybrid host with other options: see compare.without_chance."""
    release, uid, systemd, mounts, own = json.loads(place)
    mounts = [re.sub(r'(/unified cgroup2 \S+ rw),nsdelegate', r'\1', mount) for mount in mounts if mount.startswith('/sys/fs/cgroup')]
    return json.dumps([release, uid, systemd, mounts, own])


class Answers:
    """Of RUNTIMES ({kind: path}) in PLACES (Arena.place), kept in the file PATH."""

    def __init__(self, path, runtimes, places):
        place = f'{hashlib.sha256(json.dumps([without_chance(place) for place in places]).encode()).hexdigest()} {digest_of(*makers())}'
        self.keys = {kind: f'{place} {digest_of(pathlib.Path(shutil.which(runtime)))}' for kind, runtime in runtimes.items()}
        self.lock = threading.Lock()
        self.store = sqlite3.connect(path, timeout=60, check_same_thread=False)
        self.store.execute('CREATE TABLE IF NOT EXISTS answers (maker TEXT, names TEXT, answer BLOB, PRIMARY KEY (maker, names))')

    def close(self):
        self.store.close()

    def known(self, names):
        """The answer of each kind that was asked before."""
        found = {}
        for kind, maker in self.keys.items():
            with self.lock:
                row = self.store.execute('SELECT answer FROM answers WHERE maker = ? AND names = ?', (maker, key_of(names))).fetchone()
            if row:
                found[kind] = json.loads(zlib.decompress(row[0]))
        return found

    def keep(self, names, answers):
        """A busy machine makes an answer late: the next run asks again."""
        rows = [(self.keys[kind], key_of(names), zlib.compress(json.dumps(answer).encode(), 1))
                for kind, answer in answers.items() if 'too late' not in answer['fields'].values()]
        with self.lock, contextlib.closing(self.store.cursor()) as cursor:
            cursor.executemany('INSERT OR REPLACE INTO answers VALUES (?, ?, ?)', rows)
            self.store.commit()


class Remembering:
    """A worker that is only asked what ANSWERS does not know."""

    def __init__(self, worker, answers):
        self.worker, self.answers = worker, answers

    def ask(self, names):
        known = self.answers.known(names)
        missing = [kind for kind in self.answers.keys if kind not in known]
        if missing:
            more = self.worker.ask(names, missing)
            self.answers.keep(names, more)
            known.update(more)
        return {kind: known[kind] for kind in self.answers.keys}

    def end(self):
        self.worker.end()
