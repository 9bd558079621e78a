# SPDX-License-Identifier: Apache-2.0
"""Rules for `linux`: namespaces, clocks, devices, paths, memory policy and the like."""

from __future__ import annotations

from pyrunc.config.problems import Problem, show
from pyrunc.config.rules.general import namespaces
from pyrunc.config.rules.process import descending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyrunc.config.types import Json

FIFO = "p"  # linux.devices[].type of what has no numbers
IFNAME_MAX = 15  # bytes of a network interface's name, IFNAMSIZ less the NUL
_NAMESPACES = "config-linux.md, Namespaces"
_USERS = "config-linux.md, User namespace mappings; user_namespaces(7)"
_TIME = "config-linux.md, Offset for time namespace; time_namespaces(7)"
_NET = "config-linux.md, Network devices"
_RDT = "config-linux.md, IntelRdt"
_POLICY = "config-linux.md, Memory policy; set_mempolicy(2)"


def twice(config: Json) -> Iterator[Problem]:
    """NS-5: a type of namespace is listed once."""
    seen = set()
    for index, entry in enumerate(config.get("linux", {}).get("namespaces", ())):
        if entry["type"] in seen:
            yield Problem("NS-5", ("linux", "namespaces", index, "type"),
                          f"{show(entry['type'])} is listed twice", _NAMESPACES)
        seen.add(entry["type"])


def users(config: Json) -> Iterator[Problem]:
    """UMP-5, NS-8: mappings need a user namespace, and a new one needs both mappings."""
    linux = config.get("linux", {})
    users = [(index, entry) for index, entry in enumerate(linux.get("namespaces", ()))
             if entry["type"] == "user"]
    for member in ("uidMappings", "gidMappings"):
        if linux.get(member):
            if not users:
                yield Problem("UMP-5", ("linux", member),
                              "there is no user namespace to map ids in: linux.namespaces has "
                              "no user entry", _USERS)
        elif users and "path" not in users[0][1]:
            yield Problem("UMP-5 NS-8", ("linux", "namespaces", users[0][0]),
                          f"a new user namespace needs linux.{member}", _USERS)


def hidden_paths(config: Json) -> Iterator[Problem]:
    """NS-8: masked and read-only paths are mounts, and need a mount namespace."""
    for member in ("maskedPaths", "readonlyPaths"):
        if config.get("linux", {}).get(member) and "mount" not in namespaces(config):
            yield Problem("NS-8", ("linux", member),
                          "would be mounted on the host: linux.namespaces has no mount entry",
                          _NAMESPACES)


def clocks(config: Json) -> Iterator[Problem]:
    """TIM-1, TIM-3: only two clocks can be shifted, and only in a new time namespace."""
    linux = config.get("linux", {})
    offsets = linux.get("timeOffsets")
    if not offsets:
        return
    from pyrunc.tables.namespaces import TIME_OFFSET_CLOCKS  # rare

    for clock in offsets:
        if clock not in TIME_OFFSET_CLOCKS:
            yield Problem("TIM-1", ("linux", "timeOffsets", clock),
                          f"{show(clock)} is not a clock of a time namespace: "
                          f"{' and '.join(TIME_OFFSET_CLOCKS)} are", _TIME)
    entries = [entry for entry in linux.get("namespaces", ()) if entry["type"] == "time"]
    if not entries:
        yield Problem("TIM-3", ("linux", "timeOffsets"),
                      "there is no time namespace to shift: linux.namespaces has no time entry",
                      _TIME)
    elif "path" in entries[0]:
        yield Problem("TIM-3", ("linux", "timeOffsets"),
                      f"the clocks of the existing namespace {show(entries[0]['path'])} "
                      "cannot be shifted", _TIME)


def device_numbers(config: Json) -> Iterator[Problem]:
    """DEV-2: every device but a FIFO has a major and a minor number."""
    for index, device in enumerate(config.get("linux", {}).get("devices", ())):
        if device["type"] != FIFO:
            for member in ("major", "minor"):
                if member not in device:
                    yield Problem("DEV-2", ("linux", "devices", index, member),
                                  f"is missing; a device of type {show(device['type'])} needs it",
                                  "config-linux.md, Devices")


