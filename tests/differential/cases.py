# SPDX-License-Identifier: Apache-2.0
"""Which cases: the base, each level of each factor alone, and then cases of several levels so that each pair of levels comes together."""
import itertools
import random

TOGETHER = 6   # levels in one case
ATTEMPTS = 12  # candidates for each next level


def factor_of(name):
    return name.partition('=')[0]


def singles(names):
    return [[name] for name in names]


def pairs_of(case):
    return itertools.combinations(sorted(case), 2)


def pairwise(names, count, seed=1):
    """Up to COUNT cases; each takes pairs that no case before it has, as many as a few attempts find. Always the same ones."""
    chance = random.Random(seed)
    left = {pair for pair in itertools.combinations(sorted(names), 2) if factor_of(pair[0]) != factor_of(pair[1])}
    order = sorted(left)
    chance.shuffle(order)
    made = 0
    for pair in order:
        if made >= count:
            return
        if pair not in left:
            continue
        case = list(pair)
        while len(case) < TOGETHER:
            taken = {factor_of(name) for name in case}
            open_names = [name for name in chance.sample(names, min(len(names), ATTEMPTS)) if factor_of(name) not in taken]
            if not open_names:
                break
            case.append(max(open_names, key=lambda name: sum(tuple(sorted((name, other))) in left for other in case)))
        left.difference_update(pairs_of(case))
        made += 1
        yield sorted(case)
