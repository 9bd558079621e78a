# SPDX-License-Identifier: Apache-2.0
"""Hints for people: what a good config would still do better; no hint ever refuses."""

from __future__ import annotations

from itertools import islice

from pyrunc.config._schemas import SCHEMAS
from pyrunc.config.explain import MAX_PROBLEMS, suggestion
from pyrunc.config.lenient import FOREIGN
from pyrunc.config.problems import HINT, Problem, show
from pyrunc.tables.capabilities import CAPABILITIES, CAPABILITY_SETS
from pyrunc.tables.mounts import BIND_OPTIONS, IDMAP, RIDMAP
from pyrunc.tables.spec import IMAGE_ANNOTATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json

_RESERVED = "org.opencontainers."


def hints(value: Json, schema: str) -> list[Problem]:
    """All hints about `value`, an accepted document of the kind `schema`."""
    found = member_hints(value, schema)
    if schema == "config":
        for rule in RULES:
            found.extend(rule(value))
    elif schema == "process":
        found.extend(unknown_capabilities(value, ()))
    return found


def member_hints(value: Json, schema: str) -> list[Problem]:
    """The hints about unknown members alone, which a refused document can be given too."""
    file = f"{schema}.schema.json"
    return list(islice(unknown_members(value, SCHEMAS[file], file), MAX_PROBLEMS))


def _hint(ids: str, path: Path, says: str, section: str, meant: str = "") -> Problem:
    return Problem(ids, path, says, section, level=HINT, meant=meant)


def unknown_members(value: Json, schema: dict[str, Any], file: str,
                    path: Path = ()) -> Iterator[Problem]:
    """EXT-1, EXT-2: members that the standard does not know are ignored; say which."""
    if "$ref" in schema:
        target, _, pointer = schema["$ref"].partition("#")
        file = target or file
        schema = SCHEMAS[file]
        for step in pointer.split("/")[1:]:
            schema = schema[step]
        yield from unknown_members(value, schema, file, path)
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for name, member in value.items():
            if name in known:
                yield from unknown_members(member, known[name], file, (*path, name))
            elif rest is not None:
                yield from unknown_members(member, rest, file, (*path, name))
            elif not path and name in FOREIGN:
                yield _hint("PLT-1", (name,), "belongs to another platform and is ignored",
                            "config.md, Platform-specific configuration")
            else:
                yield _hint("EXT-1", (*path, name), "is not a member of the standard and is "
                            "ignored", "config.md, Extensibility",
                            suggestion(name, [word for word in known if word not in value]))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from unknown_members(item, schema["items"], file, (*path, index))


def root_name(config: Json) -> Iterator[Problem]:
    """ROOT-3: the root filesystem is usually called rootfs."""
    path = config["root"]["path"]
    if not path.startswith("/") and path.rstrip("/") != "rootfs":
        yield _hint("ROOT-3", ("root", "path"), f'{show(path)} is usually "rootfs"',
                    "config.md, Root")


def relative_destinations(config: Json) -> Iterator[Problem]:
    """MNT-2: a relative destination is deprecated; it is taken as relative to /."""
    for index, mount in enumerate(config.get("mounts", ())):
        if not mount["destination"].startswith("/"):
            yield _hint("MNT-2", ("mounts", index, "destination"),
                        f"{show(mount['destination'])} is relative, which is deprecated: "
                        "it is taken as below /", "config.md, Mounts")


def unmarked_idmaps(config: Json) -> Iterator[Problem]:
    """IDM-3: a mount with mappings says idmap or ridmap in its options."""
    for index, mount in enumerate(config.get("mounts", ())):
        options = mount.get("options", ())
        if "uidMappings" in mount and IDMAP not in options and RIDMAP not in options:
            yield _hint("IDM-3", ("mounts", index, "options"),
                        "should hold idmap or ridmap, since there are mappings; idmap is assumed",
                        "config.md, Mounts")


