#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the JSON Schemas beside it into structs (a header) and constant tables (a C file).

usage: gen.py HEADER TABLES SCHEMA...

The reader in src/spec/read.c walks the tables; nothing here writes code that parses. What is
understood of JSON Schema: type, properties, required, enum, items, additionalProperties, $ref,
minimum, maximum, format (the C type of a number) and default (of a boolean: no has_ member); and
"x-parsed": NAME, of a struct: it has a member `parsed`, a struct spec_NAME, which the reader sets.
A definition with properties becomes a struct, one with enum an enum, any other is a shorthand.
"""
import json
import os
import re
import sys


def snake(name):
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


class Schemas:
    def __init__(self, paths):
        self.documents = {os.path.basename(path): json.load(open(path)) for path in paths}
        self.structs = {}  # name: [(json name, member)], those that others need first
        self.enums = {}    # name: [word]
        self.parsed = {}   # name: what x-parsed says
        self.depth = 0

    def resolve(self, schema, document):
        """Follows $ref; members beside it override. Returns (name or None, schema, document)."""
        name = None
        while "$ref" in schema:
            file, _, path = schema["$ref"].partition("#/$defs/")
            document = file or document
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**self.documents[document]["$defs"][path], **beside}
            name = path
        return name and snake(name), schema, document

    def member(self, schema, document, depth):
        """Describes one property: shape (ONE, MANY, MAP), kind, the C type of an item, the range."""
        name, schema, document = self.resolve(schema, document)
        kind = schema["type"]
        self.depth = max(self.depth, depth + (kind in ("array", "object")))
        if kind == "array":
            return {**self.member(schema["items"], document, depth + 1), "shape": "MANY"}
        if kind == "object" and "additionalProperties" in schema:
            item = self.member(schema["additionalProperties"], document, depth + 1)
            return {**item, "shape": "MAP"}
        member = {"shape": "ONE", "range": (0, 0), "has": False, "name": name}
        if kind == "object":
            self.add_struct(name, schema, document, depth)
            return {**member, "kind": "OBJECT", "ctype": f"struct spec_{name}"}
        if "enum" in schema:
            self.enums[name] = schema["enum"]
            return {**member, "kind": "ENUM", "ctype": f"enum spec_{name}"}
        if kind == "integer":
            return {**member, "kind": "INTEGER", "ctype": schema["format"] + "_t", "has": True,
                    "range": (schema["minimum"], schema["maximum"])}
        if kind == "boolean":
            return {**member, "kind": "BOOLEAN", "ctype": "bool", "has": "default" not in schema}
        return {**member, "kind": "STRING", "ctype": "const char *"}

    def add_struct(self, name, schema, document, depth):
        members = []
        for key, property in schema["properties"].items():
            member = self.member(property, document, depth + 1)
            required = key in schema.get("required", [])
            has = member["has"] and member["shape"] == "ONE" and not required
            members.append((key, {**member, "required": required, "has": has}))
        assert len(members) <= 64, f"{name}: the reader notes the members seen in 64 bits"
        self.structs[name] = members
        self.parsed[name] = schema.get("x-parsed")


def declaration(key, member):
    """The C members of one property."""
    name, ctype, shape = snake(key), member["ctype"], member["shape"]
    count = f"    size_t n_{name};\n"
    if shape == "MAP":
        entry = "struct spec_pair" if member["kind"] == "STRING" else f"{ctype}_entry"
        return f"    const {entry} *{name};\n{count}"
    if shape == "MANY":
        item = "const char *const *" if member["kind"] == "STRING" else f"const {ctype} *"
        return f"    {item}{name};\n{count}"
    has = f"    bool has_{name};\n" if member["has"] else ""
    if member["kind"] == "OBJECT":
        return f"    const {ctype} *{name};\n"
    return f"    {ctype}{'' if ctype.endswith('*') else ' '}{name};\n{has}"


def header(schemas):
    yield "/* Made by schemas/gen.py from the schemas beside it: do not edit. */\n#pragma once\n\n"
    yield "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
    yield f"/* No table nests deeper. */\n#define SPEC_TABLE_DEPTH {schemas.depth}\n\n"
    yield "struct spec_pair {\n    const char *key;\n    const char *value;\n};\n"
    for name, words in schemas.enums.items():
        values = "".join(f"    SPEC_{name}_{snake_word(word)},\n".upper() for word in words)
        yield f"\nenum spec_{name} {{\n    SPEC_{name.upper()}_NONE = 0,\n{values}}};\n"
        yield f"extern const char *const spec_{name}_names[]; /* by value; \"\" for NONE; ends with NULL */\n"
    entries = {member["ctype"] for members in schemas.structs.values() for _, member in members
               if member["shape"] == "MAP" and member["kind"] == "OBJECT"}
    for name, members in schemas.structs.items():
        body = "".join(declaration(key, member) for key, member in members)
        parsed = schemas.parsed[name]
        if parsed:
            yield f"\nstruct spec_{parsed};"
            body += f"    const struct spec_{parsed} *parsed;\n"
        yield f"\nstruct spec_{name} {{\n{body}}};\n"
        if f"struct spec_{name}" in entries:
            yield (f"\nstruct spec_{name}_entry {{\n    const char *key;\n"
                   f"    const struct spec_{name} *value;\n}};\n")


def snake_word(word):
    return re.sub(r"[^A-Za-z0-9]", "_", word)


def number(value):
    if value == -2**63:
        return "INT64_MIN"
    return f"{value}u" if value > 2**63 - 1 else str(value)


def row(struct, key, member):
    name = snake(key)
    extra = f"has_{name}" if member["has"] else f"n_{name}" if member["shape"] != "ONE" else ""
    place = [f'"{key}"', f"offsetof(struct spec_{struct}, {name})",
             f"offsetof(struct spec_{struct}, {extra})" if extra else "0",
             f"SPEC_KIND_{member['kind']}", f"SPEC_SHAPE_{member['shape']}",
             "true" if member["required"] else "false", f"sizeof({member['ctype']})",
             f"&spec_type_{member['name']}" if member["kind"] == "OBJECT" else "NULL",
             f"spec_{member['name']}_names" if member["kind"] == "ENUM" else "NULL"]
    return "    {" + ", ".join(place + [number(bound) for bound in member["range"]]) + "},\n"


def tables(schemas):
    yield "/* Made by schemas/gen.py from the schemas beside it: do not edit. */\n"
    yield '#include "table.h"\n'
    for name, words in schemas.enums.items():
        items = "".join(f'    "{word}",\n' for word in words)
        yield f'\nconst char *const spec_{name}_names[] = {{\n    "",\n{items}    NULL,\n}};\n'
    for name, members in schemas.structs.items():
        rows = "".join(row(name, key, member) for key, member in members)
        yield f"\nstatic const struct spec_property properties_of_{name}[] = {{\n{rows}}};\n"
        yield (f"const struct spec_type spec_type_{name} = {{\n"
               f"    properties_of_{name}, {len(members)}, sizeof(struct spec_{name}),\n}};\n")


def main():
    header_path, tables_path, *schema_paths = sys.argv[1:]
    schemas = Schemas(schema_paths)
    for document, schema in schemas.documents.items():
        schemas.add_struct(document.removesuffix(".json"), schema, document, 0)
    for path, parts in ((header_path, header(schemas)), (tables_path, tables(schemas))):
        with open(path, "w") as file:
            file.writelines(parts)


main()