def _interface_fault(name: str) -> str:
    """Why `name` cannot be a network interface's, or ""."""
    if name in ("", ".", ".."):
        return "is no name"
    if len(name.encode()) > IFNAME_MAX:
        return f"is longer than {IFNAME_MAX} bytes"
    if "/" in name or ":" in name or name != "".join(name.split()):
        return "holds a slash, a colon or a blank"
    return ""


def net_devices(config: Json) -> Iterator[Problem]:
    """ND-3, ND-7: interface names the kernel takes, and a network namespace to move them to."""
    devices = config.get("linux", {}).get("netDevices")
    if not devices:
        return
    if "network" not in namespaces(config):
        yield Problem("ND-7", ("linux", "netDevices"),
                      "there is no network namespace to move to: linux.namespaces has no "
                      "network entry", _NET)
    targets: dict[str, str] = {}
    for host, device in devices.items():
        fault = _interface_fault(host)
        if fault:
            yield Problem("ND-7", ("linux", "netDevices", host), f"{show(host)} {fault}", _NET)
        name = device.get("name", host)
        fault = _interface_fault(name) if "name" in device else ""
        stem = name[:-2] if name.endswith("%d") else name
        if not fault and "%" in stem:
            fault = 'holds a "%" that is not a final "%d"'
        path = ("linux", "netDevices", host, "name")
        if fault:
            yield Problem("ND-7", path, f"{show(name)} {fault}", _NET)
        elif stem == name and name in targets:
            yield Problem("ND-3", path, f"{show(name)} is also the name of {show(targets[name])}",
                          _NET)
        targets[name] = host


def cgroups_path(config: Json) -> Iterator[Problem]:
    """CGP-2: the path stays below its start and is one line."""
    path = config.get("linux", {}).get("cgroupsPath", "")
    if ".." in path.split("/"):
        yield Problem("CGP-2", ("linux", "cgroupsPath"), f"{show(path)} has .. in it",
                      "config-linux.md, Control groups")
    if "\n" in path:
        yield Problem("CGP-2", ("linux", "cgroupsPath"), f"{show(path)} has a newline in it",
                      "config-linux.md, Control groups")


def closid(config: Json) -> Iterator[Problem]:
    """RDT-11: closID names one directory of resctrl, or is `/` for the default class."""
    name = config.get("linux", {}).get("intelRdt", {}).get("closID", "")
    if name in (".", "..") or ("/" in name and name != "/") or "\n" in name:
        yield Problem("RDT-11", ("linux", "intelRdt", "closID"),
                      f"{show(name)} is not the name of a directory", _RDT)


def memory_policy(config: Json) -> Iterator[Problem]:
    """MPL-2, MPL-3: nodes where the mode wants them, and no contradicting flags."""
    policy = config.get("linux", {}).get("memoryPolicy")
    if policy is None:
        return
    from pyrunc.tables.process import MEMPOLICY_WITH_NODES, MEMPOLICY_WITHOUT_NODES  # rare

    mode, nodes = policy["mode"], policy.get("nodes", "")
    path = ("linux", "memoryPolicy", "nodes")
    if nodes and mode in MEMPOLICY_WITHOUT_NODES:
        yield Problem("MPL-2", path, f"{show(nodes)} means nothing to {mode}: it takes no nodes",
                      _POLICY)
    if not nodes and mode in MEMPOLICY_WITH_NODES:
        yield Problem("MPL-2", path, f"is missing; {mode} needs at least one node", _POLICY)
    yield from descending("MPL-2", path, nodes, _POLICY)
    flags = policy.get("flags", ())
    if "MPOL_F_STATIC_NODES" in flags and "MPOL_F_RELATIVE_NODES" in flags:
        yield Problem("MPL-3", ("linux", "memoryPolicy", "flags"),
                      "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other", _POLICY)


def personality(config: Json) -> Iterator[Problem]:
    """PER-1: no personality flag is defined, so any is unsupported."""
    flags = config.get("linux", {}).get("personality", {}).get("flags", ())
    for index, flag in enumerate(flags):
        yield Problem("PER-1", ("linux", "personality", "flags", index),
                      f"{show(flag)} is not supported: the standard defines no flag",
                      "config-linux.md, Personality")


RULES = (twice, users, hidden_paths, clocks, device_numbers, net_devices, cgroups_path, closid,
         memory_policy, personality)
