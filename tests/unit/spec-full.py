#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every property and every word of the schemas can be read, and comes out as it went in.

usage: spec-full.py SPEC-DUMP SCHEMAS DATA BERTH

DATA/full-*.json must hold every property of SCHEMAS/*.json; for each word of a fixed set that they
do not hold a document is made that does. What BERTH features says holds every property, and no other.
"""
import copy
import json
import os
import subprocess
import sys
import tempfile

DUMP, SCHEMAS, DATA, BERTH = sys.argv[1:]
count = failed = 0


def check(good, name, *details):
    global count, failed
    count += 1
    failed += not good
    print("ok" if good else "not ok", count, "-", name)
    for detail in details if not good else ():
        print("#", detail)


def load(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


schemas = {name: load(SCHEMAS, name + ".json") for name in ("config", "state", "features")}


def resolve(schema, name):
    while "$ref" in schema:
        file, path = schema["$ref"].split("#/$defs/")
        name = file.removesuffix(".json") or name
        schema = schemas[name]["$defs"][path]
    return schema, name


def walk(schema, name, values, path, seen):
    """Notes in seen the values at every path; a path of the schema without a value is noted too."""
    schema, name = resolve(schema, name)
    if schema["type"] == "array":
        items = [item for value in values for item in value]
        return walk(schema["items"], name, items, path + "[]", seen)
    if "additionalProperties" in schema:
        items = [item for value in values for item in value.values()]
        return walk(schema["additionalProperties"], name, items, path + "{}", seen)
    seen[path] = (schema, values)
    for key, property in schema.get("properties", {}).items():
        present = [value[key] for value in values if key in value]
        walk(property, name, present, f"{path}.{key}", seen)


def replace(value, path, word):
    """Puts word at the first place that path leads to."""
    key, _, rest = path.partition(".")
    array = key.endswith("[]")
    key = key.removesuffix("[]")
    if not rest:
        value[key] = [word] if array else word
    elif array:
        wanted = rest.partition(".")[0].removesuffix("[]")
        replace(next(item for item in value[key] if wanted in item), rest, word)
    else:
        replace(value[key], rest, word)


def dump(name, document):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        result = subprocess.run([DUMP, name, file.name], capture_output=True, text=True)
    return json.loads(result.stdout) if result.returncode == 0 else result.stderr


for name, schema in schemas.items():
    document = load(DATA, f"full-{name}.json")
    got = dump(name, document)
    check(got == document, f"full-{name}.json comes out as it went in", got, document)
    seen = {}
    walk(schema, name, [document], "", seen)
    for path, (property, values) in seen.items():
        check(values != [], f"full-{name}.json has {path}")
        for word in property.get("enum", []):
            if word not in values:
                variant = copy.deepcopy(document)
                replace(variant, path[1:], word)
                check(variant != document and dump(name, variant) == variant, f"{path} takes {word}")

features = json.loads(subprocess.run([BERTH, "features"], capture_output=True, check=True).stdout)
got = dump("features", features)
check(got == features, "features says nothing but what its schema has", got, features)
seen = {}
walk(schemas["features"], "features", [features], "", seen)
for path, (property, values) in seen.items():
    check(values != [], f"features says {path}")
print(f"1..{count}")
sys.exit(failed > 0)
