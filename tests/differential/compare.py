# SPDX-License-Identifier: Apache-2.0
"""Which fields differ, and which of that is meant: berth must be as one of its peers in every field, or a row of expected.tsv says why not."""
import fnmatch
import functools
import itertools
import os
import pathlib
import re
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
MISSING = '(nothing)'
COLUMNS = 6
HYBRID = re.compile(r'/fs/cgroup/unified#\d+/super$')


@dataclass
class Difference:
    field: str
    berth: str
    peers: dict

    def __str__(self):
        alike = len(set(self.peers.values())) == 1 and len(self.peers) > 1
        words = f'{" and ".join(self.peers)}: {next(iter(self.peers.values()))!r}' if alike else ', '.join(
            f'{name}: {value!r}' for name, value in self.peers.items())
        return f'{self.field}: berth: {self.berth!r}, {words}'


@dataclass
class Row:
    """A difference that is meant."""
    where: str   # environments, or *
    when: str    # FACTOR=LEVEL patterns that all must be in the case, or *
    field: str   # a pattern
    berth: str   # a pattern for what berth has
    section: str
    reason: str
    used: int = 0

    def conditions(self):
        """Each is a pattern, or several with || between."""
        return re.split(r'(?<!\|\|) (?!\|\|)', self.when) if self.when != '*' else []

    def explains(self, environment, names, difference):
        if self.where != '*' and environment not in self.where.split(','):
            return False
        if not all(any(matches(name, one) for name in names) for one in self.conditions()):
            return False
        return matches(difference.field, self.field) and matches(difference.berth, self.berth)


def matches(text, pattern):
    """Brackets are themselves: they stand in many fields."""
    return any(fnmatch.fnmatchcase(text, one.replace('[', '[[]')) for one in pattern.split(' || '))


def read_rows(path=pathlib.Path(os.environ.get('EXPECTED', HERE / 'expected.tsv'))):
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line and not line.startswith('#'):
            parts = line.split('\t')
            if len(parts) != COLUMNS:
                raise ValueError(f'{path.name}:{number}: {len(parts)} columns, not {COLUMNS}')
            rows.append(Row(*parts))
    return rows


@functools.lru_cache(maxsize=None)
def group_of(field):
    """A peer that has nothing of a census or of a call has no opinion on it."""
    parts = field.split('/')
    if parts[0] == 'hook':
        return '/'.join(parts[:2])
    return '/'.join(parts[:2]) if parts[0] in ('call', 'state', 'list') else parts[0]


def is_outcome(field):
    return field.startswith('call/') and field.endswith('/status')


def has_failed(fields):
    """Was there no container's process?"""
    statuses = [fields.get(f'call/{call}/status', '0') for call in ('1-run', '1-create', '2-start', '3-start')]
    return any(status != '0' for status in statuses) and fields.get('census/census') != 'whole'


def has_opinion(field, mine, fields, groups):
    """GROUPS are those of FIELDS. A peer that has not got that far says nothing of it; nor do words of a call that failed here and not there.
    A census that is not whole has this to say alone."""
    group = group_of(field)
    if group == 'left':
        return True
    census = f'{group}/census'
    if field != census and fields.get(census, 'whole') != 'whole':
        return False
    if field.startswith('call/') and not is_outcome(field):
        outcome = f'{group}/status'
        return outcome in mine and outcome in fields and (mine.get(outcome) == '0') == (fields.get(outcome) == '0')
    if group in ('rootfs', 'census', 'outside', 'kept', 'end') and has_failed(fields):
        return False
    return group in groups


def differs(field, berth, peers):
    """A failure is a difference as soon as one peer succeeds; all else when no peer is like berth."""
    if is_outcome(field) and berth != '0' and '0' in peers.values() and not field.split('-')[1].startswith(('state', 'ps', 'list')):
        return True
    return berth not in peers.values()


def without_chance(fields):
    """Who mounts the v2 hierarchy changes its options for the whole host. A hybrid host, where others do so meanwhile, shows it below unified."""
    return fields | {field: value.replace('nsdelegate,', '') for field, value in fields.items() if HYBRID.search(field)}


def all_fields(answers):
    """Each field that berth got as far as: what berth has there, and the peers."""
    answers = {name: without_chance(fields) for name, fields in answers.items()}
    mine, groups = answers['berth'], {name: set(map(group_of, fields)) for name, fields in answers.items()}
    for field in sorted(set().union(*answers.values())):
        having = [name for name, fields in answers.items() if has_opinion(field, mine, fields, groups[name])]
        if len(having) > 1 and 'berth' in having:
            yield field, mine.get(field, MISSING), {name: answers[name].get(field, MISSING) for name in having if name != 'berth'}


def general(field):
    """A difference in what stands beside each other is one finding."""
    return re.sub(r'\d+', 'N', re.sub(r'^(exec|census)/', '', field)).replace('call/N-create/', 'call/N-run/')


class Habits:
    """What a peer has for itself in the base, or with one level or two: berth is as the other peer there. The same value with more levels is no news,
    whether the other peer has no opinion then, or a habit of its own."""

    def __init__(self):
        self.known = {}

    def learn(self, names, answers):
        known = self.known.setdefault(frozenset(names), set())
        for field, berth, peers in all_fields(answers):
            if not differs(field, berth, peers):
                known.update((general(field), berth, name, value) for name, value in peers.items() if value != berth)

    def are_same(self, names, field, berth, peers):
        lessons = [self.known.get(frozenset(fewer), ()) for count in range(3) for fewer in itertools.combinations(names, count)]
        return all(any((general(field), berth, name, value) in known for known in lessons) for name, value in peers.items() if value != berth)

    def not_learnt(self, names):
        """Pairs that could tell more."""
        return [pair for pair in itertools.combinations(names, 2) if len(names) > 2 and frozenset(pair) not in self.known]


def differences(answers, habits, names=()):
    """Of {berth: fields, ...} in the case of these levels."""
    return [Difference(field, berth, peers) for field, berth, peers in all_fields(answers)
            if differs(field, berth, peers) and not habits.are_same(names, field, berth, peers)]


def explained(rows, environment, names, difference):
    """The first row that explains it, or None."""
    for row in rows:
        if row.explains(environment, names, difference):
            row.used += 1
            return row
    return None
