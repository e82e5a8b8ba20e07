# SPDX-License-Identifier: Apache-2.0
"""Factors and their levels: a level is a set of edits of the configuration ({path: value}, see bundle.edit) and of what is around it:
'@flow' the life of the container (life.FLOWS), '@caller' how the runtime's caller is, '@options', '@exec', '@update' words for the commands,
'@ends' whether the program ends by itself, '@environment', '@descriptors' what the caller hands over, '@signal' what ends the container, '@global' options before the command."""
import copy
import os

import bundle
import factors_linux
import factors_mounts
import factors_process

FACTORS = {**factors_process.FACTORS, **factors_mounts.FACTORS, **factors_linux.FACTORS}


def levels(names):
    """The edits of each FACTOR=LEVEL."""
    for name in names:
        factor, _, level = name.partition('=')
        yield FACTORS[factor][level]


def ends(config):
    """Does the program end by itself?"""
    words = config['process'].get('args')
    return isinstance(words, list) and words[1:2] in (['exit'], ['die'])


def apply(names, rootless=False, systemd=False):
    """The configuration, and the controls."""
    config, controls = bundle.base_config(), {'@global': ['--systemd-cgroup']} if systemd else {}
    if rootless:
        bundle.make_rootless(config, os.getuid(), os.getgid())
    # Edits of what others make come last.
    for edits in sorted(levels(names), key=lambda edits: edits.get('@last', False)):
        for path, value in edits.items():
            if path.startswith('@'):
                controls[path] = value
            else:
                bundle.edit(config, path, copy.deepcopy(value) if value is not bundle.ABSENT else value)
    controls['@ends'] = ends(config)
    return config, controls


def all_names():
    return [f'{factor}={level}' for factor, all_levels in FACTORS.items() for level in all_levels]
