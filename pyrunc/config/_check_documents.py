# SPDX-License-Identifier: Apache-2.0
# ruff: noqa
"""Generated from schemas/ by schemas/generate.py: do not edit. The first layer, fast: None, or the first failure found."""

from __future__ import annotations

from pyrunc.config.grammar import is_access, is_list, is_mbps, is_page_size, is_semver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Where the value is, and the way through the schemas to the keyword that refuses it, with
    # slashes between the steps.
    Failure = tuple[tuple[str | int, ...], str] | None


def _at(items: list[Any], item: Any) -> int:
    return next(index for index, other in enumerate(items) if other is item)


def _below(path: tuple[str | int, ...], steps: str, failure: Any) -> Failure:
    return (*path, *failure[0]), steps + "/" + failure[1]





def _state(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("ociVersion" in v and "id" in v and "status" in v and "bundle" in v):
        return (), "required"
    m1 = v["ociVersion"]
    if type(m1) is not str:
        return ("ociVersion",), "properties/ociVersion/type"
    if len(m1) > 256:
        return ("ociVersion",), "properties/ociVersion/maxLength"
    if not (is_semver(m1)):
        return ("ociVersion",), "properties/ociVersion/pattern"
    m1 = v["id"]
    if type(m1) is not str:
        return ("id",), "properties/id/type"
    if len(m1) < 1:
        return ("id",), "properties/id/minLength"
    m1 = v["status"]
    if type(m1) is not str:
        return ("status",), "properties/status/type"
    if len(m1) < 1:
        return ("status",), "properties/status/minLength"
    if "pid" in v:
        m1 = v["pid"]
        if type(m1) is not int:
            return ("pid",), "properties/pid/type"
        if m1 < 0:
            return ("pid",), "properties/pid/minimum"
        if m1 > 4194304:
            return ("pid",), "properties/pid/maximum"
    m1 = v["bundle"]
    if type(m1) is not str:
        return ("bundle",), "properties/bundle/type"
    if not (m1[:1] == "/"):
        return ("bundle",), "properties/bundle/pattern"
    if "annotations" in v:
        m1 = v["annotations"]
        if (f := _common_annotations(m1)) is not None:
            return _below(("annotations",), "properties/annotations", f)
    return None


def _common_annotations(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    for k1, m1 in v.items():
        if type(m1) is not str:
            return (k1,), "additionalProperties/type"
    return None


def _process_state(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("ociVersion" in v and "pid" in v and "state" in v):
        return (), "required"
    m1 = v["ociVersion"]
    if type(m1) is not str:
        return ("ociVersion",), "properties/ociVersion/type"
    if len(m1) > 256:
        return ("ociVersion",), "properties/ociVersion/maxLength"
    if not (is_semver(m1)):
        return ("ociVersion",), "properties/ociVersion/pattern"
    if "fds" in v:
        m1 = v["fds"]
        if (f := _common_strings(m1)) is not None:
            return _below(("fds",), "properties/fds", f)
    m1 = v["pid"]
    if type(m1) is not int:
        return ("pid",), "properties/pid/type"
    if m1 < 1:
        return ("pid",), "properties/pid/minimum"
    if m1 > 4194304:
        return ("pid",), "properties/pid/maximum"
    if "metadata" in v:
        m1 = v["metadata"]
        if type(m1) is not str:
            return ("metadata",), "properties/metadata/type"
    m1 = v["state"]
    if (f := _state(m1)) is not None:
        return _below(("state",), "properties/state", f)
    return None


def _common_strings(v: Any) -> Failure:
    if type(v) is not list:
        return (), "type"
    for i1 in v:
        if type(i1) is not str:
            return (_at(v, i1),), "items/type"
    return None


def _features(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if not ("ociVersionMin" in v and "ociVersionMax" in v):
        return (), "required"
    m1 = v["ociVersionMin"]
    if type(m1) is not str:
        return ("ociVersionMin",), "properties/ociVersionMin/type"
    if len(m1) > 256:
        return ("ociVersionMin",), "properties/ociVersionMin/maxLength"
    if not (is_semver(m1)):
        return ("ociVersionMin",), "properties/ociVersionMin/pattern"
    m1 = v["ociVersionMax"]
    if type(m1) is not str:
        return ("ociVersionMax",), "properties/ociVersionMax/type"
    if len(m1) > 256:
        return ("ociVersionMax",), "properties/ociVersionMax/maxLength"
    if not (is_semver(m1)):
        return ("ociVersionMax",), "properties/ociVersionMax/pattern"
    if "hooks" in v:
        m1 = v["hooks"]
        if (f := _common_strings(m1)) is not None:
            return _below(("hooks",), "properties/hooks", f)
    if "mountOptions" in v:
        m1 = v["mountOptions"]
        if (f := _common_strings(m1)) is not None:
            return _below(("mountOptions",), "properties/mountOptions", f)
    if "annotations" in v:
        m1 = v["annotations"]
        if (f := _common_annotations(m1)) is not None:
            return _below(("annotations",), "properties/annotations", f)
    if "potentiallyUnsafeConfigAnnotations" in v:
        m1 = v["potentiallyUnsafeConfigAnnotations"]
        if (f := _common_strings(m1)) is not None:
            return _below(("potentiallyUnsafeConfigAnnotations",), "properties/potentiallyUnsafeConfigAnnotations", f)
    if "linux" in v:
        m1 = v["linux"]
        if (f := _features_linux(m1)) is not None:
            return _below(("linux",), "properties/linux", f)
    return None


def _features_linux(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "namespaces" in v:
        m1 = v["namespaces"]
        if (f := _common_strings(m1)) is not None:
            return _below(("namespaces",), "properties/namespaces", f)
    if "capabilities" in v:
        m1 = v["capabilities"]
        if (f := _common_strings(m1)) is not None:
            return _below(("capabilities",), "properties/capabilities", f)
    if "cgroup" in v:
        m1 = v["cgroup"]
        if type(m1) is not dict:
            return ("cgroup",), "properties/cgroup/type"
        if "v1" in m1:
            m2 = m1["v1"]
            if type(m2) is not bool:
                return ("cgroup", "v1"), "properties/cgroup/properties/v1/type"
        if "v2" in m1:
            m2 = m1["v2"]
            if type(m2) is not bool:
                return ("cgroup", "v2"), "properties/cgroup/properties/v2/type"
        if "systemd" in m1:
            m2 = m1["systemd"]
            if type(m2) is not bool:
                return ("cgroup", "systemd"), "properties/cgroup/properties/systemd/type"
        if "systemdUser" in m1:
            m2 = m1["systemdUser"]
            if type(m2) is not bool:
                return ("cgroup", "systemdUser"), "properties/cgroup/properties/systemdUser/type"
        if "rdma" in m1:
            m2 = m1["rdma"]
            if type(m2) is not bool:
                return ("cgroup", "rdma"), "properties/cgroup/properties/rdma/type"
    if "seccomp" in v:
        m1 = v["seccomp"]
        if type(m1) is not dict:
            return ("seccomp",), "properties/seccomp/type"
        if "enabled" in m1:
            m2 = m1["enabled"]
            if type(m2) is not bool:
                return ("seccomp", "enabled"), "properties/seccomp/properties/enabled/type"
        if "actions" in m1:
            m2 = m1["actions"]
            if (f := _common_strings(m2)) is not None:
                return _below(("seccomp", "actions"), "properties/seccomp/properties/actions", f)
        if "operators" in m1:
            m2 = m1["operators"]
            if (f := _common_strings(m2)) is not None:
                return _below(("seccomp", "operators"), "properties/seccomp/properties/operators", f)
        if "archs" in m1:
            m2 = m1["archs"]
            if (f := _common_strings(m2)) is not None:
                return _below(("seccomp", "archs"), "properties/seccomp/properties/archs", f)
        if "knownFlags" in m1:
            m2 = m1["knownFlags"]
            if (f := _common_strings(m2)) is not None:
                return _below(("seccomp", "knownFlags"), "properties/seccomp/properties/knownFlags", f)
        if "supportedFlags" in m1:
            m2 = m1["supportedFlags"]
            if (f := _common_strings(m2)) is not None:
                return _below(("seccomp", "supportedFlags"), "properties/seccomp/properties/supportedFlags", f)
    if "apparmor" in v:
        m1 = v["apparmor"]
        if (f := _features_enabled(m1)) is not None:
            return _below(("apparmor",), "properties/apparmor", f)
    if "selinux" in v:
        m1 = v["selinux"]
        if (f := _features_enabled(m1)) is not None:
            return _below(("selinux",), "properties/selinux", f)
    if "intelRdt" in v:
        m1 = v["intelRdt"]
        if type(m1) is not dict:
            return ("intelRdt",), "properties/intelRdt/type"
        if "enabled" in m1:
            m2 = m1["enabled"]
            if type(m2) is not bool:
                return ("intelRdt", "enabled"), "properties/intelRdt/properties/enabled/type"
        if "schemata" in m1:
            m2 = m1["schemata"]
            if type(m2) is not bool:
                return ("intelRdt", "schemata"), "properties/intelRdt/properties/schemata/type"
        if "monitoring" in m1:
            m2 = m1["monitoring"]
            if type(m2) is not bool:
                return ("intelRdt", "monitoring"), "properties/intelRdt/properties/monitoring/type"
    if "memoryPolicy" in v:
        m1 = v["memoryPolicy"]
        if type(m1) is not dict:
            return ("memoryPolicy",), "properties/memoryPolicy/type"
        if "modes" in m1:
            m2 = m1["modes"]
            if (f := _common_strings(m2)) is not None:
                return _below(("memoryPolicy", "modes"), "properties/memoryPolicy/properties/modes", f)
        if "flags" in m1:
            m2 = m1["flags"]
            if (f := _common_strings(m2)) is not None:
                return _below(("memoryPolicy", "flags"), "properties/memoryPolicy/properties/flags", f)
    if "mountExtensions" in v:
        m1 = v["mountExtensions"]
        if type(m1) is not dict:
            return ("mountExtensions",), "properties/mountExtensions/type"
        if "idmap" in m1:
            m2 = m1["idmap"]
            if (f := _features_enabled(m2)) is not None:
                return _below(("mountExtensions", "idmap"), "properties/mountExtensions/properties/idmap", f)
    if "netDevices" in v:
        m1 = v["netDevices"]
        if (f := _features_enabled(m1)) is not None:
            return _below(("netDevices",), "properties/netDevices", f)
    return None


def _features_enabled(v: Any) -> Failure:
    if type(v) is not dict:
        return (), "type"
    if "enabled" in v:
        m1 = v["enabled"]
        if type(m1) is not bool:
            return ("enabled",), "properties/enabled/type"
    return None


state = _state
process_state = _process_state
features = _features
