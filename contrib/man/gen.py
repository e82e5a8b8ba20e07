#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the manual: berth.1 and berth-NAME.1 of every command.

usage: gen.py DEFS VERSION OUTPUT...     for instance gen.py include/berth/cli 0.1.0 build/berth.1 build/berth-run.1

Names, operands, options and their words come from commands.def and options.def in DEFS; NAME.md beside this script has the
rest. Of Markdown it knows: "## Section", paragraphs, "- item", "term: text" after ": " on the next line, examples indented by
four spaces, `code`, *emphasis* and page(1). The sections without heading and DESCRIPTION are the same. It is an error when a
command has no prose, and when prose names a page of berth's, a command or an option that there is not.
"""
import os
import pathlib
import re
import sys
import textwrap
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import cli  # pylint: disable=wrong-import-position

SECTIONS = ["Description", "Commands", "Options", "Recording a seccomp profile", "Terminals", "Exit status", "Files", "Environment", "Inheritance", "Core scheduling", "Landlock", "Pods", "Notes", "Examples", "See also"]
EXIT_STATUS = "0 on success, 1 on failure."
WORDS = "run containers from OCI bundles"
# What fits between the margins of a terminal with 60 columns, and with 80 for examples, which are indented.
TERM_WIDTH = 52
EXAMPLE_WIDTH = 68
INLINE = re.compile(r"`([^`]+)`|\*([^*]+)\*|\b([a-z][\w.-]*)(\(\d\))")
CALL = re.compile(r"\bberth ([^\n`|&;]*)")


# --- what prose may say -------------------------------------------------------------------------

def find_option(command, word):
    """As the parser of berth does, of "-dt" the last one."""
    spelling = word.partition("=")[0]
    for option in command.options:
        if spelling in option.spellings() or (word[1] != "-" and word[-1] == option.letter):
            return option
    return None


def faults_of_call(words, commands):
    """Of a command line behind its "berth", up to where a container's program begins."""
    command = commands[""]
    words = iter(words.split())
    for word in words:
        if word == "--" or word.startswith("#"):
            return
        if word.startswith("-") and word != "-":
            option = find_option(command, word)
            if option is None:
                yield f"berth {command.name} has no option {word}"
            elif option.value and "=" not in word:
                next(words, None)
        elif command.takes_rest or (not command.name and word not in commands):
            return
        elif not command.name:
            command = commands[word]


def faults_of_prose(command, text, commands):
    for heading in re.findall(r"^## (.*)", text, re.MULTILINE):
        if heading not in SECTIONS or heading in ("Commands", "Options"):
            yield f"a section {heading}"
    for name in re.findall(r"\bberth-([a-z]+)\(1\)", text):
        if name not in commands:
            yield f"no page berth-{name}(1)"
    for words in CALL.findall(text):
        yield from faults_of_call(words, commands)
    for word in re.findall(r"`(--?[a-z][\w-]*)", text):
        if not find_option(command, word) and not find_option(commands[""], word):
            yield f"berth {command.name} has no option {word}"
    for term in re.findall(r"^(.+)\n: ", text, re.MULTILINE):
        if len(term.replace("`", "")) > TERM_WIDTH:
            yield f"a term of more than {TERM_WIDTH} columns, which man would break: {term}"
    for line in re.findall(r"^    (.*)", text, re.MULTILINE):
        if len(line) > EXAMPLE_WIDTH:
            yield f"an example of more than {EXAMPLE_WIDTH} columns: {line}"


# --- roff ---------------------------------------------------------------------------------------

def plain(text):
    """Letters that roff or the terminal would take for something else."""
    for letter, escape in (("\\", r"\e"), ("~", r"\(ti"), ("^", r"\(ha"), ('"', r"\(dq"), ("`", r"\(ga"), ("'", r"\(aq")):
        text = text.replace(letter, escape)
    return text


def code(text):
    return plain(text).replace("-", r"\-")


def guarded(line):
    """A line of text, not a request."""
    return r"\&" + line if line.startswith((".", "'")) else line


def wrapped(text):
    words = " ".join(text.split())
    return [guarded(line) for line in textwrap.wrap(words, 78, break_long_words=False, break_on_hyphens=False)]