def bind_types(config: Json) -> Iterator[Problem]:
    """MNT-4: only the options bind and rbind make a bind mount, not the type."""
    for index, mount in enumerate(config.get("mounts", ())):
        if mount.get("type") in BIND_OPTIONS and not set(BIND_OPTIONS) & set(
            mount.get("options", ())
        ):
            yield _hint("MNT-4", ("mounts", index, "type"),
                        f"{show(mount['type'])} makes no bind mount: the option bind or rbind does",
                        "config.md, Mounts")


def unknown_capabilities(process: Json, path: Path = ("process",)) -> Iterator[Problem]:
    """CAP-3, CAP-4: an unknown capability is a warning, not an error."""
    for name, words in process.get("capabilities", {}).items():
        for index, word in enumerate(words if name in CAPABILITY_SETS else ()):
            if word not in CAPABILITIES:
                yield _hint("CAP-3 CAP-4", (*path, "capabilities", name, index),
                            f"{show(word)} is not a capability and is ignored",
                            "config.md, Linux process; capabilities(7)",
                            suggestion(word, CAPABILITIES))


def capabilities(config: Json) -> Iterator[Problem]:
    """CAP-3, CAP-4: the same for a whole config."""
    yield from unknown_capabilities(config.get("process", {}))


def annotation_keys(config: Json) -> Iterator[Problem]:
    """ANN-3, ANN-5: keys are reverse domain names, and org.opencontainers is reserved."""
    for key in config.get("annotations", ()):
        if key.startswith(_RESERVED) and key not in IMAGE_ANNOTATIONS:
            yield _hint("ANN-5", ("annotations", key), "is reserved and has no meaning",
                        "config.md, Annotations", suggestion(key, IMAGE_ANNOTATIONS))
        elif "." not in key:
            yield _hint("ANN-3", ("annotations", key),
                        "should be a reverse domain name, such as com.example.key",
                        "config.md, Annotations")


def prestart(config: Json) -> Iterator[Problem]:
    """HK-9: prestart is deprecated."""
    if config.get("hooks", {}).get("prestart"):
        yield _hint("HK-9", ("hooks", "prestart"), "is deprecated: use createRuntime, "
                    "createContainer or startContainer", "config.md, POSIX-platform hooks")


def same_devices(config: Json) -> Iterator[Problem]:
    """DEV-6: a device should be listed once."""
    seen: dict[Json, int] = {}
    for index, device in enumerate(config.get("linux", {}).get("devices", ())):
        if device["type"] == "p":
            continue
        kind = "c" if device["type"] == "u" else device["type"]
        number = (kind, device["major"], device["minor"])
        if number in seen:
            yield _hint("DEV-6", ("linux", "devices", index),
                        f"is the same device as entry {seen[number]}", "config-linux.md, Devices")
        seen.setdefault(number, index)


def cache_schema(config: Json) -> Iterator[Problem]:
    """RDT-3: l3CacheSchema is one line that starts with L3:."""
    text = config.get("linux", {}).get("intelRdt", {}).get("l3CacheSchema", "")
    if text and (not text.startswith("L3:") or "\n" in text):
        yield _hint("RDT-3", ("linux", "intelRdt", "l3CacheSchema"),
                    f"{show(text)} should be one line that starts with L3:",
                    "config-linux.md, IntelRdt")


def kernel_memory(config: Json) -> Iterator[Problem]:
    """MEM-4: kernel memory limits are not recommended; newer kernels have none."""
    memory = config.get("linux", {}).get("resources", {}).get("memory", {})
    for member in ("kernel", "kernelTCP"):
        if memory.get(member, 0) > 0:
            yield _hint("MEM-4", ("linux", "resources", "memory", member),
                        "is not recommended: newer kernels have no such limit",
                        "config-linux.md, Memory")


RULES = (root_name, relative_destinations, unmarked_idmaps, bind_types, capabilities,
         annotation_keys, prestart, same_devices, cache_schema, kernel_memory)
