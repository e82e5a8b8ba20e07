#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the tables of the command line into a shell's completion.

usage: gen.py DEFS TEMPLATE OUTPUT      for instance gen.py include/berth/cli berth.bash build/berth

The templates beside this script, berth.bash, berth.zsh and berth.fish, hold what is the same for all commands; a line "@NAME@"
gets the table NAME of that shell. What a value or an operand can be is its kind: dir, file, id, signal, "words A B", or "none".
"""
import os
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import cli  # pylint: disable=wrong-import-position

KINDS = {"DIR": "dir", "FILE": "file", "SOCKET": "file", "ID": "id", "SIGNAL": "signal"}
SIGNALS = [number.name.removeprefix("SIG") for number in signal.Signals if not number.name.startswith("SIGRT")]


def kind_of(name):
    words = cli.choices(name)
    return "words " + " ".join(words) if words else KINDS.get(name, "none")


def offered(command):
    return [option for option in command.options if not option.hidden]


def operand_kinds(command):
    """An id is new where a container is made, and what follows the first operand of some is the container's or ps(1)'s."""
    if not command.name:
        return []
    names = command.operand_names()[:1 if command.takes_rest else None]
    return ["none" if name == "ID" and command.makes_container() else kind_of(name) for name in names]


# --- bash and fish: what follows which words ------------------------------------------------------

def value_rows(commands):
    """(command and option as typed, kind of its value)"""
    for command in commands:
        for option in command.options:
            if option.value:
                spellings = option.spellings() + [f"-{option.name}"]
                yield from ((f"{command.name} {spelling}", kind_of(option.value)) for spelling in spellings)


def operand_rows(commands):
    for command in commands:
        yield from ((f"{command.name} {number}", kind) for number, kind in enumerate(operand_kinds(command), 1))


def cases(rows, case, start):
    """Those of one kind as one case."""
    kinds = {}
    for key, kind in rows:
        kinds.setdefault(kind, []).append(key)
    for kind, keys in kinds.items():
        yield start + case(keys, kind)


def bash_case(keys, kind):
    return " | ".join(f"'{key}'" for key in keys) + f") echo {kind} ;;"


def bash(commands):
    yield "COMMANDS", [f"    echo {' '.join(command.name for command in commands[1:])}"]
    options = ((command.name, " ".join(spelling for option in offered(command) for spelling in option.spellings()))
               for command in commands)
    yield "OPTIONS", [f"    '{name}') echo '{words}' ;;" for name, words in options]
    yield "VALUES", cases(value_rows(commands), bash_case, "    ")
    yield "OPERANDS", cases(operand_rows(commands), bash_case, "    ")
    yield "REST", [f"    {' | '.join(command.name for command in commands if command.takes_rest)}) return 0 ;;"]
    yield "SIGNALS", [f"    echo {' '.join(SIGNALS)}"]


# --- fish -----------------------------------------------------------------------------------------

def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_case(keys, kind):
    return "case " + " ".join(f"'{key}'" for key in keys) + f"\n            echo {kind}"


def fish_arguments(kind):
    """For `complete`: what is offered, besides nothing."""
    if kind.startswith("words "):
        return f"-x -a '{kind.removeprefix('words ')}'"
    return {"dir": "-x -a '(__fish_complete_directories)'", "file": "-r -F", "id": "-x -a '(__berth_ids)'",
            "signal": "-x -a '(__berth_signals)'"}.get(kind, "-x")


def fish_option(command, option):
    letter = f" -s {option.letter}" * bool(option.letter)
    arguments = " " + fish_arguments(kind_of(option.value)) if option.value else ""
    return (f"complete -c berth -n '__berth_at \"{command.name}\"'{letter} -l {option.name}{arguments}"
            f" -d {fish_quoted(option.words)}")


def fish(commands):
    yield "SIGNALS", [f"    set -l signals {' '.join(SIGNALS)}"]
    yield "VALUES", cases(value_rows(commands), fish_case, "        ")
    yield "REST", [f"    contains -- $argv[1] {' '.join(command.name for command in commands if command.takes_rest)}"]
    lines = [f"complete -c berth -n '__berth_at \"\"' -a {command.name} -d {fish_quoted(command.words)}"
             for command in commands[1:]]
    for command in commands:
        lines += [fish_option(command, option) for option in offered(command)]
        lines += [f"complete -c berth -n '__berth_at {command.name} {number}' {fish_arguments(kind)}"
                  for number, kind in enumerate(operand_kinds(command), 1) if kind != "none"]
    yield "COMPLETIONS", lines


# --- zsh ------------------------------------------------------------------------------------------

def zsh_quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_words(text):
    return re.sub(r"([]\[:\\])", r"\\\1", text)


def zsh_action(kind):
    if kind.startswith("words "):
        return f"({kind.removeprefix('words ')})"
    return {"dir": "_files -/", "file": "_files", "id": "_berth_ids",
            "signal": "_berth_signals"}.get(kind, " ")


def zsh_option(option):
    """One spelling rules the others out, unless the option may be repeated."""
    spellings = option.spellings()
    before = "*" if option.kind == "STRINGS" else f"({' '.join(spellings)})"
    for spelling in spellings:
        value, join = "", ""
        if option.value:
            value = f":{zsh_words(option.value)}:{zsh_action(kind_of(option.value))}"
            join = "=" if spelling.startswith("--") else "+"
        yield zsh_quoted(f"{before}{spelling}{join}[{zsh_words(option.words)}]{value}")


def zsh_arguments(command):
    specs = [spec for option in offered(command) for spec in zsh_option(option)]
    names = command.operand_names()
    specs += [zsh_quoted(f"{number}:{names[number - 1]}:{zsh_action(kind)}")
              for number, kind in enumerate(operand_kinds(command), 1)]
    return specs + ["'*:: : '"] * command.takes_rest


def zsh(commands):
    yield "SIGNALS", [f"    signals=({' '.join(SIGNALS)})"]
    yield "GLOBAL", [f"        {spec} \\" for spec in zsh_arguments(commands[0])]
    yield "COMMANDS", [f"        {zsh_quoted(command.name + ':' + zsh_words(command.words))}" for command in commands[1:]]
    yield "ARGUMENTS", (f"    {command.name})\n        _arguments -s -S{' -A ' + zsh_quoted('-*') if command.takes_rest else ''} \\\n"
                        + " \\\n".join(f"            {spec}" for spec in zsh_arguments(command)) + "\n        ;;"
                        for command in commands[1:])


def main():
    defs, template, output = sys.argv[1:]
    tables = {".bash": bash, ".fish": fish, ".zsh": zsh}[os.path.splitext(template)[1]](cli.read(defs))
    text = pathlib.Path(template).read_text()
    for name, lines in tables:
        assert text.count(f"@{name}@\n") == 1, f"{template}: not one @{name}@"
        text = text.replace(f"@{name}@\n", "".join(line + "\n" for line in lines))
    pathlib.Path(output).write_text(text)


main()