def inline(text):
    """Lines of running text."""
    def font(match):
        if match[1]:
            return rf"\fB{code(match[1])}\fR"
        if match[2]:
            return rf"\fI{plain(match[2])}\fR"
        return rf"\fB{code(match[3])}\fR{match[4]}"

    parts, end = [], 0
    for match in INLINE.finditer(text):
        parts += [plain(text[end:match.start()]), font(match)]
        end = match.end()
    return wrapped("".join(parts + [plain(text[end:])]))


def block(text):
    """One paragraph, list or example."""
    lines = text.split("\n")
    if lines[0].startswith("    "):
        return [".PP", ".RS 4", ".nf", *(guarded(code(line[4:])) for line in lines), ".fi", ".RE"]
    if lines[0].startswith("- "):
        return [line for item in re.split(r"(?m)^- ", text)[1:] for line in (r".IP \(bu 2", *inline(item))]
    if len(lines) > 1 and lines[1].startswith(": "):
        return [".TP", *inline(lines[0]), *inline("\n".join(lines[1:])[2:])]
    return [".PP", *inline(text)]


def blocks(text):
    return [line for part in re.split(r"\n\n+", text.strip("\n")) for line in block(part)]


def option_lines(option):
    spellings = ", ".join(rf"\fB{code(spelling)}\fR" for spelling in option.spellings())
    value = rf" \fI{code(option.value)}\fR" if option.value else ""
    return [".TP", spellings + value, *inline(option.words)]


# --- pages --------------------------------------------------------------------------------------

def sections_of(prose):
    """What stands before the first heading is the description."""
    parts = re.split(r"^## (.*)\n", prose, flags=re.MULTILINE)
    return dict(zip(["Description", *parts[1::2]], parts[::2]))


def synopsis(command):
    words = f"berth [OPTION...] {command.name} [OPTION...] {command.operands}" if command.name else \
        f"berth [OPTION...] {command.operands}"
    return re.sub(r"[A-Z]+|[a-z]+", lambda match: rf"\f{'I' if match[0].isupper() else 'B'}{match[0]}\fR", words.rstrip())


def command_lines(command):
    return [".TP", rf"\fBberth\-{command.name}\fR(1)", *inline(command.words)]


def see_also(command, commands, prose):
    """With berth(1), or all others for berth(1) itself, before those of the prose."""
    names = ["berth"] if command.name else [f"berth-{other}" for other in commands if other]
    return inline(", ".join([f"{name}(1)" for name in names] + [prose.strip()]).removesuffix(", "))


def body(command, commands, prose):
    """Heading: lines of roff."""
    sections = {heading: blocks(text) for heading, text in prose.items()}
    before = "These options come before the command." if not command.name else \
        "In addition to the options of berth(1), which come before the command:"
    if not command.name:
        sections["Commands"] = [line for other in commands.values() if other.name for line in command_lines(other)]
    sections["Options"] = inline(before) + [line for option in command.options for line in option_lines(option)]
    sections["See also"] = see_also(command, commands, prose.get("See also", ""))
    return {"Exit status": inline(EXIT_STATUS), **sections}


def page(command, commands, prose, version):
    title = f"berth-{command.name}" if command.name else "berth"
    date = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    sections = body(command, commands, sections_of(prose))
    yield r".\" Made by contrib/man/gen.py: do not edit."
    yield f'.TH {title.upper()} 1 "{time.strftime("%Y-%m-%d", date)}" "berth {version}" "Manual of berth"'
    yield from (".SH NAME", *wrapped(rf"{code(title)} \- {plain(command.words or WORDS)}"), ".SH SYNOPSIS", synopsis(command))
    for heading in SECTIONS:
        if heading in sections:
            yield f".SH {heading.upper()}"
            # Behind a heading there is a paragraph already.
            yield from sections[heading][sections[heading][0] == ".PP":]


def main():
    defs, version, *outputs = sys.argv[1:]
    commands = {command.name: command for command in cli.read(defs)}
    faults = []
    for name, command in commands.items():
        path = pathlib.Path(__file__).with_name(f"{name or 'berth'}.md")
        if not path.exists():
            faults.append(f"{path}: missing: the command {name} needs prose")
            continue
        prose = path.read_text()
        faults += [f"{path}: {fault}" for fault in faults_of_prose(command, prose, commands)]
        file = f"berth-{name}.1" if name else "berth.1"
        for output in outputs:
            if os.path.basename(output) == file:
                pathlib.Path(output).write_text("\n".join(page(command, commands, prose, version)) + "\n")
    sys.exit("\n".join(faults) or 0)


main()
