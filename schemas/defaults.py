#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Embeds the configuration that `berth spec` writes, and its variant for an ordinary user.

usage: defaults.py OUTPUT DEFAULT-CONFIG

The variant is cut into three texts; between them the caller's uid and gid are filled in.
"""
import copy
import json
import sys

HOST_UID, HOST_GID = 111111, 222222


def rootless(config):
    """What an ordinary user may do: no cgroup, no network and no sysfs of its own, one mapped id."""
    config = copy.deepcopy(config)
    linux = config["linux"]
    del linux["resources"]
    linux["namespaces"] = [entry for entry in linux["namespaces"] if entry["type"] != "network"]
    linux["namespaces"].append({"type": "user"})
    linux["uidMappings"] = [{"containerID": 0, "hostID": HOST_UID, "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": HOST_GID, "size": 1}]
    for mount in config["mounts"]:
        if mount["destination"] == "/sys":
            mount.update(type="none", source="/sys", options=["rbind"] + mount["options"])
        if "options" in mount:
            mount["options"] = [option for option in mount["options"]
                                if not option.startswith(("uid=", "gid="))]
    return config


def text(config):
    return json.dumps(config, indent=4) + "\n"


def literal(string):
    return "\n".join("    " + json.dumps(line) for line in string.splitlines(keepends=True))


def main():
    output, source = sys.argv[1:]
    config = json.load(open(source))
    before, rest = text(rootless(config)).split(str(HOST_UID))
    between, after = rest.split(str(HOST_GID))
    with open(output, "w") as file:
        file.write("/* Made by schemas/defaults.py from schemas/default-config.json: do not edit. */\n"
                   '#include "defaults.h"\n')
        file.write(f"\nconst char spec_default_text[] =\n{literal(text(config))};\n")
        parts = ",\n".join(literal(part) for part in (before, between, after))
        file.write(f"\nconst char *const spec_rootless_texts[3] = {{\n{parts},\n}};\n")


main()
