# SPDX-License-Identifier: Apache-2.0
"""The command line as include/berth/cli/commands.def and options.def have it, for the generators of the manual and the completions."""
import ast
import dataclasses
import pathlib
import re

ROW = re.compile(r"^CLI_(?:COMMAND|OPTION)\((.*?)\)$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"""((?:"(?:\\.|[^"\\])*"\s*)+|'.'|[^,"']+)(?:,\s*|$)""")
CHOICE = re.compile(r"[a-z0-9-]+(?:\|[a-z0-9-]+)+")


@dataclasses.dataclass
class Option:
    letter: str    # or ""
    name: str
    kind: str
    value: str     # what the value is called; None for a flag
    words: str
    hidden: bool   # --help leaves it out

    def spellings(self):
        return [f"-{self.letter}"] * bool(self.letter) + [f"--{self.name}"]


@dataclasses.dataclass
class Command:
    name: str          # "" is berth itself
    operands: str
    takes_rest: bool   # options end at the first operand
    words: str
    options: list

    def operand_names(self):
        return re.sub(r"[][]|\.\.\.", "", self.operands).split()

    def makes_container(self):
        return any(option.name == "bundle" for option in self.options)


def field(text):
    """A string (also one in several pieces), a letter, or a word of C."""
    return ast.literal_eval(f"({text})") if text[0] in "\"'" else {"NULL": None, "0": ""}.get(text, text)


def rows(text):
    for match in ROW.finditer(text):
        yield [field(text.strip()) for text in FIELD.findall(match.group(1))]


def choices(value):
    """The words of "one|another"; none for other values."""
    return value.split("|") if value and CHOICE.fullmatch(value) else []


def options(folder):
    """(commands that take it, option)"""
    for number, part in enumerate((folder / "options.def").read_text().split('\nCLI_HEADING("")\n')):
        for takers, letter, name, kind, _, value, words in rows(part):
            yield re.findall(r"\w+", takers), Option(letter, name, kind, value, words, hidden=number > 0)


def read(folder):
    """All commands, berth itself first, with their options."""
    folder = pathlib.Path(folder)
    bits = {"GLOBAL": Command("", "COMMAND [OPTION...] [ARGUMENT...]", False, "", [])}
    for bit, name, operands, _, most, words, _ in rows((folder / "commands.def").read_text()):
        bits[bit] = Command(name, operands, most == "CLI_REST", words, [])
    for takers, option in options(folder):
        for bit, command in bits.items():
            if bit in takers or "ALL" in takers and bit != "GLOBAL":
                command.options.append(option)
    return list(bits.values())
